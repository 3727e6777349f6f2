"""Chaos: for a while everything is killed, stopped, cut, flooded and filled at random, under honest
callers and administrators; afterwards nothing may be lost, left over, miscounted or stuck.

CHAOS_SECONDS is how long (20; `make chaos`: 180), CHAOS_CALLERS how many honest callers there are,
CHAOS_SEED what decides, so that a failure can be tried again: it is printed first."""

import collections
import os
import random
import time

import pytest

import chaos
import chaos_people
from processes import cpu_seconds, dirty_kilobytes, disk, is_sanitized, is_under_valgrind, wait_for

SECONDS = float(os.environ.get("CHAOS_SECONDS", "20"))
CALLERS = int(os.environ.get("CHAOS_CALLERS", "24"))
SEED = os.environ.get("CHAOS_SEED") or str(random.SystemRandom().randrange(10**9))
SETTLE = 90  # s in which each caller who is left must have been to a service and home
MEMORY_MAX = 4096  # KiB that the supervisor may have more than at its start


pytestmark = pytest.mark.skipif(
    is_under_valgrind(), reason="under valgrind all of it together takes minutes to do anything"
)


@pytest.fixture
def network():
    made = chaos.Network()
    if made.namespace is None:
        print(f"chaos: callers are on this machine, so that scanners are not banned: {made.why}")
    yield made
    made.close()


@pytest.fixture
def house(tmp_path, network):
    (tmp_path / "house").mkdir()
    with disk(tmp_path / "disk", "24m") as why:
        if why:
            print(f"chaos: the disk is this machine's, and not filled: {why}")
        running = chaos.House(tmp_path / "house", network, tmp_path / "disk")
        running.can_be_filled = not why
        yield running
        wrong = running.stop()
    assert not wrong, "\n".join(wrong)


class Measures:
    """What the supervisor takes when nobody is there."""

    def __init__(self, house):
        self.pid = house.supervisor.pid
        self.descriptors = len(os.listdir(f"/proc/{self.pid}/fd"))
        self.kilobytes = dirty_kilobytes(self.pid)


def live(callers):
    return sum(caller.call is not None and not caller.call.peer.ended for caller in callers)


def wait_counts(house, callers):
    """Those who are there, the processes, and what the supervisor says: the same number."""

    def counts():
        return live(callers), len(house.sessions_running()), house.ask("Status")["sessions"]

    try:
        wait_for(lambda: len(set(counts())) == 1, 20, "the same count")
    except AssertionError:
        told = dict(zip(("callers", "processes", "sessions of Status"), counts()))
        raise AssertionError(f"not the same count: {told}") from None


def check_history(house):
    """With nobody there any more: each call began once and ended once, as far as the last
    supervisor saw both, and no call did so twice."""
    happened = {kind: collections.Counter() for kind in ("started", "ended")}
    started_here = house.ask("Status")["started"]
    begun_here = set()
    for event in house.pages("History", "events", kinds=["started", "ended", "crashed"]):
        kind = "started" if event["kind"] == "started" else "ended"
        happened[kind][event["session"]] += 1
        if kind == "started" and event["time"] > started_here:
            begun_here.add(event["session"])
    for kind, numbers in happened.items():
        twice = [number for number, count in numbers.items() if count > 1]
        assert not twice, f"calls that {kind} twice: {twice}"
    endless = begun_here - set(happened["ended"])
    assert not endless, f"calls without an end: {sorted(endless)}"
    return len(begun_here)


def check_idle(house):
    """Nobody does anything: nothing is busy."""
    pids = [house.supervisor.pid, house.kiosk.pid, *house.sessions_running()]
    before = {pid: cpu_seconds(pid) for pid in pids}
    time.sleep(1)
    busy = {pid: cpu_seconds(pid) - taken for pid, taken in before.items()}
    assert all(taken < 0.5 for taken in busy.values()), busy


def people(house, bans):
    callers = [chaos_people.HonestCaller(house, number, SEED) for number in range(CALLERS)]
    others = [
        *(chaos_people.Scanner(house, f"scanner {number}", SEED) for number in range(3)),
        *(chaos_people.Administrator(house, number, SEED, bans) for number in range(3)),
        chaos_people.Bookkeeper(house, SEED, bans),
        *(chaos_people.Watcher(house, number, SEED, lazy=number == 0) for number in range(3)),
        chaos.SessionKiller(house, "session killer", SEED),
        chaos.KioskKiller(house, "kiosk killer", SEED),
    ]
    if house.can_be_filled:
        others.append(chaos.DiskFiller(house, "disk filler", SEED))
    # What it leaks is to be seen: the last supervisor has a third of the time.
    return callers, chaos.SupervisorKiller(house, "supervisor killer", SEED), others


def end(actors, timeout=20):
    for actor in actors:
        actor.over.set()
    deadline = time.monotonic() + timeout
    for actor in actors:
        actor.join(max(0.0, deadline - time.monotonic()))
    lasting = [actor.name for actor in actors if actor.is_alive()]
    assert not lasting, f"these did not come to an end: {lasting}"


def make_noise(callers, killer, others):
    everybody = [*callers, killer, *others]
    for actor in everybody:
        actor.start()
    try:
        time.sleep(SECONDS * 2 / 3)
        end([killer])
        time.sleep(SECONDS / 3)
    finally:
        end([killer, *others], 30)


def settle(house, callers):
    """Each honest caller has been there and home again, and is connected."""
    chaos.wait_well(house, 30)
    for caller in callers:
        caller.settle = True
    stuck = chaos_people.wait_all(callers, lambda caller: caller.walked or caller.wrong, SETTLE)
    assert not stuck, "not served after the noise: " + "\n".join(
        f"{caller.name} by {caller.transport}\n"
        + (caller.call.screen.text() if caller.call else f"not connected from {caller.address}")
        for caller in stuck
    )


def tell(actors):
    totals = collections.Counter()
    for actor in actors:
        for what, count in actor.counts.items():
            totals[f"{actor.name.rstrip(' 0123456789')}: {what}"] += count
    print("chaos: " + ", ".join(f"{what} {count}" for what, count in sorted(totals.items())))


def test_nothing_is_lost_left_over_miscounted_or_stuck(house):
    print(f"chaos: CHAOS_SEED={SEED} CHAOS_SECONDS={SECONDS:g} CHAOS_CALLERS={CALLERS}", flush=True)
    bans = chaos.Bans()
    chaos.wait_well(house, 10)
    house.ask("Ban", network="198.51.100.1")
    bans.set(["198.51.100.1"], True)
    before = Measures(house)
    callers, killer, others = people(house, bans)
    everybody = [*callers, killer, *others]
    try:
        make_noise(callers, killer, others)
        settle(house, callers)
        wait_counts(house, callers)
        check_idle(house)
    finally:
        end(callers, 30)
        tell(everybody)
    wrong = [fault for actor in everybody for fault in actor.wrong]
    assert not wrong, "\n".join(wrong)

    wait_counts(house, callers)
    assert not house.sessions_running() and not chaos.stray(house), chaos.stray(house)
    listed = {ban["network"] for ban in house.pages("ListBans", "bans")}
    differences = bans.differences(listed)
    assert not differences, "\n".join(differences)
    check_history(house)
    wait_for(lambda: Measures(house).descriptors <= before.descriptors, what="descriptors closed")
    if not is_sanitized(house.supervisor.pid):
        after = Measures(house)
        assert after.kilobytes < before.kilobytes + MEMORY_MAX, (before.kilobytes, after.kilobytes)
