"""Hundreds of callers at once through Accept=yes, what the limits of a .socket do, and what an order or
a death does to hundreds."""

import contextlib
import socket
import statistics
import time

import hosts
import pytest
from callers import PORTS, ask, processes_of, sessions, wait_channel, wait_empty

CROWD = 300
ADDRESSES = 8  # loopback has plenty


def connect(host, number=0, address=None):
    connection = host.socket(socket.AF_INET, socket.SOCK_STREAM)
    connection.settimeout(30)
    connection.bind((address or f"127.0.1.{number % ADDRESSES + 1}", 0))
    connection.connect(("127.0.0.1", PORTS["raw"]))
    return connection


@contextlib.contextmanager
def crowd_of(host, size):
    """Callers who have all been served something, and have all gone in the end."""
    with contextlib.ExitStack() as stack:
        callers = [stack.enter_context(connect(host, number)) for number in range(size)]
        for caller in callers:
            assert caller.recv(1)
        hosts.wait_for(lambda: ask(host, "Status")["sessions"] == size, 60, "all to be counted")
        yield callers
    wait_empty(host, 60)


def everyone(host):
    """All sessions, however many messages that takes."""
    found, following = [], None
    while True:
        part = ask(host, "ListSessions", **({} if following is None else {"from": following}))
        found += part["sessions"]
        if (following := part.get("next")) is None:
            return found


def test_hundreds_at_once_are_all_served(host, record_property):
    begin = time.monotonic()
    with crowd_of(host, CROWD):
        record_property("speed", f"{CROWD} at once were served within {time.monotonic() - begin:.1f} s")
    assert host.output("systemctl", "is-active", "vdtgw-raw.socket").strip() == "active"
    assert host.output("systemctl", "list-units", "--failed", "--no-legend", "--plain", "vdtgw*") == ""


def test_time_to_the_first_byte(host, record_property):
    """Of one caller after the other; told, not judged, since it is the machine's."""
    times = []
    for number in range(50):
        begin = time.monotonic()
        with connect(host, number) as caller:
            assert caller.recv(1)
            times.append((time.monotonic() - begin) * 1000)
    record_property("speed", f"first byte after {statistics.median(times):.0f} ms (median of 50 calls;"
                    f" {min(times):.0f} to {max(times):.0f} ms)")  # fmt: skip
    wait_empty(host, 60)


def test_one_address_gets_no_more_than_its_share(host):
    callers = [connect(host, address="127.0.2.1") for _ in range(70)]
    served = 0
    for caller in callers:
        with contextlib.suppress(ConnectionResetError):
            served += bool(caller.recv(1))
    assert served == 64  # MaxConnectionsPerSource= of the unit
    with connect(host, 3) as another:
        assert another.recv(1)
    for caller in callers:
        caller.close()
    wait_empty(host, 60)


@pytest.fixture
def few_connections(host):
    """A port of five connections: the limit that holds when the supervisor is away."""
    drop_in = host.path("/etc/systemd/system/vdtgw-raw.socket.d/few.conf")
    drop_in.parent.mkdir()
    drop_in.write_text("[Socket]\nMaxConnections=5\n")
    host.run("systemctl", "daemon-reload")
    yield
    drop_in.unlink()
    drop_in.parent.rmdir()
    host.run("systemctl", "daemon-reload")


@pytest.mark.usefixtures("few_connections")
def test_full_port_takes_callers_again_when_one_has_left(host):
    with crowd_of(host, 5) as callers:
        with connect(host, 5) as one_more, contextlib.suppress(ConnectionResetError):
            assert one_more.recv(1) == b""
        callers[0].close()
        hosts.wait_for(lambda: len(sessions(host)) == 4, what="room")
        with connect(host, 6) as another:
            assert another.recv(1)
        assert host.output("systemctl", "is-active", "vdtgw-raw.socket").strip() == "active"


def test_no_rate_of_connections_stops_or_delays_a_port(host):
    for unit in hosts.SOCKETS:
        shown = host.output("systemctl", "show", "-p", "TriggerLimitIntervalUSec,PollLimitIntervalUSec", unit)
        limits = dict(line.split("=", 1) for line in shown.splitlines())
        assert set(limits.values()) == {"0"}, limits  # systemd 252 has no PollLimit
    assert "Unknown key" not in host.journal("-b", "_PID=1")


def test_storm_does_not_switch_the_port_off(host, record_property):
    begin = time.monotonic()
    for number in range(600):
        connect(host, number).close()
    assert time.monotonic() - begin < 60
    assert host.output("systemctl", "is-active", "vdtgw-raw.socket").strip() == "active"
    with connect(host, 1) as caller:
        assert caller.recv(1)
    record_property("speed", f"a caller behind 600 who hung up: {time.monotonic() - begin:.1f} s")
    # Some of their processes may not have asked to enter yet.
    hosts.wait_for(lambda: host.output("systemctl", "list-units", "--no-legend", "vdtgw-raw@*") == "",
                   60, "all of them to have gone")  # fmt: skip
    wait_empty(host)


def test_killed_supervisor_has_all_its_callers_again(host):
    with crowd_of(host, 200) as callers:
        before = {(session["session"], session["pid"], session["port"]) for session in everyone(host)}
        (pid,) = processes_of(host, "vdtgw-supervisor.service")
        host.run("kill", "-KILL", pid)
        hosts.wait_for(lambda: processes_of(host, "vdtgw-supervisor.service") not in ([], [pid]),
                       what="another supervisor")  # fmt: skip
        hosts.wait_for(lambda: ask(host, "Status")["sessions"] == 200, 60, "all to enter again")
        assert {(session["session"], session["pid"], session["port"]) for session in everyone(host)} == before
        status = ask(host, "Status")
        assert (status["reentered"], status["admitted"], status["crashed"]) == (200, 0, 0)
        for caller in callers[:80]:
            caller.close()
        hosts.wait_for(lambda: ask(host, "Status")["sessions"] == 120, 60, "the count of those who stay")
    wait_channel(host)


def test_stopped_slice_ends_its_calls_orderly(host):
    begin = time.time()
    with crowd_of(host, 100) as callers:
        host.run("systemctl", "stop", "vdtgw-sessions.slice")
        for caller in callers:
            while caller.recv(4096):
                pass  # and no ConnectionResetError
        wait_empty(host)
        ends = ask(host, "History", since=int(begin * 1e6), kinds=["ended", "crashed"])["events"]
        assert [event["reason"] for event in ends] == ["terminated"] * 100
    with crowd_of(host, 1):
        assert host.output("systemctl", "is-active", "vdtgw-sessions.slice").strip() == "active"
