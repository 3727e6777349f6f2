"""The WebSocket door, with frames made by hand and with the library."""

import struct
import time

import pytest

from calls import START, call, join, unaffected
from library_peers import library_caller
from peers import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    TEXT,
    Peer,
    Service,
    WebSocketPeer,
    connect_socket,
    websocket_caller,
)
from processes import cpu_seconds, wait_for


@pytest.fixture
def service():
    return Service("ws")


@pytest.fixture
def running(gateway, service):
    return gateway(home=service.uri, supervisor=False)


def caller_of(running, **options):
    return websocket_caller(running.port("websocket"), **options)


@pytest.mark.parametrize("path", ("/", "/minitel", "/a/b/c?echo&x=1", "/%20//..", "/" + "p" * 1500), ids=len)
def test_any_path_is_served(running, service, path):
    join(caller_of(running, path=path), service.accept())


@pytest.mark.parametrize(
    "offer, chosen, opcode",
    (
        ((), None, TEXT),
        (("binary",), "binary", BINARY),
        (("tty",), "tty", TEXT),
        (("nonsense", "tty"), "tty", TEXT),
        (("nonsense", "binary"), "binary", BINARY),
    ),
)
def test_subprotocols_that_are_known_are_accepted(running, service, offer, chosen, opcode):
    caller = caller_of(running, subprotocols=offer)
    connection = service.accept()
    assert caller.headers.get("sec-websocket-protocol") == chosen
    connection.send(START)
    caller.receive_until(START)
    assert caller.frames[-1][1] == opcode


def test_a_subprotocol_list_that_names_binary_gets_binary_frames(running, service):
    caller = caller_of(running, subprotocols=("tty", "binary"))
    service.accept().send(START)
    caller.receive_until(START)
    assert caller.headers["sec-websocket-protocol"] in ("tty", "binary")
    assert caller.frames[-1][1] == BINARY


def test_an_offer_of_unknown_subprotocols_only_gets_an_answer(running, service):
    """RFC 6455, section 4.2.2: no subprotocol chosen; or else an orderly, logged refusal."""
    sock = connect_socket(running.port("websocket"))
    caller = WebSocketPeer(sock, client=True)
    port = caller.local_port
    caller.connect("/", running.port("websocket"), ("nonsense", "rubbish"))
    if " 101" in caller.status_line:
        assert "sec-websocket-protocol" not in caller.headers
        join(caller, service.accept())
    else:
        caller.receive_to_end()
        assert running.wait_end(port, "websocket")["reason"].startswith("caller-")


def test_text_and_binary_frames_are_alike(running, service):
    caller, connection = call(running, service, "websocket")
    caller.send_frame(TEXT, "aé".encode())
    caller.send_frame(BINARY, b"b\xe9\x00\xff")
    caller.send_frame(TEXT, b"")
    caller.send_frame(TEXT, "ÿ\0.".encode())
    assert connection.receive_until(b".") == b"a\xe9b\xe9\x00\xff\xff\0."


def test_fragments_pings_between_them_and_characters_split_over_them(running, service):
    caller, connection = call(running, service, "websocket")
    caller.send_frame(TEXT, b"a\xc3", final=False)
    caller.send_frame(PING, b"amid")
    caller.send_frame(CONTINUATION, b"\xa9b\xc3", final=False)
    caller.send_frame(CONTINUATION, b"", final=False)
    caller.send_frame(CONTINUATION, b"\xbf", final=True)
    caller.send_frame(BINARY, b"\xc3", final=False)
    caller.send_frame(CONTINUATION, b".", final=True)
    assert connection.receive_until(b".") == b"a\xe9b\xff\xc3."
    caller.wait_until(lambda: caller.pongs == [b"amid"], what="the pong")


def test_a_frame_split_byte_by_byte(running, service):
    caller, connection = call(running, service, "websocket")
    for byte in caller.frame(TEXT, "é.".encode()):
        caller.send_wire(bytes([byte]))
        time.sleep(0.002)
    assert connection.receive_until(b".") == b"\xe9."


def test_code_points_above_255_become_an_underscore(running, service):
    caller, connection = call(running, service, "websocket")
    caller.send_frame(TEXT, "aĀ€😀b.".encode())
    assert connection.receive_until(b".") == b"a___b."
    connection.send_frame(TEXT, "a\u2500b.".encode())
    assert caller.receive_until(b".") == b"a_b."


@pytest.mark.parametrize("payload", (b"", b"x", b"p" * 125), ids=len)
def test_pings_are_answered_with_their_payload(running, service, payload):
    caller, _ = call(running, service, "websocket")
    caller.send_frame(PING, payload)
    caller.wait_until(lambda: caller.pongs == [payload], what="the pong")


def test_a_library_client_pings_and_closes(running, service):
    caller = library_caller(running.port("websocket"), path="/emulateur")
    port = caller.local_port
    connection = service.accept()
    join(caller, connection)
    caller.ping()
    caller.close()
    assert caller.close_code == 1000
    assert running.wait_end(port, "websocket")["reason"] == "caller-closed"
    connection.wait_close()


@pytest.mark.parametrize("code", (1000, 1001, 4000))
def test_a_close_by_the_caller_is_answered_with_its_code(running, service, code):
    caller, connection = call(running, service, "websocket")
    port = caller.local_port
    caller.send_close(code)
    assert caller.wait_close() == code
    caller.receive_to_end()
    assert running.wait_end(port, "websocket")["reason"] == "caller-closed"
    assert connection.wait_close() in (1000, 1001)


def test_a_close_without_a_code_is_answered(running, service):
    caller, _ = call(running, service, "websocket")
    port = caller.local_port
    caller.sent_close = True
    caller.send_frame(CLOSE)
    caller.wait_close()
    caller.receive_to_end()
    assert running.wait_end(port, "websocket")["reason"] == "caller-closed"


@pytest.mark.parametrize("answers", (True, False))
def test_a_close_by_the_gateway_ends_in_order_also_when_nobody_answers_it(running, service, answers):
    caller, connection = call(running, service, "websocket")
    port = caller.local_port
    caller.answers_close = answers
    connection.send_close(1000)
    assert caller.wait_close() in (1000, 1001)
    caller.receive_to_end()
    assert running.wait_end(port, "websocket")["reason"] == "home-closed"


def test_a_plain_get_gets_a_page_that_says_what_this_port_is(running, service):
    caller = Peer(connect_socket(running.port("websocket")))
    port = caller.local_port
    caller.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n")
    caller.wait_until(lambda: caller.ended or b"</html>" in caller.buffer, what="a page")
    answer = bytes(caller.buffer).lower()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"http/1.1 200")
    assert b"content-type: text/html" in head
    assert b"websocket" in body and b"minitel" in body
    assert running.wait_end(port, "websocket")["reason"] == "caller-not-websocket"
    service.expect_no_call(0.1)


def test_a_get_that_offers_http_2_gets_the_page_all_the_same(running):
    caller = Peer(connect_socket(running.port("websocket")))
    port = caller.local_port
    caller.send(HOSTILE_REQUESTS["upgrade to h2c"])
    answer = caller.receive_to_end()
    assert b" 200 " in answer.splitlines()[0] and b"</html>" in answer
    assert running.wait_end(port, "websocket")["reason"] == "caller-not-websocket"


def test_half_a_frame_header_costs_nothing_and_the_rest_is_awaited(running, service):
    caller = caller_of(running)
    connection = service.accept()
    process = running.session_pid(caller, "websocket")
    frame = caller.frame(TEXT, START)
    caller.send_wire(frame[:1])
    # What the start of the call costs is over when the processor is not used any more.
    wait_for(lambda: is_idle(process, 0.5), what="an idle session")
    caller.send_wire(frame[1:])
    connection.receive_until(START)


def is_idle(process, seconds):
    before = cpu_seconds(process)
    time.sleep(seconds)
    return cpu_seconds(process) - before < seconds / 10


def test_an_end_within_the_first_frame_header_ends_the_call(running, service):
    caller = caller_of(running)
    port = caller.local_port
    connection = service.accept()
    caller.send_wire(caller.frame(TEXT, b"x")[:1])
    caller.shutdown_write()
    connection.receive_to_end()
    assert running.wait_end(port, "websocket")["reason"] == "caller-cut"


# What is sent, and the close codes that may answer it; None: the connection ends without one.
HOSTILE_FRAMES = {
    "reserved opcode": (lambda c: c.frame(0x3, b"x"), (1002,)),
    "reserved control opcode": (lambda c: c.frame(0xB, b"x"), (1002,)),
    "reserved bits": (lambda c: c.frame(TEXT, b"x", reserved=4), (1002,)),
    "ping in fragments": (lambda c: c.frame(PING, b"x", final=False), (1002,)),
    "ping of 126 bytes": (lambda c: c.frame(PING, b"x" * 126), (1002, None)),
    "continuation of nothing": (lambda c: c.frame(CONTINUATION, b"x"), (1002,)),
    "new message inside a message": (
        lambda c: c.frame(TEXT, b"x", final=False) + c.frame(TEXT, b"y"),
        (1002,),
    ),
    "invalid UTF-8": (lambda c: c.frame(TEXT, b"a\xff\xfe"), (1007,)),
    "overlong UTF-8": (lambda c: c.frame(TEXT, b"\xc0\xaf"), (1007,)),
    "surrogate": (lambda c: c.frame(TEXT, b"\xed\xa0\x80"), (1007,)),
    "UTF-8 cut by the end of the message": (lambda c: c.frame(TEXT, b"a\xc3"), (1007,)),
    "invalid UTF-8 in a fragment": (
        lambda c: c.frame(TEXT, b"a\xc3", final=False) + c.frame(CONTINUATION, b"b"),
        (1007,),
    ),
    "frame over the cap": (lambda c: c.frame(BINARY, b"x" * 65537), (1009, 1002)),
    "frame that claims 2^62 bytes": (
        lambda c: b"\x82\xff" + struct.pack(">Q", 1 << 62) + b"mask" + b"x" * 1000,
        (1009, 1002),
    ),
    "frame that claims 2^63 bytes": (
        lambda c: b"\x82\xff" + struct.pack(">Q", 1 << 63) + b"mask" + b"x" * 1000,
        (1009, 1002, None),
    ),
    "close code that may not be sent": (lambda c: c.frame(CLOSE, b"\x03\xed"), (1002, 1005)),
    "close of one byte": (lambda c: c.frame(CLOSE, b"\x03"), (1002, 1005)),
}


@pytest.mark.parametrize("name", HOSTILE_FRAMES)
def test_a_frame_against_the_rules_closes_that_call_only(running, service, name):
    frame, codes = HOSTILE_FRAMES[name]
    with unaffected(running, service):
        caller, connection = call(running, service, "websocket")
        port = caller.local_port
        caller.sock.settimeout(8)
        try:
            caller.sock.sendall(frame(caller))
        except OSError:  # closed before it had all of it
            pass
        caller.receive_to_end()
        assert caller.was_reset or caller.close_code in codes, caller.close_code
        reason = running.wait_end(port, "websocket")["reason"]
        # A close frame against the rules is one all the same; and where the library ended the
        # connection without a word, it does not say why either.
        ended = ["caller-protocol-error"]
        ended += ["caller-closed"] if frame(caller)[0] & 15 == CLOSE else []
        ended += ["caller-cut"] if None in codes else []
        assert reason in ended
        connection.receive_to_end()


def test_a_client_that_does_not_mask_is_closed_1002(running, service):
    with unaffected(running, service):
        caller = caller_of(running)
        port = caller.local_port
        service.accept()
        caller.send_frame(TEXT, b"x", masked=False)
        assert caller.wait_close() == 1002
        caller.receive_to_end()
        assert running.wait_end(port, "websocket")["reason"] == "caller-protocol-error"


HOSTILE_REQUESTS = {
    "header over the cap": b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 70000 + b"\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-Y: z\r\n" * 12000 + b"\r\n",
    "endless path": b"GET /" + b"a" * 80000 + b" HTTP/1.1\r\n\r\n",
    "not HTTP": b"\x00\x01\x02\x03\r\n\r\n" * 20,
    "unknown method": b"FROBNICATE / HTTP/1.1\r\nHost: a\r\n\r\n",
    "post": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    "upgrade without a key": b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(20),
    "upgrade to h2c": b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade,"
    b" HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
    "close at once": b"",
}


@pytest.mark.parametrize("name", HOSTILE_REQUESTS)
def test_a_request_against_the_rules_ends_in_order(running, service, name):
    with unaffected(running, service):
        caller = Peer(connect_socket(running.port("websocket")))
        port = caller.local_port
        caller.sock.settimeout(8)
        try:
            caller.sock.sendall(HOSTILE_REQUESTS[name])
            caller.shutdown_write()
        except OSError:
            pass
        caller.receive_to_end()
        assert running.wait_end(port, "websocket")["reason"].startswith("caller-")
        service.expect_no_call(0)


def test_half_a_handshake_ends_by_time_out(running, service):
    """Nothing at all, half a request, and a byte now and then: all are given up in time."""
    port = running.port("websocket")
    silent, half, dripping = (Peer(connect_socket(port)) for _ in range(3))
    ports = [peer.local_port for peer in (silent, half, dripping)]
    half.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n")
    dripping.send(b"GET /")
    deadline = time.monotonic() + 25
    while not (silent.ended and half.ended and dripping.ended) and time.monotonic() < deadline:
        try:
            dripping.send(b"X")
        except OSError:
            pass
        for peer in (silent, half, dripping):
            peer.fill(0.1)
    assert silent.ended and half.ended and dripping.ended
    reasons = [running.wait_end(port, "websocket")["reason"] for port in ports]
    assert reasons == ["caller-silent", "caller-handshake-timed-out", "caller-handshake-timed-out"]
    service.expect_no_call(0)
