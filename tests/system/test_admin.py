"""What an administrator sees of sessions and orders of them, by way of the admin socket."""

import os
import time

import pytest

from calls import call as through
from peers import Service
from processes import wait_for, within
from teletel_server import TeletelServer
from varlink_peer import Failure

ADMIN = "org.vdtgw.Admin"
REMOTE = "wss://remote.example:8443/path?x"
ORDERS = ("Kick", "Message", "Redirect", "SendHome")
GOOD = {
    "Kick": {},
    "Message": {"text": "Bonsoir"},
    "Redirect": {"uri": REMOTE},
    "SendHome": {},
}


def call(supervisor, method, **parameters):
    return supervisor.admin().call(f"{ADMIN}.{method}", parameters)


def fails(supervisor, error, method, **parameters):
    with pytest.raises(Failure) as failure:
        call(supervisor, method, **parameters)
    assert failure.value.name == error
    return failure.value.parameters


def at_home(supervisor, state="home", **entering):
    """A session and its number."""
    session = supervisor.session()
    number = session.enter(**entering)
    session.call("org.vdtgw.Session.StateChanged", {"state": state, "service": "ws://home"})
    return session, number


def get(supervisor, number):
    return call(supervisor, "GetSession", session=number)["session"]


# Parameters.


BAD = {
    "GetSession": [({}, "session"), ({"session": "1"}, "session"), ({"session": 1.5}, "session")],
    "Kick": [({}, "session"), ({"session": 1, "reason": "x" * 257}, "reason")],
    "Message": [
        ({}, "text"),
        *(({"text": text}, "text") for text in (
            "", "x" * 41, "é" * 41, "x" * 100_00, "a\nb", "\x1b9{", "\x0c", "\x13I", "a\x7f",
            "\u009b2J", "☎", "😀", 7, None)),
        ({"session": "1", "text": "x"}, "session"),
        ({"session": -(2**63), "text": "x"}, "session"),
        ({"text": "x", "loud": True}, "loud"),
    ],
    "Redirect": [
        ({"session": 1}, "uri"),
        ({"uri": REMOTE}, "session"),
        *(({"session": 1, "uri": uri}, "uri") for uri in (
            "", "http://x", "ws://", "ws://a b", "telnet://x:0", "ws://x\n", "file:///etc/passwd",
            "ws://" + "x" * 2100, "ws://é", 7)),
        *(({"session": 1, "uri": REMOTE, "ping": ping}, "ping") for ping in (-1, 3601, "10", 2**63)),
        *(({"session": 1, "uri": REMOTE, "subprotocols": names}, "subprotocols") for names in (
            "tty", [7], [""], ["a b"], ["a,b"], ["x" * 65], ["x"] * 17, [["x"]], {})),
    ],
    "SendHome": [({}, "session"), ({"session": 1, "reason": 7}, "reason")],
    "Addresses": [({"x": 1}, "x")],
    "Status": [({"x": 1}, "x")],
    "Watch": [({"x": 1}, "x")],
}


@pytest.mark.parametrize("method", BAD)
def test_wrong_parameters_are_named_and_change_nothing(plain, method):
    session, number = at_home(plain)
    assert number == 1
    before = get(plain, number)
    for parameters, wrong in BAD[method]:
        if parameters.get("ping") == 2**63:
            continue  # no number of JSON's here: the connection's end, see below
        told = fails(plain, "org.varlink.service.InvalidParameter", method, **parameters)
        assert told == {"parameter": wrong}, parameters
    after = get(plain, number)
    before.pop("idle"), after.pop("idle")
    assert after == before
    # The next thing that it hears is this.
    call(plain, "Kick", session=number)
    assert session.order()["kind"] == "kick"


def test_a_number_beyond_64_bits_costs_that_connection_only(plain):
    admin = plain.admin()
    admin.send(f"{ADMIN}.Redirect", {"session": 1, "uri": REMOTE, "ping": 2**63})
    admin.wait_closed()
    assert plain.admin().is_open()


@pytest.mark.parametrize("method", ORDERS)
def test_orders_are_for_sessions_that_are_there_and_take_some(plain, method):
    told = fails(plain, f"{ADMIN}.NoSuchSession", method, session=999, **GOOD[method])
    assert told == {"session": 999}
    for strange in (0, -1, -(2**63) + 1, 2**63 - 1):
        fails(plain, f"{ADMIN}.NoSuchSession", method, session=strange, **GOOD[method])
    _, number = at_home(plain, more=False)
    assert fails(plain, f"{ADMIN}.NoOrders", method, session=number, **GOOD[method]) == {
        "session": number
    }
    assert plain.status()["kicked"] == 0


# Sight.


def test_one_session_is_as_in_the_list(plain):
    session, number = at_home(plain, environment={"TERM": "minitel"})
    at_home(plain)
    now = int(time.time() * 1e6)
    session.call(
        "org.vdtgw.Session.Traffic",
        {"bytes_in": 5, "bytes_out": 6, "typed": now - 90_000_000, "queue": 777},
    )
    one, listed = get(plain, number), plain.sessions()[0]
    assert 90_000_000 <= one.pop("idle") <= listed.pop("idle") < 100_000_000
    assert one == listed
    assert one["queue"] == 777 and one["redirections"] == 0
    assert fails(plain, f"{ADMIN}.NoSuchSession", "GetSession", session=7) == {"session": 7}
    # A clock that was set back is no time before the call.
    session.call("org.vdtgw.Session.Traffic",
                 {"bytes_in": 5, "bytes_out": 6, "typed": now + 3_600_000_000})
    assert get(plain, number)["idle"] == 0


def test_the_addresses_of_this_machine_are_told(plain):
    assert "127.0.0.1" in call(plain, "Addresses")["addresses"]


def test_time_outs_are_counted_by_what_they_end_and_by_transport(plain):
    none = {"telnet": 0, "raw": 0, "websocket": 0}
    counted = {kind: dict(none) for kind in ("activity", "session", "home", "remote")}

    def told():
        return {kind: {name: counts[name] for name in none}
                for kind, counts in plain.status()["timeouts"].items()}

    assert told() == counted
    for reason, transport, kind in (
        ("caller-idle", "telnet", "activity"),
        ("caller-silent", "raw", "activity"),
        ("session-timeout", "websocket", "session"),
        ("home-timeout", "raw", "home"),
        ("caller-closed", "raw", None),
        # These end redirections.
        ("remote-timeout", "raw", None),
    ):
        session, number = at_home(plain, transport=transport)
        session.call("org.vdtgw.Session.Leave",
                     {"reason": reason, "bytes_in": 0, "bytes_out": 0, "duration": 1})
        if kind:
            counted[kind][transport] += 1
        assert told() == counted
    session, number = at_home(plain)
    # A call's time-out ends its redirection, too, and is counted as the call's.
    for reason, kind in (("remote-timeout", "remote"), ("remote-idle", "remote"),
                         ("session-timeout", None)):
        tag = call(plain, "Redirect", session=number, uri=REMOTE)["tag"]
        session.order()
        session.call("org.vdtgw.Session.RedirectEnded", {"tag": tag, "reason": reason})
        if kind:
            counted[kind]["telnet"] += 1
        assert told() == counted


# Messages.


def test_a_message_reaches_one_or_all_that_can_show_it(plain):
    at = {state: at_home(plain, state) for state in
          ("entering", "answering", "calling-home", "home", "redirecting", "away", "leaving")}
    at_home(plain, more=False)
    leaving, number = at_home(plain)
    call(plain, "Kick", session=number)
    assert leaving.order()["kind"] == "kick"
    text = "Arrêt à minuit"
    assert call(plain, "Message", text=text) == {"sent": 4}
    shown = ("calling-home", "home", "redirecting", "away")
    for state in shown:
        assert at[state][0].order() == {"kind": "message", "text": text}
    plain.wait_log(rf"4 sessions are written to by user {os.getuid()} \(pid {os.getpid()}\): Arr")
    for state, (session, number) in at.items():
        if state in shown:
            assert call(plain, "Message", session=number, text="x" * 40) == {"sent": 1}
            assert session.order()["text"] == "x" * 40
        else:
            told = fails(plain, f"{ADMIN}.NotReady", "Message", session=number, text="x")
            assert told == {"session": number}
    fails(plain, f"{ADMIN}.NotReady", "Message", session=number + 2, text="x")


def test_a_message_to_nobody_is_sent_to_nobody(plain):
    assert call(plain, "Message", text="x") == {"sent": 0}


# Redirections.


def redirected(supervisor, number):
    return get(supervisor, number).get("redirection")


def test_a_redirection_by_hand_is_followed_to_its_end(plain):
    session, number = at_home(plain)
    before = int(time.time() * 1e6)
    tag = call(plain, "Redirect", session=number, uri=REMOTE, ping=30,
               subprotocols=["tty", "binary"])["tag"]
    assert session.order() == {
        "kind": "redirect",
        "redirection": {"tag": tag, "uri": REMOTE, "ping": 30, "subprotocols": ["tty", "binary"]},
    }
    plain.wait_log(rf"session {number} .* to {REMOTE.replace('?', '.')} \({tag}\) by user "
                   rf"{os.getuid()} \(pid {os.getpid()}\)")
    listed = redirected(plain, number)
    assert before <= listed.pop("started") <= int(time.time() * 1e6)
    expected = {"tag": tag, "service": REMOTE, "state": "ordered", "origin": "administrator",
                "bytes_in": 0, "bytes_out": 0, "ping": 30, "subprotocols": ["tty", "binary"]}
    assert listed == expected
    assert fails(plain, f"{ADMIN}.AlreadyRedirected", "Redirect", session=number,
                 uri=REMOTE) == {"session": number}
    session.call("org.vdtgw.Session.Redirecting", {"tag": tag, "service": REMOTE})
    session.call("org.vdtgw.Session.Redirected", {"tag": tag})
    session.call("org.vdtgw.Session.Traffic", {"bytes_in": 9, "bytes_out": 99, "remote_in": 3,
                                               "remote_out": 33})
    listed = redirected(plain, number)
    listed.pop("started")
    assert listed == {**expected, "state": "connected", "bytes_in": 3, "bytes_out": 33}
    assert get(plain, number)["redirections"] == 1
    assert call(plain, "SendHome", session=number, reason="enough") == {}
    assert session.order() == {"kind": "home", "reason": "enough"}
    plain.wait_log(rf"session {number} .*is sent home by user \d+ \(pid \d+\): enough")
    session.call("org.vdtgw.Session.RedirectEnded", {"tag": tag, "reason": "sent-home"})
    assert redirected(plain, number) is None
    assert fails(plain, f"{ADMIN}.NotRedirected", "SendHome", session=number) == {"session": number}
    again = call(plain, "Redirect", session=number, uri="telnet:h:23")["tag"]
    assert again != tag
    assert session.order()["redirection"] == {"tag": again, "uri": "telnet:h:23", "ping": 0,
                                              "subprotocols": []}
    # What was counted of the last one is not taken for this one's.
    assert redirected(plain, number)["bytes_out"] == 0


@pytest.mark.parametrize("state", ("entering", "answering", "calling-home", "leaving"))
def test_only_a_caller_at_home_is_redirected(plain, state):
    _, number = at_home(plain, state)
    assert fails(plain, f"{ADMIN}.NotReady", "Redirect", session=number, uri=REMOTE) == {
        "session": number
    }


def test_a_caller_who_is_sent_away_is_not_redirected(plain):
    _, number = at_home(plain)
    call(plain, "Kick", session=number)
    fails(plain, f"{ADMIN}.NotReady", "Redirect", session=number, uri=REMOTE)


def test_a_call_that_is_kicked_twice_counts_once(plain):
    session, number = at_home(plain)
    call(plain, "Kick", session=number)
    call(plain, "Kick", session=number)
    assert session.order()["kind"] == "kick"
    assert plain.status()["kicked"] == 1


def test_a_session_that_answers_no_order_is_let_go_whoever_gave_it(plain):
    session, number = at_home(plain)
    call(plain, "Redirect", session=number, uri=REMOTE)
    wait_for(lambda: plain.sessions() == [], 15, "the session is let go")
    plain.wait_log(rf"session {number} .*silent")


@pytest.fixture
def with_teletel(make):
    """A supervisor, and the Teletel server that it talks to."""
    server = TeletelServer().start()
    supervisor = make(settings={"teletel": {"uri": server.uri, "retry": 1}}).start()
    connection = server.accept()
    yield supervisor, connection
    server.close()


def test_the_teletel_server_hears_nothing_of_a_redirection_by_hand(with_teletel):
    supervisor, teletel = with_teletel
    session, number = at_home(supervisor)
    teletel.hears(f"NewTelnetUser,192.0.2.1,4711,{number}")
    tag = call(supervisor, "Redirect", session=number, uri=REMOTE)["tag"]
    session.call("org.vdtgw.Session.Redirecting", {"tag": tag, "service": REMOTE})
    session.call("org.vdtgw.Session.Redirected", {"tag": tag})
    # Its own order is refused meanwhile.
    teletel.send(f"PID={number},7,CONNECT,{REMOTE},None,[]")
    teletel.hears(f"UserGotCommand,,,{number},7,CONNECT,{REMOTE},None,[]",
                  f"UserRedirectEnded,,,{number},7")
    # A session that comes back over another connection is still elsewhere by an administrator's
    # will, and what was known of that still is.
    before = redirected(supervisor, number)
    again = supervisor.session()
    assert again.enter(session=number, state="away", service=REMOTE, redirection=tag) == number
    assert redirected(supervisor, number) == before
    assert get(supervisor, number)["redirections"] == 1
    again.call("org.vdtgw.Session.RequestedClose", {"tag": tag})
    again.call("org.vdtgw.Session.RedirectEnded", {"tag": tag, "reason": "requested"})
    again.leave()
    teletel.hears(f"UserGone,,,{number}")
    teletel.is_silent()


def test_after_a_restart_an_administrators_redirection_is_known_for_one(make):
    server = TeletelServer().start()
    supervisor = make(settings={"teletel": {"uri": server.uri, "retry": 1}}).start()
    server.accept()
    session, number = at_home(supervisor)
    tag = call(supervisor, "Redirect", session=number, uri=REMOTE)["tag"]
    supervisor.kill()
    supervisor.start()
    teletel = server.accept()
    session = supervisor.session()
    session.enter(session=number, state="away", service=REMOTE, redirection=tag)
    teletel.hears(f"NewTelnetUser,192.0.2.1,4711,{number}")
    assert redirected(supervisor, number) == {
        "tag": tag, "service": REMOTE, "state": "connected", "origin": "administrator",
        "bytes_in": 0, "bytes_out": 0, "ping": 0, "subprotocols": []}
    session.call("org.vdtgw.Session.RedirectEnded", {"tag": tag, "reason": "closed"})
    session.leave()
    teletel.hears(f"UserGone,,,{number}")
    server.close()


def test_the_teletel_server_may_not_use_our_tags(with_teletel):
    supervisor, teletel = with_teletel
    session, number = at_home(supervisor)
    teletel.hears(f"NewTelnetUser,192.0.2.1,4711,{number}")
    teletel.send(f"PID={number},admin-1,CONNECT,{REMOTE},None,[]")
    teletel.hears(f"UserGotCommand,,,{number},admin-1,CONNECT,{REMOTE},None,[]",
                  f"UserRedirectEnded,,,{number},admin-1")
    supervisor.wait_log("refused, because its SESSION is one of the gateway's own")
    assert redirected(supervisor, number) is None


# Many.


def test_five_thousand_sessions_are_listed_page_by_page_and_nobody_waits(make):
    import resource

    count = 5000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < count + 500:
        pytest.fail(f"{hard} descriptors are allowed, which is not enough for this test")
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + 500, hard))
    try:
        supervisor = make(settings={"limits": {"sessions": count, "per_address": count,
                                               "half_open": 0}}).start()
        numbers = [supervisor.session().enter(address=f"198.51.{i // 250}.{i % 250}",
                                              service="ws://localhost:8765",
                                              terminal_type="Minitel 1B")
                   for i in range(count)]
        admin = supervisor.admin()
        found, pages, slowest, parameters = [], 0, 0.0, {}
        while parameters is not None:
            started = time.monotonic()
            page = admin.call(f"{ADMIN}.ListSessions", parameters)
            slowest = max(slowest, time.monotonic() - started)
            found += [entry["session"] for entry in page["sessions"]]
            pages += 1
            parameters = {"from": page["next"]} if "next" in page else None
        assert found == numbers and 10 < pages < 100
        started = time.monotonic()
        assert supervisor.status()["sessions"] == count
        status_took = time.monotonic() - started
        with pytest.raises(Failure, match="Full"):
            supervisor.session().enter(address="192.0.2.77")
        started = time.monotonic()
        assert call(supervisor, "Message", text="Bonsoir") == {"sent": 0}  # all still entering
        assert get(supervisor, numbers[2500])["address"] == "198.51.10.0"
        others_took = time.monotonic() - started
        took = slowest, status_took, others_took
        assert max(slowest, status_took) < within(0.2) and others_took < within(0.4), took
        for client in supervisor.clients:
            client.close()
        wait_for(lambda: supervisor.status()["sessions"] == 0, 20, "all gone")
        assert supervisor.stop() == 0
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# With a real session.


def test_a_caller_is_written_to_redirected_and_sent_home(gateway):
    home, remote = Service("ws"), Service("ws")
    running = gateway(home=home.uri)
    caller, at_home_end = through(running, home)
    (entry,) = running.wait_sessions(1)
    number = entry["session"]
    with running.admin() as admin:
        assert admin.call(f"{ADMIN}.Message", {"text": "Arrêt à 18 h"}) == {"sent": 1}
        assert caller.receive_until(b"\x0a") == b"\x1f\x40\x41Arret a 18 h\x18\x0a"
        tag = admin.call(f"{ADMIN}.Redirect", {"session": number, "uri": remote.uri})["tag"]
        elsewhere = remote.accept()
        caller.receive_until(b"CONNECT\x18\x0a")
        caller.send(b"to the remote service")
        elsewhere.receive_until(b"remote service")
        redirection = admin.call(f"{ADMIN}.GetSession", {"session": number})["session"]["redirection"]
        assert (redirection["tag"], redirection["origin"]) == (tag, "administrator")
        assert admin.call(f"{ADMIN}.SendHome", {"session": number, "reason": "enough"}) == {}
        elsewhere.receive_to_end(4)
        wait_for(lambda: running.sessions()[0]["state"] == "home", what="home again")
        caller.send(b"home again")
        at_home_end.receive_until(b"home again")
        listed = running.sessions()[0]
        assert "redirection" not in listed and listed["redirections"] == 1
        admin.call(f"{ADMIN}.Kick", {"session": number})
        caller.receive_to_end(4)
    assert running.wait_end(caller.local_port, "raw")["reason"] == "kicked"
