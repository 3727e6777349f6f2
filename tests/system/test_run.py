"""`make run`, once the programs are built: what a newcomer sees first."""

import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from processes import Program, command_of, descendants, is_alive, reap, wait_for

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("VDTGW_BUILD", "build")
PORTS = ["TELNET", "WEBSOCKET", "RAW", "KIOSK", "COMMAND", "CONSOLE"]


def free_ports():
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in PORTS]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class Run(Program):
    def __init__(self, folder, ports):
        self.ports = dict(zip(PORTS, ports))
        env = {**os.environ, "TMPDIR": str(folder)}
        env |= {f"VDTGW_{name}_PORT": str(port) for name, port in self.ports.items()}
        # All that it says in one place, in the order in which a person sees it.
        super().__init__(["sh", "-c", 'exec "$@" >&2', "sh", str(ROOT / "tools/run"), str(BUILD)], env=env)

    def wait_ready(self):
        self.wait_line(lambda line: "Ctrl-C ends it" in line, 20, "readiness")

    def part(self, program):
        """Its process: what comes first is its own name, or what runs it for a test."""
        words = ((pid, command_of(pid).split()) for pid in descendants(self.pid))
        return next(
            pid
            for pid, command in words
            if program in command[0] or ("valgrind" in command[0] and f"bin/{program}" in " ".join(command))
        )


@pytest.fixture
def run(tmp_path):
    started = []

    def start(ports=None):
        started.append(Run(tmp_path, ports or free_ports()))
        return started[-1]

    yield start
    for program in started:
        program.stop(timeout=20)


def call(port):
    caller = socket.create_connection(("127.0.0.1", port), 8)
    caller.settimeout(8)
    return caller


def read_until(caller, wanted):
    seen = b""
    while not re.search(wanted, seen, re.S):
        data = caller.recv(4096)
        assert data, f"closed after {seen!r}"
        seen += data
    return seen


def assert_nothing_left(processes, folder):
    def all_ended():
        reap(processes)
        return not [pid for pid in processes if is_alive(pid)]

    wait_for(all_ended, what="the end of every process")
    assert list(folder.iterdir()) == []


def test_a_caller_of_each_kind_reaches_the_kiosk(run):
    running = run()
    running.wait_ready()
    for name in ("RAW", "TELNET"):
        with call(running.ports[name]) as caller:
            # The kiosk's page starts by clearing the screen.
            read_until(caller, rb"\x0c")
    with call(running.ports["WEBSOCKET"]) as caller:
        caller.sendall(
            b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        read_until(caller, rb"s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=.*\x0c")


def test_the_console_shows_a_call_on_this_machine_only(run):
    running = run()
    running.wait_ready()
    with call(running.ports["CONSOLE"]) as console:
        read_until(console, rb"command channel: up")
        with call(running.ports["RAW"]) as caller:
            read_until(caller, rb"\x0c")
            read_until(console, rb" started: 1 raw 127\.0\.0\.1:\d+")
    text = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
    assert not re.search(rf": 0+:{running.ports['CONSOLE']:04X} ", text)


def test_a_caller_is_redirected_to_the_kiosks_own_service_and_comes_home(run):
    running = run()
    running.wait_ready()
    with call(running.ports["RAW"]) as caller:
        # The home page's last words; the field; the other service; the cost on row 0; home again.
        for keys, wanted in [
            (b"", rb"jour et nuit.*\x11"),
            (b"echo\x13A", rb"chez un autre service.*\x11"),
            (b"", rb"\x1f@AT2  0,0[1-9] F\x18\x0a"),
            (b"\x13I", rb"jour et nuit.*\x11"),
        ]:
            caller.sendall(keys)
            caller.settimeout(20)
            read_until(caller, wanted)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything_with_a_caller_there(run, tmp_path, number):
    running = run()
    running.wait_ready()
    with call(running.ports["RAW"]) as caller:
        read_until(caller, rb"\x0c")
        processes = descendants(running.pid)
        # Supervisor, kiosk, four listeners and the session.
        assert len(processes) == 7, [command_of(pid) for pid in processes]
        os.kill(running.pid, number)
        read_until(caller, rb"FIN DE COMMUNICATION\x18\x0a")
        assert running.stop(number, timeout=20) == 0
        assert_nothing_left(processes, tmp_path)


@pytest.mark.parametrize(
    "program,name",
    [
        ("vdtgw-supervisor", "supervisor"),
        ("vdtgw-teletel", "kiosk"),
        ("systemd-socket-activate", "listener for telnet"),
    ],
)
def test_the_end_of_a_part_is_an_error_that_names_it(run, tmp_path, program, name):
    running = run()
    running.wait_ready()
    processes = descendants(running.pid)
    os.kill(running.part(program), signal.SIGKILL)
    assert running.process.wait(20) == 1
    running.wait_line(lambda line: f"{name} ended by itself" in line)
    assert_nothing_left(processes, tmp_path)


@pytest.mark.parametrize("name", PORTS)
def test_a_port_in_use_is_said_before_anything_starts(run, tmp_path, name):
    ports = free_ports()
    with socket.create_server(("127.0.0.1", 0)) as other:
        ports[PORTS.index(name)] = other.getsockname()[1]
        running = run(ports)
        assert running.process.wait(20) == 1
    line = running.wait_line(lambda line: "in use" in line)
    assert f"port {ports[PORTS.index(name)]} " in line and f"VDTGW_{name}_PORT=" in line
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_no_number_is_refused(run):
    running = run(["none", *free_ports()[1:]])
    assert running.process.wait(20) == 1
    running.wait_line(lambda line: "VDTGW_TELNET_PORT=none is not a port number" in line)


def test_the_same_port_twice_is_refused(run):
    ports = free_ports()
    ports[2] = ports[0]
    running = run(ports)
    assert running.process.wait(20) == 1
    running.wait_line(lambda line: f"VDTGW_RAW_PORT and VDTGW_TELNET_PORT are both {ports[0]}" in line)


def test_an_unbuilt_tree_is_said(tmp_path):
    done = subprocess.run([ROOT / "tools/run", tmp_path], capture_output=True, text=True)
    assert done.returncode == 1 and "type make" in done.stderr
