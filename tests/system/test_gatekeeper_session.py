"""The gatekeeper in the session's process: who really calls, what is no terminal, who types like a
program, and the end of those who do nothing."""

import select
import socket
import struct
import subprocess
import time

import pytest

from calls import TRANSPORTS, call, join
from peers import (
    Peer,
    Service,
    TelnetPeer,
    WebSocketPeer,
    agreeing_terminal,
    connect_socket,
    negotiate_binary,
    raw_caller,
)
from processes import SESSION, within
from scripted_supervisor import ScriptedSupervisor
from test_hostile import client_hello

SECONDS = within(4.0)
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
TRUSTED = {"proxy": {"trusted": ["127.0.0.0/8", "192.0.2.0/24"]}}
HEADERS = {
    "version 1": b"PROXY TCP4 203.0.113.9 192.0.2.1 56324 23\r\n",
    "version 2": SIGNATURE
    + b"\x21\x11\0\x0f"
    + socket.inet_aton("203.0.113.9")
    + socket.inet_aton("192.0.2.1")
    + struct.pack(">HH", 56324, 23)
    + b"\x04\0\0",
}
IPV6 = b"PROXY TCP6 2001:db8::9 2001:db8::1 56324 23\r\n"


def proxied(port, transport, header, extra="", pieces=False):
    """A caller behind a proxy, up to the first byte that is the terminal's own."""
    sock = connect_socket(port)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for piece in [header[i : i + 1] for i in range(len(header))] if pieces else [header]:
        sock.sendall(piece)
        if pieces:
            time.sleep(0.002)
    if transport == "websocket":
        return WebSocketPeer(sock, client=True).connect("/", port, extra=extra)
    return TelnetPeer(sock, agreeing_terminal()) if transport == "telnet" else Peer(sock)


class EnteringSupervisor(ScriptedSupervisor):
    """Tells what a session asked for, too."""

    def hear(self, call):
        super().hear(call)
        if call["method"].endswith(".Enter"):
            self.said.put(("Enter", call["parameters"]))


@pytest.fixture
def scripted(gateway):
    started = []

    def start(service, settings):
        running = gateway(home=service.uri, supervisor=False, settings=settings)
        started.append(EnteringSupervisor(running.session_socket, channel=False))
        return running, started[-1]

    yield start
    for supervisor in started:
        supervisor.close()


# Real addresses.


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("version", HEADERS)
def test_the_address_behind_a_trusted_proxy_is_the_one_that_counts(scripted, transport, version):
    service = Service("ws")
    running, supervisor = scripted(service, TRUSTED)
    caller = proxied(running.port(transport), transport, HEADERS[version], pieces=True)
    entry = supervisor.wait("Enter")
    assert (entry["address"], entry["port"]) == ("203.0.113.9", 56324)
    connection = service.accept()
    assert connection.headers["x-forwarded-for"] == "203.0.113.9"
    join(caller, connection)
    caller.close()
    end = running.wait_end(56324, transport)
    assert end["address"] == "203.0.113.9"


def test_the_first_bytes_behind_the_header_are_the_callers(gateway):
    service = Service("telnet")
    running = gateway(home=service.uri, supervisor=False, settings=TRUSTED)
    caller = Peer(connect_socket(running.port("raw")))
    caller.send_wire(IPV6 + b"\x13\x46 3615")
    connection = service.accept()
    assert connection.receive_exactly(7) == b"\x13\x46 3615"
    caller.close()
    assert running.wait_end(56324, "raw")["address"] == "2001:db8::9"


@pytest.mark.parametrize("header", [b"PROXY UNKNOWN\r\n", SIGNATURE + b"\x20\0\0\0"])
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_local_and_unknown_keep_the_sockets_address(scripted, transport, header):
    service = Service("ws")
    running, supervisor = scripted(service, TRUSTED)
    caller = proxied(running.port(transport), transport, header)
    entry = supervisor.wait("Enter")
    assert (entry["address"], entry["port"]) == ("127.0.0.1", caller.local_port)
    join(caller, service.accept())


@pytest.mark.parametrize("remembered", [None, "203.0.113.9", "2001:db8::9"])
def test_a_connection_that_was_reset_has_the_address_that_systemd_tells_or_none(
    scripted, remembered
):
    running, supervisor = scripted(Service("ws"), {})
    with socket.create_server(("127.0.0.1", 0)) as listener:
        scanner = socket.create_connection(listener.getsockname())
        accepted, _ = listener.accept()
    scanner.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    scanner.close()
    select.select([accepted], [], [], SECONDS)
    environment = running.environment() | ({"REMOTE_ADDR": remembered} if remembered else {})
    with accepted:
        session = subprocess.Popen(
            [SESSION, "--transport", "raw", "--config", running.config],
            stdin=accepted,
            stdout=accepted,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
    entry = supervisor.wait("Enter")
    assert (entry["address"], entry["port"]) == (remembered or "", 0)
    session.wait(SECONDS)


MALFORMED = {
    "a terminal without a header": b"\x13\x46",
    "a request without a header": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "no address": b"PROXY TCP4 203.0.113.300 192.0.2.1 1 2\r\n",
    "no end": b"PROXY UNKNOWN " + b"x" * 200,
    "a version to come": SIGNATURE + b"\x31\x11\0\x0c" + bytes(12),
    "too long": SIGNATURE + b"\x21\x11\xff\xff" + bytes(600),
}


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("name", MALFORMED)
def test_a_trusted_proxy_without_a_proper_header_gets_nothing(scripted, transport, name):
    service = Service("ws")
    running, supervisor = scripted(service, TRUSTED)
    caller = Peer(connect_socket(running.port(transport)))
    port = caller.local_port
    caller.send_wire(MALFORMED[name])
    assert caller.receive_to_end() == b""
    assert running.wait_end(port, transport)["reason"] == "proxy-header"
    service.expect_no_call(0.2)
    assert not supervisor.entered.is_set()


@pytest.mark.parametrize("sent", [b"", b"PROXY TCP4 203.0.113.9", SIGNATURE[:7]])
def test_a_proxy_whose_header_does_not_come_is_not_waited_for(scripted, sent):
    service = Service("ws")
    running, supervisor = scripted(service, TRUSTED)
    slow, closing = (Peer(connect_socket(running.port("telnet"))) for _ in range(2))
    ports = slow.local_port, closing.local_port
    started = time.monotonic()
    slow.send_wire(sent)
    closing.send_wire(sent)
    closing.shutdown_write()
    assert closing.receive_to_end() == b""
    assert time.monotonic() - started < within(2)
    assert slow.receive_to_end() == b""
    assert 2.5 < time.monotonic() - started < within(6)
    for port in ports:
        assert running.wait_end(port, "telnet")["reason"] == "proxy-header"
    assert not supervisor.entered.is_set()


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("version", HEADERS)
def test_a_header_from_anybody_else_ends_the_call(scripted, transport, version):
    service = Service("ws")
    running, supervisor = scripted(service, {"proxy": {"trusted": ["192.0.2.0/24"]}})
    caller = Peer(connect_socket(running.port(transport)))
    port = caller.local_port
    caller.send_wire(HEADERS[version])
    caller.receive_to_end()
    assert supervisor.wait("Enter")["address"] == "127.0.0.1"
    assert supervisor.wait("Leave")["reason"] == "proxy-header"
    end = running.wait_end(port, transport)
    assert (end["address"], end["reason"]) == ("127.0.0.1", "proxy-header")


TELLS_PROXY = b"PROXY TCP4 192.0.2.7 192.0.2.1 4000 80\r\n"
CHAINS = [
    ("X-Forwarded-For: 203.0.113.9\r\n", "203.0.113.9", 0),
    ("X-Forwarded-For: 10.9.8.7, 203.0.113.9, 192.0.2.8\r\n", "203.0.113.9", 0),
    ("X-Forwarded-For: 10.9.8.7\r\nX-Forwarded-For: 203.0.113.9\r\n", "203.0.113.9", 0),
    ('Forwarded: for="[2001:db8::9]:4711";proto=https\r\n', "2001:db8::9", 4711),
    ("X-Forwarded-For: 192.0.2.8\r\n", "192.0.2.7", 4000),
    ("Forwarded: for=unknown\r\n", "192.0.2.7", 4000),
    ("", "192.0.2.7", 4000),
]


@pytest.mark.parametrize("extra,address,port", CHAINS)
def test_http_proxies_tell_the_rightmost_address_that_is_not_theirs(
    scripted, extra, address, port
):
    service = Service("ws")
    running, supervisor = scripted(service, TRUSTED)
    caller = proxied(running.port("websocket"), "websocket", TELLS_PROXY, extra)
    entry = supervisor.wait("Enter")
    assert (entry["address"], entry["port"]) == (address, port)
    connection = service.accept()
    assert connection.headers["x-forwarded-for"] == address
    join(caller, connection)


@pytest.mark.parametrize("extra,address,port", CHAINS[:4])
def test_a_proxy_that_speaks_http_needs_no_header_of_proxy(scripted, extra, address, port):
    service = Service("ws")
    running, supervisor = scripted(service, TRUSTED)
    caller = proxied(running.port("websocket"), "websocket", b"", extra)
    entry = supervisor.wait("Enter")
    assert (entry["address"], entry["port"]) == (address, port)
    join(caller, service.accept())


def test_a_caller_cannot_choose_its_address(scripted):
    """What the proxy found on the wire is believed, not what came through it."""
    service = Service("ws")
    running, supervisor = scripted(service, TRUSTED)
    lie = "X-Forwarded-For: 198.51.100.1\r\nForwarded: for=198.51.100.1\r\n"
    proxied(running.port("websocket"), "websocket", HEADERS["version 1"], lie)
    assert supervisor.wait("Enter")["address"] == "203.0.113.9"


def test_without_trust_the_headers_of_a_request_say_nothing(scripted):
    service = Service("ws")
    running, supervisor = scripted(service, {})
    lie = "X-Forwarded-For: 198.51.100.1\r\nForwarded: for=198.51.100.1\r\n"
    proxied(running.port("websocket"), "websocket", b"", lie)
    assert supervisor.wait("Enter")["address"] == "127.0.0.1"


@pytest.mark.parametrize(
    "extra",
    [
        "X-Forwarded-For: nonsense\r\n",
        'Forwarded: for="203.0.113.9\r\n',
        "X-Forwarded-For: 203.0.113.9\r\nForwarded: for=203.0.113.8\r\n",
        "X-Filler: " + "x" * 9000 + "\r\n",
    ],
)
def test_a_chain_that_is_not_understood_ends_the_call(scripted, extra):
    service = Service("ws")
    running, supervisor = scripted(service, TRUSTED)
    port = running.port("websocket")
    caller = WebSocketPeer(connect_socket(port), client=True)
    caller.send_wire(TELLS_PROXY)
    caller.request("/", port, extra=extra)
    assert caller.read_head()[0] == ""
    assert running.wait_end(caller.local_port, "websocket")["reason"] == "proxy-header"
    assert not supervisor.entered.is_set()


# What is no terminal.

PROBES = {
    "abuse-http": b"GET / HTTP/1.0\r\n\r\n",
    "abuse-tls": client_hello(),
    "abuse-ssh": b"SSH-2.0-Go\r\n",
    "abuse-smb": b"\0\0\0\x85\xffSMBr\0\0\0\0\x18\x53\xc8" + bytes(120),
    "abuse-rdp": bytes.fromhex("030000130ee000000000000100080003000000"),
    "abuse-rtsp": b"OPTIONS / RTSP/1.0\r\n\r\n",
}


# HTTP is what a WebSocket begins with.
DOORS = [
    (transport, reason)
    for transport in TRANSPORTS
    for reason in PROBES
    if (transport, reason) != ("websocket", "abuse-http")
]


@pytest.mark.parametrize("transport,reason", DOORS)
def test_a_scanners_protocol_ends_the_call(scripted, transport, reason):
    service = Service("ws")
    running, supervisor = scripted(service, {})
    caller = Peer(connect_socket(running.port(transport)))
    port = caller.local_port
    caller.send_wire(PROBES[reason])
    caller.receive_to_end(SECONDS)
    assert running.wait_end(port, transport)["reason"] == reason
    assert supervisor.wait("Leave")["reason"] == reason


def test_a_scanner_that_is_quick_gets_nothing_at_all(gateway):
    """Its first packet is there before the supervisor has answered."""
    service = Service("ws")
    running = gateway(home=service.uri, supervisor=False)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(running.session_socket)
    listener.listen()
    caller = Peer(connect_socket(running.port("telnet")))
    port = caller.local_port
    caller.send_wire(PROBES["abuse-http"])
    listener.settimeout(SECONDS)
    session, _ = listener.accept()
    session.recv(65536)
    session.sendall(b'{"parameters":{"session":1},"continues":true}\0')
    assert caller.receive_to_end(SECONDS) == b""
    assert running.wait_end(port, "telnet")["reason"] == "abuse-http"
    service.expect_no_call(0.2)
    session.close()
    listener.close()


@pytest.mark.parametrize("transport", ("telnet", "raw"))
def test_a_person_may_type_what_scanners_send(gateway, transport):
    service = Service("ws")
    running = gateway(home=service.uri, supervisor=False)
    caller, connection = call(running, service, transport)
    for text in (b"GET ", b"GET / HTTP/1.0", b"SSH-2.0-Go", b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2"):
        caller.send(text)
        assert connection.receive_exactly(len(text)) == text
    assert not caller.ended


# Typing.

BANS = {"bans": {"enabled": True, "typing_limit": 10.0}}


def drip(caller, connection, data, interval, count):
    for _ in range(count):
        caller.send(data)
        connection.fill(interval)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_program_that_types_is_hung_up(scripted, transport):
    service = Service("ws")
    running, supervisor = scripted(service, BANS)
    caller, connection = call(running, service, transport)
    port = caller.local_port
    time.sleep(2.5)  # beyond any preamble
    caller.send(b"root\r\nadmin\r\n" * 20)
    assert b"FRAPPE TROP RAPIDE" in caller.receive_to_end(SECONDS)
    assert running.wait_end(port, transport)["reason"] == "typing-speed"
    assert supervisor.wait("Leave")["reason"] == "typing-speed"
    connection.receive_to_end(SECONDS)


def test_typing_is_free_where_nobody_is_banned(gateway):
    service = Service("ws")
    for settings in ({"bans": {"enabled": False}}, {"bans": {"typing_limit": 0}}):
        running = gateway(home=service.uri, supervisor=False, settings=settings)
        caller, connection = call(running, service)
        caller.send(b"root\r\nadmin\r\n" * 100)
        connection.receive_exactly(1300)
        caller.send(b".")
        connection.receive_exactly(1)
        caller.close()


def test_terminals_do_not_type_too_fast(gateway):
    """Answers, function keys and pasted lines, a hundred bytes a second of them."""
    service = Service("ws")
    running = gateway(home=service.uri, supervisor=False, settings=BANS)
    caller, connection = call(running, service)
    sent = 0
    for _ in range(20):
        for data in (b"\x01Cu<\x04", b"\x01" + b"x" * 49 + b"\x04", b"\x1f\x41\x41", b"\x13\x48"):
            caller.send(data)
            sent += len(data)
        time.sleep(0.05)
    caller.send(b"une ligne de quarante caracteres collee!" + b"\x13\x41")
    connection.receive_exactly(sent + 42)
    connection.send(b"alive")
    assert caller.receive_exactly(5) == b"alive"


# Time-outs.


def test_a_silent_caller_is_warned_a_minute_before_the_end(gateway):
    service = Service("ws")
    limits = {"timeouts": {"caller_idle": 62}}
    running = gateway(home=service.uri, supervisor=False, settings=limits)
    caller, connection = call(running, service)
    warned = caller.receive_until(b"FIN DANS UNE MINUTE\x18\x0a", 6)
    assert b"\x1f\x40\x41" in warned
    # A key, and row 0 is empty again; silence, and the warning comes again.
    caller.send(b"x")
    connection.receive_exactly(1)
    caller.receive_until(b"\x1f\x40\x41\x18\x0a")
    caller.receive_until(b"FIN DANS UNE MINUTE", 6)
    assert not caller.ended


def test_who_never_sent_a_byte_ends_with_a_reason_of_its_own(gateway):
    service = Service("telnet")
    limits = {"timeouts": {"caller_idle": 1}}
    running = gateway(home=service.uri, supervisor=False, settings=limits)
    caller = raw_caller(running.port("raw"))
    port = caller.local_port
    connection = service.accept()
    negotiate_binary(connection)
    assert b"END INACTIVE" in caller.receive_to_end(SECONDS)
    assert running.wait_end(port, "raw")["reason"] == "caller-silent"


def test_every_time_out_has_its_reason_and_its_words(gateway):
    service = Service("ws")
    rows = {
        "caller_idle": ("caller-idle", b"END INACTIVE"),
        "session": ("session-timeout", b"DUREE MAXIMALE ATTEINTE"),
        "home": ("home-timeout", b"DUREE DU SERVICE ATTEINTE"),
    }
    for key, (reason, words) in rows.items():
        running = gateway(home=service.uri, supervisor=False, settings={"timeouts": {key: 1}})
        caller, _ = call(running, service)
        port = caller.local_port
        assert words in caller.receive_to_end(1 + SECONDS)
        assert running.wait_end(port, "raw")["reason"] == reason


def test_the_first_byte_is_told_at_once(scripted):
    service = Service("telnet")
    running, supervisor = scripted(service, {})
    caller = raw_caller(running.port("raw"))
    service.accept()
    caller.send(b"x")
    started = time.monotonic()
    assert supervisor.wait("Traffic")["bytes_in"] == 1
    assert time.monotonic() - started < within(2)


def test_the_home_services_time_does_not_run_while_the_caller_is_away(gateway):
    home, remote = Service("ws"), Service("ws")
    limits = {"timeouts": {"home": 2}}
    running = gateway(home=home.uri, supervisor=False, settings=limits)
    supervisor = ScriptedSupervisor(running.session_socket)
    caller, _ = call(running, home)
    port = caller.local_port
    supervisor.redirect(remote.uri)
    connection = remote.accept()
    caller.receive_until(b"CONNECT\x18\x0a")
    time.sleep(3)
    connection.send(b"still here")
    caller.receive_until(b"still here")
    connection.send_close()
    caller.receive_to_end(SECONDS + 2)
    assert running.wait_end(port, "raw")["reason"] == "home-timeout"
    supervisor.close()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_half_open_call_goes_at_once_and_without_a_word(scripted, transport):
    service = Service("ws")
    running, supervisor = scripted(service, {"speed": {"telnet": 75, "raw": 75, "websocket": 75}})
    caller = connect_socket(running.port(transport))
    supervisor.wait("Enter")
    if transport != "websocket":
        service.accept()
    supervisor.order("kick", reason="half-open")
    left = supervisor.wait("Leave")
    assert left["reason"] == "half-open" and left["duration"] < 2_000_000
    caller.settimeout(SECONDS)
    while received := caller.recv(4096):
        assert b"FIN" not in received
