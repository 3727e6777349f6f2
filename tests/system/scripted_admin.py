"""An administration socket that a test plays itself: says what a real supervisor might, and what
none would."""

import json
import os
import socket
import subprocess
import threading

from processes import VDTGWCTL


class Error(Exception):
    """The answer to a call is this error."""

    def __init__(self, name, parameters=None):
        super().__init__(name)
        self.name = name
        self.parameters = parameters or {}


class Raw(bytes):
    """The answer to a call is these bytes."""


HANG_UP = "hang up"  # in a list of answers: the connection is closed here
SILENCE = "silence"  # … nothing more comes


class ScriptedAdmin:
    """answers: by method, what is answered: parameters, an Error, Raw bytes, HANG_UP, SILENCE; a
    list of these, sent one after the other with "continues"; or a function of the parameters that
    returns one of all that. What was asked is in calls."""

    def __init__(self, path, answers):
        self.path = str(path)
        self.answers = answers
        self.calls = []
        self.connections = []
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        pending = b""
        try:
            while data := connection.recv(65536):
                pending += data
                while b"\0" in pending:
                    message, _, pending = pending.partition(b"\0")
                    self.answer(connection, json.loads(message))
        except OSError:
            pass
        finally:
            connection.close()

    def answer(self, connection, call):
        method = call["method"].removeprefix("org.vdtgw.Admin.")
        self.calls.append((method, call.get("parameters", {}), call.get("more", False)))
        if method in self.answers:
            answer = self.answers[method]
        else:
            answer = Error("org.varlink.service.MethodNotFound", {"method": call["method"]})
        if callable(answer):
            try:
                answer = answer(call.get("parameters", {}))
            except Error as error:
                answer = error
        several = isinstance(answer, list)
        for item in answer if several else [answer]:
            if item is HANG_UP:
                connection.shutdown(socket.SHUT_RDWR)
            elif isinstance(item, Raw):
                connection.sendall(item)
            elif isinstance(item, Error):
                self.send(connection, {"error": item.name, "parameters": item.parameters})
            elif item is not SILENCE:
                self.send(connection, {"parameters": item, **({"continues": True} if several else {})})

    @staticmethod
    def send(connection, message):
        connection.sendall(json.dumps(message).encode() + b"\0")

    def close(self):
        for sock in [self.listener, *self.connections]:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()


def run(server, *arguments, env=None, timeout=20):
    """vdtgwctl, asking this server; or a socket's path."""
    return subprocess.run(
        [VDTGWCTL, "--socket", getattr(server, "path", str(server)), *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=timeout,
        env={**os.environ, "TZ": "UTC0", **(env or {})},
    )


# What a supervisor answers.

SESSION = {
    "session": 12,
    "pid": 4321,
    "transport": "telnet",
    "address": "192.0.2.1",
    "port": 4711,
    "state": "away",
    "service": "wss://remote.example.org/x",
    "terminal_type": "VT100",
    "window_size": "40x25",
    "environment": {"LANG": "fr"},
    "started": 1795000000000000,
    "bytes_in": 12,
    "bytes_out": 3456,
    "queue": 7,
    "idle": 2500000,
    "orders": True,
    "redirections": 2,
    "redirection": {
        "tag": "7",
        "service": "wss://remote.example.org/x",
        "state": "connected",
        "origin": "teletel",
        "started": 1795000001000000,
        "bytes_in": 1,
        "bytes_out": 2048,
        "ping": 10,
        "subprotocols": ["binary"],
    },
}
BY_TRANSPORT = {"telnet": 2, "raw": 0, "websocket": 1}
STATUS = {
    "version": "0.1.0",
    "pid": 1,
    "started": 1795000000000000,
    "uptime": 93784000000,
    "launches": 5,
    "sessions": 3,
    "sessions_by_transport": BY_TRANSPORT,
    "admitted": 9,
    "admitted_by_transport": {"telnet": 7, "raw": 1, "websocket": 1},
    "refused": 1,
    "reentered": 2,
    "kicked": 3,
    "crashed": 4,
    "limits": {"sessions": 1000, "per_address": 20, "half_open": 650},
    "redirections": 6,
    "command_channel": {
        "state": "up",
        "uri": "ws://localhost:8764",
        "since": 1795000002000000,
        "connections": 2,
    },
    "bans": {"enabled": True, "count": 8, "banned": 10, "unbanned": 2, "refused": 77, "saved": True},
    "half_open": 1,
    "half_open_limited": 3,
    "timeouts": {
        "activity": {"telnet": 4, "raw": 0, "websocket": 1},
        "session": BY_TRANSPORT,
        "home": BY_TRANSPORT,
        "remote": BY_TRANSPORT,
    },
    "consoles": 1,
    "watchers": 2,
}
EVENT = {
    "time": 1795164841000000,
    "kind": "ended",
    "session": 12,
    "transport": "telnet",
    "address": "192.0.2.1",
    "port": 4711,
    "service": "ws://localhost:8765",
    "reason": "caller-closed",
    "duration": 133500000,
    "bytes_in": 12,
    "bytes_out": 3456,
}
HISTORY = {"events": [EVENT], "total": 500, "oldest": 1790000000000000}
SERVER = {"kind": "unit", "name": "t.service", "state": "running", "pid": 99, "since": 1, "restarts": 1}
BAN = {
    "network": "203.0.113.0/24",
    "since": 1795000000000000,
    "visited": 1795000001000000,
    "until": 1999000000000000,
    "reason": "typing_speed",
    "comment": "a scanner",
    "refusals": 4,
}
COUNTS = {"taken": 1, "known": 0, "over": 0, "never": 0, "full": 0}
