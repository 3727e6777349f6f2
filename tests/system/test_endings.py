"""How calls end: always, within seconds of either side's end, and with one line that says why."""

import os
import re
import signal
import socket
import time
from pathlib import Path

import pytest

from calls import TRANSPORTS, call
from peers import Peer, Service, connect_socket
from processes import is_alive, wait_for

SECONDS = 4.0  # "within seconds"
TCP_REPAIR = 19


@pytest.fixture(params=("ws", "telnet"))
def service(request):
    return Service(request.param)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_caller_who_hangs_up_ends_the_call(gateway, service, transport):
    running = gateway(home=service.uri, supervisor=False)
    caller, connection = call(running, service, transport)
    port = caller.local_port
    if transport == "websocket":
        caller.send_close()
    caller.close()
    connection.receive_to_end(SECONDS)
    reason = running.wait_end(port, transport, SECONDS)["reason"]
    # To close with telnet commands unread is a reset (RFC 1122, section 4.2.2.13).
    assert reason == "caller-closed" or (transport == "telnet" and reason == "caller-cut")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_caller_who_is_cut_ends_the_call(gateway, service, transport):
    running = gateway(home=service.uri, supervisor=False)
    caller, connection = call(running, service, transport)
    port = caller.local_port
    caller.reset()
    connection.receive_to_end(SECONDS)
    assert running.wait_end(port, transport, SECONDS)["reason"] == "caller-cut"


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_caller_who_closes_half_ends_the_call(gateway, service, transport):
    running = gateway(home=service.uri, supervisor=False)
    caller, connection = call(running, service, transport)
    port = caller.local_port
    caller.send(b"last words")
    caller.answers = {}  # nothing is sent after the end
    caller.shutdown_write()
    assert connection.receive_exactly(10) == b"last words"
    connection.receive_to_end(SECONDS)
    caller.receive_to_end(SECONDS)
    reason = running.wait_end(port, transport, SECONDS)["reason"]
    # A WebSocket that ends without a close frame was cut (RFC 6455, section 7.1.5).
    assert reason == ("caller-cut" if transport == "websocket" else "caller-closed")


@pytest.mark.skipif(os.geteuid() != 0, reason="vanishing without a packet needs root")
def test_a_caller_who_vanishes_without_a_packet_is_noticed_by_what_is_sent(gateway, service):
    running = gateway(home=service.uri, supervisor=False)
    caller, connection = call(running, service, "telnet")
    port = caller.local_port
    try:
        caller.sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    except OSError:
        pytest.skip("this kernel has no TCP_REPAIR")
    caller.close()
    connection.send(b"anyone there?")
    connection.receive_to_end(SECONDS)
    assert running.wait_end(port, "telnet", SECONDS)["reason"] == "caller-cut"


def keeps_alive(local_port, remote_port):
    """True while a timer of the kernel's looks after a connection on which nothing is under way."""
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, remote, _, _, timer, *_ = line.split()
            if local.endswith(f":{local_port:04X}") and remote.endswith(f":{remote_port:04X}"):
                return timer.startswith("02:")
    raise AssertionError(f"no connection from port {local_port} to {remote_port}")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_peers_that_vanish_in_silence_are_probed_for(gateway, service, transport):
    running = gateway(home=service.uri, supervisor=False)
    caller, connection = call(running, service, transport)
    service_port, session_port = connection.sock.getsockname()[1], connection.sock.getpeername()[1]
    wait_for(
        lambda: keeps_alive(running.port(transport), caller.local_port), what="probes of the caller"
    )
    wait_for(lambda: keeps_alive(session_port, service_port), what="probes of the service")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_service_that_closes_ends_the_call(gateway, service, transport):
    running = gateway(home=service.uri, supervisor=False)
    caller, connection = call(running, service, transport)
    port = caller.local_port
    connection.send(b"au revoir")
    if service.scheme == "ws":
        connection.send_close()
    connection.close()
    assert b"au revoir" in caller.receive_to_end(SECONDS)
    if transport == "websocket":
        assert caller.close_code in (1000, 1001)
    assert running.wait_end(port, transport, SECONDS)["reason"] == "home-closed"


def test_a_service_that_is_cut_ends_the_call(gateway, service):
    running = gateway(home=service.uri, supervisor=False)
    caller, connection = call(running, service)
    port = caller.local_port
    connection.reset()
    caller.receive_to_end(SECONDS)
    assert running.wait_end(port, "raw", SECONDS)["reason"] == "home-cut"


def test_a_websocket_service_that_ends_without_a_close_was_cut(gateway):
    service = Service("ws")
    running = gateway(home=service.uri, supervisor=False)
    caller, connection = call(running, service)
    port = caller.local_port
    connection.close()
    caller.receive_to_end(SECONDS)
    assert running.wait_end(port, "raw", SECONDS)["reason"] == "home-cut"


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_last_words_of_a_service_are_displayed_at_line_speed(gateway, service, transport):
    running = gateway(home=service.uri, settings={"speed": {transport: 1200}}, supervisor=False)
    caller, connection = call(running, service, transport)
    farewell = b"Au revoir et merci de votre visite."
    connection.send(farewell)
    if service.scheme == "ws":
        connection.send_close()
    connection.close()
    assert farewell in caller.receive_to_end(SECONDS)


def test_the_end_is_told_in_one_line_with_exact_counts(gateway, service):
    running = gateway(home=service.uri)
    caller, connection = call(running, service)
    port = caller.local_port
    (session,) = running.wait_sessions(1)
    caller.send(b"i" * 100)
    connection.receive_exactly(100)
    connection.send(b"o" * 1000)
    caller.receive_exactly(1000)
    caller.close()
    end = running.wait_end(port, "raw", SECONDS)
    assert end["transport"] == "raw"
    assert end["address"] == "127.0.0.1"
    assert end["session"] == str(session["session"])
    assert end["service"] == service.uri
    assert re.fullmatch(r"\d+\.\d+s", end["duration"])
    assert int(end["in"]) == 100 + 7
    # The gateway's own texts come on top of what the service sent.
    assert int(end["out"]) >= 1000 + 7
    lines = [line for line in running.listeners["raw"].lines if "call ended:" in line]
    assert len(lines) == 1


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_session_told_to_stop_ends_in_order(gateway, service, transport):
    running = gateway(home=service.uri, supervisor=False)
    caller, connection = call(running, service, transport)
    port = caller.local_port
    os.kill(running.session_pid(caller, transport), signal.SIGTERM)
    caller.receive_to_end(SECONDS)
    assert not caller.was_reset
    connection.receive_to_end(SECONDS)
    assert running.wait_end(port, transport, SECONDS)["reason"] == "terminated"


def test_a_session_that_is_killed_takes_only_its_own_call_along(gateway, service):
    running = gateway(home=service.uri)
    caller, connection = call(running, service)
    other, other_connection = call(running, service)
    pid = running.session_pid(caller, "raw")
    running.wait_sessions(2)
    os.kill(pid, signal.SIGKILL)
    caller.receive_to_end(SECONDS)
    connection.receive_to_end(SECONDS)
    (left,) = running.wait_sessions(1, 1.0)
    assert left["port"] == other.local_port
    with running.admin() as admin:
        assert admin.call("org.vdtgw.Admin.Status")["crashed"] == 1
    other.send(b"alive")
    assert other_connection.receive_exactly(5) == b"alive"


def test_time_outs_of_the_configuration_end_the_call(gateway, service):
    limits = {"caller_idle": 1, "session": 2, "home": 2}
    calls = []
    for key, limit in limits.items():
        running = gateway(home=service.uri, settings={"timeouts": {key: limit}}, supervisor=False)
        calls.append((running, limit, call(running, service)[0]))
    for running, limit, caller in calls:
        port = caller.local_port
        caller.receive_to_end(limit + SECONDS)
        end = running.wait_end(port, "raw")
        assert re.search(r"idle|time", end["reason"])
        assert limit - 0.1 <= float(end["duration"].rstrip("s")) <= limit + SECONDS


def test_a_caller_who_types_is_not_idle(gateway, service):
    running = gateway(home=service.uri, settings={"timeouts": {"caller_idle": 2}}, supervisor=False)
    caller, connection = call(running, service)
    for _ in range(6):
        time.sleep(0.5)
        caller.send(b".")
        connection.receive_exactly(1)
    assert not caller.ended


def test_connexion_fin_is_passed_on_and_then_ends_the_call(gateway):
    """At home it is the service's affair; a service that ignores it is left after a grace time."""
    calls = []
    for service in (Service("ws"), Service("telnet")):
        running = gateway(home=service.uri, supervisor=False)
        for key in (b"\x13\x49", b"\x13\x59"):
            caller, connection = call(running, service)
            caller.send(key[:1])
            time.sleep(0.05)
            caller.send(key[1:])
            assert connection.receive_exactly(2) == key
            calls.append((running, caller, connection))
    for running, caller, connection in calls:
        port = caller.local_port
        caller.receive_to_end(10)
        connection.receive_to_end(SECONDS)
        assert running.wait_end(port, "raw")["reason"] == "hung-up"


def test_every_process_of_a_call_is_gone_after_it(gateway, service):
    running = gateway(home=service.uri)
    calls = [call(running, service, transport) for transport in TRANSPORTS]
    pids = [running.session_pid(call[0], kind) for call, kind in zip(calls, TRANSPORTS)]
    ports = [caller.local_port for caller, _ in calls]
    for _, connection in calls:
        connection.close()
    for transport, port in zip(TRANSPORTS, ports):
        running.wait_end(port, transport)
    deadline = time.monotonic() + SECONDS
    while any(map(is_alive, pids)) and time.monotonic() < deadline:
        for caller, _ in calls:
            caller.fill(0.01)
    assert not any(map(is_alive, pids))
    running.wait_sessions(0)


def test_a_caller_gone_before_the_first_byte_ends_in_order(gateway, service):
    running = gateway(home=service.uri)
    for transport in TRANSPORTS:
        port = running.port(transport)
        for abrupt in (False, True):
            caller = Peer(connect_socket(port))
            local = caller.local_port
            caller.reset() if abrupt else caller.close()
            if not abrupt:
                assert running.wait_end(local, transport)["reason"].startswith("caller-")
    running.wait_sessions(0)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_caller_hears_that_home_was_cut(gateway, service, transport):
    running = gateway(home=service.uri, supervisor=False)
    caller, connection = call(running, service, transport)
    connection.reset()
    assert b"LIAISON COUPEE" in caller.receive_to_end(SECONDS)
    end = running.wait_end(caller.local_port, transport, SECONDS)
    assert end["reason"] == "home-cut"


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_caller_who_is_cut_while_the_service_takes_nothing_ends_the_call(gateway, service, transport):
    running = gateway(home=service.uri, supervisor=False)
    caller, connection = call(running, service, transport)
    # Until every buffer on the way is full: what is left of it hides the end that follows.
    caller.sock.setblocking(False)
    quiet = 0
    while quiet < 10:
        try:
            caller.sock.send(caller.frame(0x2, b"x" * 4096) if transport == "websocket" else b"x" * 4096)
            quiet = 0
        except BlockingIOError:
            quiet += 1
            time.sleep(0.05)
    port = caller.local_port
    caller.reset()
    assert running.wait_end(port, transport, SECONDS)["reason"] == "caller-cut"
    connection.close()


def test_what_of_a_page_was_not_shown_is_told(gateway, service):
    running = gateway(home=service.uri, settings={"speed": {"raw": 75}}, supervisor=False)
    caller, connection = call(running, service, "raw")
    connection.send(b"x" * 500)
    caller.receive_until(b"x")
    port = caller.local_port
    caller.close()
    assert 400 < int(running.wait_end(port, "raw", SECONDS)["unshown"]) < 500
