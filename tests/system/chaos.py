"""The world of the chaos test: two machines, the gateway on one of them, what goes wrong there, and
what must be true all the same."""

import contextlib
import ctypes
import os
import random
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from kiosks import DIRECTORY
from kiosks import PROGRAM as KIOSK
from processes import (
    ROOT,
    Gateway,
    Program,
    children,
    command_of,
    free_port,
    is_alive,
    stat_fields,
    wait_for,
)
from varlink_peer import Client, Closed, Failure

CLONE_NEWNET = 0x40000000
GATE = "198.18.0.1"
SCANNERS, CALLERS = "198.18.1.{}", "198.18.2.{}"
ADMIN = "org.vdtgw.Admin."
# What a client of the supervisor meets while that one is being killed.
AWAY = (OSError, Closed, AssertionError)


class Network:
    """Two machines by a wire where the test may make them, so that callers have addresses that can
    be banned; else all is on the loopback addresses, which never are."""

    def __init__(self):
        name = f"vdtgw-chaos-{os.getpid()}"
        self.gate, self.outside = f"{name}-gate", f"{name}-outside"
        self.namespace = None
        self.why = "only root can make networks"
        if os.geteuid() == 0:
            self.why = self.make()

    def make(self):
        """Returns why it could not."""
        gate, outside = self.gate, self.outside
        steps = [
            f"ip netns add {gate}",
            f"ip netns add {outside}",
            f"ip -n {gate} link add wire type veth peer name wire netns {outside}",
            *(f"ip -n {gate} link set {link} up" for link in ("lo", "wire")),
            *(f"ip -n {outside} link set {link} up" for link in ("lo", "wire")),
            f"ip -n {gate} addr add {GATE}/30 dev wire",
            f"ip -n {outside} addr add 198.18.0.2/30 dev wire",
            f"ip -n {gate} route add 198.18.0.0/15 via 198.18.0.2",
            # Every address of these is the outside machine's own.
            f"ip -n {outside} route add local 198.18.1.0/24 dev lo",
            f"ip -n {outside} route add local 198.18.2.0/24 dev lo",
        ]
        for step in steps:
            done = subprocess.run(step.split(), capture_output=True, text=True)
            if done.returncode != 0:
                return f"{step}: {done.stderr.strip()}"
        self.namespace = os.open(f"/run/netns/{outside}", os.O_RDONLY | os.O_CLOEXEC)
        return None

    @property
    def command(self):
        return ("ip", "netns", "exec", self.gate) if self.namespace is not None else ()

    def enter(self):
        """The calling thread goes outside: its sockets from now on are there."""
        if self.namespace is not None:
            assert ctypes.CDLL(None, use_errno=True).setns(self.namespace, CLONE_NEWNET) == 0

    def dial(self, port, source):
        host = GATE if self.namespace is not None else "127.0.0.1"
        here = (source if self.namespace is not None else "127.0.0.1", 0)
        return socket.create_connection((host, port), 8, source_address=here)

    def close(self):
        if self.namespace is not None:
            os.close(self.namespace)
        for name in (self.gate, self.outside) if os.geteuid() == 0 else ():
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)


class Bans:
    """What must be on the list in the end, and what must not be. A change that was answered is
    certain once it is on disk; where an answer was cut off, or the supervisor died before the disk
    took it, either is right."""

    def __init__(self):
        self.lock = threading.Lock()
        self.wanted = {}

    def set(self, networks, present):
        """present: True, False, or None for either."""
        with self.lock:
            self.wanted.update(dict.fromkeys(networks, present))

    def differences(self, listed):
        with self.lock:
            lost = [name for name, wanted in self.wanted.items() if wanted and name not in listed]
            left = [name for name in listed if self.wanted.get(name, None) is False]
        callers = [name for name in listed if name.startswith(CALLERS.format(""))]
        return [
            *(f"lost ban of {name}" for name in lost),
            *(f"ban of {name} that was ended" for name in left),
            *(f"ban of the honest caller {name}" for name in callers),
        ]


class House(Gateway):
    """The gateway and its kiosk, on the machine where things go wrong."""

    def __init__(self, folder, network, disk):
        self.network = network
        self.command = network.command
        self.address = "0.0.0.0" if self.command else "127.0.0.1"
        self.disk = disk
        self.kiosk_ports = free_port(), free_port()
        self.kiosk = None
        self.former = []  # programs that were killed or ended
        self.variant = 0
        self.can_be_filled = False  # the disk
        self.fillings = 0  # of the disk, counted as they begin
        super().__init__(folder, supervisor=False)
        self.reconfigure()
        (folder / "directory.json").write_text(DIRECTORY)
        self.start_kiosk()
        self.start_supervisor()
        for transport in ("telnet", "raw", "websocket"):
            self.port(transport)

    def reconfigure(self):
        """Another configuration each time, in force at the next reload or start."""
        home, command = self.kiosk_ports
        self.variant += 1
        config, self.config = self.config, str(self.folder / "vdtgw.conf.new")
        self.configure(
            f"ws://localhost:{home}",
            {
                "supervisor": {"state": str(self.disk)},
                "teletel": {
                    "command_channel": True,
                    "uri": f"ws://localhost:{command}",
                    "retry": 1,
                },
                "timeouts": {"session": 3600 + self.variant % 2},
                "bans": {"enabled": True, "duration": "1d"},
                "limits": {"sessions": 400, "per_address": 100, "half_open": 100},
            },
        )
        os.rename(self.config, config)
        self.config = config

    def start_kiosk(self):
        home, command = self.kiosk_ports
        self.kiosk = Program(
            [*self.command, str(KIOSK), "--config", self.config, "--share", str(ROOT / "share")]
            + ["--directory", str(self.folder / "directory.json")]
            + ["--listen", f"localhost:{home}", "--command", f"localhost:{command}"],
            env=self.environment(),
            log_file=self.folder / "kiosk.log",
        )
        self.kiosk.wait_line(lambda line: " listens on " in line)

    def end_program(self, program, number):
        """With a signal, and for good."""
        program.stop(number)
        self.former.append(program)

    def sessions_running(self):
        """The processes of sessions, and those that are about to become one."""
        return [pid for program in self.listeners.values() for pid in children(program.pid)]

    def ask(self, method, **parameters):
        client = Client(self.admin_socket)
        try:
            return client.call(ADMIN + method, parameters)
        finally:
            client.close()

    def pages(self, method, name, **parameters):
        client = Client(self.admin_socket)
        try:
            return read_pages(client, method, name, **parameters)
        finally:
            client.close()

    def is_well(self):
        try:
            status = self.ask("Status")
        except AWAY:
            return None
        is_up = status["command_channel"]["state"] == "up"
        return status if is_up and status["bans"]["saved"] else None

    def stop(self):
        status = self.kiosk.stop()
        wrong = [] if status == 0 else [f"the kiosk ended with {status}"]
        for program in [self.kiosk, *self.former]:
            wrong += self.complaints(program)
            status = program.process.returncode
            if status not in (0, -signal.SIGKILL):
                wrong.append(f"{program.process.args} ended with {status}")
        return wrong + super().stop()


def read_pages(client, method, name, **parameters):
    found = []
    while True:
        page = client.call(ADMIN + method, parameters)
        found += page[name]
        if page.get("next") is None:
            return found
        parameters["from"] = page["next"]


class Actor(threading.Thread):
    """Does something again and again until it is to stop; what it may not meet is kept as wrong."""

    def __init__(self, house, name, seed):
        super().__init__(name=name, daemon=True)
        self.house = house
        self.random = random.Random(f"{seed}/{name}")
        self.over = threading.Event()
        self.wrong = []
        self.counts = {}

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def pause(self, least, most):
        self.over.wait(self.random.uniform(least, most))

    def run(self):
        try:
            self.house.network.enter()
            while not self.over.is_set():
                self.act()
        except Exception as error:  # whatever it is, it is told with the others
            self.wrong.append(f"{self.name}: {error!r}")
        finally:
            self.clean_up()

    def act(self):
        raise NotImplementedError

    def clean_up(self):
        pass


class Killer(Actor):
    """Kills, stops for a while, or ends in an orderly way."""

    def hold(self, pids, least=0.2, most=2.5):
        """Stops processes, and lets them go on in any case."""
        held = []
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
                held.append(pid)
        self.pause(least, most)
        for pid in held:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def age(pid):
    """Seconds since a process began."""
    fields = stat_fields(pid)
    if fields is None:
        return 0.0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")


class SessionKiller(Killer):
    SETTLED = 3.0  # s: a crash right at the start of a call is taken for its caller's doing

    def act(self):
        self.pause(0.1, 0.8)
        what = self.random.choice(("kill", "kill", "end", "hold", "hold"))
        running = self.house.sessions_running()
        if what == "kill":
            running = [pid for pid in running if age(pid) > self.SETTLED]
        if not running:
            return
        self.count(what)
        if what == "hold":
            self.hold(self.random.sample(running, min(3, len(running))))
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(
                self.random.choice(running), signal.SIGKILL if what == "kill" else signal.SIGTERM
            )


class SupervisorKiller(Killer):
    def act(self):
        self.pause(1.0, 6.0)
        if self.over.is_set():
            return
        what = self.random.choice(("kill", "kill", "end", "hold"))
        self.count(what)
        if what == "hold":
            self.hold([self.house.supervisor.pid])
            return
        number = signal.SIGKILL if what == "kill" else signal.SIGTERM
        self.house.end_program(self.house.supervisor, number)
        self.pause(0.0, 2.0)
        self.house.start_supervisor()


class KioskKiller(Killer):
    def act(self):
        self.pause(3.0, 12.0)
        if self.over.is_set():
            return
        what = self.random.choice(("kill", "end", "hold", "hold"))
        self.count(what)
        if what == "hold":
            self.hold([self.house.kiosk.pid])
            return
        number = signal.SIGKILL if what == "kill" else signal.SIGTERM
        self.house.end_program(self.house.kiosk, number)
        self.pause(0.0, 1.5)
        self.house.start_kiosk()


class DiskFiller(Actor):
    """Fills the disk of the database for a while."""

    def act(self):
        self.pause(1.0, 8.0)
        path = Path(self.house.disk) / "ballast"
        self.house.fillings += 1
        try:
            with contextlib.suppress(OSError), open(path, "wb", buffering=0) as file:
                while file.write(b"\0" * 65536):
                    pass
            self.count("full")
            self.pause(0.2, 2.0)
        finally:
            path.unlink(missing_ok=True)


def wait_well(house, timeout):
    return wait_for(house.is_well, timeout, "a supervisor with its command channel and its disk")


def stray(house):
    """What runs below this process and is none of the house's."""
    known = {house.supervisor.pid, house.kiosk.pid}
    known |= {listener.pid for listener in house.listeners.values()}
    found = set(children(os.getpid())) - known
    for pid in known:
        found |= set(children(pid))
    return [f"{pid} {command_of(pid)}" for pid in found if is_alive(pid)]
