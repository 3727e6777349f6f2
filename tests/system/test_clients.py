"""Terminals that people have: Linux telnet and PuTTY's plink."""

import os
import pty
import select
import shutil
import subprocess
import time

import pytest

from calls import START
from peers import Service
from processes import is_alive


class Program:
    """A client program and its terminal (a pty, or pipes)."""

    def __init__(self, arguments, terminal=True):
        if terminal:
            self.output, slave = pty.openpty()
            self.input = self.output
            files = {"stdin": slave, "stdout": slave, "stderr": slave}
            self.process = subprocess.Popen(
                arguments, start_new_session=True, env={**os.environ, "TERM": "vt100"}, **files
            )
            os.close(slave)
        else:
            self.process = subprocess.Popen(
                arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            self.output, self.input = self.process.stdout.fileno(), self.process.stdin.fileno()
        self.received = b""

    def wait(self, marker, timeout=8):
        deadline = time.monotonic() + timeout
        while marker not in self.received:
            readable, _, _ = select.select([self.output], [], [], deadline - time.monotonic())
            assert readable, f"{marker!r} did not come: {self.received!r}"
            try:
                data = os.read(self.output, 4096)
            except OSError:  # the end, on a pty
                data = b""
            assert data, f"the program ended: {self.received!r}"
            self.received += data

    def type(self, data):
        os.write(self.input, data)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()
            self.process.stdout.close()
        else:
            os.close(self.output)


@pytest.fixture
def client():
    started = []

    def start(*arguments, **options):
        if not shutil.which(arguments[0]):
            pytest.skip(f"{arguments[0]} is not installed")
        started.append(Program(list(arguments), **options))
        return started[-1]

    yield start
    for program in started:
        program.stop()


def test_linux_telnet_types_character_by_character(gateway, client):
    service = Service("ws")
    running = gateway(home=service.uri)
    port = running.port("telnet")
    telnet = client("telnet", "127.0.0.1", str(port))
    connection = service.accept()
    connection.send(START)
    telnet.wait(START)
    (session,) = running.wait_sessions(1)
    # Character mode is there once its answers have come; then a key needs no Return.
    deadline = time.monotonic() + 4
    while not (running.sessions()[0].get("terminal_type")) and time.monotonic() < deadline:
        time.sleep(0.02)
    telnet.type(b"a")
    assert connection.receive_exactly(1) == b"a"
    telnet.type(b"\x13A")  # Envoi: Control-S is not kept by the terminal in this mode
    assert connection.receive_exactly(2) == b"\x13A"
    connection.send(b"\x1f\x41\x41caf\xe9|")
    telnet.wait(b"\x1f\x41\x41caf\xe9|")
    assert (running.sessions()[0]["terminal_type"] or "").lower() == "vt100"
    connection.close()
    telnet.wait(b"Connection closed by foreign host")
    telnet.process.wait(4)


@pytest.mark.parametrize("protocol, transport", (("-telnet", "telnet"), ("-raw", "raw")))
def test_plink_is_served(gateway, client, protocol, transport):
    service = Service("ws")
    running = gateway(home=service.uri, supervisor=False)
    port = running.port(transport)
    plink = client("plink", protocol, "-batch", "-P", str(port), "127.0.0.1", terminal=False)
    connection = service.accept()
    connection.send(START)
    plink.wait(START)
    plink.type(b"bonjour\n")
    connection.receive_until(b"bonjour")
    content = bytes(range(256)) + START
    connection.send(content)
    plink.wait(content)
    plink.stop()
    connection.receive_to_end()
    assert not is_alive(plink.process.pid)
