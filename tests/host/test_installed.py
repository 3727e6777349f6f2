"""A day on an installed host: nothing starts by itself, callers of each kind, a redirection through
the kiosk, what systemctl and journalctl say, deaths, restarts and an upgrade under live calls, a
purge that leaves nothing."""

import re

import hosts
import pytest
from callers import KIOSK, call, echo, page_of, processes_of, sessions, wait_channel, wait_empty

CALLS = ("telnet", "raw", "websocket")


def test_nothing_is_enabled_by_installing(bare_host, release):
    bare_host.install(release.packages)
    listed = bare_host.output("systemctl", "list-unit-files", "--no-legend", "--plain", "vdtgw*")
    states = {line.split()[0]: line.split()[1] for line in listed.splitlines()}
    assert set(hosts.SERVICES + hosts.SOCKETS) <= set(states)
    assert set(states.values()) <= {"disabled", "static"}, states
    assert bare_host.output("systemctl", "list-units", "--no-legend", "--state=active", "vdtgw*.s*") == ""


@pytest.fixture(scope="module")
def host(bare_host, release):
    """One that is purged in the end, and as it comes: with lines of 1200 bit/s."""
    hosts.install_and_enable(bare_host, release.packages)
    wait_channel(bare_host)
    return bare_host


@pytest.mark.parametrize("transport", CALLS)
def test_caller_sees_the_kiosk(host, transport):
    with call(host, transport) as caller:
        assert KIOSK in page_of(caller)
        hosts.wait_for(lambda: len(sessions(host)) == 1, what="the call in the supervisor's list")
        (session,) = sessions(host)
        assert session["transport"] == transport
        unit = host.output("systemctl", "list-units", "--plain", "--no-legend", f"vdtgw-{transport}@*")
        assert len(unit.splitlines()) == 1
    wait_empty(host)


@pytest.mark.parametrize("transport", CALLS)
def test_caller_is_redirected_and_comes_home(host, transport):
    with call(host, transport) as caller:
        page_of(caller)
        echo(caller)


def test_status_shows_every_call(host):
    with call(host, "raw") as one, call(host, "telnet") as other:
        page_of(one)
        page_of(other)
        units = host.output("systemctl", "list-units", "--plain", "--no-legend", "vdtgw-*@*.service")
        assert len(units.splitlines()) == 2, units
        for unit in units.splitlines():
            assert "Videotex call by" in host.output("systemctl", "status", "--no-pager", unit.split()[0])
        state = host.output("systemctl", "status", "--no-pager", "vdtgw-supervisor")
        assert re.search(r"Status: .*2 sessions", state), state
    wait_empty(host)


def test_journal_tells_one_address_story_by_its_fields(host):
    with call(host, "raw") as caller:
        page_of(caller)
    number = hosts.wait_for(
        lambda: host.journal("-o", "cat", "--output-fields=VDTGW_SESSION", "VDTGW_TRANSPORT=raw").split(),
        what="the call's lines",
    )[-1]
    story = host.journal("-o", "json", f"VDTGW_SESSION={number}", "VDTGW_ADDRESS=127.0.0.1")
    assert '"MESSAGE_ID"' in story and "VDTGW_DURATION_US" in story
    assert "\x1b" not in host.journal("-t", "vdtgw-session", "-o", "cat")


@pytest.mark.parametrize("unit", hosts.SERVICES)
def test_killed_service_is_back_and_the_supervisors_callers_stay(host, unit):
    with call(host, "raw") as caller:
        page_of(caller)
        pid = processes_of(host, unit)[0]
        host.run("kill", "-KILL", pid)
        hosts.wait_for(lambda: processes_of(host, unit) not in ([], [pid]), what=f"another {unit}")
        if unit == "vdtgw-supervisor.service":
            hosts.wait_for(lambda: len(sessions(host)) == 1, what="the call to enter again")
            wait_channel(host)
            echo(caller)
    wait_empty(host)
    wait_channel(host)


def test_killed_session_costs_its_own_caller_only(host):
    with call(host, "raw") as one, call(host, "websocket") as other:
        page_of(one)
        page_of(other)
        hosts.wait_for(lambda: len(sessions(host)) == 2, what="both calls")
        victim = next(session for session in sessions(host) if session["transport"] == "raw")
        host.run("kill", "-KILL", str(victim["pid"]))
        one.receive_to_end()
        hosts.wait_for(lambda: len(sessions(host)) == 1, what="the end of one call")
        hosts.wait_for(lambda: "crashed" in host.journal("-t", "vdtgw-supervisor", f"VDTGW_SESSION={victim['session']}"),
                       what="the crash in the journal")  # fmt: skip
        echo(other)
        assert host.output("systemctl", "list-units", "--failed", "--no-legend", "--plain", "vdtgw*") == ""


def test_restart_of_the_supervisor_drops_no_caller(host):
    with call(host, "telnet") as caller:
        page_of(caller)
        (before,) = sessions(host)
        host.run("systemctl", "restart", "vdtgw-supervisor.service")
        hosts.wait_for(lambda: [s["session"] for s in sessions(host)] == [before["session"]], what="the same number")
        wait_channel(host)
        echo(caller)


def test_restart_of_the_sockets_drops_no_caller(host):
    with call(host, "raw") as caller:
        page_of(caller)
        host.run("systemctl", "restart", *hosts.SOCKETS)
        echo(caller)


def test_upgrade_drops_no_caller(host, release, tmp_path):
    newer = release.newer(tmp_path)
    with call(host, "raw") as caller:
        page_of(caller)
        kiosk, supervisor = (processes_of(host, unit) for unit in reversed(hosts.SERVICES))
        host.install(newer)
        assert processes_of(host, "vdtgw-teletel.service") == kiosk
        assert processes_of(host, "vdtgw-supervisor.service") != supervisor
        hosts.wait_for(lambda: len(sessions(host)) == 1, what="the call to enter again")
        wait_channel(host)
        echo(caller)
    with call(host, "raw") as caller:
        assert KIOSK in page_of(caller)


def test_purge_leaves_nothing(host):
    with call(host, "raw") as caller:
        page_of(caller)
        host.run("apt-get", "-q", "-y", "purge", "vdtgw", "vdtgw-teletel", timeout=120)
        caller.receive_to_end()
    for listing in ("list-unit-files", "list-units"):
        assert host.output("systemctl", listing, "--no-legend", "vdtgw*", check=False) == ""
    assert "vdtgw" not in host.output("getent", "passwd") + host.output("getent", "group")
    assert host.run("pgrep", "-f", "vdtgw", check=False).stdout == ""
    left = host.output("find", "/etc", "/usr", "/var/lib", "/var/cache", "/run", "/lib", "/tmp", "-iname", "*vdtgw*")
    left = [p for p in left.splitlines() if not p.startswith(("/var/lib/dpkg/", "/run/systemd/"))]
    assert left == [], left
