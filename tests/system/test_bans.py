"""Bans: who is struck, who is let in, and what survives a death, a full disk and a damaged file."""

import os
import sqlite3
import subprocess
import time

import pytest

from processes import dirty_kilobytes, is_sanitized, wait_for
from scanners import SCANNER, SECOND, ban_makers, bans, call, fails, is_banned, leave, nevers, visit
from varlink_peer import Failure, Stranger


@pytest.fixture
def make(supervisors):
    return ban_makers(supervisors)


# Who is struck.


def test_a_call_that_is_too_short_bans_its_address(make):
    supervisor = make().start()
    visit(supervisor)
    assert is_banned(supervisor)
    assert not is_banned(supervisor, "203.0.113.10")
    assert list(bans(supervisor)) == [SCANNER]
    supervisor.wait_log(rf"{SCANNER} is banned until 100d 20s after its last visit \(caller-closed")
    status = supervisor.status()["bans"]
    assert status["banned"] == 1 and status["refused"] == 1 and status["count"] == 1
    assert status["saved"] is True


@pytest.mark.parametrize(
    "reason", ["home-refused", "kicked", "caller-not-websocket", "caller-idle", "full"]
)
def test_an_end_that_is_not_the_callers_doing_bans_nobody(make, reason):
    supervisor = make().start()
    visit(supervisor, reason=reason)
    assert not is_banned(supervisor)


@pytest.mark.parametrize(
    "reason, word",
    {
        "typing-speed": "typing_speed",
        "abuse-http": "protocol_abuse",
        "abuse-tls": "protocol_abuse",
        "caller-handshake-timed-out": "no_handshake",
        "caller-no-handshake": "no_handshake",
    }.items(),
)
def test_abuse_bans_however_long_it_took(make, reason, word):
    supervisor = make().start()
    visit(supervisor, reason=reason, duration=60 * SECOND)
    assert bans(supervisor)[SCANNER]["reason"] == word
    assert is_banned(supervisor)


def test_a_call_is_as_long_as_its_session_says_if_that_is_longer(make):
    supervisor = make(bans={"short_session_ms": 100}).start()
    visit(supervisor, duration=100_000)
    assert not is_banned(supervisor)


def test_a_session_that_crashes_soon_after_its_start_counts(make):
    supervisor = make(bans={"short_session_ms": 60000}).start()
    Stranger(supervisor, address=SCANNER).kill()
    wait_for(lambda: SCANNER in bans(supervisor), what="the ban")


def test_a_session_that_entered_late_and_crashes_has_not_been_short(make):
    supervisor = make(bans={"short_session_ms": 60000}).start()
    session = supervisor.session()
    # It began while there was no supervisor.
    session.enter(address=SCANNER, started=int(time.time() * SECOND) - 90 * SECOND)
    session.close()
    supervisor.wait_log("crashed: ")
    assert bans(supervisor) == {}


def test_a_session_that_was_sent_away_does_not_count(make):
    supervisor = make(bans={"short_session_ms": 60000}).start()
    session = supervisor.session()
    number = session.enter(address=SCANNER)
    call(supervisor, "Kick", session=number)
    session.order()
    leave(session)
    assert bans(supervisor) == {}


def test_a_session_that_entered_again_has_not_been_short(make):
    supervisor = make(bans={"short_session_ms": 60000}).start()
    session = supervisor.session()
    session.enter(address=SCANNER, session=77)
    leave(session)
    assert bans(supervisor) == {}


def test_strikes_are_counted_before_the_ban(make):
    supervisor = make(bans={"strikes": 3}).start()
    for strike in (1, 2):
        visit(supervisor)
        supervisor.wait_log(rf"{SCANNER} has offended .* strike {strike} of 3")
        visit(supervisor, "203.0.113.10", duration=SECOND)
        assert bans(supervisor) == {}
    visit(supervisor)
    assert list(bans(supervisor)) == [SCANNER]


def test_bans_that_are_disabled_ban_nobody(make):
    supervisor = make(bans={"enabled": False}).start()
    visit(supervisor)
    call(supervisor, "Ban", network=SCANNER)
    assert not is_banned(supervisor)
    assert supervisor.status()["bans"]["enabled"] is False


@pytest.mark.parametrize(
    "address, others, strangers",
    [
        ("::ffff:203.0.113.9", [SCANNER], ["203.0.113.8"]),
        ("2001:db8:1:2::9", ["2001:db8:1:2:ffff::1"], ["2001:db8:1:3::9"]),
    ],
)
def test_a_ban_is_of_an_ipv4_address_or_an_ipv6_subscriber(make, address, others, strangers):
    supervisor = make().start()
    visit(supervisor, address)
    assert all(is_banned(supervisor, other) for other in others)
    assert not any(is_banned(supervisor, stranger) for stranger in strangers)


def test_whoever_comes_without_an_address_is_not_banned(make):
    supervisor = make().start()
    visit(supervisor, "", port=0)
    visit(supervisor, "", port=0)
    assert bans(supervisor) == {}


def own_addresses():
    done = subprocess.run(["ip", "-o", "addr"], capture_output=True, text=True, check=True)
    fields = [line.split() for line in done.stdout.splitlines()]
    return [field[3].split("/")[0] for field in fields if field[2] in ("inet", "inet6")]


def test_never_banned_are_loopback_this_machine_and_the_configured(make):
    supervisor = make(
        bans={"never": ["192.0.2.0/24", "2001:db8::7"]}, proxy={"trusted": ["198.51.100.1"]}
    ).start()
    addresses = ["127.0.0.1", "127.9.9.9", "::1", "192.0.2.200", "2001:db8::7", "198.51.100.1"]
    for address in addresses + own_addresses():
        visit(supervisor, address)
        visit(supervisor, address)
    assert bans(supervisor) == {}
    origins = {network: never["origin"] for network, never in nevers(supervisor).items()}
    assert origins["192.0.2.0/24"] == origins["198.51.100.1"] == "configuration"
    assert origins["127.0.0.1"] == "machine"


def test_a_ban_of_a_subscriber_lets_the_never_banned_of_it_in(make):
    supervisor = make(bans={"never": ["2001:db8::7"]}).start()
    visit(supervisor, "2001:db8::8")
    assert is_banned(supervisor, "2001:db8::9")
    assert not is_banned(supervisor, "2001:db8::7")


# How long.


def test_a_ban_ends_in_time_and_each_visit_renews_it(make):
    supervisor = make(bans={"duration": "2s"}).start()
    visit(supervisor)
    first = bans(supervisor)[SCANNER]
    assert first["until"] - first["visited"] == 2 * SECOND
    assert is_banned(supervisor)
    renewed = bans(supervisor)[SCANNER]
    assert renewed["visited"] > first["visited"] and renewed["refusals"] == 1
    assert abs(renewed["since"] - first["since"]) < SECOND // 10
    supervisor.wait_log(rf"{SCANNER} is banned no longer: its time is over")
    assert bans(supervisor) == {}
    assert supervisor.status()["bans"]["unbanned"] == 1
    assert not is_banned(supervisor)


# The administrator.


def test_an_administrator_bans_and_unbans(make):
    supervisor = make().start()
    caller, other = supervisor.session(), supervisor.session()
    caller.enter(address="198.51.100.7")
    other.enter(address="198.51.101.7")
    answer = call(
        supervisor, "Ban", network="198.51.100.99/24", duration=3600 * SECOND, comment="scan\x1b[2J"
    )
    assert answer == {"network": "198.51.100.0/24", "saved": True}
    assert caller.order() == {"kind": "kick", "reason": "banned"}
    leave(caller)
    ban = bans(supervisor)["198.51.100.0/24"]
    assert ban["reason"] == "administrator" and ban["comment"] == "scan\x1b[2J"
    assert abs(ban["until"] - time.time() * SECOND - 3600 * SECOND) < 10 * SECOND
    supervisor.wait_log(r"198\.51\.100\.0/24 is banned, by order of user \d+ .*: scan\\x1B\[2J")
    assert is_banned(supervisor, "198.51.100.1") and not is_banned(supervisor, "198.51.101.1")
    assert fails(supervisor, "Unban", network="198.51.100.1") == "NoSuchBan"
    call(supervisor, "Unban", network="198.51.100.0/24")
    assert not is_banned(supervisor, "198.51.100.1")
    assert call(supervisor, "Ban", network="2001:db8:5::1")["network"] == "2001:db8:5::/64"
    assert is_banned(supervisor, "2001:db8:5::2")
    assert call(supervisor, "Unban", network="2001:db8:5::1")["network"] == "2001:db8:5::/64"
    assert bans(supervisor) == {}


def test_an_administrator_says_who_is_never_banned(make):
    supervisor = make(bans={"never": ["192.0.2.1"]}).start()
    visit(supervisor)
    call(supervisor, "AddNever", network=SCANNER, comment="our own tests")
    assert bans(supervisor) == {}
    visit(supervisor)
    assert not is_banned(supervisor)
    assert fails(supervisor, "Ban", network=SCANNER) == "NeverBanned"
    assert fails(supervisor, "Ban", network="127.0.0.1") == "NeverBanned"
    assert fails(supervisor, "RemoveNever", network="192.0.2.1") == "Configured"
    assert fails(supervisor, "RemoveNever", network="192.0.2.2") == "NoSuchNever"
    supervisor.kill()
    supervisor.start()
    assert nevers(supervisor)[SCANNER]["comment"] == "our own tests"
    call(supervisor, "RemoveNever", network=SCANNER)
    visit(supervisor)
    assert is_banned(supervisor)


@pytest.mark.parametrize(
    "method, parameters, name",
    [
        ("Ban", {"network": "somewhere"}, "network"),
        ("Ban", {"network": "192.0.2.1/33"}, "network"),
        ("Ban", {}, "network"),
        ("Ban", {"network": "192.0.2.1", "duration": 0}, "duration"),
        ("Ban", {"network": "192.0.2.1", "duration": 10**17}, "duration"),
        ("Ban", {"network": "192.0.2.1", "comment": "x" * 257}, "comment"),
        ("Unban", {"network": ""}, "network"),
        ("AddNever", {"network": "x" * 200}, "network"),
        ("RemoveNever", {"network": 5}, "network"),
        ("ListBans", {"from": -1}, "from"),
        ("ListNever", {"page": 1}, "page"),
    ],
)
def test_wrong_parameters_are_named(make, method, parameters, name):
    supervisor = make().start()
    with pytest.raises(Failure) as failure:
        call(supervisor, method, **parameters)
    assert failure.value.name == "org.varlink.service.InvalidParameter"
    assert failure.value.parameters == {"parameter": name}


def test_many_bans_are_listed_in_pages_and_are_there_after_a_restart(make):
    supervisor = make().start()
    client = supervisor.admin()
    networks = [f"10.0.{i // 256}.{i % 256}" for i in range(2000)]
    for network in networks:
        client.send("org.vdtgw.Admin.Ban", {"network": network, "comment": "ä" * 128}, oneway=True)
    client.call("org.varlink.service.GetInfo")
    assert list(bans(supervisor)) == networks
    supervisor.kill()
    supervisor.start()
    found = bans(supervisor)
    assert sorted(found) == sorted(networks)
    assert all(ban["comment"] == "ä" * 128 for ban in found.values())


# What survives.


def test_a_ban_survives_a_kill_before_the_next_connection(make):
    supervisor = make().start()
    for i in range(3):
        visit(supervisor, f"203.0.113.{i}")
        supervisor.kill()
        supervisor.start()
        assert all(is_banned(supervisor, f"203.0.113.{j}") for j in range(i + 1))
    call(supervisor, "Unban", network="203.0.113.0")
    supervisor.kill()
    supervisor.start()
    assert not is_banned(supervisor, "203.0.113.0")


def test_a_storm_of_bans_survives_a_kill(make):
    supervisor = make().start()
    addresses = [f"198.51.{i // 256}.{i % 256}" for i in range(400)]
    for address in addresses:
        visit(supervisor, address)
    supervisor.kill()
    supervisor.start()
    assert sorted(bans(supervisor)) == sorted(addresses)


def test_visits_are_on_disk_after_an_orderly_stop(make):
    supervisor = make(bans={"duration": "1h"}).start()
    visit(supervisor)
    before = bans(supervisor)[SCANNER]
    assert is_banned(supervisor)
    supervisor.program.stop()
    supervisor.start()
    after = bans(supervisor)[SCANNER]
    # Less than a minute newer than what is on disk: not worth a write.
    assert before["visited"] - SECOND // 10 <= after["visited"] <= time.time() * SECOND
    assert is_banned(supervisor)





def test_a_banned_address_that_comes_again_and_again_costs_no_write(make):
    # The history writes what has been, half a second later.
    supervisor = make(history={"max_events": 0}).start()
    visit(supervisor)
    size = (supervisor.state / "vdtgw.db-wal").stat().st_size
    for _ in range(200):
        assert is_banned(supervisor)
    assert (supervisor.state / "vdtgw.db-wal").stat().st_size == size
    assert bans(supervisor)[SCANNER]["refusals"] == 200


def rewrite(supervisor, statement, *values):
    database = sqlite3.connect(supervisor.state / "vdtgw.db")
    database.execute(statement, values)
    database.commit()
    database.close()


DAY = 86400 * SECOND


@pytest.mark.parametrize("step", (-10000 * DAY, -3600 * SECOND, 10000 * DAY))
def test_a_clock_that_was_set_while_we_were_away_neither_unbans_nor_bans_for_ever(make, step):
    supervisor = make().start()
    visit(supervisor)
    left = bans(supervisor)[SCANNER]["until"] - time.time() * SECOND
    supervisor.program.stop()
    # The clock showed another time when we stopped, or, which is the same, shows another one now.
    rewrite(supervisor, "UPDATE ban_clock SET wall = wall - ?", step)
    supervisor.start()
    ban = bans(supervisor)[SCANNER]
    now_left = ban["until"] - time.time() * SECOND
    assert left - 7 * DAY - 60 * SECOND < now_left < left + 60 * SECOND
    assert is_banned(supervisor)


def test_rows_that_make_no_sense_are_left_out(make):
    supervisor = make().start()
    visit(supervisor)
    supervisor.program.stop()
    for network, visited, reason in (
        ("nowhere", 1, "short_session"),
        ("192.0.2.1", -5, "short_session"),
        ("192.0.2.2", 2**63 - 1, "short_session"),
        ("192.0.2.3", 1, "weather"),
    ):
        rewrite(
            supervisor,
            "INSERT INTO ban VALUES (?, 1, ?, 100000000000000, ?, NULL)",
            network,
            visited,
            reason,
        )
    supervisor.start()
    supervisor.wait_log("4 bans and 0 never-banned addresses of the database make no sense")
    assert list(bans(supervisor)) == [SCANNER]


def test_a_damaged_database_is_moved_aside_at_the_start(make):
    supervisor = make()
    (supervisor.state / "vdtgw.db").write_bytes(b"junk " * 1000)
    supervisor.start()
    supervisor.wait_log(r"the database is damaged .*moved aside as .*vdtgw\.db\.damaged")
    assert (supervisor.state / "vdtgw.db.damaged").read_bytes() == b"junk " * 1000
    first = supervisor.session().enter()
    # Far above what the lost database can have given, and below the numbers of the clock.
    assert 10**9 < first < 10**12
    visit(supervisor)
    supervisor.kill()
    supervisor.start()
    assert is_banned(supervisor)
    assert supervisor.session().enter() > first
    assert not any("damaged" in line for line in supervisor.program.lines)


def test_a_database_that_is_damaged_meanwhile_is_replaced_with_all_bans(make):
    supervisor = make().start()
    addresses = [f"203.0.113.{i}" for i in range(200)]
    for address in addresses:
        visit(supervisor, address)
    supervisor.program.stop()
    supervisor.start()
    # All pages but the first, which holds the schema.
    database = supervisor.state / "vdtgw.db"
    with open(database, "r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (database.stat().st_size - 4096))
    visit(supervisor, "198.51.100.1")
    supervisor.wait_log("the database is damaged")
    supervisor.kill()
    supervisor.start()
    assert sorted(bans(supervisor)) == sorted([*addresses, "198.51.100.1"])


@pytest.mark.parametrize("names", [["vdtgw.db", "vdtgw.db-wal", "vdtgw.db-shm"], ["vdtgw.db-wal"]])
def test_a_database_that_is_deleted_meanwhile_is_begun_anew_with_all_bans(make, names):
    supervisor = make().start()
    visit(supervisor)
    for name in names:
        (supervisor.state / name).unlink()
    call(supervisor, "Ban", network="198.51.100.1")
    supervisor.wait_log("the database is damaged .*deleted or replaced while it was in use")
    supervisor.kill()
    supervisor.start()
    assert sorted(bans(supervisor)) == sorted([SCANNER, "198.51.100.1"])


def test_a_database_that_is_put_in_place_of_the_one_in_use_is_moved_aside(make):
    supervisor = make().start()
    visit(supervisor)
    other = supervisor.state / "other"
    other.write_bytes(b"somebody's")
    other.rename(supervisor.state / "vdtgw.db")
    # Even if nothing more is written before the end.
    supervisor.program.stop()
    assert (supervisor.state / "vdtgw.db.damaged").read_bytes() == b"somebody's"
    supervisor.start()
    assert is_banned(supervisor)


def test_on_a_full_disk_bans_are_in_memory_until_there_is_room(make, small_disk):
    supervisor = make(folder=small_disk).start()
    visit(supervisor)
    with open(small_disk / "filler", "wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"x" * 4096)
        except OSError:
            pass
    addresses = [f"198.51.{i // 256}.{i % 256}" for i in range(300)]
    for address in addresses:
        visit(supervisor, address)
    supervisor.wait_log("bans are kept in memory only, because the database cannot be written")
    assert supervisor.status()["bans"]["saved"] is False
    for method, network in (
        ("Ban", "192.0.2.1"),
        ("Unban", "192.0.2.1"),
        ("AddNever", "192.0.2.2"),
        ("RemoveNever", "192.0.2.2"),
    ):
        assert call(supervisor, method, network=network)["saved"] is False
    assert call(supervisor, "Import", bans=[], never=[])["saved"] is False
    assert all(is_banned(supervisor, address) for address in (SCANNER, *addresses))
    (small_disk / "filler").unlink()
    supervisor.program.wait_line(lambda line: "can be written again" in line, 20)
    assert supervisor.status()["bans"]["saved"] is True
    assert sum("kept in memory only" in line for line in supervisor.program.lines) == 1
    supervisor.kill()
    supervisor.start()
    assert sorted(bans(supervisor)) == sorted([SCANNER, *addresses])


def test_a_read_only_disk_still_tells_who_is_banned(make, small_disk, tmp_path):
    supervisor = make(folder=small_disk).start()
    visit(supervisor)
    supervisor.program.stop()
    # The sockets are elsewhere, as they are in /run.
    folder = tmp_path / "elsewhere"
    sockets = {f"{name}_socket": str(folder / name) for name in ("session", "admin", "console")}
    other = make(folder=folder, supervisor={**sockets, "state": str(small_disk / "state")})
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    other.start()
    other.wait_log("the database cannot be used")
    assert is_banned(other)
    visit(other, "203.0.113.77")
    assert is_banned(other, "203.0.113.77")
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    other.program.wait_line(lambda line: "can be written again" in line, 20)
    other.kill()
    other.start()
    assert is_banned(other) and is_banned(other, "203.0.113.77")


# Half-open calls.


def test_half_open_calls_make_room_for_the_next_one(make):
    supervisor = make(limits={"half_open": 3}).start()
    silent = [supervisor.session() for _ in range(3)]
    for i, session in enumerate(silent):
        session.enter(address=f"198.51.100.{i}", state="home")
    # Three that have said something, each in its own way.
    for i, (method, news) in enumerate(
        (
            ("Traffic", {"bytes_in": 1, "bytes_out": 0}),
            ("Learned", {"terminal_type": "minitel"}),
            ("StateChanged", {"state": "home"}),
        )
    ):
        assert supervisor.status()["half_open"] == 3
        talker = supervisor.session()
        with pytest.raises(Failure) as failure:  # the oldest has had no time to answer yet
            talker.enter(address="198.51.100.99", transport="websocket")
        assert failure.value.name == "org.vdtgw.Session.Full"
        leave(silent.pop(0), duration=SECOND)
        talker = supervisor.session()
        talker.enter(address=f"198.51.101.{i}", transport="websocket", state="answering")
        talker.tell(method, **news)
        talker.call("org.varlink.service.GetInfo")
        assert supervisor.status()["half_open"] == 2
        silent.append(supervisor.session())
        silent[-1].enter(address=f"198.51.102.{i}")
    started = time.monotonic()

    def newcomer():
        session = supervisor.session()
        try:
            session.enter(address="198.51.103.1")
        except Failure:
            session.close()
            return None
        return session

    wait_for(newcomer, what="a place among those who have sent nothing")
    assert time.monotonic() - started > 1
    assert silent[0].order() == {"kind": "kick", "reason": "half-open"}
    leave(silent[0])
    assert bans(supervisor) == {}
    status = supervisor.status()
    assert status["half_open"] == 3 and status["half_open_limited"] >= 4


# A storm.


def test_a_storm_of_scanners_leaves_nothing_behind_and_hinders_nobody(make):
    # The history is what is meant to be left; with it, the database's cache grows, up to 2 MB.
    supervisor = make(bans={"duration": "2s"}, history={"max_events": 0}).start()
    pid = supervisor.program.pid

    def storm(seconds, number):
        """300 new connections a second, every other one from a banned address. The worst delay."""
        worst, start = 0.0, time.monotonic()
        for i in range(seconds * 300):
            time.sleep(max(0.0, start + i / 300 - time.monotonic()))
            address = f"198.{18 + number}.{i // 512}.{i // 2 % 256}"
            client = supervisor.session()
            began = time.monotonic()
            try:
                client.enter(address=address if i % 2 == 0 else SCANNER)
                client.tell("Leave", reason="caller-closed", bytes_in=0, bytes_out=0, duration=1)
            except Failure as failure:
                assert failure.name == "org.vdtgw.Session.Banned"
            worst = max(worst, time.monotonic() - began)
            client.close()
            supervisor.clients.remove(client)
        return worst

    def quiet():
        return supervisor.status()["sessions"] == 0 and list(bans(supervisor)) in ([], [SCANNER])

    call(supervisor, "Ban", network=SCANNER, duration=3600 * SECOND)
    storm(1, 0)
    wait_for(quiet, 15, "all bans over")
    before = dirty_kilobytes(pid), len(os.listdir(f"/proc/{pid}/fd"))
    worst = storm(4, 1)
    wait_for(quiet, 15, "all bans over")
    status = supervisor.status()["bans"]
    assert status["refused"] >= 5 * 150 and status["banned"] >= 5 * 150
    wait_for(lambda: len(os.listdir(f"/proc/{pid}/fd")) <= before[1], what="all descriptors closed")
    # With the sanitizers, memory that was freed counts too.
    if not is_sanitized(pid):
        assert dirty_kilobytes(pid) < before[0] + 512
    assert worst < 1.0
