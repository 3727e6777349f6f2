"""Calls put through: a caller of each kind joined to a service of each kind."""

import contextlib

from library_peers import LibraryService, library_caller
from peers import (
    DO,
    OPT_BINARY,
    WILL,
    Service,
    agreeing_caller,
    negotiate_binary,
    raw_caller,
    websocket_caller,
)

TRANSPORTS = ("telnet", "raw", "websocket")
SERVICES = ("ws-text", "ws-binary", "telnet")
START = b"\x02START\x03"

CALLERS = {"telnet": agreeing_caller, "raw": raw_caller, "websocket": websocket_caller}


def call(gateway, service, transport="raw", caller=None, **options):
    """The caller and the service's end of a call that is through and 8-bit clean, with whatever
    the gateway itself had to say already taken."""
    port = gateway.port(transport)
    caller = caller(port) if caller else CALLERS[transport](port)
    connection = service.accept(**options)
    if getattr(service, "scheme", "ws") == "telnet":
        negotiate_binary(connection)
    join(caller, connection)
    return caller, connection


def join(caller, connection):
    """A word each way: from here on every byte is the test's."""
    if getattr(caller, "answers", None):
        caller.wait_command(DO, OPT_BINARY)
        caller.wait_command(WILL, OPT_BINARY)
    caller.send(START)
    connection.receive_until(START)
    connection.send(START)
    caller.receive_until(START)


def library_call(gateway, service, transport, caller_binary=False):
    if transport != "websocket":
        return call(gateway, service, transport)
    return call(
        gateway, service, transport, caller=lambda port: library_caller(port, binary=caller_binary)
    )


def service_of(kind):
    """A service, and the settings of home that it needs."""
    if kind == "telnet":
        service = Service("telnet")
        return service, {"uri": service.uri}
    if kind == "ws-binary":
        service = LibraryService(subprotocols=["binary"], binary=True)
        return service, {"uri": service.uri, "subprotocols": ["binary"]}
    service = LibraryService()
    return service, {"uri": service.uri}


@contextlib.contextmanager
def unaffected(gateway, service, transport="raw"):
    """Another caller, here before and after: whatever happens in between is not its concern."""
    caller, connection = call(gateway, service, transport)
    yield
    caller.send(b"still here")
    assert connection.receive_exactly(10) == b"still here"
    connection.send(b"so am I")
    assert caller.receive_exactly(7) == b"so am I"
    caller.close()
