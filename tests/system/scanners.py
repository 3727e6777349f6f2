"""Callers who are banned, and what administrators see and order of it."""

import pytest

from processes import is_under_valgrind
from varlink_peer import Failure, Supervisor

SECOND = 1_000_000
# Under valgrind the shortest call is a longer one.
BANS = {"enabled": True, "short_session_ms": 900 if is_under_valgrind() else 100}
SCANNER = "203.0.113.9"


def ban_makers(supervisors):
    """The fixture `make` of tests of bans: make(bans={…}, folder=None, group={…}), not started."""

    def new(bans=None, folder=None, **settings):
        limits = {"sessions": 1000, "per_address": 1000, "half_open": 0}
        limits |= settings.pop("limits", {})
        settings = {"bans": {**BANS, **(bans or {})}, "limits": limits, **settings}
        return supervisors(Supervisor, folder=folder, settings=settings)

    return new


def visit(supervisor, address=SCANNER, reason="caller-closed", duration=3, **parameters):
    """A call that is over at once. Its Leave has been worked off afterwards."""
    session = supervisor.session()
    session.enter(address=address, **parameters)
    leave(session, reason, duration)


def leave(session, reason="caller-closed", duration=3):
    # Enter is still under way: the answer to Leave is the one without "continues".
    session.call(
        "org.vdtgw.Session.Leave",
        {"reason": reason, "bytes_in": 0, "bytes_out": 0, "duration": duration},
    )
    session.close()


def is_banned(supervisor, address=SCANNER):
    session = supervisor.session()
    try:
        session.enter(address=address)
    except Failure as failure:
        assert failure.name == "org.vdtgw.Session.Banned"
        session.close()
        return True
    leave(session, duration=60 * SECOND)
    return False


def call(supervisor, method, **parameters):
    client = supervisor.admin()
    try:
        return client.call(f"org.vdtgw.Admin.{method}", parameters)
    finally:
        client.close()


def fails(supervisor, method, **parameters):
    with pytest.raises(Failure) as failure:
        call(supervisor, method, **parameters)
    return failure.value.name.removeprefix("org.vdtgw.Admin.")


def bans(supervisor):
    """All of them by network, page by page."""
    found, parameters = {}, {}
    while True:
        page = call(supervisor, "ListBans", **parameters)
        found |= {ban["network"]: ban for ban in page["bans"]}
        if page.get("next") is None:
            assert len(found) == page["total"]
            return found
        parameters = {"from": page["next"]}


def nevers(supervisor):
    found, parameters = {}, {}
    while True:
        page = call(supervisor, "ListNever", **parameters)
        found |= {never["network"]: never for never in page["never"]}
        if page.get("next") is None:
            return found
        parameters = {"from": page["next"]}
