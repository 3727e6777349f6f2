"""Callers of a host, and what its administrator asks about them."""

import contextlib
import json

import hosts
from peers import Peer, TelnetPeer, WebSocketPeer, agreeing_terminal

PORTS = {"telnet": 9000, "websocket": 9001, "raw": 9002, "console": 8999}
KIOSK = b"aux services"  # on its first page
ENVOI = b"\x13A"
CONNEXION_FIN = b"\x13I"


@contextlib.contextmanager
def call(host, transport, address="127.0.0.1"):
    """host: or its neighbour, who calls from an address instead of calling one."""
    sock = host.call(PORTS[transport], address)
    if transport == "websocket":
        caller = WebSocketPeer(sock, client=True)
        caller.connect("/", PORTS[transport])
    elif transport == "telnet":
        caller = TelnetPeer(sock, answers=agreeing_terminal())
    else:
        caller = Peer(sock)
    try:
        yield caller
    finally:
        caller.close()


def page_of(caller):
    """The kiosk's first page, as far as the line that says what it is."""
    caller.receive_until(KIOSK, timeout=20)
    return KIOSK


def echo(caller):
    """A redirection to the kiosk's echo service, and home again."""
    caller.send(b"ECHO" + ENVOI)
    caller.receive_until(b"CONNECT", timeout=20)
    caller.send(CONNEXION_FIN)
    caller.receive_until(KIOSK, timeout=20)


def ask(host, method, **parameters):
    """Calls a method of org.vdtgw.Admin as root of the host."""
    message = json.dumps({"method": f"org.vdtgw.Admin.{method}", "parameters": parameters})
    with host.unix("/run/vdtgw/admin") as connection:
        connection.sendall(message.encode() + b"\0")
        reply = b""
        while not reply.endswith(b"\0"):
            data = connection.recv(65536)
            assert data, f"{method}: closed after {reply!r}"
            reply += data
    answer = json.loads(reply[:-1])
    assert "error" not in answer, answer
    return answer["parameters"]


def sessions(host):
    return ask(host, "ListSessions")["sessions"]


def processes_of(host, unit):
    pid = host.output("systemctl", "show", "--value", "--property=MainPID", unit).strip()
    return [] if pid == "0" else [pid]


def wait_channel(host):
    hosts.wait_for(
        lambda: ask(host, "Status")["command_channel"]["state"] == "up", what="the command channel"
    )


def wait_empty(host, timeout=20.0):
    hosts.wait_for(lambda: not sessions(host), timeout, "the end of the calls")
