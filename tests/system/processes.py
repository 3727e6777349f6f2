"""The programs under test: started, listened to, looked at in /proc, and gone in the end."""

import contextlib
import ctypes
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("VDTGW_BUILD", "build"))
BIN = (BUILD if BUILD.is_absolute() else ROOT / BUILD) / "bin"

SESSION = str(BIN / "vdtgw-session")
SUPERVISOR = str(BIN / "vdtgw-supervisor")
VDTGWCTL = str(BIN / "vdtgwctl")

SANITIZER_REPORT = re.compile(
    r"ERROR: \w*Sanitizer|WARNING: \w*Sanitizer|runtime error:|LeakSanitizer: detected"
)
CRASH_SIGNALS = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE)
PR_SET_CHILD_SUBREAPER = 36

# A session that outlives its listener becomes our child, so that it is found and waited for.
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def wait_for(condition, timeout=8.0, what="condition"):
    """For what has no event to wait on, such as /proc: looks often, fails late."""
    deadline = time.monotonic() + timeout
    while not (result := condition()):
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(0.01)
    return result


class Program:
    """A started program and the lines of its standard error, as they come."""

    def __init__(self, arguments, env=None, log_file=None, **options):
        self.lines = []
        self.changed = threading.Condition()
        self.log_file = log_file
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env, **options
        )
        self.pid = self.process.pid
        self.reader = threading.Thread(target=self._read, daemon=True)  # ends behind the last line
        self.reader.start()

    def _read(self):
        with open(self.log_file or os.devnull, "ab", buffering=0) as log:
            for line in self.process.stderr:
                log.write(line)
                with self.changed:
                    self.lines.append(line.decode("utf-8", "backslashreplace").rstrip("\n"))
                    self.changed.notify_all()

    def wait_line(self, matches, timeout=8.0, what="a log line"):
        """The first line for which matches(line) is true, already there or to come."""
        deadline = time.monotonic() + timeout
        seen = 0
        with self.changed:
            while True:
                while seen < len(self.lines):
                    if matches(self.lines[seen]):
                        return self.lines[seen]
                    seen += 1
                remaining = deadline - time.monotonic()
                if remaining <= 0 or not self.changed.wait(remaining):
                    if seen == len(self.lines):
                        tail = "\n".join(self.lines[-15:])
                        raise AssertionError(f"{what} did not come in {timeout} s; log:\n{tail}")

    def stop(self, number=signal.SIGTERM, timeout=8.0):
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.process.args[0]} did not stop on signal {number}")


# Other processes, by /proc.


def free_port():
    """One that nobody listens on; another process may take it before its user does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stat_fields(pid):
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()


def children(pid):
    """Living children; those that only wait to be reaped are not."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (fields := stat_fields(entry)):
            if int(fields[1]) == pid and fields[0] not in "ZX":
                found.append(int(entry))
    return sorted(found)


def descendants(pid):
    found = []
    for child in children(pid):
        found += [child] + descendants(child)
    return found


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def is_alive(pid):
    fields = stat_fields(pid)
    return fields is not None and fields[0] not in "ZX"


def is_sanitized(pid):
    """With the sanitizers and under valgrind, memory that was freed counts too, a session's doors
    stay open, and all is slow."""
    try:
        maps = Path(f"/proc/{pid}/maps").read_text()
    except PermissionError:
        return False
    return "libasan" in maps or "memcheck" in maps


def is_under_valgrind():
    """tools/wrap-in-valgrind puts scripts in the place of the programs. Debian 12's valgrind knows no
    pidfd_open(), with which the supervisor watches the Teletel server that it starts."""
    return Path(SESSION).read_bytes()[:2] == b"#!"


def within(seconds):
    """How long something may take, which under valgrind takes longer."""
    return seconds * 5 if is_under_valgrind() else seconds


def voluntary_switches(pid):
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.M).group(1))


def cpu_seconds(pid):
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def dirty_kilobytes(pid):
    """Memory that is the process's own."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Private_Dirty:\s+(\d+)", text, re.M).group(1))


def proportional_kilobytes(pid):
    """To compare with itself: of a session, only root may know what it shares with others."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except PermissionError:
        text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^(?:Pss|RssAnon):\s+(\d+)", text, re.M).group(1))


def reap(pids):
    """Of processes that were left to us, the ones that have ended."""
    for pid in pids:
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            pass


@contextlib.contextmanager
def disk(folder, size):
    """A small disk at a new folder; gives why there can be none, or None."""
    Path(folder).mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "vdtgw-test", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True)
    try:
        yield done.stderr.strip() if done.returncode != 0 else None
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "-l", str(folder)], check=True)


# Configuration.


def configuration_text(value):
    """A libconfig value."""
    if isinstance(value, dict):
        body = " ".join(f"{key} = {configuration_text(item)};" for key, item in value.items())
        return f"{{ {body} }}"
    if isinstance(value, (list, tuple)):
        return "[ " + ", ".join(configuration_text(item) for item in value) + " ]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value)


def write_configuration(path, settings):
    lines = [f"{key}: {configuration_text(value)};" for key, value in settings.items()]
    Path(path).write_text("\n".join(lines) + "\n")


# Varlink.


class Varlink:
    """A client of one Unix socket: JSON objects, each ended by a zero byte."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(8.0)
        self.sock.connect(str(path))
        self.pending = b""

    def send(self, method, parameters=None, **flags):
        call = {"method": method, "parameters": parameters or {}, **flags}
        self.sock.sendall(json.dumps(call).encode() + b"\0")

    def reply(self):
        while b"\0" not in self.pending:
            data = self.sock.recv(65536)
            if not data:
                raise EOFError("the server closed the connection")
            self.pending += data
        message, _, self.pending = self.pending.partition(b"\0")
        return json.loads(message)

    def call(self, method, parameters=None):
        self.send(method, parameters)
        reply = self.reply()
        assert "error" not in reply, reply
        return reply.get("parameters", {})

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.close()


# The gateway as a whole.


class Gateway:
    """A supervisor, and a listener for each transport that a test asks for."""

    address = "127.0.0.1"  # that listeners listen on
    command = ()  # that runs each program, such as one that enters a network namespace

    def __init__(self, folder, home=None, settings=None, supervisor=True, mode="systemd", env=None):
        self.folder = Path(folder)
        self.mode = mode
        self.env = {"ASAN_OPTIONS": f"log_path={self.folder}/sanitizer:detect_leaks=1"}
        self.env["UBSAN_OPTIONS"] = f"print_stacktrace=1:log_path={self.folder}/sanitizer"
        self.env |= env or {}
        self.session_socket = str(self.folder / "session")
        self.admin_socket = str(self.folder / "admin")
        self.console_socket = str(self.folder / "console")
        self.config = str(self.folder / "vdtgw.conf")
        self.copy = str(self.folder / "copy" / "vdtgw.conf")
        self.listeners = {}
        self.ports = {}
        self.supervisor = None
        self.configure(home, settings or {})
        if supervisor:
            self.start_supervisor()

    def configure(self, home, settings):
        merged = {
            "home": {"uri": home} if home else {},
            "speed": {"telnet": 0, "raw": 0, "websocket": 0},
            "supervisor": {
                "session_socket": self.session_socket,
                "admin_socket": self.admin_socket,
                "console_socket": self.console_socket,
                "state": str(self.folder / "state"),
            },
            "teletel": {"command_channel": False},
            "bans": {"enabled": False},
            "limits": {"per_address": 1000, "half_open": 0},
        }
        for section, values in settings.items():
            merged[section] = {**merged.get(section, {}), **values}
        for name in ("state", "copy"):
            (self.folder / name).mkdir(0o755, exist_ok=True)
        write_configuration(self.config, merged)

    def environment(self):
        return {**os.environ, **self.env}

    def start_supervisor(self):
        self.supervisor = Program(
            [*self.command, SUPERVISOR, "--config", self.config, "--copy", self.copy],
            env=self.environment(),
            log_file=self.folder / "supervisor.log",
        )

        def listening():
            assert self.supervisor.process.poll() is None, "\n".join(self.supervisor.lines)
            for path in (self.session_socket, self.admin_socket, self.console_socket):
                try:
                    Varlink(path).close()
                except (FileNotFoundError, ConnectionRefusedError):
                    return False
            return True

        wait_for(listening, what="the supervisor's sockets")

    def kill_supervisor(self):
        self.supervisor.stop(signal.SIGKILL)

    def admin(self):
        return Varlink(self.admin_socket)

    def sessions(self):
        with self.admin() as admin:
            return admin.call("org.vdtgw.Admin.ListSessions")["sessions"]

    def wait_sessions(self, count, timeout=8.0):
        def listed():
            found = self.sessions()
            return (found,) if len(found) == count else None

        return wait_for(listed, timeout, f"{count} sessions listed")[0]

    def port(self, transport="telnet"):
        """Where to call; starts the listener at the first question."""
        if transport not in self.ports:
            self.start_listener(transport)
        return self.ports[transport]

    def start_listener(self, transport):
        session = [SESSION, "--transport", transport, "--config", self.config, "--copy", self.copy]
        for _ in range(10):  # another process may take the port in between
            port = free_port()
            if self.mode == "systemd":
                program = self.start_socket_activate(port, session)
            else:
                program = self.start_inetd(transport, port, session)
            if program:
                self.listeners[transport] = program
                self.ports[transport] = port
                return
        raise AssertionError(f"no listener for {transport}")

    def start_socket_activate(self, port, session):
        passed = [argument for name in self.env for argument in ("-E", f"{name}={self.env[name]}")]
        program = Program(
            [*self.command, "systemd-socket-activate", "--accept", "-l", f"{self.address}:{port}"]
            + [*passed, *session],
            env=self.environment(),
            log_file=self.folder / "sessions.log",
        )
        try:
            program.wait_line(lambda line: "Listening on" in line, 3.0)
        except AssertionError:
            program.stop(signal.SIGKILL)
            return None
        return program

    def start_inetd(self, transport, port, session):
        import getpass

        file = self.folder / f"inetd-{transport}.conf"
        arguments = " ".join(["vdtgw-session", *session[1:]])
        file.write_text(
            f"127.0.0.1:{port} stream tcp nowait {getpass.getuser()} {SESSION} {arguments}\n"
        )
        program = Program(
            ["/usr/sbin/inetd", "-i", "-E", str(file)],
            env=self.environment(),
            log_file=self.folder / "inetd.log",
        )

        def listening():
            if program.process.poll() is not None:
                return "failed"
            try:
                return f":{port:04X} 00000000:0000 0A" in Path("/proc/net/tcp").read_text()
            except OSError:
                return False

        if wait_for(listening, 3.0, "inetd listens") == "failed":
            return None
        return program

    def session_pid(self, caller, transport):
        """The process that serves this caller. Its descriptors, which would tell too, are shut to
        all but root; systemd-socket-activate says whom it starts for which connection."""
        lines = self.listeners[transport].lines

        def started():
            spawned = None
            for line in reversed(lines[:]):
                spawned = re.match(r"Spawned .* as PID (\d+)\.$", line) or spawned
                if line.startswith(f"Connection from 127.0.0.1:{caller.local_port} "):
                    break
            else:
                return None
            pid = int(spawned.group(1)) if spawned else 0
            return pid if "vdtgw-session" in command_of(pid) else None

        return wait_for(started, what="a session for the caller")

    def wait_end(self, port, transport="telnet", timeout=8.0):
        """The fields of the line that says how the call from that port of the caller ended."""
        line = self.listeners[transport].wait_line(
            lambda line: "call ended:" in line and re.search(rf"\bport={port}\b", line),
            timeout,
            f"the end of the {transport} call from port {port}",
        )
        return dict(re.findall(r"(\w+)=(\S+)", line.partition("call ended:")[2]))

    def stop(self):
        """Stops everything; returns what was wrong: something still running, or a report."""
        wrong = []
        for name, program in [("supervisor", self.supervisor), *self.listeners.items()]:
            if program is None:
                continue
            status = program.process.poll()
            if status is not None and status != -signal.SIGKILL:
                wrong.append(f"{name} had ended by itself, status {status}")
        running = set()
        for program in self.listeners.values():
            running |= set(descendants(program.pid))
            program.stop()
        if self.supervisor:
            self.supervisor.stop()
        deadline = time.monotonic() + 8
        while running and time.monotonic() < deadline:
            reap(running)
            running = {pid for pid in running if is_alive(pid)}
            time.sleep(0.01)
        for pid in running:
            wrong.append(f"still running after its call: {pid} {command_of(pid)}")
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for log in self.folder.iterdir():
            if log.name.startswith("sanitizer"):
                wrong.append(f"{log.name}:\n{log.read_text(errors='replace')[:8000]}")
        for program in [self.supervisor, *self.listeners.values()]:
            wrong += self.complaints(program) if program else []
        return wrong

    @staticmethod
    def complaints(program):
        wrong = []
        for line in program.lines:
            death = re.search(r"Child \d+ died with code (\d+)", line)
            if death and int(death.group(1)) in CRASH_SIGNALS:
                wrong.append(f"a session crashed: {line}")
            if SANITIZER_REPORT.search(line):
                wrong.append(line)
        return wrong
