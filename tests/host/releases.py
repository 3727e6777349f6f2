"""What a host of a Debian release is made of: its root, and vdtgw's packages for it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("VDTGW_BUILD", ROOT / "build"))
SUITES = os.environ.get("VDTGW_HOST_SUITES", "bookworm").split()
PACKAGES = ("vdtgw", "vdtgw-teletel")


def native_suite():
    for line in Path("/etc/os-release").read_text().splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.partition("=")[2].strip('"')
    return ""


def make_root(suite, root, *packages):
    if subprocess.run([str(ROOT / "tools" / "host-root"), suite, str(root), *packages]).returncode:
        raise Failure(f"there is no root of Debian {suite}: see above")


def field(package, name):
    return subprocess.run(
        ["dpkg-deb", "-f", str(package), name], check=True, capture_output=True, text=True
    ).stdout.strip()


def build_depends():
    """What debian/control asks for to build the packages, as apt's satisfy takes it."""
    control = (ROOT / "debian" / "control").read_text()
    value = re.search(r"^Build-Depends:((?:\n?[ \t].*)+)", control, re.MULTILINE).group(1)
    return [word for word in map(str.strip, value.split(",")) if word]


class Failure(Exception):
    """A root or a package could not be made: the message says why."""


class Release:
    """Of what make() has made; another process may have."""

    def __init__(self, suite):
        self.suite = suite
        self.root = BUILD / "host" / suite
        self.build_root = BUILD / "host" / f"{suite}-build"

    def make(self):
        if self.suite != native_suite():
            self.build_elsewhere()
        wanted = {
            word.strip()
            for package in self.packages
            for word in field(package, "Depends").split(",")
            if word.strip() and not word.strip().startswith("vdtgw")
        }
        make_root(self.suite, self.root, *sorted(wanted))

    @property
    def packages(self):
        folder = BUILD / "deb" if self.suite == native_suite() else self.build_root
        found = [sorted(folder.glob(f"{name}_*.deb")) for name in PACKAGES]
        if any(len(files) != 1 for files in found):
            raise Failure(f"one package of each of {PACKAGES} is to be in {folder}: {found}")
        return [files[0] for files in found]

    def build_elsewhere(self):
        """Builds the packages, and runs the unit tests, in a root of the release: its own libraries
        and its own compiler."""
        root = self.build_root
        make_root(self.suite, root, "build-essential", *build_depends())
        source = root / "source"
        shutil.rmtree(source, ignore_errors=True)
        source.mkdir()
        for package in root.glob("*.deb"):
            package.unlink()
        files = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, check=True, capture_output=True,
        ).stdout.split(b"\0")  # fmt: skip
        for name in filter(None, map(os.fsdecode, files)):
            if (ROOT / name).is_file():
                (source / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, source / name)
        log = root.with_suffix(".log")
        with open(log, "wb") as output:
            done = subprocess.run(
                ["systemd-nspawn", "--quiet", "--pipe", "--register=no", "--keep-unit",
                 "--private-network", "--directory", str(root), "--chdir=/source",
                 f"--setenv=DEB_BUILD_OPTIONS=parallel={os.cpu_count()}", "--setenv=LANG=C.UTF-8",
                 "dpkg-buildpackage", "--no-sign", "--build=binary"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, check=False,
            )  # fmt: skip
        if done.returncode != 0:
            end = log.read_text(errors="replace")[-3000:]
            raise Failure(f"the packages cannot be built on {self.suite} ({log}):\n{end}")

    def newer(self, folder):
        """The same packages with a version above their own: what an upgrade installs."""
        made = []
        for package in self.packages:
            tree = Path(folder) / package.stem
            subprocess.run(["dpkg-deb", "-R", str(package), str(tree)], check=True)
            control = tree / "DEBIAN" / "control"
            version = field(package, "Version")
            control.write_text(control.read_text().replace(version, f"{version}+1"))
            made.append(Path(folder) / f"{package.stem}+1.deb")
            subprocess.run(["dpkg-deb", "-b", "--root-owner-group", str(tree), str(made[-1])],
                           check=True, stdout=subprocess.DEVNULL)  # fmt: skip
        return made
