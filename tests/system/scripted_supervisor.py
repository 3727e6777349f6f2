"""A supervisor that a test plays itself: admits one session and gives it orders."""

import contextlib
import json
import queue
import socket
import threading

TIMEOUT = 8.0


class ScriptedSupervisor:
    """Listens where a session looks for its supervisor. What the session says comes out of
    wait(), in order; order() speaks to it."""

    def __init__(self, path, channel=True, number=41, passed=(), **admission):
        self.admission = {"session": number, "channel": channel, **admission}
        self.number = number
        self.passed = passed  # descriptors that go with the admission
        self.caller = None  # as Enter told of it
        self.said = queue.Queue()
        self.connection = None
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(path))
        self.listener.listen()
        self.entered = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        try:
            self.connection, _ = self.listener.accept()
            pending = b""
            while data := self.connection.recv(65536):
                pending += data
                while b"\0" in pending:
                    message, pending = pending.split(b"\0", 1)
                    self.hear(json.loads(message))
        except OSError:
            pass
        self.said.put(("gone", {}))

    def hear(self, call):
        name = call["method"].removeprefix("org.vdtgw.Session.")
        if name == "Enter":
            self.caller = call["parameters"]
            self.reply(self.admission, self.passed)
            self.entered.set()
        else:
            self.said.put((name, call.get("parameters", {})))

    def reply(self, parameters, descriptors=()):
        message = json.dumps({"parameters": parameters, "continues": True}).encode() + b"\0"
        if descriptors:
            sent = socket.send_fds(self.connection, [message], descriptors)
            message = message[sent:]
        self.connection.sendall(message)

    def order(self, kind, **fields):
        self.reply({"session": self.number, "order": {"kind": kind, **fields}})

    def redirect(self, uri, tag="7", ping=0, subprotocols=()):
        self.order(
            "redirect",
            redirection={"tag": tag, "uri": uri, "ping": ping, "subprotocols": list(subprotocols)},
        )

    def next_stage(self):
        """The next thing said of a redirection: (method, parameters)."""
        while True:
            name, parameters = self.said.get(timeout=TIMEOUT)
            if name.startswith("Redirect") or name in ("RequestedClose", "gone"):
                return name, parameters

    def stages(self, *expected, tag="7"):
        for name in expected:
            said, parameters = self.next_stage()
            assert (said, parameters.get("tag")) == (name, tag), (said, parameters, expected)
        return parameters

    def wait(self, name):
        while True:
            said, parameters = self.said.get(timeout=TIMEOUT)
            if said == name:
                return parameters

    def close(self):
        for sock in (self.connection, self.listener):
            if sock is not None:
                # While serve() waits for something on it, closing alone does not end it.
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
                sock.close()
