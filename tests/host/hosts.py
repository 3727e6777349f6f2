"""A Debian of its own, booted by systemd-nspawn: what the tests do on it, they do as its root."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import networks
from control_groups import ControlGroup

SERVICES = ("vdtgw-supervisor.service", "vdtgw-teletel.service")
SOCKETS = ("vdtgw-telnet.socket", "vdtgw-raw.socket", "vdtgw-websocket.socket")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def wait_for(condition, timeout=20.0, what="condition"):
    """For what has no event to wait on: looks often, fails late."""
    deadline = time.monotonic() + timeout
    while not (result := condition()):
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(0.05)
    return result


def children_of(pid):
    with contextlib.suppress(OSError):
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def child_of(pid):
    return next(iter(children_of(pid)), None)


def first_process(nspawn):
    """The child of nspawn that is process 1 of its host; it has others for a moment."""
    for child in children_of(nspawn):
        with contextlib.suppress(OSError):
            if re.search(r"^NSpid:.*\t1$", Path(f"/proc/{child}/status").read_text(), re.M):
                return child
    return None


def apt_get(root, *words):
    """apt-get in a root, by this machine's network."""
    shutil.copyfile("/etc/resolv.conf", root / "etc" / "resolv.conf")
    done = subprocess.run(
        ["chroot", str(root), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y",
         "--no-install-recommends", *words],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def add_packages(root, packages):
    """Has apt install them in a root that does not run."""
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    apt_get(root, "install", *packages)
    policy.unlink()


class Host:
    """A booted copy of a root, with its own network, which has loopback only at first."""

    boots = 0

    def __init__(self, root, folder, packages=()):
        """packages: of Debian, installed before the host boots."""
        self.root = Path(folder) / "root"
        self.log = Path(folder) / "console.log"
        subprocess.run(["cp", "-a", "--reflink=auto", str(root), str(self.root)], check=True)
        if packages:
            add_packages(self.root, packages)
        self.nspawn = None
        self.leader = 0
        self.boot()

    def boot(self):
        Host.boots += 1
        self.group = ControlGroup(f"vdtgw-host-{os.getpid()}-{Host.boots}")
        with open(self.log, "ab") as log:
            self.nspawn = subprocess.Popen(
                # However this process ends, the host does not outlive it.
                ["setpriv", "--pdeathsig", "KILL", "systemd-nspawn", "--quiet", "--directory", str(self.root), "--boot",
                 "--register=no", "--keep-unit", "--private-network", "--console=pipe",
                 # Which the nspawn of Debian 12 keeps from its containers.
                 "--system-call-filter=landlock_create_ruleset landlock_add_rule landlock_restrict_self"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                preexec_fn=self.group.enter,
            )  # fmt: skip
        try:
            self.leader = wait_for(lambda: first_process(self.nspawn.pid), what="the host's first process")
            wait_for(self.is_running, 120, "the host to boot")
        except AssertionError as failure:
            waits = self.run("systemctl", "list-jobs", check=False).stdout
            self.kill()
            raise AssertionError(f"{failure}\n{waits}\n{self.console()}") from None

    def is_running(self):
        assert self.nspawn.poll() is None, "the host ended"
        state = self.run("systemctl", "is-system-running", check=False).stdout.strip()
        return state in ("running", "degraded")

    def console(self):
        return self.log.read_text(errors="backslashreplace")[-3000:]

    def on(self, command):
        return ["nsenter", "--all", "--target", str(self.leader), "env", "-i", f"PATH={PATH}",
                "LANG=C.UTF-8", "HOME=/root", "DEBIAN_FRONTEND=noninteractive", *command]  # fmt: skip

    @contextlib.contextmanager
    def running(self, *command):
        """Starts a command on the host, whose output is to be read meanwhile."""
        nsenter = subprocess.Popen(self.on(command), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, text=True)  # fmt: skip
        try:
            yield nsenter
        finally:
            # nsenter itself only waits for it.
            if (process := child_of(nsenter.pid)) is not None:
                os.kill(process, signal.SIGKILL)
            nsenter.communicate(timeout=20)

    def run(self, *command, check=True, timeout=60, **options):
        """Runs a command on the host and returns it done, with its output as text."""
        done = subprocess.run(
            self.on(command), stdin=options.pop("stdin", subprocess.DEVNULL),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout, **options,
        )  # fmt: skip
        if check and done.returncode != 0:
            raise AssertionError(
                f"{' '.join(command)}: status {done.returncode}\n{done.stdout}{done.stderr}"
            )
        return done

    def output(self, *command, **options):
        return self.run(*command, **options).stdout

    def socket(self, *arguments):
        """A socket in the host's network, for this process to use."""
        return networks.socket_in(f"/proc/{self.leader}/ns/net", *arguments)

    def call(self, port, address="127.0.0.1", timeout=10.0):
        """A TCP connection to a port of the host."""
        connection = self.socket(socket.AF_INET, socket.SOCK_STREAM)
        connection.settimeout(timeout)
        connection.connect((address, port))
        return connection

    def unix(self, path, timeout=10.0):
        """A connection to a Unix socket of the host, as its root."""
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(timeout)
        # By way of /proc, where the host's own mounts are seen, and short enough for an address.
        connection.connect(f"/proc/{self.leader}/root{path}")
        return connection

    def path(self, path):
        return self.root / str(path).lstrip("/")

    def install(self, packages):
        """Copies packages to the host and has apt install them, without a network."""
        folder = self.path("/var/tmp/packages")
        folder.mkdir(exist_ok=True)
        for package in packages:
            shutil.copy(package, folder)
        names = [f"/var/tmp/packages/{package.name}" for package in packages]
        return self.run("apt-get", "-q", "-y", "--no-install-recommends", "install", *names,
                        timeout=180)  # fmt: skip

    def journal(self, *matches):
        return self.output("journalctl", "--no-pager", "--quiet", *matches)

    def shut_down(self):
        if self.nspawn.poll() is None:
            self.run("systemctl", "--no-block", "poweroff", check=False)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.nspawn.wait(30)
        self.kill()

    def kill(self):
        if self.nspawn.poll() is None:
            self.nspawn.send_signal(signal.SIGKILL)
            self.nspawn.wait(10)
        wait_for(self.group.remove, what="the end of the host's processes")

    def stop(self):
        self.shut_down()
        shutil.rmtree(self.root, ignore_errors=True)


def install_and_enable(host, packages, configuration=None):
    host.install(packages)
    if configuration is not None:
        host.path("/etc/vdtgw/vdtgw.conf").write_text(configuration)
    host.run("systemctl", "enable", "--now", *SERVICES, *SOCKETS)


def missing_power():
    """Why this machine cannot boot a host; None where it can."""
    if os.geteuid() != 0:
        return "it takes root"
    for program in ("systemd-nspawn", "debootstrap", "nsenter", "setpriv", "ip"):
        if shutil.which(program) is None:
            return f"there is no {program}"
    return None
