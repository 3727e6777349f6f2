"""What an administrator does on an installed host: looks, kicks, bans, writes to callers, redirects
them, reads what happened, reloads, restarts the Teletel server, and boots again."""

import json

import hosts
import pytest
from callers import KIOSK, PORTS, call, page_of, sessions, wait_channel, wait_empty

CONFIGURATION = "/etc/vdtgw/vdtgw.conf"


def vdtgwctl(host, *words, **options):
    return host.output("vdtgwctl", *words, **options)


def refused(host, *words):
    done = host.run("vdtgwctl", *words, check=False)
    assert done.returncode != 0, done.stdout
    return done


def session_of(host, address):
    found = hosts.wait_for(
        lambda: [session for session in sessions(host) if session["address"] == address],
        what=f"a call from {address}",
    )
    return str(found[0]["session"])


def ends_unserved(connection):
    """Hung up on, with nothing sent."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def story(host, address, *options):
    return host.journal("-o", "cat", *options, f"VDTGW_ADDRESS={address}")


def kinds(host, address):
    told = json.loads(vdtgwctl(host, "history", "--json", "--address", address))
    return [event["kind"] for event in told["events"]]


def test_administrator_sees_who_is_on(host, neighbour):
    with call(neighbour, "raw", "203.0.113.2") as caller, call(neighbour, "telnet", "2001:db8:1::2") as other:
        page_of(caller)
        page_of(other)
        session_of(host, "2001:db8:1::2")
        number = session_of(host, "203.0.113.2")
        assert "callers           2 (telnet 1, raw 1) of 1000" in vdtgwctl(host, "status")
        table = vdtgwctl(host, "sessions")
        assert "203.0.113.2" in table and "2001:db8:1::2" in table
        assert "203.0.113.2" in vdtgwctl(host, "session", number)
    wait_empty(host)
    assert "no session" in refused(host, "session", number).stderr


def test_kicked_caller_is_told_and_hung_up_on(host, neighbour):
    with call(neighbour, "raw", "203.0.113.3") as caller:
        page_of(caller)
        vdtgwctl(host, "kick", session_of(host, "203.0.113.3"), "enough for today")
        caller.receive_to_end(timeout=20)
    wait_empty(host)
    assert "enough for today" in story(host, "203.0.113.3")
    assert kinds(host, "203.0.113.3") == ["started", "kicked", "ended"]


def test_message_is_on_the_screen(host, neighbour):
    with call(neighbour, "raw", "203.0.113.4") as caller, call(neighbour, "telnet", "203.0.113.5") as other:
        page_of(caller)
        page_of(other)
        session_of(host, "203.0.113.5")
        vdtgwctl(host, "message", session_of(host, "203.0.113.4"), "Bonsoir")
        caller.receive_until(b"Bonsoir", timeout=20)
        assert "2" in vdtgwctl(host, "message", "all", "On ferme")
        for everybody in (caller, other):
            everybody.receive_until(b"On ferme", timeout=20)
    wait_empty(host)


def test_caller_is_redirected_by_hand_and_sent_home(host, neighbour):
    with call(neighbour, "raw", "203.0.113.6") as caller:
        page_of(caller)
        number = session_of(host, "203.0.113.6")
        vdtgwctl(host, "redirect", number, "ws://localhost:8765/echo")
        hosts.wait_for(lambda: sessions(host)[0]["state"] == "away", what="the redirection")
        assert "/echo" in vdtgwctl(host, "session", number)
        vdtgwctl(host, "home", number)
        hosts.wait_for(lambda: sessions(host)[0]["state"] == "home", what="the return")
    wait_empty(host)
    assert {"redirected", "redirection_ended"} <= set(kinds(host, "203.0.113.6"))


def test_banned_address_is_hung_up_on_and_refused_at_once(host, neighbour):
    with call(neighbour, "raw", "203.0.113.7") as caller, call(neighbour, "raw", "203.0.113.8") as other:
        page_of(caller)
        page_of(other)
        session_of(host, "203.0.113.7")
        vdtgwctl(host, "ban", "203.0.113.7", "--comment", "sends nonsense")
        caller.receive_to_end(timeout=20)
        for transport in ("raw", "telnet", "websocket"):
            with neighbour.call(PORTS[transport], "203.0.113.7") as again:
                assert ends_unserved(again)
        assert "203.0.113.7" in vdtgwctl(host, "bans")
        hosts.wait_for(lambda: len(sessions(host)) == 1, what="the others to stay")
        vdtgwctl(host, "unban", "203.0.113.7")
        with call(neighbour, "raw", "203.0.113.7") as again:
            assert page_of(again)
            session_of(host, "203.0.113.7")
    wait_empty(host)


def test_journal_tells_and_explains_the_story_of_an_address(host, neighbour):
    """The scanner that hung up at once, banned by itself."""
    neighbour.call(PORTS["raw"], "203.0.113.9").close()
    hosts.wait_for(lambda: "203.0.113.9" in vdtgwctl(host, "bans"), what="the scanner's ban")
    with neighbour.call(PORTS["raw"], "203.0.113.9") as again:
        assert ends_unserved(again)
    story_so_far = ["call started", "reason=caller-closed", "is banned until", "reason=banned"]
    hosts.wait_for(lambda: story_so_far[-1] in story(host, "203.0.113.9"), what="the last line")
    lines = story(host, "203.0.113.9").splitlines()
    assert len(lines) == len(story_so_far), lines
    assert all(words in line for words, line in zip(story_so_far, lines, strict=True)), lines
    explained = host.journal("-x", "VDTGW_ADDRESS=203.0.113.9")
    subjects = [line.partition("Subject: ")[2] for line in explained.splitlines() if "Subject: " in line]
    assert subjects == ["A call has begun", "A call is over: caller-closed", "An address was banned",
                        "A call is over: banned"]  # fmt: skip
    assert "vdtgwctl unban ADDRESS" in explained
    vdtgwctl(host, "unban", "203.0.113.9")


def test_ipv6_is_banned_by_network(host, neighbour):
    vdtgwctl(host, "ban", "2001:db8:1::77")
    with neighbour.call(PORTS["raw"], "2001:db8:1::2") as caller:
        assert ends_unserved(caller)
    vdtgwctl(host, "unban", "2001:db8:1::77")


def test_fault_in_the_file_fails_the_reload_and_says_why(host):
    file = host.path(CONFIGURATION)
    before = file.read_text()
    file.write_text(before + "timeouts: { caller_idle = -5; };\n")
    try:
        assert host.run("systemctl", "reload", "vdtgw-supervisor", check=False).returncode != 0
        fault = f"{CONFIGURATION}:2: timeouts.caller_idle: -5 is out of range"
        assert fault in host.output("systemctl", "status", "--no-pager", "vdtgw-supervisor", check=False)
        assert fault in refused(host, "reload").stderr
        assert "caller_idle             600" in vdtgwctl(host, "--socket", "/run/vdtgw/admin", "timeouts")
    finally:
        file.write_text(before)


def test_fault_in_the_file_costs_no_caller(host):
    file = host.path(CONFIGURATION)
    before = file.read_text()
    file.write_text(before + "timeouts: { caller_idle = -5; };\n")
    try:
        for transport in ("telnet", "raw", "websocket"):
            with call(host, transport) as caller:
                page_of(caller)
                assert session_of(host, "127.0.0.1")
            wait_empty(host)
        file.unlink()
        with call(host, "raw") as caller:
            page_of(caller)
        told = host.journal("-t", "vdtgw-session", "-x", "-p", "warning", "-o", "short")
        assert "the configuration in force is used (/run/vdtgw/configuration/vdtgw.conf): " in told
        assert "mend it at once" in told
    finally:
        file.write_text(before)
    # It stays when the supervisor ends, for those who come until there is another.
    host.run("systemctl", "restart", "vdtgw-supervisor.service")
    wait_channel(host)
    copy = "/run/vdtgw/configuration/vdtgw.conf"
    assert host.output("stat", "-c", "%U %a", copy, copy.rpartition("/")[0]).split() == [
        *("vdtgw-supervisor", "644"),
        *("vdtgw-supervisor", "755"),
    ]
    for user in ("vdtgw", "vdtgw-console"):
        as_user = ("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups")
        assert host.output(*as_user, "cat", copy) == before
        assert host.run(*as_user, "touch", f"{copy}.new", check=False).returncode != 0
        assert host.run(*as_user, "sh", "-c", f">>{copy}", check=False).returncode != 0


def test_reload_applies_to_calls_under_way(host, neighbour):
    file = host.path(CONFIGURATION)
    before = file.read_text()
    with call(neighbour, "raw", "203.0.113.10") as caller:
        page_of(caller)
        file.write_text(before + "timeouts: { caller_idle = 2; };\n")
        try:
            host.run("systemctl", "reload", "vdtgw-supervisor")
            caller.receive_to_end(timeout=30)
        finally:
            file.write_text(before)
            host.run("systemctl", "reload", "vdtgw-supervisor")
    wait_empty(host)
    assert "timed_out" in kinds(host, "203.0.113.10")


def test_teletel_unit_takes_polkit_and_the_error_says_so(host):
    file = host.path(CONFIGURATION)
    before = file.read_text()
    file.write_text(before + 'teletel: { unit = "vdtgw-teletel.service"; };\n')
    try:
        host.run("systemctl", "reload", "vdtgw-supervisor")
        done = refused(host, "teletel", "restart")
        print(done)
        assert "polkit" in done.stderr
        hosts.apt_get(host.root, "--download-only", "install", "polkitd")
        host.run("apt-get", "-q", "-y", "--no-install-recommends", "install", "polkitd", timeout=180)
        pid = host.output("systemctl", "show", "--value", "-p", "MainPID", "vdtgw-teletel")
        assert "running" in vdtgwctl(host, "teletel", "restart")
        assert host.output("systemctl", "show", "--value", "-p", "MainPID", "vdtgw-teletel") != pid
        vdtgwctl(host, "teletel", "stop")
        assert host.run("systemctl", "is-active", "vdtgw-teletel", check=False).stdout == "inactive\n"
        vdtgwctl(host, "teletel", "start")
        wait_channel(host)
        # That unit, and no other.
        file.write_text(before + 'teletel: { unit = "cron.service"; };\n')
        host.run("systemctl", "reload", "vdtgw-supervisor")
        print(refused(host, "teletel", "restart"))
    finally:
        file.write_text(before)
        host.run("systemctl", "reload", "vdtgw-supervisor")


@pytest.fixture
def boots(host, neighbour):
    """Boots the host again, with all that hangs on it."""

    def boot():
        host.shut_down()
        host.boot()
        neighbour.plug()
        wait_channel(host)

    return boot


def test_all_is_there_again_when_the_host_has_booted_again(host, neighbour, boots):
    launches = json.loads(vdtgwctl(host, "status", "--json"))["launches"]
    vdtgwctl(host, "ban", "203.0.113.11")
    with call(neighbour, "raw", "203.0.113.12") as caller:
        page_of(caller)
        session_of(host, "203.0.113.12")
        boots()
    assert kinds(host, "203.0.113.12") == ["started", "ended"]
    assert "reason=terminated" in story(host, "203.0.113.12", "-b", "-1")
    assert "terminated" in vdtgwctl(host, "history", "--address", "203.0.113.12")
    status = json.loads(vdtgwctl(host, "status", "--json"))
    assert status["launches"] == launches + 1
    with neighbour.call(PORTS["raw"], "203.0.113.11") as banned:
        assert ends_unserved(banned)
    for transport in ("telnet", "raw", "websocket"):
        with call(host, transport) as caller:
            assert KIOSK in page_of(caller)
    wait_empty(host)
    vdtgwctl(host, "unban", "203.0.113.11")
