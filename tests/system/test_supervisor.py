"""Sessions and their supervisor: the list, Kick, and each surviving the other's death."""

import json
import os
import signal
import socket

import pytest

from calls import TRANSPORTS, call, join
from peers import Service, raw_caller, websocket_caller
from processes import Varlink, wait_for


@pytest.fixture
def service():
    return Service("ws")


def test_sessions_are_listed_while_they_last(gateway, service):
    running = gateway(home=service.uri)
    calls = {transport: call(running, service, transport) for transport in TRANSPORTS}
    wait_for(lambda: {s["state"] for s in running.wait_sessions(3)} == {"home"}, what="all at home")
    by_transport = {session["transport"]: session for session in running.sessions()}
    assert set(by_transport) == set(TRANSPORTS)
    for transport, (caller, _) in calls.items():
        session = by_transport[transport]
        assert session["address"] == "127.0.0.1"
        assert session["port"] == caller.local_port
        assert session["pid"] == running.session_pid(caller, transport)
        assert session["service"] == service.uri
        assert session["orders"] is True
    with running.admin() as admin:
        status = admin.call("org.vdtgw.Admin.Status")
    assert status["sessions"] == 3
    assert status["sessions_by_transport"] == {transport: 1 for transport in TRANSPORTS}
    assert len({session["session"] for session in by_transport.values()}) == 3
    for caller, _ in calls.values():
        caller.close()
    running.wait_sessions(0)


def test_a_websocket_terminal_is_known_by_its_user_agent(gateway, service):
    running = gateway(home=service.uri)
    websocket_caller(running.port("websocket"), extra="User-Agent: Emulateur/1.0\r\n")
    service.accept()
    wait_for(lambda: running.wait_sessions(1)[0].get("terminal_type") == "Emulateur/1.0")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_kick_ends_that_call_and_no_other(gateway, service, transport):
    running = gateway(home=service.uri)
    caller, connection = call(running, service, transport)
    other, other_connection = call(running, service, "raw")
    sessions = running.wait_sessions(2)
    port = caller.local_port
    number = next(s["session"] for s in sessions if s["port"] == port)
    with running.admin() as admin:
        admin.call("org.vdtgw.Admin.Kick", {"session": number, "reason": "test"})
        caller.receive_to_end(4)
        connection.receive_to_end(4)
        assert running.wait_end(port, transport)["reason"] == "kicked"
        running.wait_sessions(1)
        admin.send("org.vdtgw.Admin.Kick", {"session": number})
        assert admin.reply()["error"] == "org.vdtgw.Admin.NoSuchSession"
    other.send(b"alive")
    assert other_connection.receive_exactly(5) == b"alive"


def test_calls_survive_the_supervisor_and_enter_again_with_their_numbers(gateway, service):
    running = gateway(home=service.uri)
    calls = {transport: call(running, service, transport) for transport in TRANSPORTS}
    wait_for(lambda: {s["state"] for s in running.wait_sessions(3)} == {"home"})
    before = {session["port"]: session["session"] for session in running.sessions()}
    running.kill_supervisor()
    for caller, connection in calls.values():
        caller.send(b"meanwhile")
        assert connection.receive_exactly(9) == b"meanwhile"
    running.start_supervisor()
    sessions = running.wait_sessions(3, 15)
    assert {session["port"]: session["session"] for session in sessions} == before
    assert {session["state"] for session in sessions} == {"home"}
    assert {session["service"] for session in sessions} == {service.uri}
    with running.admin() as admin:
        assert admin.call("org.vdtgw.Admin.Status")["reentered"] == 3
    # A newcomer gets none of their numbers, and orders reach those who have entered again.
    newcomer, _ = call(running, service)
    after = {session["port"]: session["session"] for session in running.wait_sessions(4)}
    assert after[newcomer.local_port] not in before.values()
    caller, _ = calls["telnet"]
    with running.admin() as admin:
        admin.call("org.vdtgw.Admin.Kick", {"session": before[caller.local_port]})
    caller.receive_to_end(4)


def test_a_call_that_came_while_the_supervisor_was_away_enters_later(gateway, service):
    running = gateway(home=service.uri, supervisor=False)
    caller, connection = call(running, service)
    running.start_supervisor()
    (session,) = running.wait_sessions(1, 15)
    assert session["port"] == caller.local_port
    assert session["state"] == "home"


def test_a_call_that_ended_while_the_supervisor_was_away_is_not_listed(gateway, service):
    running = gateway(home=service.uri)
    caller, connection = call(running, service)
    running.wait_sessions(1)
    running.kill_supervisor()
    port = caller.local_port
    caller.close()
    assert running.wait_end(port, "raw")["reason"] == "caller-closed"
    running.start_supervisor()
    assert running.sessions() == []


def test_without_a_supervisor_calls_go_on_unless_it_is_required(gateway, service):
    optional = gateway(home=service.uri, supervisor=False)
    call(optional, service)
    required = gateway(
        home=service.uri, settings={"supervisor": {"required": True}}, supervisor=False
    )
    caller = raw_caller(required.port("raw"))
    port = caller.local_port
    shown = caller.receive_to_end(10)
    assert len(shown) > 10
    assert required.wait_end(port, "raw")["reason"] == "supervisor-required"
    service.expect_no_call(0)


def test_a_supervisor_that_accepts_and_never_answers_holds_nobody_up(gateway, service):
    running = gateway(home=service.uri, supervisor=False)
    silent = socket.socket(socket.AF_UNIX)
    silent.bind(running.session_socket)
    silent.listen(16)
    call(running, service)
    silent.close()


NONSENSE = {
    "no JSON": b"nonsense\0",
    "empty message": b"\0",
    "empty object": b"{}\0",
    "wrong type": b'{"parameters":{"session":"x"}}\0',
    "negative number": b'{"parameters":{"session":-1}}\0',
    "unknown order": b'{"parameters":{"session":1},"continues":true}\0'
    b'{"parameters":{"session":1,"order":{"kind":"dance"}},"continues":true}\0',
    "depth": b"[" * 100_000,
    "no end": b"x" * 500_000,
}


@pytest.mark.parametrize("name", NONSENSE)
def test_a_supervisor_that_talks_nonsense_costs_no_call(gateway, service, name):
    running = gateway(home=service.uri, supervisor=False)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(running.session_socket)
    listener.listen(16)
    listener.settimeout(8)
    caller = raw_caller(running.port("raw"))
    sock, _ = listener.accept()
    sock.settimeout(2)
    try:
        sock.sendall(NONSENSE[name])
    except OSError:
        pass
    connection = service.accept()
    join(caller, connection)
    sock.close()
    listener.close()


def test_a_session_that_ends_while_it_enters_says_so(gateway, service):
    """Else an admission that crosses its end looks like a crash."""
    running = gateway(home=service.uri, supervisor=False)
    supervisor = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    supervisor.bind(running.session_socket)
    supervisor.listen()
    supervisor.settimeout(8)
    caller = raw_caller(running.port("raw"))
    connection, _ = supervisor.accept()
    connection.settimeout(8)
    said = b""
    while b"\0" not in said:
        said += connection.recv(65536)
    os.kill(running.session_pid(caller, "raw"), signal.SIGTERM)
    while data := connection.recv(65536):
        said += data
    methods = [json.loads(message)["method"] for message in said.split(b"\0")[:-1]]
    assert methods == ["org.vdtgw.Session.Enter", "org.vdtgw.Session.Leave"]
    assert running.wait_end(caller.local_port, "raw")["reason"] == "terminated"
    connection.close()
    supervisor.close()


def test_the_limits_are_kept_and_explained(gateway, service):
    running = gateway(home=service.uri, settings={"limits": {"sessions": 2}})
    first, _ = call(running, service)
    call(running, service)
    third = raw_caller(running.port("raw"))
    port = third.local_port
    assert len(third.receive_to_end()) > 10
    assert running.wait_end(port, "raw")["reason"] == "full"
    first.close()
    running.wait_sessions(1)
    call(running, service)


def test_a_flood_of_nonsense_on_the_admin_socket_costs_that_client_only(gateway, service):
    running = gateway(home=service.uri)
    call(running, service)
    for garbage in (b"\0" * 1000, b"{" * 200_000, b"{}\0", b"\xff\xfe\0", b'{"method":7}\0'):
        with Varlink(running.admin_socket) as client:
            try:
                client.sock.sendall(garbage)
                client.sock.shutdown(socket.SHUT_WR)
                while client.sock.recv(65536):
                    pass
            except OSError:
                pass
    assert len(running.wait_sessions(1)) == 1


def test_every_socket_describes_itself(gateway):
    running = gateway(home="ws://127.0.0.1:1")
    for path, interface in (
        (running.session_socket, "org.vdtgw.Session"),
        (running.admin_socket, "org.vdtgw.Admin"),
    ):
        with Varlink(path) as client:
            info = client.call("org.varlink.service.GetInfo")
            assert interface in info["interfaces"]
            description = client.call(
                "org.varlink.service.GetInterfaceDescription", {"interface": interface}
            )
            assert f"interface {interface}" in description["description"]
            client.send("org.vdtgw.Nowhere.Nothing")
            assert client.reply()["error"] == "org.varlink.service.InterfaceNotFound"
            client.send(f"{interface}.Nothing")
            assert client.reply()["error"] == "org.varlink.service.MethodNotFound"


def test_the_session_socket_gives_no_access_to_administration(gateway):
    running = gateway(home="ws://127.0.0.1:1")
    with Varlink(running.session_socket) as client:
        client.send("org.vdtgw.Admin.Status")
        assert client.reply()["error"] == "org.varlink.service.InterfaceNotFound"


def test_the_supervisor_tells_its_manager(gateway, service, tmp_path):
    """sd_notify(3): ready, a status line, a watchdog that is fed, and the farewell."""
    path = str(tmp_path / "notify")
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(path)
    manager.settimeout(8)
    running = gateway(
        home=service.uri, env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"}
    )
    told = ""

    def tell():
        nonlocal told
        told += manager.recv(65536).decode() + "\n"
        return told

    wait_for(lambda: "READY=1" in tell())
    wait_for(lambda: "STATUS=" in tell())
    wait_for(lambda: tell().count("WATCHDOG=1") >= 3)
    os.kill(running.supervisor.pid, signal.SIGTERM)
    wait_for(lambda: "STOPPING=1" in tell())
    assert running.supervisor.process.wait(5) == 0
    running.supervisor = None
    manager.close()


def test_a_session_that_was_killed_is_forgotten_without_a_word(gateway, service):
    running = gateway(home=service.uri)
    calls = [call(running, service) for _ in range(5)]
    running.wait_sessions(5)
    for caller, _ in calls[:4]:
        os.kill(running.session_pid(caller, "raw"), signal.SIGKILL)
    (left,) = running.wait_sessions(1, 1.0)
    assert left["port"] == calls[4][0].local_port
