"""Bytes: all 256 values, both ways, for the nine pairs of caller and service kinds."""

import pytest

from calls import SERVICES, START, TRANSPORTS, call, library_call, service_of
from peers import ALL_BYTES, DO, OPT_ECHO, Service, Together, raw_caller, telnet_caller, websocket_caller

# The second half makes every neighbour of every byte another one.
EVERYTHING = ALL_BYTES * 2 + ALL_BYTES[::-1]


@pytest.mark.parametrize("speed", (0, 9600))
@pytest.mark.parametrize("kind", SERVICES)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_all_bytes_pass_both_ways(gateway, transport, kind, speed):
    service, home = service_of(kind)
    running = gateway(settings={"home": home, "speed": {transport: speed}}, supervisor=False)
    caller, connection = library_call(running, service, transport)
    caller.send(EVERYTHING)
    caller.send_in_pieces(EVERYTHING)
    connection.send(EVERYTHING)
    connection.send_in_pieces(EVERYTHING)
    assert connection.receive_exactly(2 * len(EVERYTHING)) == EVERYTHING * 2
    assert caller.receive_exactly(2 * len(EVERYTHING)) == EVERYTHING * 2
    if kind != "telnet":
        assert connection.kinds == {bytes if kind == "ws-binary" else str}
    if transport == "websocket":
        assert caller.kinds == {str}


@pytest.mark.parametrize("kind", SERVICES)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_long_page_arrives_whole(gateway, transport, kind):
    """More than any queue holds, of bytes that take the most room on the wire."""
    page = bytes(range(128, 256)) * 1024
    service, home = service_of(kind)
    running = gateway(settings={"home": home}, supervisor=False)
    caller, connection = library_call(running, service, transport)
    Together(lambda: connection.send(page)).wait()
    assert caller.receive_exactly(len(page)) == page


def test_binary_frames_from_and_to_a_caller_that_names_binary(gateway):
    service = Service("ws")
    running = gateway(home=service.uri, supervisor=False)
    caller, connection = call(
        running,
        service,
        "websocket",
        caller=lambda port: websocket_caller(port, subprotocols=["binary"], binary=True),
    )
    assert caller.headers["sec-websocket-protocol"] == "binary"
    caller.send(ALL_BYTES)
    connection.send(ALL_BYTES)
    assert connection.receive_exactly(256) == ALL_BYTES
    assert caller.receive_exactly(256) == ALL_BYTES
    assert {opcode for _, opcode, _, _ in caller.frames} == {0x2}


@pytest.mark.parametrize("mode", ("systemd", "inetd"))
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_descriptor_3_and_descriptor_0_serve_alike(gateway, transport, mode):
    service = Service("ws")
    running = gateway(home=service.uri, supervisor=False, mode=mode)
    caller, connection = call(running, service, transport)
    caller.send(ALL_BYTES)
    connection.send(ALL_BYTES)
    assert connection.receive_exactly(256) == ALL_BYTES
    assert caller.receive_exactly(256) == ALL_BYTES
    connection.close()
    # Whatever the gateway logs must not reach the caller, whose socket is standard error too.
    assert b"vdtgw" not in caller.receive_to_end()


def test_a_raw_caller_never_gets_telnet(gateway):
    service = Service("ws")
    running = gateway(home=service.uri, supervisor=False)
    caller = raw_caller(running.port("raw"))
    connection = service.accept()
    connection.send(START)
    assert b"\xff" not in caller.receive_until(START)
    caller.send(b"\xff\xfd\x18\xff\xff")
    assert connection.receive_exactly(5) == b"\xff\xfd\x18\xff\xff"


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_megabyte_each_way_at_once(gateway, transport):
    content = bytes((index * 7 + index // 256) % 256 for index in range(1 << 20))
    content = content.replace(b"\x13", b"\x12")  # no function key among it
    service = Service("ws")
    running = gateway(home=service.uri, supervisor=False)
    caller, connection = call(running, service, transport)

    def send(peer):
        for position in range(0, len(content), 8192):
            peer.sock.sendall(peer.encode(content[position : position + 8192]))

    sending = Together(lambda: send(caller), lambda: send(connection))
    received = {}

    def receive(name, peer):
        received[name] = peer.receive_exactly(len(content), 30)

    receiving = Together(
        lambda: receive("caller", caller), lambda: receive("service", connection)
    )
    sending.wait()
    receiving.wait()
    assert received["caller"] == content
    assert received["service"] == content


def test_outside_binary_a_carriage_return_is_one_byte_both_ways(gateway):
    """RFC 854 for who speaks telnet; to who has not shown that it does, a byte is a byte."""
    service = Service("ws")
    running = gateway(home=service.uri, supervisor=False)
    for speaks in (True, False):
        caller = telnet_caller(running.port("telnet"))
        if speaks:
            caller.command(DO, OPT_ECHO)
        connection = service.accept()
        connection.send(START)
        caller.receive_until(START)
        caller.send_wire(b"a\r\0b\r\nc\rd\xff\xffe.")
        received = connection.receive_until(b".")
        assert received == b"a\rb\rc\rd\xffe." or not speaks
        connection.send(b"x\ry\xffz")
        caller.receive_until(b"z")
        assert caller.wire.endswith(b"x\r\0y\xff\xffz" if speaks else b"x\ry\xff\xffz")
