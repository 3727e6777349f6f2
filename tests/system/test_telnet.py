"""The telnet door: negotiation, clients that know none of it, and hostile bytes."""

import struct
import time

import pytest

from calls import START, call, unaffected
from peers import (
    DO,
    DONT,
    IAC,
    OPT_BINARY,
    OPT_ECHO,
    OPT_NAWS,
    OPT_NEW_ENVIRON,
    OPT_SGA,
    OPT_TTYPE,
    SB,
    SE,
    WILL,
    WONT,
    Service,
    agreeing_terminal,
    raw_caller,
    telnet_caller,
)
from processes import wait_for

ASKED = [
    (WILL, OPT_ECHO),
    (WILL, OPT_SGA),
    (WILL, OPT_BINARY),
    (DO, OPT_BINARY),
    (DO, OPT_TTYPE),
    (DO, OPT_NAWS),
    (DO, OPT_NEW_ENVIRON),
]
NEGOTIATION_BOUND = 3.5  # s


@pytest.fixture
def service():
    return Service("ws")


def served(caller, service, within):
    """The caller is joined to its service in that time."""
    started = time.monotonic()
    connection = service.accept(timeout=within)
    connection.send(START)
    caller.receive_until(START, timeout=within)
    assert time.monotonic() - started < within
    return connection


def test_the_terminal_is_asked_for_what_a_videotex_line_needs(gateway, service):
    running = gateway(home=service.uri, supervisor=False)
    caller, _ = call(running, service, "telnet")
    for command, option in ASKED:
        caller.wait_command(command, option)


def test_what_the_terminal_tells_reaches_the_supervisor(gateway, service):
    running = gateway(home=service.uri)
    caller, _ = call(running, service, "telnet")

    def told():
        caller.fill(0.01)
        (session,) = running.sessions()
        return (
            session.get("terminal_type") == "MINITEL1B"
            and session.get("window_size") == "40x25"
            and session.get("environment", {}).get("USER") == "marie"
            and session
        )

    session = wait_for(told, what="terminal type, window size and environment")
    assert session["transport"] == "telnet"
    assert session["address"] == "127.0.0.1"
    assert session["port"] == caller.local_port
    assert session["state"] == "home"
    assert session["service"] == service.uri
    # A terminal may be resized at any time, to any size; FF in it is doubled.
    caller.subnegotiate(OPT_NAWS, struct.pack(">HH", 255, 65535))
    wait_for(lambda: running.sessions()[0]["window_size"] == "255x65535", what="the new size")


def test_a_client_that_knows_no_telnet_is_served_and_not_flooded(gateway, service):
    running = gateway(home=service.uri, supervisor=False)
    caller = telnet_caller(running.port("telnet"))
    connection = served(caller, service, NEGOTIATION_BOUND + 1)
    caller.send(b"bonjour")
    assert connection.receive_exactly(7) == b"bonjour"
    time.sleep(NEGOTIATION_BOUND)
    connection.send(b"encore")
    assert caller.receive_until(b"encore").endswith(b"encore")
    assert not caller.subnegotiations
    assert len(caller.commands) <= 8, caller.commands
    assert len(set(caller.commands)) == len(caller.commands), "asked twice"


def test_a_terminal_that_refuses_everything_is_served(gateway, service):
    running = gateway(home=service.uri, supervisor=False)
    refusals = {(DO, option): bytes([IAC, WONT, option]) for option in range(256)}
    refusals |= {(WILL, option): bytes([IAC, DONT, option]) for option in range(256)}
    caller = telnet_caller(running.port("telnet"), refusals)
    connection = served(caller, service, NEGOTIATION_BOUND + 1)
    caller.send(b"non\xff")
    assert connection.receive_exactly(4) == b"non\xff"
    assert len(caller.commands) <= 16, caller.commands


def test_a_terminal_that_promises_and_never_tells_is_served(gateway, service):
    running = gateway(home=service.uri, supervisor=False)
    answers = agreeing_terminal()
    for option in (OPT_TTYPE, OPT_NEW_ENVIRON):
        del answers["SB", option]
    caller = telnet_caller(running.port("telnet"), answers)
    served(caller, service, NEGOTIATION_BOUND + 1)


def test_unknown_options_are_refused_once(gateway, service):
    running = gateway(home=service.uri, supervisor=False)
    caller, connection = call(running, service, "telnet")
    caller.command(WILL, 200)
    caller.command(DO, 201)
    caller.wait_command(DONT, 200)
    caller.wait_command(WONT, 201)
    caller.command(WONT, 200)
    caller.command(DONT, 201)
    caller.send(b"ensuite")
    assert connection.receive_exactly(7) == b"ensuite"


def test_an_agreement_is_not_acknowledged_for_ever(gateway, service):
    """RFC 1143: saying again what is already so has no answer."""
    running = gateway(home=service.uri, supervisor=False)
    caller, connection = call(running, service, "telnet")
    connection.send(b"|")
    caller.receive_until(b"|")
    before = len(caller.commands)
    for _ in range(50):
        caller.command(DO, OPT_ECHO)
        caller.command(WILL, OPT_BINARY)
    caller.send(b"fin")
    assert connection.receive_exactly(3) == b"fin"
    connection.send(b"|")
    caller.receive_until(b"|")
    assert caller.commands[before:] == []


@pytest.mark.parametrize("option", (OPT_TTYPE, OPT_NAWS, OPT_NEW_ENVIRON, 86, 200))
@pytest.mark.parametrize("length", (1, 1023, 1024, 1025, 100_000))
def test_no_byte_of_a_subnegotiation_is_typing(gateway, service, option, length):
    running = gateway(home=service.uri, supervisor=False)
    caller, connection = call(running, service, "telnet")
    caller.send(b"<")
    caller.subnegotiate(option, (b"\0\xff\x01A\r\n" * (length // 6 + 1))[:length])
    caller.send(b">")
    assert connection.receive_until(b">") == b"<>"


def test_an_endless_subnegotiation_never_leaks_nor_grows(gateway, service):
    from processes import proportional_kilobytes
    from test_pacing import is_sanitized

    running = gateway(home=service.uri, supervisor=False)
    caller, connection = call(running, service, "telnet")
    pid = running.session_pid(caller, "telnet")
    before = proportional_kilobytes(pid)
    caller.send_wire(bytes([IAC, SB, OPT_TTYPE, 0]) + b"A" * 4_000_000)
    if not is_sanitized(pid):
        assert proportional_kilobytes(pid) - before < 300
    caller.send_wire(bytes([IAC, SE]) + b".")
    assert connection.receive_until(b".") == b"."


def test_commands_split_over_packets(gateway, service):
    running = gateway(home=service.uri, supervisor=False)
    caller, connection = call(running, service, "telnet")
    wire = b"a" + bytes([IAC, IAC]) + b"b" + bytes([IAC, 241]) + b"c"
    wire += bytes([IAC, SB, OPT_NAWS, 0, 80, 0, 24, IAC, SE]) + b"d" + bytes([IAC, DO, 99]) + b"e"
    for byte in wire:
        caller.send_wire(bytes([byte]))
        time.sleep(0.002)
    assert connection.receive_until(b"e") == b"a\xffbcde"
    caller.wait_command(WONT, 99)


def test_a_storm_of_commands_is_harmless(gateway, service):
    """Options switched on and off without end, answers never read: the call may end, or go on."""
    running = gateway(home=service.uri, supervisor=False)
    with unaffected(running, service):
        caller, _ = call(running, service, "telnet")
        storm = bytes([IAC, WILL, OPT_NAWS, IAC, WONT, OPT_NAWS, IAC, DO, 77, IAC, WILL, 78]) * 2000
        caller.sock.settimeout(2)
        try:
            for _ in range(20):
                caller.sock.sendall(storm)
        except OSError:
            pass
        port = caller.local_port
        caller.reset()
        running.wait_end(port, "telnet")


def test_a_telnet_service_may_negotiate_too(gateway):
    """Towards a service the gateway is the client: it agrees to what a line needs, once."""
    service = Service("telnet")
    running = gateway(home=service.uri, supervisor=False)
    caller = raw_caller(running.port("raw"))
    connection = service.accept()
    for command, option in ((WILL, OPT_ECHO), (WILL, OPT_SGA), (WILL, OPT_BINARY), (DO, OPT_BINARY)):
        connection.command(command, option)
    connection.command(WILL, 200)
    connection.command(DO, 201)
    connection.wait_command(DO, OPT_SGA)
    connection.wait_command(DO, OPT_BINARY)
    connection.wait_command(WILL, OPT_BINARY)
    connection.wait_command(DONT, 200)
    connection.wait_command(WONT, 201)
    connection.send_binary = connection.receive_binary = True
    connection.send(START + b"\xff\r\n\r\0")
    caller.receive_until(START)
    assert caller.receive_exactly(5) == b"\xff\r\n\r\0"
