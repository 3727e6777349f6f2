"""A control group for each host: systemd-nspawn puts its host into "payload" below the group that it
is itself in, and hosts that had this one in common would take each other's units for their own."""

import contextlib
import os
from pathlib import Path


def hierarchies():
    """Where those that systemd keeps its units in are mounted, by their names in /proc/PID/cgroup."""
    found = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        mounted, _, about = line.partition(" - ")
        kind, _, options = about.split(" ", 2)
        if kind == "cgroup2":
            found[""] = Path(mounted.split()[4])
        elif kind == "cgroup" and "name=systemd" in options.split(","):
            found["name=systemd"] = Path(mounted.split()[4])
    return found


class ControlGroup:
    def __init__(self, name):
        mounts = hierarchies()
        self.folders = []
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, hierarchy, own = line.split(":", 2)
            if hierarchy in mounts:
                self.folders.append(mounts[hierarchy] / own.lstrip("/") / name)
        for folder in self.folders:
            folder.mkdir(exist_ok=True)

    def enter(self):
        """Puts this process, and all that it will start, into the group."""
        for folder in self.folders:
            (folder / "cgroup.procs").write_text("0")

    def remove(self):
        """True when all of it is gone; False while a process is in it."""
        for top in self.folders:
            for folder, _, _ in os.walk(top, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(folder)
        return not any(folder.exists() for folder in self.folders)
