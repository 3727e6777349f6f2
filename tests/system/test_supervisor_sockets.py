"""vdtgw-supervisor alone, by way of its sockets: admission, orders, bounds, restarts."""

import os
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import time
from pathlib import Path

import pytest

from processes import SUPERVISOR, wait_for, write_configuration
from varlink_peer import Failure, Session, Stranger, wait_message

SERVICE = "org.varlink.service"


@pytest.fixture(params=("own sockets", "socket activation"))
def supervisor(request, make):
    return make().start(activated=request.param == "socket activation")


def by_number(supervisor, number):
    return next(entry for entry in supervisor.sessions() if entry["session"] == number)


# Sessions.


def test_a_session_enters_tells_of_itself_and_leaves(supervisor):
    before = int(time.time() * 1e6)
    session = supervisor.session()
    number = session.enter(environment={"TERM": "minitel"})
    session.tell("StateChanged", state="home", reason="connected", service="ws://localhost:8765")
    session.tell("Learned", terminal_type="VT100", environment={"LANG": "fr"})
    session.tell("Learned", window_size="40x25")
    session.tell("Traffic", bytes_in=12, bytes_out=3456)
    assert session.call("org.vdtgw.Session.Traffic", {"bytes_in": 13, "bytes_out": 3457}) == {}
    entry = by_number(supervisor, number)
    assert before <= entry.pop("started") <= int(time.time() * 1e6)
    assert 0 <= entry.pop("idle") <= int(time.time() * 1e6) - before
    assert entry == {
        "session": number,
        "pid": os.getpid(),
        "transport": "telnet",
        "address": "192.0.2.1",
        "port": 4711,
        "state": "home",
        "service": "ws://localhost:8765",
        "terminal_type": "VT100",
        "window_size": "40x25",
        "environment": {"TERM": "minitel", "LANG": "fr"},
        "bytes_in": 13,
        "bytes_out": 3457,
        "queue": 0,
        "orders": True,
        "redirections": 0,
    }
    session.leave()
    supervisor.wait_numbers([])
    session.close()
    assert supervisor.status()["crashed"] == 0


def test_every_method_works_as_an_ordinary_call(plain):
    session = plain.session()
    number = session.enter(more=False)
    assert by_number(plain, number)["orders"] is False
    for method, parameters in (
        ("StateChanged", {"state": "home"}),
        ("Learned", {}),
        ("Traffic", {"bytes_in": 1, "bytes_out": 2}),
        ("Leave", {"reason": "x", "bytes_in": 1, "bytes_out": 2, "duration": 3}),
    ):
        assert session.call(f"org.vdtgw.Session.{method}", parameters) == {}
    plain.wait_numbers([])


def test_status_counts_by_transport(plain):
    sessions = [plain.session() for _ in range(4)]
    for session, transport in zip(sessions, ("telnet", "telnet", "raw", "websocket")):
        session.enter(transport=transport)
    sessions[0].leave()
    wait_for(lambda: plain.status()["sessions"] == 3)
    status = plain.status()
    assert status["sessions_by_transport"] == {"telnet": 1, "raw": 1, "websocket": 1}
    assert status["admitted"] == 4
    assert status["admitted_by_transport"] == {"telnet": 2, "raw": 1, "websocket": 1}
    assert status["limits"] == {"sessions": 1000, "per_address": 1000, "half_open": 0}
    assert status["launches"] == 1
    assert status["pid"] == plain.program.pid
    assert status["uptime"] >= 0
    assert status["version"]


def test_enter_is_called_once_and_first(plain):
    session = plain.session()
    for method, parameters in (
        ("StateChanged", {"state": "home"}),
        ("Learned", {}),
        ("Traffic", {"bytes_in": 1, "bytes_out": 2}),
        ("Redirecting", {"tag": "7", "service": "ws://localhost:8765"}),
        ("Redirected", {"tag": "7"}),
        ("RequestedClose", {"tag": "7"}),
        ("RedirectEnded", {"tag": "7", "reason": "x"}),
        ("Leave", {"reason": "x", "bytes_in": 1, "bytes_out": 2, "duration": 3}),
    ):
        with pytest.raises(Failure, match="org.vdtgw.Session.NotEntered"):
            session.call(f"org.vdtgw.Session.{method}", parameters)
    session.enter()
    with pytest.raises(Failure, match="org.vdtgw.Session.AlreadyEntered"):
        session.enter()
    session.leave()
    with pytest.raises(Failure, match="org.vdtgw.Session.AlreadyEntered"):
        session.enter()
    assert session.is_open()


def test_a_kick_is_an_order_to_that_session(plain):
    sessions = [plain.session() for _ in range(2)]
    numbers = [session.enter() for session in sessions]
    admin = plain.admin()
    assert admin.call("org.vdtgw.Admin.Kick", {"session": numbers[1], "reason": "Bonsoir"}) == {}
    assert sessions[1].order() == {"kind": "kick", "reason": "Bonsoir"}
    assert admin.call("org.vdtgw.Admin.Kick", {"session": numbers[0]}) == {}
    assert sessions[0].order() == {"kind": "kick"}
    assert plain.status()["kicked"] == 2
    plain.wait_log(rf"session {numbers[1]} .*kicked.*Bonsoir")
    with pytest.raises(Failure, match="org.vdtgw.Admin.NoSuchSession") as failure:
        admin.call("org.vdtgw.Admin.Kick", {"session": 999})
    assert failure.value.parameters == {"session": 999}
    deaf = plain.session()
    number = deaf.enter(more=False)
    with pytest.raises(Failure, match="org.vdtgw.Admin.NoOrders"):
        admin.call("org.vdtgw.Admin.Kick", {"session": number})


def test_a_crash_is_noticed_at_once(supervisor):
    stranger = Stranger(supervisor)
    assert by_number(supervisor, stranger.number)["pid"] == stranger.pid
    started = time.monotonic()
    stranger.kill()
    supervisor.wait_numbers([])
    assert time.monotonic() - started < 1
    line = supervisor.wait_log("crashed")
    assert f"session {stranger.number} " in line
    assert "192.0.2.1" in line and f"pid {stranger.pid}" in line
    assert supervisor.status()["crashed"] == 1


@pytest.mark.parametrize("door", ["session", "entered", "admin", "console"])
def test_who_sends_nonsense_again_and_again_does_not_fill_the_log(plain, door):
    for _ in range(60):
        client = plain.session() if door == "entered" else getattr(plain, door)()
        if door == "entered":
            client.enter()
        client.send_bytes(b"nonsense\0")
        client.wait_closed()
        client.close()
    plain.wait_numbers([])
    plain.wait_log("is not a Varlink message and was let go")
    lines = [line for line in plain.program.lines if "is not a Varlink message and was let go" in line]
    # Ten in ten seconds, of which two may have been touched.
    assert 1 <= len(lines) <= 20, lines


def test_leaving_and_closing_at_once_is_no_crash(plain):
    for _ in range(50):
        session = plain.session()
        session.enter()
        session.leave()
        session.close()
    plain.wait_numbers([])
    assert plain.status()["crashed"] == 0


def test_who_does_not_wait_for_the_answer_was_never_admitted(plain):
    """As a session does that finds the supervisor too busy for too long."""
    os.kill(plain.program.pid, signal.SIGSTOP)
    impatient = plain.session()
    impatient.send("org.vdtgw.Session.Enter", Session.ADDRESS, more=True)
    impatient.close()
    os.kill(plain.program.pid, signal.SIGCONT)
    number = plain.session().enter()
    plain.wait_numbers([number])
    status = plain.status()
    assert status["admitted"] == 1 and status["crashed"] == 0


def test_limits_refuse_newcomers_only(make):
    supervisor = make(settings={"limits": {"sessions": 5, "per_address": 2}}).start()

    def enter(address, **parameters):
        return supervisor.session().enter(address=address, **parameters)

    enter("192.0.2.1")
    enter("::ffff:192.0.2.1")
    with pytest.raises(Failure, match="org.vdtgw.Session.Full") as failure:
        enter("192.0.2.1")
    assert failure.value.parameters == {"limit": 2, "per_address": True}
    enter("2001:db8::1")
    enter("127.0.0.1")
    enter("127.0.0.1")
    with pytest.raises(Failure, match="org.vdtgw.Session.Full") as failure:
        enter("127.0.0.1")
    assert failure.value.parameters == {"limit": 5, "per_address": False}
    assert enter("192.0.2.1", session=77) == 77
    assert supervisor.status()["refused"] == 2


@pytest.mark.parametrize(
    "parameters, invalid",
    (
        ({"transport": "pigeon"}, "transport"),
        ({"transport": 1}, "transport"),
        ({"address": "localhost"}, "address"),
        ({"address": "1" * 100}, "address"),
        ({"port": 65536}, "port"),
        ({"port": -1}, "port"),
        ({"port": "23"}, "port"),
        ({"session": 0}, "session"),
        ({"state": "Not a word"}, "state"),
        ({"state": "x" * 33}, "state"),
        ({"service": "x" * 2049}, "service"),
        ({"environment": {"TERM": 1}}, "environment"),
        ({"environment": []}, "environment"),
        ({"bytes_in": -1}, "bytes_in"),
        ({"bytes_out": 1.5}, "bytes_out"),
        ({"surprise": True}, "surprise"),
    ),
)
def test_wrong_parameters_are_named(plain, parameters, invalid):
    session = plain.session()
    with pytest.raises(Failure, match=f"{SERVICE}.InvalidParameter") as failure:
        session.enter(**parameters)
    assert failure.value.parameters == {"parameter": invalid}
    assert session.enter() > 0


def test_a_local_socket_has_no_address(plain):
    number = plain.session().enter(address="", port=0)
    assert by_number(plain, number)["address"] == ""


def test_ten_thousand_characters_of_state_are_listed_page_by_page(plain):
    sessions = [plain.session() for _ in range(100)]
    numbers = [session.enter(service="ws://" + "\x01" * 500) for session in sessions]
    admin = plain.admin()
    first = admin.call("org.vdtgw.Admin.ListSessions")
    assert 0 < len(first["sessions"]) < 100
    assert first["next"] == numbers[len(first["sessions"])]
    assert [entry["session"] for entry in plain.sessions()] == numbers


# Varlink itself.


@pytest.mark.parametrize("name", ("session", "admin", "console"))
def test_each_socket_describes_itself_and_nothing_else(supervisor, name):
    client = getattr(supervisor, name)()
    own = "org.vdtgw.Session" if name == "session" else "org.vdtgw.Admin"
    other = "org.vdtgw.Admin" if name == "session" else "org.vdtgw.Session"
    info = client.call(f"{SERVICE}.GetInfo")
    assert (info["vendor"], info["product"]) == ("vdtgw", "vdtgw-supervisor")
    assert set(info) == {"vendor", "product", "version", "url", "interfaces"}
    assert info["interfaces"] == [SERVICE, own]
    for interface in info["interfaces"]:
        text = client.call(f"{SERVICE}.GetInterfaceDescription", {"interface": interface})
        assert parse_interface(text["description"])["name"] == interface
    for call, error, parameters in (
        ((f"{other}.Status",), "InterfaceNotFound", {"interface": other}),
        (("nonsense",), "InterfaceNotFound", {"interface": "nonsense"}),
        (("org.example.Method",), "InterfaceNotFound", {"interface": "org.example"}),
        ((f"{own}.Nonsense",), "MethodNotFound", {"method": f"{own}.Nonsense"}),
        ((f"{SERVICE}.Nonsense",), "MethodNotFound", {"method": f"{SERVICE}.Nonsense"}),
        ((f"{SERVICE}.GetInfo", {"x": 1}), "InvalidParameter", {"parameter": "x"}),
        ((f"{SERVICE}.GetInterfaceDescription",), "InvalidParameter", {"parameter": "interface"}),
        (
            (f"{SERVICE}.GetInterfaceDescription", {"interface": other}),
            "InterfaceNotFound",
            {"interface": other},
        ),
    ):
        with pytest.raises(Failure) as failure:
            client.call(*call)
        assert failure.value.name == f"{SERVICE}.{error}"
        assert failure.value.parameters == parameters
    with pytest.raises(Failure, match="MethodNotImplemented"):
        client.call(f"{SERVICE}.GetInfo", upgrade=True)


TOKENS = re.compile(r"#[^\n]*|\s+|->|\[\]|\[string\]|[A-Za-z][A-Za-z0-9_.-]*|[?:,()]")


def parse_interface(text):
    """A strict reading of the Varlink grammar; ValueError or IndexError for what is not in it."""
    tokens, position = [], 0
    while position < len(text):
        match = TOKENS.match(text, position)
        if not match:
            raise ValueError(f"not Varlink: {text[position:position + 20]!r}")
        if not match[0].isspace() and not match[0].startswith("#"):
            tokens.append(match[0])
        position = match.end()

    def take(*wanted):
        token = tokens.pop(0)
        if wanted and token not in wanted:
            raise ValueError(f"{token} instead of {wanted}")
        return token

    def fields():
        found = []
        take("(")
        while tokens[0] != ")":
            name = take()
            assert re.fullmatch(r"[A-Za-z](_?[A-Za-z0-9])*", name), name
            if tokens[0] == ":":
                take(":")
                kind()
            found.append(name)
            if take(",", ")") == ")":
                return found
        take(")")
        return found

    def kind():
        if tokens[0] in ("?", "[]", "[string]"):
            take()
            return kind()
        if tokens[0] == "(":
            return fields()
        token = take()
        if token not in ("bool", "int", "float", "string", "object") and token not in types:
            raise ValueError(f"unknown type {token}")
        return token

    types = set(re.findall(r"^type (\w+)", text, re.M))
    take("interface")
    parsed = {"name": take(), "method": {}, "error": {}, "type": {}}
    while tokens:
        word, name = take("method", "error", "type"), take()
        assert re.fullmatch(r"[A-Z][A-Za-z0-9]*", name), name
        parsed[word][name] = fields()
        if word == "method":
            take("->")
            parsed[word][name] = (parsed[word][name], fields())
    return parsed


def test_replies_are_as_the_description_says(plain):
    admin = plain.admin()
    plain.session().enter()
    text = admin.call(f"{SERVICE}.GetInterfaceDescription", {"interface": "org.vdtgw.Admin"})
    interface = parse_interface(text["description"])
    assert list(admin.call("org.vdtgw.Admin.Status")) == interface["method"]["Status"][1]
    entry = admin.call("org.vdtgw.Admin.ListSessions")["sessions"][0]
    assert [name for name in interface["type"]["Session"] if name in entry] == list(entry)


# Hostile peers.

MALFORMED = {
    "no JSON": b"hello\0",
    "HTTP": b"GET / HTTP/1.1\r\n\r\n\0",
    "no object": b"[]\0",
    "empty": b"\0",
    "no method": b"{}\0",
    "a method that is no name": b'{"method":7}\0',
    "parameters that are no object": b'{"method":"a.B","parameters":[]}\0',
    "oneway and more": b'{"method":"a.B","oneway":true,"more":true}\0',
    "a key twice": b'{"method":"a.B","method":"a.B"}\0',
    "a zero in a string": b'{"method":"a.B\\u0000"}\0',
    "not UTF-8": b'{"method":"a.\xff"}\0',
    "nested without end": b'{"method":' + b"[" * 60000 + b"\0",
    "longer than 64 KiB": b'{"method":"' + b"x" * 65536,
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
@pytest.mark.parametrize("name", ("session", "admin", "console"))
def test_a_malformed_message_costs_that_peer_only(plain, name, data):
    bystanders = [plain.session(), plain.admin()]
    number = bystanders[0].enter()
    client = getattr(plain, name)()
    client.send_bytes(data)
    assert client.wait_closed() == []
    plain.wait_log(f"{name} socket: .*not a Varlink message")
    assert all(bystander.is_open() for bystander in bystanders)
    plain.wait_numbers([number])


def test_a_session_that_turns_to_nonsense_is_forgotten(plain):
    session = plain.session()
    number = session.enter()
    session.send_bytes(b"nonsense\0")
    session.wait_closed()
    plain.wait_numbers([])
    plain.wait_log(rf"session {number} .*not a Varlink message")


def test_the_longest_message_is_taken(plain):
    client = plain.admin()
    call = b'{"method":"org.varlink.service.GetInfo"'
    client.send_bytes(call + b" " * (65536 - len(call) - 1) + b"}\0")
    assert client.reply()["vendor"] == "vdtgw"


def test_messages_may_come_byte_by_byte_and_many_at_once(plain):
    client = plain.admin()
    call = b'{"method":"org.varlink.service.GetInfo"}\0'
    for byte in call:
        client.send_bytes(bytes([byte]))
    assert client.reply()["vendor"] == "vdtgw"
    client.send_bytes(call * 100)
    for _ in range(100):
        assert client.reply()["vendor"] == "vdtgw"


def test_who_calls_too_fast_is_slowed_down_and_nobody_else(plain):
    """400 calls at once, then 200/s: 800 take 2 s, whoever else is there."""
    client, bystander = plain.admin(), plain.admin()
    call = b'{"method":"org.varlink.service.GetInfo"}\0'
    started = time.monotonic()
    client.send_bytes(call * 800)
    for _ in range(799):
        client.receive()
        if time.monotonic() - started < 1:
            continue
        asked = time.monotonic()
        assert bystander.is_open()
        assert time.monotonic() - asked < 0.5
        started -= 10  # once is enough
    client.receive()
    assert time.monotonic() - started > 1.5


@pytest.mark.parametrize("name", ("session", "admin", "console"))
def test_who_does_not_read_is_let_go(plain, name):
    slow = getattr(plain, name)()
    slow.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    call = b'{"method":"org.varlink.service.GetInterfaceDescription",'
    call += b'"parameters":{"interface":"org.varlink.service"}}\0'
    slow.send_bytes(call * 1500)
    plain.wait_log(f"{name} socket: .*does not read")
    assert plain.session().is_open() and plain.admin().is_open()


def test_who_never_calls_is_let_go(plain):
    """After 10 s; who has called the admin socket, or has entered, may stay."""
    silent = [plain.session(), plain.admin()]
    half = plain.admin()
    half.send_bytes(b'{"method":')
    settled = plain.admin()
    assert settled.is_open()
    session = plain.session()
    number = session.enter()
    started = time.monotonic()
    for client in (*silent, half):
        assert client.wait_closed(15) == []
    assert time.monotonic() - started > 8
    assert settled.is_open()
    plain.wait_numbers([number])


def test_administrators_beyond_the_limit_are_turned_away(plain):
    clients = [plain.admin() for _ in range(320)]
    assert all(client.is_open() for client in clients)
    assert plain.admin().wait_closed() == []
    clients[0].close()
    wait_for(lambda: plain.admin().is_open())


def test_sessions_beyond_the_limit_wait_for_their_answer(make):
    supervisor = make(settings={"limits": {"sessions": 1, "per_address": 1}}).start()
    sessions = [supervisor.session() for _ in range(100)]
    for session in sessions:
        session.send("org.vdtgw.Session.Enter", Session.ADDRESS, more=True)
    supervisor.wait_log("session socket: .* others wait")
    refused = 0
    for session in sessions[1:]:
        if "error" in session.receive():
            refused += 1
        session.close()
    assert "session" in sessions[0].receive()["parameters"]
    assert refused == 99


# Starting, stopping, restarting.


def enter_again(supervisor, number, **known):
    session = supervisor.session()
    return session, session.enter(session=number, **known)


def test_numbers_outlive_a_kill_and_are_never_given_again(make):
    supervisor = make().start()
    numbers = [supervisor.session().enter() for _ in range(5)]
    for _ in range(2):
        supervisor.kill()
        supervisor.start()
        newcomer = supervisor.session().enter()
        assert newcomer > max(numbers)
        session, number = enter_again(
            supervisor,
            numbers[1],
            started=1_700_000_000_000_000,
            state="home",
            service="ws://localhost:8765",
            terminal_type="VT100",
            window_size="40x25",
            environment={"TERM": "minitel"},
            bytes_in=5,
            bytes_out=6,
        )
        assert number == numbers[1]
        entry = by_number(supervisor, number)
        assert entry["started"] == 1_700_000_000_000_000
        assert entry["state"] == "home" and entry["service"] == "ws://localhost:8765"
        assert (entry["bytes_in"], entry["bytes_out"]) == (5, 6)
        assert entry["environment"] == {"TERM": "minitel"}
        status = supervisor.status()
        assert status["reentered"] == 1 and status["admitted"] == 1
        numbers += [newcomer]
    assert supervisor.status()["launches"] == 3


def test_a_session_that_enters_again_can_be_kicked(make):
    supervisor = make().start()
    number = supervisor.session().enter()
    supervisor.kill()
    supervisor.start()
    session, _ = enter_again(supervisor, number)
    supervisor.admin().call("org.vdtgw.Admin.Kick", {"session": number})
    assert session.order() == {"kind": "kick"}


def test_a_number_that_another_process_holds_is_not_taken_from_it(plain):
    stranger = Stranger(plain)
    session, number = enter_again(plain, stranger.number)
    assert number != stranger.number
    plain.wait_numbers([stranger.number, number])
    stranger.kill()
    plain.wait_numbers([number])


def test_a_process_that_comes_back_replaces_its_own_connection(plain):
    old = plain.session()
    number = old.enter()
    session, again = enter_again(plain, number)
    assert again == number
    assert old.wait_closed() == []
    plain.wait_numbers([number])
    assert plain.status()["crashed"] == 0


@pytest.mark.parametrize("number", (2**52 + 1, 2**63 - 1))
def test_a_number_out_of_range_is_replaced(plain, number):
    session, given = enter_again(plain, number)
    assert given < 2**52
    assert plain.session().enter() not in (given, number)


def test_an_orderly_stop_leaves_sessions_alone_and_no_socket(make):
    supervisor = make().start()
    session = supervisor.session()
    session.enter()
    assert supervisor.program.stop() == 0
    assert session.wait_closed() == []
    assert not any(Path(path).exists() for path in supervisor.sockets())
    assert not any("crashed" in line for line in supervisor.program.lines)


def test_sockets_of_systemd_are_not_removed(make):
    supervisor = make().start(activated=True)
    assert supervisor.program.stop() == 0
    assert all(Path(path).exists() for path in supervisor.sockets())


def test_own_sockets_are_for_their_group_and_stale_ones_replaced(make):
    supervisor = make().start()
    for path in supervisor.sockets():
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o660
    supervisor.kill()
    assert Path(supervisor.session_socket).exists()
    supervisor.start()
    assert supervisor.status()["launches"] == 2


def run_again(supervisor):
    return subprocess.run(
        [SUPERVISOR, "--config", supervisor.config], capture_output=True, text=True, timeout=10
    )


def test_a_second_supervisor_gives_way(make):
    supervisor = make().start()
    done = run_again(supervisor)
    assert done.returncode == os.EX_OSERR
    assert "another supervisor answers" in done.stderr
    assert supervisor.status()["launches"] == 1
    assert supervisor.session().is_open()


def test_a_file_in_the_place_of_a_socket_is_not_removed(make):
    supervisor = make()
    Path(supervisor.admin_socket).write_text("precious")
    done = run_again(supervisor)
    assert done.returncode == os.EX_OSERR
    assert "something else than a socket" in done.stderr
    assert Path(supervisor.admin_socket).read_text() == "precious"
    assert not Path(supervisor.session_socket).exists()


def test_what_is_in_the_consoles_place_keeps_no_caller_out(make):
    """As where a unit for it is missing: told, and all else goes on."""
    supervisor = make()
    Path(supervisor.console_socket).mkdir()
    supervisor.start(without_console=True)
    supervisor.wait_log("console socket .*something else than a socket")
    assert supervisor.session().enter() > 0
    assert supervisor.status()["consoles"] == 0


# The console socket.


SHOWN = ("Status", "ListSessions", "ListBans", "Timeouts", "Addresses", "TeletelStatus")
CONTROLS = ("TeletelStart", "TeletelStop", "TeletelRestart")
DENIED = (
    *("GetSession", "History", "Configuration", "Reload", "Kick", "Message", "Redirect", "SendHome"),
    *("Import", "Ban", "Unban", "ListNever", "AddNever", "RemoveNever"),
)


def outcome(client, method):
    """"done", or the error's name."""
    try:
        client.call(f"org.vdtgw.Admin.{method}")
    except Failure as failure:
        return failure.name.rpartition(".")[2]
    return "done"


def test_a_console_sees_and_does_what_the_interface_says(make):
    supervisor = make(settings={"console": {"control": True}}).start()
    console, admin = supervisor.console(), supervisor.admin()
    text = console.call(f"{SERVICE}.GetInterfaceDescription", {"interface": "org.vdtgw.Admin"})
    methods = set(re.findall(r"^method (\w+)", text["description"], re.M))
    assert methods == {*SHOWN, *CONTROLS, *DENIED, "Watch"}, "each method is in a table here"
    for method in SHOWN:
        assert outcome(console, method) == outcome(admin, method)
    # There is none here; but it may be asked for.
    assert [outcome(console, method) for method in CONTROLS] == ["NoTeletelServer"] * 3
    assert {outcome(console, method) for method in DENIED} == {"NotAllowed"}
    assert outcome(console, "Watch") == "MoreNeeded"


def test_without_control_a_console_only_sees(make):
    supervisor = make(settings={"console": {"control": False}}).start()
    console, admin = supervisor.console(), supervisor.admin()
    assert {outcome(console, method) for method in (*CONTROLS, *DENIED)} == {"NotAllowed"}
    assert [outcome(admin, method) for method in CONTROLS] == ["NoTeletelServer"] * 3
    assert outcome(console, "Status") == "done"


def test_consoles_are_counted_by_who_watches(plain):
    console, admin = plain.console(), plain.admin()
    console.call("org.vdtgw.Admin.Status")
    assert (plain.status()["consoles"], plain.status()["watchers"]) == (0, 0)
    for client in (console, admin):
        client.call("org.vdtgw.Admin.Watch", more=True)
    assert (plain.status()["consoles"], plain.status()["watchers"]) == (1, 2)
    plain.session().enter()
    for client in (console, admin):
        assert client.reply()["event"]["kind"] == "started"
    console.close()
    wait_for(lambda: plain.status()["consoles"] == 0, what="the console's end")


def test_consoles_beyond_their_number_are_turned_away(plain):
    consoles = [plain.console() for _ in range(40)]
    assert all(console.is_open() for console in consoles)
    assert not plain.console().is_open()
    plain.wait_log("console socket: 40 peers are connected, which is the limit; others are turned away")
    assert plain.admin().is_open() and plain.session().is_open()
    consoles[0].close()
    wait_for(lambda: plain.console().is_open(), what="a place")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize("name", ("admin", "console"))
def test_a_loosened_mode_lets_nobody_in(make, name):
    supervisor = make().start()
    path = getattr(supervisor, f"{name}_socket")
    ask = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.settimeout(8); s.connect(sys.argv[1]); print(s.recv(1))"

    def as_nobody():
        done = subprocess.run(
            ["/usr/bin/python3", "-c", ask, path],
            user=65534, group=65534, extra_groups=[], capture_output=True, text=True, timeout=20,
        )
        return done.stdout.strip() or done.stderr.strip().rpartition("\n")[2]

    folder = supervisor.folder
    while folder != Path(folder.anchor):  # down to the socket, for nobody too
        folder.chmod(folder.stat().st_mode | 0o001)
        folder = folder.parent
    assert "Permission denied" in as_nobody()
    os.chmod(path, 0o666)
    assert as_nobody() == "b''"
    supervisor.wait_log(f"{name} socket: user 65534 .* who is not in the group vdtgw-{name}")


@pytest.mark.parametrize("damage", ("no folder", "newer"))
def test_without_its_database_it_goes_on_with_numbers_of_the_clock(make, damage):
    supervisor = make()
    if damage == "no folder":
        supervisor.state.rmdir()
    else:
        database = sqlite3.connect(supervisor.state / "vdtgw.db")
        database.execute("PRAGMA user_version = 99")
        database.close()
    supervisor.start()
    supervisor.wait_log("the database cannot be used")
    first, second = supervisor.session().enter(), supervisor.session().enter()
    assert first >= 10**12 and second == first + 1
    assert supervisor.status()["launches"] == 0
    supervisor.kill()
    supervisor.start()
    assert supervisor.session().enter() > second


def test_its_manager_is_told(make, tmp_path):
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        supervisor = make(env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "300000"}).start()
        wait_message(manager, "READY=1")
        assert wait_message(manager, "STATUS=") == "STATUS=0 sessions"
        sessions = [supervisor.session() for _ in range(3)]
        for session, transport in zip(sessions, ("telnet", "websocket", "telnet")):
            session.enter(transport=transport)
        wait_message(manager, "STATUS=3 sessions: 2 telnet, 1 websocket")
        for _ in range(3):
            wait_message(manager, "WATCHDOG=1", 1)
        for session in sessions:
            session.leave()
        wait_message(manager, "STATUS=0 sessions")
        supervisor.program.process.terminate()
        wait_message(manager, "STOPPING=1")
        assert supervisor.program.process.wait(5) == 0


def test_the_status_line_is_not_a_flood(make, tmp_path):
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        supervisor = make(env={"NOTIFY_SOCKET": path}).start()
        started = time.monotonic()
        for _ in range(100):
            supervisor.session().enter()
        wait_message(manager, "STATUS=100 sessions")
        elapsed = time.monotonic() - started
        manager.settimeout(0)
        told = 0
        try:
            while manager.recv(4096):
                told += 1
        except BlockingIOError:
            pass
        assert told <= elapsed + 2


def test_a_thousand_sessions_have_their_descriptors(make):
    """With the soft limit that a shell has."""
    supervisor = make(settings={"limits": {"sessions": 1200, "per_address": 2000}}).start()
    limits = Path(f"/proc/{supervisor.program.pid}/limits").read_text()
    soft = int(re.search(r"Max open files\s+(\d+)", limits).group(1))
    assert soft >= 1200 + 64


# Options.


def run(*arguments):
    return subprocess.run([SUPERVISOR, *arguments], capture_output=True, text=True, timeout=10)


def test_check_reads_the_configuration_and_ends(make, tmp_path):
    supervisor = make()
    done = run("--config", supervisor.config, "--check")
    assert (done.returncode, done.stderr) == (0, "")
    bad = tmp_path / "bad.conf"
    write_configuration(bad, {"limits": {"sessions": 0}})
    for arguments in (("--check",), ()):
        done = run("--config", str(bad), *arguments)
        assert done.returncode == os.EX_CONFIG
        assert f"{bad}:1: limits.sessions" in done.stderr


@pytest.mark.parametrize("arguments", (("--nonsense",), ("more",), ("--config",)))
def test_wrong_options_are_explained(arguments):
    done = run(*arguments)
    assert done.returncode == os.EX_USAGE
    assert "usage: vdtgw-supervisor" in done.stderr
