"""Import: what another gateway has decided is taken over, as a whole and within bounds."""

import time

import pytest

from scanners import SCANNER, SECOND, ban_makers, bans, call, fails, is_banned, nevers


@pytest.fixture
def make(supervisors):
    return ban_makers(supervisors)


def test_the_lists_of_another_gateway_are_taken_over_while_callers_come(make):
    supervisor = make(bans={"never": ["192.0.2.5"]}).start()
    now = int(time.time() * SECOND)
    day = 86400 * SECOND
    lists = {
        "bans": [
            {"network": SCANNER, "visited": now - day},
            {"network": "203.0.113.10", "visited": now - 99 * day},
            {"network": "203.0.113.11", "visited": now - 101 * day},
            {"network": "192.0.2.5", "visited": now},
            {"network": "192.168.1.1", "visited": now},
            {"network": "2001:db8::5", "visited": now},
            {"network": "198.18.0.0/24", "visited": now + day},
        ],
        "never": [{"network": "192.168.1.1", "comment": "my router"}, {"network": "192.0.2.5"}],
    }
    assert not is_banned(supervisor)
    call(supervisor, "Ban", network="192.168.1.1")
    counts = call(supervisor, "Import", **lists)
    assert counts == {"taken": 5, "known": 1, "over": 1, "never": 2, "full": 0, "saved": True}
    assert is_banned(supervisor)
    supervisor.kill()
    supervisor.start()
    found = bans(supervisor)
    assert sorted(found) == ["198.18.0.0/24", "2001:db8::/64", "203.0.113.10", SCANNER]
    assert found["203.0.113.10"]["reason"] == "imported"
    assert abs(found["203.0.113.10"]["visited"] - (now - 99 * day)) < 5 * SECOND
    assert nevers(supervisor)["192.168.1.1"]["comment"] == "my router"
    assert is_banned(supervisor, "198.18.0.9")
    counts = call(supervisor, "Import", **lists)
    assert counts == {"taken": 0, "known": 6, "over": 1, "never": 2, "full": 0, "saved": True}


@pytest.mark.parametrize(
    "lists",
    [
        {"bans": []},
        {"bans": [5], "never": []},
        {"bans": [{"network": "192.0.2.1"}], "never": []},
        {"bans": [{"network": "192.0.2.1", "visited": -1}], "never": []},
        {"bans": [{"network": "router", "visited": 1}], "never": []},
        {"bans": [{"network": "192.0.2.1", "visited": 1, "colour": 5}], "never": []},
        {"bans": [], "never": [{"network": "192.0.2.1", "comment": 257 * "x"}]},
        {"bans": [], "never": [{"network": ""}]},
        {"bans": [], "never": {"network": "192.0.2.1"}},
    ],
)
def test_a_list_that_is_wrong_is_refused_as_a_whole(make, lists):
    supervisor = make().start()
    good = {"network": "198.18.0.1", "visited": int(time.time() * SECOND)}
    if isinstance(lists["bans"], list):
        lists = {**lists, "bans": [good, *lists["bans"]]}
    assert fails(supervisor, "Import", **lists) == "org.varlink.service.InvalidParameter"
    assert bans(supervisor) == {}


def test_an_import_is_bounded_and_what_has_no_room_is_counted(make):
    supervisor = make().start()
    networks = [{"network": f"198.18.{i // 256}.{i % 256}"} for i in range(5000)]
    assert fails(supervisor, "Import", bans=[], never=networks[:501]) == "TooMany"
    counts = {"taken": 0, "known": 0, "over": 0, "never": 0, "full": 0}
    for first in range(0, 5000, 500):
        answer = call(supervisor, "Import", bans=[], never=networks[first : first + 500])
        counts = {name: counts[name] + answer[name] for name in counts}
    assert counts == {"taken": 4096, "known": 0, "over": 0, "never": 0, "full": 904}
