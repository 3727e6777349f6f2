"""A Varlink client of raw sockets, independent of the programs' own codec, and a supervisor alone."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from processes import SUPERVISOR, Program, wait_for, within, write_configuration

TIMEOUT = within(8.0)


class Closed(Exception):
    """The other side has closed the connection."""


class Failure(Exception):
    """An error reply."""

    def __init__(self, name, parameters):
        super().__init__(f"{name} {parameters}")
        self.name = name
        self.parameters = parameters


class Client:
    """One connection."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT)
        self.sock.connect(str(path))
        self.pending = b""

    def send_bytes(self, data):
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # receiving tells

    def send(self, method, parameters=None, **flags):
        call = {"method": method, **flags}
        if parameters is not None:
            call["parameters"] = parameters
        self.send_bytes(json.dumps(call).encode() + b"\0")

    def receive(self, timeout=TIMEOUT):
        """The next message; Closed at the end."""
        self.sock.settimeout(timeout)
        while b"\0" not in self.pending:
            try:
                data = self.sock.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                assert not self.pending, f"ended within a message: {self.pending[:80]}"
                raise Closed
            self.pending += data
        message, self.pending = self.pending.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, parameters=None, **flags):
        """The parameters of the reply; Failure for an error."""
        self.send(method, parameters, **flags)
        return self.reply()

    def reply(self):
        message = self.receive()
        if "error" in message:
            raise Failure(message["error"], message.get("parameters", {}))
        return message.get("parameters", {})

    def is_open(self):
        """True while GetInfo is answered."""
        try:
            return self.call("org.varlink.service.GetInfo")["vendor"] == "vdtgw"
        except Closed:
            return False

    def wait_closed(self, timeout=TIMEOUT):
        """What still came before the end."""
        messages = []
        while True:
            try:
                messages.append(self.receive(timeout))
            except Closed:
                return messages

    def close(self):
        self.sock.close()


class Session(Client):
    """A caller's session, as the supervisor sees one."""

    ADDRESS = {"transport": "telnet", "address": "192.0.2.1", "port": 4711}

    def enter(self, more=True, **parameters):
        """The number that it is given."""
        self.send("org.vdtgw.Session.Enter", {**self.ADDRESS, **parameters}, more=more)
        message = self.receive()
        if "error" in message:
            raise Failure(message["error"], message.get("parameters", {}))
        assert message.get("continues", False) is more
        if more and "session" in parameters:
            # Who enters again is told the limits that hold now.
            assert self.order()["kind"] == "reload"
        return message["parameters"]["session"]

    def tell(self, method, **parameters):
        self.send(f"org.vdtgw.Session.{method}", parameters, oneway=True)

    def order(self):
        message = self.receive()
        assert message["continues"] is True
        return message["parameters"]["order"]

    def leave(self):
        self.tell("Leave", reason="caller-closed", bytes_in=1, bytes_out=2, duration=3)


class Supervisor:
    """The real program, by itself or under systemd-socket-activate."""

    def __init__(self, folder, settings=None, env=None):
        self.folder = Path(folder)
        self.session_socket = str(self.folder / "session")
        self.admin_socket = str(self.folder / "admin")
        self.console_socket = str(self.folder / "console")
        self.state = self.folder / "state"
        self.config = str(self.folder / "vdtgw.conf")
        self.env = {**os.environ, **(env or {})}
        self.clients = []
        self.command = []  # that runs it, such as one that enters a network namespace
        self.program = None
        self.state.mkdir(exist_ok=True)
        write_configuration(
            self.config,
            {
                "supervisor": {
                    "session_socket": self.session_socket,
                    "admin_socket": self.admin_socket,
                    "console_socket": self.console_socket,
                    "state": str(self.state),
                },
                "teletel": {"command_channel": False},
                "limits": {"sessions": 1000, "per_address": 1000, "half_open": 0},
                # These callers come and go faster than people.
                "bans": {"enabled": False},
                **(settings or {}),
            },
        )

    def start(self, activated=False, without_console=False):
        command = [*self.command, SUPERVISOR, "--config", self.config]
        if activated:
            # Descriptors 3 to 5, by name, as systemd hands them over.
            for path in self.sockets():
                Path(path).unlink(missing_ok=True)
            passed = [f"--setenv={name}" for name in self.env if name.endswith("SAN_OPTIONS")]
            command = [
                "systemd-socket-activate",
                *(f"--listen={path}" for path in self.sockets()),
                "--fdname=session:admin:console",
                *passed,
                *command,
            ]
        self.program = Program(command, env=self.env)
        awaited = self.sockets()[: 2 if without_console else 3]
        wait_for(lambda: all(map(self.answers, awaited)))
        self.wait_log("ready: ")
        return self

    def sockets(self):
        return self.session_socket, self.admin_socket, self.console_socket

    def answers(self, path):
        assert self.program.process.poll() is None, "\n".join(self.program.lines)
        try:
            Client(path).close()
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True

    def session(self):
        self.clients.append(Session(self.session_socket))
        return self.clients[-1]

    def admin(self):
        self.clients.append(Client(self.admin_socket))
        return self.clients[-1]

    def console(self):
        self.clients.append(Client(self.console_socket))
        return self.clients[-1]

    def status(self):
        client = Client(self.admin_socket)
        try:
            return client.call("org.vdtgw.Admin.Status")
        finally:
            client.close()

    def sessions(self):
        """All of them, page by page."""
        client = Client(self.admin_socket)
        found, parameters = [], {}
        try:
            while True:
                page = client.call("org.vdtgw.Admin.ListSessions", parameters)
                found += page["sessions"]
                if page.get("next") is None:
                    return found
                parameters = {"from": page["next"]}
        finally:
            client.close()

    def wait_numbers(self, numbers):
        wait_for(
            lambda: [session["session"] for session in self.sessions()] == sorted(numbers),
            what=f"sessions {sorted(numbers)}",
        )

    def wait_log(self, pattern):
        return self.program.wait_line(lambda line: re.search(pattern, line), TIMEOUT, pattern)

    def kill(self):
        self.program.stop(signal.SIGKILL)

    def stop(self):
        """Its exit status."""
        for client in self.clients:
            client.close()
        return self.program.stop()


# A process of its own that enters, says so, and stays until it is killed.
STRANGER = """
import json, socket, sys, time
sock = socket.socket(socket.AF_UNIX)
sock.connect(sys.argv[1])
call = {"method": "org.vdtgw.Session.Enter", "more": True, "parameters": json.loads(sys.argv[2])}
sock.sendall(json.dumps(call).encode() + b"\\0")
print(json.loads(sock.recv(4096).split(b"\\0")[0])["parameters"]["session"], flush=True)
time.sleep(60)
"""


class Stranger:
    """A session in another process."""

    def __init__(self, supervisor, **parameters):
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                STRANGER,
                supervisor.session_socket,
                json.dumps({**Session.ADDRESS, **parameters}),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        self.pid = self.process.pid
        self.number = int(self.process.stdout.readline())

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def wait_message(notify_socket, wanted, timeout=TIMEOUT):
    """Reads notifications until one holds the wanted line; returns it."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        notify_socket.settimeout(max(0.01, deadline - time.monotonic()))
        for line in notify_socket.recv(4096).decode().split("\n"):
            if line.startswith(wanted):
                return line
    raise AssertionError(f"{wanted} was not told within {timeout} s")
