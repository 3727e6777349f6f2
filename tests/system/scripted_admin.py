"""An administration socket that a test plays itself: says what a real supervisor might, and what
none would."""

import json
import socket
import threading


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
