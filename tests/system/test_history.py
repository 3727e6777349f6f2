"""The history: what is kept, for how long, how it is asked for, and what it survives."""

import json
import os
import re
import sqlite3
import subprocess
import time
from contextlib import closing
from ipaddress import IPv6Address

import pytest

from processes import VDTGWCTL, is_sanitized, wait_for
from varlink_peer import Failure, Supervisor

SECOND = 1_000_000
HOUR = 3600 * SECOND


@pytest.fixture
def make(supervisors):
    """make(folder=None, group={…}): a supervisor, not started."""

    def new(folder=None, **settings):
        return supervisors(Supervisor, folder=folder, settings=settings)

    return new


def ask(supervisor, **parameters):
    """One page."""
    with closing(supervisor.admin()) as client:
        return client.call("org.vdtgw.Admin.History", parameters)


def history(supervisor, **parameters):
    """All pages."""
    found, page = [], ask(supervisor, **parameters)
    while True:
        found += page["events"]
        if page.get("next") is None:
            return found
        page = ask(supervisor, **parameters, **{"from": page["next"]})


def fails(supervisor, **parameters):
    with pytest.raises(Failure) as failure:
        ask(supervisor, **parameters)
    return failure.value


def call(supervisor, address="192.0.2.1", transport="telnet", service=None, reason="fin"):
    """A whole call. Its number."""
    session = supervisor.session()
    number = session.enter(address=address, transport=transport)
    if service is not None:
        session.tell("StateChanged", state="redirected", service=service)
    session.call(
        "org.vdtgw.Session.Leave",
        {"reason": reason, "bytes_in": 11, "bytes_out": 22, "duration": 33},
    )
    session.close()
    return number


def database(supervisor):
    return closing(sqlite3.connect(supervisor.state / "vdtgw.db", timeout=5, isolation_level=None))


def in_database(supervisor):
    with database(supervisor) as connection:
        return connection.execute("SELECT count(*) FROM event").fetchone()[0]


def fill(supervisor, count, first):
    """Events a second apart, up to now or from a time on, written while no supervisor runs."""
    if first is None:
        first = time.time_ns() // 1000 - count * SECOND
    rows = (
        (
            first + i * SECOND,
            0,
            i,
            "raw",
            IPv6Address(f"::ffff:198.18.{i // 256 % 256}.{i % 256}").packed,
            128,
            9002,
            f"wss://example.org/{i % 10}",
        )
        for i in range(count)
    )
    with database(supervisor) as connection:
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO event (time, kind, session, transport, address, prefix, port, service)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )
        connection.execute("UPDATE event_total SET total = total + ?", (count,))
        connection.execute("COMMIT")


def filled(make, count, first=None, **settings):
    supervisor = make(**settings).start()
    assert supervisor.stop() == 0
    fill(supervisor, count, first)
    return supervisor.start()


# What is kept.


def test_calls_are_kept_with_all_that_is_known_of_them(make):
    supervisor = make().start()
    before = time.time_ns() // 1000
    number = call(supervisor, service="wss://one.example/", reason="activity-timeout")
    call(supervisor, address="2001:db8::5", transport="websocket")
    page = ask(supervisor, kinds=["started", "ended"])
    assert [event["kind"] for event in page["events"]] == 2 * ["started", "ended"]
    assert page["total"] >= 4 and "next" not in page
    ended = page["events"][1]
    assert before <= page["oldest"] <= ended["time"] <= time.time_ns() // 1000
    wanted = {
        "session": number,
        "address": "192.0.2.1",
        "transport": "telnet",
        "port": 4711,
        "service": "wss://one.example/",
        "reason": "activity-timeout",
        "duration": 33,
        "bytes_in": 11,
        "bytes_out": 22,
    }
    assert wanted.items() <= ended.items()


def test_a_days_calls_are_found_by_what_they_were(make):
    supervisor = make().start()
    numbers = [
        call(supervisor, "192.0.2.1", "telnet", "wss://one.example/"),
        call(supervisor, "192.0.2.2", "raw", "telnet://two.example:23"),
        call(supervisor, "2001:db8::5", "websocket", "wss://one.example/x"),
    ]
    middle = history(supervisor, kinds=["started"])[1]["time"]

    def found(**parameters):
        events = history(supervisor, **{"kinds": ["ended"], **parameters})
        return [numbers.index(event["session"]) for event in events]

    assert found() == [0, 1, 2]
    assert found(network="192.0.2.1") == [0]
    assert found(network="192.0.2.0/24") == [0, 1]
    assert found(network="2001:db8::/32") == [2]
    assert found(transport="raw") == [1]
    assert found(service="wss://one.") == [0, 2]
    assert found(service="wss://one.", network="192.0.2.0/24") == [0]
    assert found(session=numbers[1]) == [1]
    assert found(since=middle) == [1, 2]
    assert found(until=middle) == [0]
    assert found(last=2) == [1, 2]
    assert found(last=1, service="wss:") == [2]
    assert found(kinds=["started", "ended"], session=numbers[2]) == [2, 2]
    assert found(kinds=[]) == []


@pytest.mark.parametrize(
    "parameters",
    [
        {"network": "router"},
        {"network": ""},
        {"transport": "pigeon"},
        {"kinds": ["eaten"]},
        {"kinds": [5]},
        {"kinds": "ended"},
        {"last": 0},
        {"last": 1 << 21},
        {"from": -1},
        {"since": "yesterday"},
        {"session": -1},
        {"service": 3000 * "x"},
        {"colour": 5},
    ],
)
def test_what_cannot_be_asked_is_refused(make, parameters):
    supervisor = make().start()
    failure = fails(supervisor, **parameters)
    assert failure.name == "org.varlink.service.InvalidParameter"
    assert failure.parameters["parameter"] in parameters


def test_any_from_is_answered(make):
    supervisor = filled(make, 100)
    for number in [1, 50, 101, 1 << 40, 1 << 61, (1 << 61) + 50, (1 << 63) - 1]:
        for last in ({}, {"last": 3}):
            assert len(ask(supervisor, **{"from": number}, **last)["events"]) <= 100


# Many.


def test_200000_events_are_searched_without_a_long_wait(make):
    supervisor = filled(make, 200_000)
    worst, limit = 0.0, 2.0 if is_sanitized(supervisor.program.pid) else 0.5

    def pages(**parameters):
        nonlocal worst
        found, number, parameters = [], 0, dict(parameters)
        while True:
            began = time.monotonic()
            page = ask(supervisor, **parameters)
            worst = max(worst, time.monotonic() - began)
            number += 1
            found += [event["session"] for event in page["events"]]
            if page.get("next") is None:
                assert worst < limit
                return found, number
            parameters["from"] = page["next"]

    assert pages(kinds=["crashed"]) == ([], pages(transport="telnet")[1])
    assert pages(session=150_000)[0] == [150_000] and pages(session=150_000)[1] == 1
    found, number = pages(network="198.18.7.7")
    assert found == [7 * 256 + 7 + i * 65536 for i in range(4)] and number == 1
    assert pages(last=5) == (list(range(199_995, 200_000)), 1)
    now = time.time_ns() // 1000
    found, number = pages(since=now - HOUR, service="wss://example.org/3")
    assert 350 <= len(found) <= 360 and number <= 2
    # What is far back is counted from the end.
    found, number = pages(network="198.18.0.0/30", last=5)
    assert found == [131_075, 196_608, 196_609, 196_610, 196_611] and number > 5
    found, number = pages(service="wss://example.org/3", last=12_000)
    assert found == list(range(80_003, 200_000, 10))
    for arguments, count in ((["--last", "9000"], 9000), (["--service", "wss://example.org/3", "--last", "600"], 600)):
        done = subprocess.run([VDTGWCTL, "--config", supervisor.config, "history", "--json", *arguments],
                              capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        assert len(json.loads(done.stdout)["events"]) == count


def test_a_page_is_one_message_and_pages_hold_all(make):
    supervisor = filled(make, 3000)
    with closing(supervisor.admin()) as client:
        client.send("org.vdtgw.Admin.History", {})
        data = b""
        while not data.endswith(b"\0"):
            data += client.sock.recv(65536)
        assert len(data) <= 65537
    found = history(supervisor, transport="raw")
    assert [event["session"] for event in found] == list(range(3000))


# Bounds.


def test_more_than_the_bound_leaves_from_the_oldest(make):
    supervisor = filled(make, 2000, history={"max_events": 500})
    wait_for(lambda: in_database(supervisor) == 500, what="500 events")
    assert ask(supervisor)["total"] == 500
    assert history(supervisor)[0]["session"] == 1500
    for _ in range(100):
        call(supervisor)
    assert ask(supervisor)["total"] == 500
    assert len(history(supervisor)) == 500


def test_what_is_too_old_leaves(make):
    now = time.time_ns() // 1000
    supervisor = filled(make, 1000, history={"duration": "1h"}, first=now - HOUR - 900 * SECOND)
    wait_for(lambda: ask(supervisor)["total"] <= 100, what="the old ones gone")
    page = ask(supervisor)
    assert page["oldest"] >= now - HOUR - SECOND
    # And one after the other, as it gets too old.
    total = page["total"]
    wait_for(lambda: ask(supervisor)["total"] < total, what="another one gone")


def test_new_bounds_hold_after_a_reload(make):
    supervisor = filled(make, 1000)
    assert ask(supervisor)["total"] >= 1000
    with open(supervisor.config, "a") as file:
        file.write("\nhistory: { max_events = 100; };\n")
    with closing(supervisor.admin()) as client:
        assert client.call("org.vdtgw.Admin.Reload")["changed"] == ["history.max_events"]
    wait_for(lambda: in_database(supervisor) == 100, what="100 events")
    assert history(supervisor)[-1]["kind"] == "reloaded"


def test_no_history_keeps_nothing_and_removes_what_was_kept(make):
    supervisor = filled(make, 1000, history={"max_events": 0})
    call(supervisor)
    failure = fails(supervisor)
    assert failure.name == "org.vdtgw.Admin.NoHistory"
    assert "history.max_events" in failure.parameters["reason"]
    wait_for(lambda: in_database(supervisor) == 0, what="an empty table")


# What it survives.


def test_a_death_loses_less_than_half_a_second(make):
    supervisor = make().start()
    number = call(supervisor)
    wait_for(lambda: in_database(supervisor) >= 2, what="the call in the database")
    supervisor.kill()
    supervisor.start()
    assert [event["kind"] for event in history(supervisor, session=number)] == ["started", "ended"]


def test_an_orderly_end_loses_nothing(make):
    supervisor = make().start()
    numbers = [call(supervisor) for _ in range(30)]
    assert supervisor.stop() == 0
    supervisor.start()
    events = history(supervisor, kinds=["ended"])
    assert [event["session"] for event in events] == numbers
    assert ask(supervisor)["total"] == in_database(supervisor)


def test_an_orderly_end_writes_what_could_not_be_written_before(make):
    supervisor = make().start()
    with closing(sqlite3.connect(supervisor.state / "vdtgw.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        number = call(supervisor)
        supervisor.wait_log("the history cannot be written")
        other.execute("ROLLBACK")
    assert supervisor.stop() == 0
    supervisor.start()
    assert len(history(supervisor, session=number)) == 2


def test_while_the_disk_takes_nothing_events_wait(make, small_disk, tmp_path):
    folder = tmp_path / "elsewhere"
    sockets = {f"{name}_socket": str(folder / name) for name in ("session", "admin", "console")}
    state = small_disk / "state"
    state.mkdir()
    supervisor = make(folder, supervisor={**sockets, "state": str(state)})
    supervisor.state = state
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    supervisor.start()
    supervisor.wait_log("the database cannot be used")
    number = call(supervisor)
    failure = fails(supervisor)
    assert failure.name == "org.vdtgw.Admin.NoHistory"
    assert failure.parameters == {"reason": "the database cannot be used"}
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    supervisor.program.wait_line(lambda line: "can be written again" in line, 20)
    assert len(history(supervisor, session=number)) == 2


def test_on_a_full_disk_events_wait_and_what_is_kept_can_be_read(make, small_disk):
    supervisor = make(small_disk).start()
    kept = call(supervisor)
    assert len(history(supervisor, session=kept)) == 2
    with open(small_disk / "filler", "wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"x" * 4096)
        except OSError:
            pass
    numbers = [call(supervisor) for _ in range(200)]
    supervisor.wait_log("the history cannot be written: up to 4096 events wait for it")
    assert len(history(supervisor, session=kept)) == 2
    (small_disk / "filler").unlink()
    supervisor.program.wait_line(lambda line: "nothing was lost" in line, 20)
    ended = history(supervisor, kinds=["ended"])
    assert [event["session"] for event in ended] == [kept, *numbers]
    assert sum("the history" in line for line in supervisor.program.lines) == 2


def test_calls_that_end_while_there_is_no_supervisor_have_an_end(make):
    supervisor = make().start()
    whole = call(supervisor)
    crashed = supervisor.session()
    crashed_number = crashed.enter()
    crashed.close()
    stays, gone = supervisor.session(), supervisor.session()
    kept = stays.enter(address="192.0.2.7")
    lost = gone.enter(address="192.0.2.8", port=77, transport="raw", home="ws://home/")
    wait_for(lambda: history(supervisor, session=lost), what="its beginning on disk")
    supervisor.kill()
    stays.close(), gone.close()
    for _ in range(2):
        supervisor.start()
        again = supervisor.session()
        assert again.enter(session=kept, address="192.0.2.7") == kept
        new = supervisor.session().enter(port=77, home="ws://home/")
        wait_for(lambda: history(supervisor, session=lost)[1:], 15, what="its end")
        [begun, end] = history(supervisor, session=lost)
        assert end.pop("time") > begun.pop("time")
        assert end == {**begun, "kind": "ended", "reason": "unseen"}
        assert begun["service"] == "ws://home/" and begun["port"] == 77
        assert [event["kind"] for event in history(supervisor, session=kept)] == ["started"]
        assert [event["kind"] for event in history(supervisor, session=new)] == ["started"]
        for number, kind in ((whole, "ended"), (crashed_number, "crashed")):
            assert [event["kind"] for event in history(supervisor, session=number)] == ["started", kind]
        supervisor.wait_log("1 calls of the history ended while there was no supervisor")
        lost = new
        supervisor.kill()
        again.close()


def test_a_damaged_database_is_replaced_and_the_history_goes_on(make):
    supervisor = filled(make, 5000)
    with open(supervisor.state / "vdtgw.db", "r+b") as file:
        file.seek(4096)
        file.write(os.urandom(os.path.getsize(file.name) - 4096))
    (supervisor.state / "vdtgw.db-wal").unlink(missing_ok=True)
    for _ in range(200):
        number = call(supervisor)
    wait_for(lambda: (supervisor.state / "vdtgw.db.damaged").exists(), what="it moved aside")
    wait_for(lambda: len(history(supervisor, session=number)) == 2, what="the call in the new one")


def test_another_supervisors_schema_is_upgraded(make):
    supervisor = make().start()
    assert supervisor.stop() == 0
    with database(supervisor) as connection:
        connection.executescript(
            "DROP TABLE event; DROP TABLE event_total; PRAGMA user_version = 2;"
            "INSERT INTO never VALUES ('192.0.2.9', 5, 'kept');"
        )
    supervisor.start()
    number = call(supervisor)
    assert len(history(supervisor, session=number)) == 2
    with closing(supervisor.admin()) as client:
        listed = client.call("org.vdtgw.Admin.ListNever")["never"]
    assert "192.0.2.9" in [never["network"] for never in listed]
    assert supervisor.status()["launches"] == 2


def test_a_storm_of_calls_is_not_held_up_by_the_history(make):
    supervisor = make().start()
    worst, start = 0.0, time.monotonic()
    for i in range(900):
        time.sleep(max(0.0, start + i / 300 - time.monotonic()))
        began = time.monotonic()
        call(supervisor, f"198.18.{i // 256}.{i % 256}", service="wss://example.org/")
        worst = max(worst, time.monotonic() - began)
    assert worst < 1.0
    assert len(history(supervisor, kinds=["ended"])) == 900
    assert not [line for line in supervisor.program.lines if re.search("history", line)]
