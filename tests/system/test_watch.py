"""Watch: what happens, as it happens; and watchers who do not keep up."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

import pytest

from processes import dirty_kilobytes, is_sanitized, wait_for, within
from teletel_server import TeletelServer
from varlink_peer import TIMEOUT, Closed, Failure, Supervisor

ADMIN = "org.vdtgw.Admin"
SERVICE = "ws://remote.example/"
SECOND = 1_000_000


class Watcher:
    """A connection that watches."""

    def __init__(self, supervisor):
        self.client = supervisor.admin()
        self.client.send(f"{ADMIN}.Watch", more=True)
        assert self.client.receive() == {"parameters": {}, "continues": True}

    def event(self, timeout=TIMEOUT):
        """The next one, without its time, which is checked."""
        message = self.client.receive(timeout)
        assert message["continues"] is True
        event = message["parameters"]["event"]
        assert abs(event.pop("time") - time.time() * 1e6) < 60 * SECOND
        return event

    def sees(self, *expected):
        """These next, in this order; a duration is only looked at as far as it is expected."""
        for wanted in expected:
            event = self.event()
            if "duration" not in wanted:
                event.pop("duration", None)
            assert event == wanted

    def sees_nothing(self):
        with pytest.raises(TimeoutError):
            print(self.client.receive(0.3))


@pytest.fixture
def watch(plain):
    return Watcher(plain)


def caller(number, address="192.0.2.1"):
    return {"session": number, "transport": "telnet", "address": address, "port": 4711}


def admin(supervisor, method, **parameters):
    return supervisor.admin().call(f"{ADMIN}.{method}", parameters)


def leave(session, reason="caller-closed", duration=90 * SECOND):
    session.call("org.vdtgw.Session.Leave",
                 {"reason": reason, "bytes_in": 1, "bytes_out": 2, "duration": duration})


def test_a_whole_life(make):
    supervisor = make(settings={"bans": {"enabled": True, "strikes": 1, "short_session_ms": 100,
                                         "duration": "2s"}}).start()
    watch = Watcher(supervisor)
    session = supervisor.session()
    number = session.enter(address="192.0.2.9", home="ws://first/")
    who = caller(number, "192.0.2.9")
    whole = {**who, "service": "ws://first/"}
    watch.sees({"kind": "started", **whole})
    session.tell("StateChanged", state="home", reason="connected", service="ws://home/")
    who["service"] = "ws://home/"
    watch.sees({"kind": "state", **who, "state": "home", "reason": "connected"})
    # What is only learned is no event, nor is a state that it is in already.
    session.tell("StateChanged", state="home", reason="again")
    session.tell("Learned", terminal_type="VT100")
    session.tell("Traffic", bytes_in=1, bytes_out=2)
    assert admin(supervisor, "Message", session=number, text="Bonsoir") == {"sent": 1}
    watch.sees({"kind": "message", **who, "reason": "Bonsoir"})
    for end in ("remote-timeout", "remote-closed"):
        tag = admin(supervisor, "Redirect", session=number, uri=SERVICE)["tag"]
        began = time.monotonic()
        session.tell("Redirecting", tag=tag, service=SERVICE)
        session.tell("Redirected", tag=tag)
        away = {**who, "service": SERVICE}
        watch.sees({"kind": "redirecting", **away}, {"kind": "redirected", **away})
        if end == "remote-closed":
            admin(supervisor, "SendHome", session=number, reason="enough")
            watch.sees({"kind": "sent_home", **who, "reason": "enough"})
        session.tell("Traffic", bytes_in=9, bytes_out=9, remote_in=3, remote_out=4)
        passed = {"bytes_in": 3, "bytes_out": 4}
        if end == "remote-closed":
            passed = {"bytes_in": 5, "bytes_out": 6}
        session.tell("RedirectEnded", tag=tag, reason=end,
                     **(passed if end == "remote-closed" else {}))
        if end == "remote-timeout":
            watch.sees({"kind": "timed_out", **who, "reason": end})
        ended = watch.event()
        assert 0 < ended.pop("duration") <= (time.monotonic() - began + 0.1) * SECOND
        assert ended == {"kind": "redirection_ended", **away, "reason": end, **passed}
    admin(supervisor, "Kick", session=number, reason="Bonne nuit")
    watch.sees({"kind": "kicked", **who, "reason": "Bonne nuit"})
    leave(session, "caller-idle")
    end = {"bytes_in": 1, "bytes_out": 2, "duration": 90 * SECOND, "reason": "caller-idle"}
    watch.sees({"kind": "timed_out", **who, "reason": "caller-idle"}, {"kind": "ended", **whole, **end})

    offender = supervisor.session()
    number = offender.enter(address="192.0.2.66")
    leave(offender, duration=3)
    who = caller(number, "192.0.2.66")
    watch.sees({"kind": "started", **who},
               {"kind": "ended", **who, **end, "reason": "caller-closed", "duration": 3},
               {"kind": "banned", "address": "192.0.2.66", "reason": "short_session"})
    for _ in range(5):
        with pytest.raises(Failure, match="Banned"):
            supervisor.session().enter(address="192.0.2.66")
    watch.sees({"kind": "unbanned", "address": "192.0.2.66", "reason": "time"})
    admin(supervisor, "Ban", network="2001:db8::1")
    admin(supervisor, "Unban", network="2001:db8::1")
    watch.sees(*({"kind": kind, "address": "2001:db8::/64", "reason": "administrator"}
                 for kind in ("banned", "unbanned")))
    assert admin(supervisor, "Message", text="x") == {"sent": 0}
    watch.sees({"kind": "message", "reason": "x"})
    watch.sees_nothing()


def test_refusals_name_the_limit(make):
    supervisor = make(settings={"limits": {"sessions": 3, "per_address": 1, "half_open": 2}}).start()
    watch = Watcher(supervisor)
    for address, key in (("192.0.2.1", None), ("192.0.2.1", "per_address"), ("192.0.2.2", None),
                         ("192.0.2.3", "half_open")):
        session = supervisor.session()
        if key is None:
            watch_number = session.enter(address=address)
            watch.sees({"kind": "started", **caller(watch_number, address)})
            continue
        with pytest.raises(Failure, match="Full"):
            session.enter(address=address)
        refused = caller(0, address)
        refused.pop("session")
        watch.sees({"kind": "refused", **refused, "reason": f"limits.{key}"})


def test_a_crash_ends_a_redirection_too(plain, watch):
    session = plain.session()
    number = session.enter()
    session.call("org.vdtgw.Session.StateChanged", {"state": "home"})
    tag = admin(plain, "Redirect", session=number, uri=SERVICE)["tag"]
    session.tell("Redirecting", tag=tag, service=SERVICE)
    who = caller(number)
    away = {**who, "service": SERVICE}
    watch.sees({"kind": "started", **who}, {"kind": "state", **who, "state": "home"},
               {"kind": "redirecting", **away})
    session.close()
    watch.sees({"kind": "redirection_ended", **away, "reason": "crashed", "bytes_in": 0, "bytes_out": 0},
               {"kind": "crashed", **who, "bytes_in": 0, "bytes_out": 0})


def test_a_restart_is_neither_an_end_nor_a_start(plain):
    session = plain.session()
    number = session.enter()
    watch = Watcher(plain)
    os.kill(plain.program.pid, signal.SIGTERM)
    assert watch.client.wait_closed() == []
    assert plain.program.process.wait(5) == 0
    plain.start()
    watch = Watcher(plain)
    again = plain.session()
    assert again.enter(session=number, started=1, state="away", service=SERVICE,
                       redirection="7") == number
    # How long it was redirected is not known.
    again.call("org.vdtgw.Session.RedirectEnded", {"tag": "7", "reason": "closed"})
    event = watch.event()
    assert event["kind"] == "redirection_ended" and "duration" not in event
    again.close()
    event = watch.event()
    assert event["kind"] == "crashed" and "duration" not in event


def test_a_session_that_changes_connections_goes_on(plain, watch):
    session, again = plain.session(), plain.session()
    number = session.enter()
    assert again.enter(session=number) == number
    leave(again)
    watch.sees({"kind": "started", **caller(number)},
               {"kind": "ended", **caller(number), "reason": "caller-closed", "bytes_in": 1,
                "bytes_out": 2})
    watch.sees_nothing()


def test_a_redirection_that_is_lost_on_the_way_back_has_ended(plain, watch):
    session, again = plain.session(), plain.session()
    number = session.enter(state="home")
    admin(plain, "Redirect", session=number, uri=SERVICE)
    assert again.enter(session=number) == number
    assert watch.event()["kind"] == "started"
    ended = watch.event()
    assert ended["kind"] == "redirection_ended" and ended["duration"] > 0
    assert "redirection" not in plain.sessions()[0]


def test_the_command_channel_comes_and_goes(make):
    server = TeletelServer().start()
    uri, port = server.uri, server.port
    supervisor = make(settings={"teletel": {"uri": uri, "retry": 1}}).start()
    server.accept()
    watch = Watcher(supervisor)
    server.close()
    watch.sees({"kind": "channel_down", "service": uri})
    server = TeletelServer(port).start()
    watch.sees({"kind": "channel_up", "service": uri})
    server.close()


# Watching itself.


def test_watch_is_called_once_a_connection_and_with_more(plain):
    client = plain.admin()
    with pytest.raises(Failure, match="org.vdtgw.Admin.MoreNeeded"):
        client.call(f"{ADMIN}.Watch")
    watch = Watcher(plain)
    for method, flags in ((f"{ADMIN}.Watch", {"more": True}), (f"{ADMIN}.Status", {})):
        watch.client.send(method, **flags)
        assert watch.client.receive()["error"] == "org.vdtgw.Admin.AlreadyWatching"
    status = plain.status()
    assert (status["watchers"], status["consoles"]) == (1, 0)
    watch.client.close()
    wait_for(lambda: plain.status()["watchers"] == 0, what="no watcher")


def test_two_hundred_watchers_that_never_read_hinder_nobody_and_are_dropped(make):
    supervisor = make(settings={"limits": {"sessions": 10_000, "per_address": 10_000,
                                           "half_open": 0}}).start()
    pid = supervisor.program.pid
    reader = Watcher(supervisor)
    deaf = [Watcher(supervisor) for _ in range(200)]
    assert supervisor.status()["watchers"] == 201
    before = dirty_kilobytes(pid)
    worst = most = calls = 0
    reason = "x" * 256
    # One watcher is dropped when about 450 KiB have not been read, the kernel's part included.
    while supervisor.status()["watchers"] > 1:
        assert calls < 3000, f"{supervisor.status()['watchers']} watchers are still there"
        for _ in range(20):
            calls += 1
            session = supervisor.session()
            began = time.monotonic()
            number = session.enter()
            worst = max(worst, time.monotonic() - began)
            leave(session, reason)
            session.close()
            supervisor.clients.remove(session)
            assert reader.event()["kind"] == "started"
            assert reader.event() == {"kind": "ended", **caller(number), "reason": reason,
                                      "duration": 90 * SECOND, "bytes_in": 1, "bytes_out": 2}
        most = max(most, dirty_kilobytes(pid))
    supervisor.wait_log("does not read what it is sent and was let go")
    assert worst < within(0.5), worst
    if not is_sanitized(pid):
        assert most - before < 200 * 512 + 4096, (before, most)
        # What the C library keeps for the next time is no leak: a quarter of it is allowed.
        wait_for(lambda: dirty_kilobytes(pid) < before + 200 * 128, what="the memory given back")
    for watcher in deaf:
        with pytest.raises(Closed):
            for _ in range(10_000):
                watcher.client.receive()


def test_a_watcher_that_stops_in_the_middle_is_dropped_and_can_watch_again(plain):
    watch = Watcher(plain)
    for _ in range(3):
        plain.session().enter()
    assert watch.event()["kind"] == "started"
    watch.client.sock.shutdown(socket.SHUT_RDWR)
    wait_for(lambda: plain.status()["watchers"] == 0, what="no watcher")
    again = Watcher(plain)
    plain.session().enter()
    assert again.event()["kind"] == "started"


# Rights.


# Connects, asks for the version, says what became of it.
STRANGER = """
import socket, sys
sock = socket.socket(socket.AF_UNIX)
sock.settimeout(8)
sock.connect(sys.argv[1])
try:
    sock.sendall(b'{"method":"org.varlink.service.GetInfo"}\\0' * int(sys.argv[2]))
    print("answered" if sock.recv(1) else "closed")
except (BrokenPipeError, ConnectionResetError):
    print("closed")
"""


def as_nobody(path, count=1):
    result = subprocess.run([sys.executable, "-c", STRANGER, path, str(count)], user="nobody",
                            group="nogroup", extra_groups=[], capture_output=True, text=True,
                            check=False, timeout=20, cwd="/")
    return result.stdout.strip() or result.stderr.strip().splitlines()[-1]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can play another user")
def test_a_socket_whose_mode_was_loosened_is_of_no_use_to_others():
    with tempfile.TemporaryDirectory(prefix="vdtgw-") as folder:
        os.chmod(folder, 0o755)
        supervisor = Supervisor(folder).start()
        try:
            assert as_nobody(supervisor.admin_socket).startswith("PermissionError")
            os.chmod(supervisor.admin_socket, 0o666)
            assert as_nobody(supervisor.admin_socket) == "closed"
            line = supervisor.wait_log(r"admin socket: user \d+ \(pid \d+\) was turned away")
            assert "vdtgw-admin" in line
            for _ in range(11):
                assert as_nobody(supervisor.admin_socket, 100) == "closed"
            lines = [line for line in supervisor.program.lines if "turned away" in line]
            assert len(lines) == 10
            assert supervisor.admin().is_open()
            # The session socket is not for administrators: its mode alone decides.
            os.chmod(supervisor.session_socket, 0o666)
            assert as_nobody(supervisor.session_socket) == "answered"
        finally:
            assert supervisor.stop() == 0
