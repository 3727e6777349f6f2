"""The journal: what the lines of a call hold for machines, what the catalogue explains, and that
syslog gets the same lines where there is no journal."""

import os
import re
import socket
import subprocess

import pytest

import peers
from calls import START, join
from peers import Service
from processes import ROOT, SESSION, SUPERVISOR, Program, wait_for
from scripted_supervisor import ScriptedSupervisor
from varlink_peer import Failure

SECONDS = 8
FIN = b"\x13\x49"

# In a mount namespace of its own the session finds our sockets where the system's would be.
WITH_LOGS = """
set -e
mount -t tmpfs none /run
mkdir -p /run/systemd/journal
mount --bind "$0" /run/systemd/journal
mount -t tmpfs none /dev
ln -s /run/systemd/journal/dev-log /dev/log
mknod -m 666 /dev/null c 1 3
mknod -m 666 /dev/urandom c 1 9
exec "$@"
"""


def kinds():
    """NAME: id of each kind of message."""
    text = (ROOT / "common/messages.h").read_text()
    return dict(re.findall(r"#define MESSAGE_(\w+)\s+\"([0-9a-f]{32})\"", text))


# The catalogue.


def catalogue():
    text = (ROOT / "units/vdtgw.catalog").read_text()
    return dict(re.findall(r"^-- ([0-9a-f]{32})\n(.*?)(?=^-- |\Z)", text, re.M | re.S))


def test_the_catalogue_explains_every_kind_of_message_and_no_other():
    assert sorted(catalogue()) == sorted(kinds().values())
    assert len(set(kinds().values())) == len(kinds())


def test_each_explanation_has_a_subject_and_a_text():
    fields = set(re.findall(r"VDTGW_[A-Z_]+", (ROOT / "vdtgw-session/call_log.c").read_text()))
    for identity, block in catalogue().items():
        head, _, body = block.partition("\n\n")
        assert re.match(r"Subject: \S", head), identity
        assert "Defined-By: vdtgw\n" in head and "Documentation: man:" in head, identity
        assert len(body.strip()) > 70, identity
        assert set(re.findall(r"@(\w+)@", block)) <= fields, identity
        assert max(map(len, block.splitlines())) <= 110, identity


def journalctl(root, *arguments):
    return subprocess.run(
        ["journalctl", f"--root={root}", *arguments], check=True, capture_output=True, text=True
    )


def test_systemd_takes_the_catalogue(tmp_path):
    folder = tmp_path / "usr/lib/systemd/catalog"
    folder.mkdir(parents=True)
    (folder / "vdtgw.catalog").write_text((ROOT / "units/vdtgw.catalog").read_text())
    (tmp_path / "var/lib/systemd/catalog").mkdir(parents=True)
    update = journalctl(tmp_path, "--update-catalog")
    assert not re.search(r"vdtgw|invalid|fail", update.stderr, re.I), update.stderr
    listed = journalctl(tmp_path, "--list-catalog").stdout
    for identity in kinds().values():
        assert re.search(rf"^{identity} vdtgw: \S", listed, re.M), identity
    dumped = journalctl(tmp_path, "--dump-catalog", kinds()["CALL_ENDED"]).stdout
    assert "@VDTGW_REASON@" in dumped


# What a session writes.


class Logs:
    """The journal's socket and syslog's, played by the test."""

    def __init__(self, folder):
        self.folder = folder / "logs"
        self.folder.mkdir()
        self.journal = self.listen("socket")
        self.syslog = self.listen("dev-log")
        self.entries = []

    def listen(self, name):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        sock.bind(str(self.folder / name))
        os.chmod(self.folder / name, 0o666)
        sock.settimeout(SECONDS)
        return sock

    def entry(self, kind):
        """The next entry of this kind; those before it are kept in entries."""
        while True:
            entry = self.receive()
            self.entries.append(entry)
            if entry.get("MESSAGE_ID") == kinds()[kind]:
                return entry

    def receive(self):
        text = self.journal.recv(65536).decode()
        return dict(line.split("=", 1) for line in text.splitlines())

    def close(self):
        self.journal.close()
        self.syslog.close()


@pytest.fixture
def logs(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("a mount namespace needs root")
    made = Logs(tmp_path)
    yield made
    made.close()


class Caller:
    """A caller and the session process that serves it, started as the log's kind asks for."""

    def __init__(self, running, logs, journal=True, transport="raw"):
        listener = socket.create_server(("127.0.0.1", 0))
        self.peer = peers.raw_caller(listener.getsockname()[1])
        served, _ = listener.accept()
        listener.close()
        environment = dict(running.environment())
        ours, theirs = socket.socketpair()
        if journal:
            status = os.fstat(theirs.fileno())
            environment["JOURNAL_STREAM"] = f"{status.st_dev}:{status.st_ino}"
        command = [SESSION, "--transport", transport, "--config", running.config]
        self.process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", WITH_LOGS, str(logs.folder), *command],
            stdin=served,
            stdout=served,
            stderr=theirs if journal else served,
            env=environment,
        )
        self.address, self.port = self.peer.sock.getsockname()
        for sock in (served, ours, theirs):
            sock.close()

    def fields(self, **more):
        return {
            "VDTGW_ADDRESS": self.address,
            "VDTGW_PORT": str(self.port),
            "VDTGW_TRANSPORT": "raw",
            "VDTGW_SESSION": "41",
            "SYSLOG_IDENTIFIER": "vdtgw-session",
            **more,
        }

    def wait(self):
        self.peer.close()
        assert self.process.wait(SECONDS) == 0


def assert_holds(entry, fields):
    assert {name: entry.get(name) for name in fields} == fields


@pytest.fixture
def home():
    return Service("ws")


@pytest.fixture
def running(gateway, home):
    return gateway(home=home.uri, supervisor=False, settings={"redirection": {"deny": ["*:1"]}})


@pytest.fixture
def supervisor(running):
    made = ScriptedSupervisor(running.session_socket)
    yield made
    made.close()


def test_a_calls_story_is_in_the_journal_with_fields_for_machines(running, supervisor, home, logs):
    caller = Caller(running, logs)
    connection = home.accept()
    started = logs.entry("CALL_STARTED")
    assert_holds(started, caller.fields(VDTGW_SERVICE=home.uri, PRIORITY="6"))
    assert started["MESSAGE"].startswith("call started: transport=raw address=127.0.0.1 ")
    # What the supervisor makes its events of is the same.
    assert supervisor.caller["home"] == home.uri
    join(caller.peer, connection)

    remote_service = Service("ws")
    supervisor.redirect(remote_service.uri)
    remote = remote_service.accept()
    connected = logs.entry("REDIRECTION_CONNECTED")
    assert_holds(connected, caller.fields(VDTGW_SERVICE=remote_service.uri))
    caller.peer.send(b"0123456789")
    remote.receive_until(b"9")
    caller.peer.send(FIN)
    ended = logs.entry("REDIRECTION_ENDED")
    assert_holds(
        ended,
        caller.fields(VDTGW_SERVICE=remote_service.uri, VDTGW_REASON="hung-up", VDTGW_BYTES_IN="12"),
    )
    assert 0 < int(ended["VDTGW_DURATION_US"]) < SECONDS * 1e6
    assert int(ended["VDTGW_BYTES_OUT"]) > 0
    told = supervisor.wait("RedirectEnded")
    assert (told["bytes_in"], told["bytes_out"]) == (12, int(ended["VDTGW_BYTES_OUT"]))

    supervisor.redirect("ws://127.0.0.1:1/")
    denied = logs.entry("REDIRECTION_ENDED")
    assert_holds(denied, caller.fields(VDTGW_REASON="remote-denied"))
    supervisor.order("redirect", redirection={"tag": "8", "uri": "gopher://x", "subprotocols": []})
    assert "not redirected to gopher://x" in logs.entry("REDIRECTION_ENDED")["MESSAGE"]

    caller.wait()
    end = logs.entry("CALL_ENDED")
    assert_holds(
        end,
        caller.fields(VDTGW_SERVICE=home.uri, VDTGW_BYTES_IN=str(len(START) + 12)),
    )
    assert end["VDTGW_REASON"].startswith("caller-")
    assert int(end["VDTGW_DURATION_US"]) > int(ended["VDTGW_DURATION_US"])
    # All that was said between is the address's, too.
    known = [entry for entry in logs.entries if "VDTGW_ADDRESS" in entry]
    assert known == logs.entries


def test_a_home_service_that_is_away_or_lost_is_told(running, supervisor, home, logs):
    caller = Caller(running, logs)
    connection = home.accept()
    logs.entry("CALL_STARTED")
    connection.reset()
    lost = logs.entry("HOME_UNREACHABLE")
    assert_holds(lost, caller.fields(VDTGW_SERVICE=home.uri, VDTGW_REASON="home-cut", PRIORITY="4"))
    assert "was lost" in lost["MESSAGE"]
    assert logs.entry("CALL_ENDED")["VDTGW_REASON"] == "home-cut"
    caller.wait()


def test_a_home_service_that_says_good_bye_is_no_trouble(running, supervisor, home, logs):
    caller = Caller(running, logs)
    connection = home.accept()
    connection.send_close()
    connection.close()
    assert logs.entry("CALL_ENDED")["VDTGW_REASON"] == "home-closed"
    assert [entry["MESSAGE_ID"] for entry in logs.entries if "MESSAGE_ID" in entry] == [
        kinds()["CALL_STARTED"],
        kinds()["CALL_ENDED"],
    ]
    caller.wait()


def test_a_supervisor_that_goes_away_is_told(running, supervisor, home, logs):
    caller = Caller(running, logs)
    home.accept()
    logs.entry("CALL_STARTED")
    supervisor.close()
    away = logs.entry("SUPERVISOR_AWAY")
    assert_holds(away, caller.fields(PRIORITY="4"))
    caller.wait()
    assert logs.entry("CALL_ENDED")["VDTGW_SESSION"] == "41"


def test_a_call_without_a_supervisor_has_an_address_and_no_number(running, home, logs):
    caller = Caller(running, logs)
    home.accept()
    for kind in ("SUPERVISOR_AWAY", "CALL_STARTED"):
        entry = logs.entry(kind)
        assert entry["VDTGW_ADDRESS"] == caller.address and "VDTGW_SESSION" not in entry
    caller.wait()
    assert "VDTGW_SESSION" not in logs.entry("CALL_ENDED")


def test_a_scanner_leaves_one_line(running, supervisor, logs):
    caller = Caller(running, logs, transport="raw")
    caller.peer.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    entry = logs.entry("CALL_ENDED")
    assert len([one for one in logs.entries if one["PRIORITY"] <= "6"]) <= 2
    assert entry["VDTGW_ADDRESS"] == caller.address
    caller.wait()


def test_under_inetd_syslog_gets_the_same_lines_and_the_caller_none(running, supervisor, home, logs):
    caller = Caller(running, logs, journal=False)
    connection = home.accept()
    line = logs.syslog.recv(65536).decode()
    assert re.match(r"<30>.*vdtgw-session\[\d+\]: call started: .*address=127.0.0.1", line)
    join(caller.peer, connection)
    remote_service = Service("ws")
    supervisor.redirect(remote_service.uri)
    remote_service.accept()
    line = logs.syslog.recv(65536).decode()
    assert f"session 41 (raw, 127.0.0.1 port {caller.port}): redirected to" in line
    connection.send(b"from home")
    said = caller.peer.receive_until(b"from home")
    assert b"call started" not in said and b"session 41" not in said
    caller.wait()
    ends = [logs.syslog.recv(65536).decode() for _ in range(2)]
    assert "redirection ended: " in ends[0] and "reason=caller-c" in ends[0]
    assert "call ended: transport=raw address=127.0.0.1" in ends[1]


# The supervisor's own.


# Its standard error is the journal's, so that fields go there.
AS_SERVICE = 'JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec "$@"'


@pytest.fixture
def supervised(make, logs):
    """A supervisor that bans at once and admits three."""
    made = make(settings={
        "bans": {"enabled": True, "strikes": 1, "short_session_ms": 100},
        "limits": {"sessions": 3, "per_address": 2, "half_open": 0},
    })
    command = ["unshare", "--mount", "sh", "-c", WITH_LOGS, str(logs.folder),
               "sh", "-c", AS_SERVICE, "sh", SUPERVISOR, "--config", made.config]
    made.program = Program(command, env=made.env)
    logs.entry("SUPERVISOR_READY")
    return made


def test_the_story_of_an_address_is_in_the_journal(supervised, logs):
    """What `journalctl VDTGW_ADDRESS=192.0.2.9` finds, and what else administrators did."""
    session = supervised.session()
    number = session.enter(address="192.0.2.9", state="home", service="ws://home/")
    caller = {"VDTGW_ADDRESS": "192.0.2.9", "VDTGW_TRANSPORT": "telnet",
              "VDTGW_SESSION": str(number), "SYSLOG_IDENTIFIER": "vdtgw-supervisor"}
    admin = supervised.admin()

    def order(method, **parameters):
        return admin.call(f"org.vdtgw.Admin.{method}", parameters)

    def told(kind, **fields):
        entry = logs.entry(kind)
        assert_holds(entry, fields)
        return entry["MESSAGE"]

    order("Message", session=number, text="Bonsoir")
    assert "user 0" in told("CALL_MESSAGE", **caller, VDTGW_REASON="Bonsoir", PRIORITY="5")
    tag = order("Redirect", session=number, uri="ws://remote/")["tag"]
    assert "to ws://remote/" in told("REDIRECTION_ORDERED", **caller, PRIORITY="5",
                                     VDTGW_SERVICE="ws://remote/")
    order("SendHome", session=number, reason="enough")
    told("CALL_SENT_HOME", **caller, VDTGW_SERVICE="ws://remote/", VDTGW_REASON="enough",
         PRIORITY="5")
    session.tell("RedirectEnded", tag=tag, reason="declined")
    wait_for(lambda: "redirection" not in order("GetSession", session=number)["session"])
    order("Kick", session=number, reason="tests")
    told("CALL_KICKED", **caller, VDTGW_SERVICE="ws://home/", VDTGW_REASON="tests", PRIORITY="5")
    session.leave()
    for _ in range(2):
        supervised.session().enter(address="192.0.2.9", state="home")
    with pytest.raises(Failure, match="Full"):
        supervised.session().enter(address="192.0.2.9")
    told("CALL_REFUSED", VDTGW_ADDRESS="192.0.2.9", VDTGW_TRANSPORT="telnet",
         VDTGW_REASON="limits.per_address")
    supervised.clients[-2].close()
    told("CALL_CRASHED", **{**caller, "VDTGW_SESSION": str(number + 2)}, PRIORITY="3")
    told("ADDRESS_BANNED", VDTGW_ADDRESS="192.0.2.9", VDTGW_REASON="crashed")
    order("Unban", network="192.0.2.9")
    told("ADDRESS_UNBANNED", VDTGW_ADDRESS="192.0.2.9", PRIORITY="5")
    order("Ban", network="198.51.100.0/24", comment="scan")
    told("ADDRESS_BANNED", VDTGW_ADDRESS="198.51.100.0/24", VDTGW_REASON="scan")
    order("AddNever", network="192.0.2.9", comment="mine")
    told("NEVER_BANNED_CHANGED", VDTGW_ADDRESS="192.0.2.9", VDTGW_REASON="mine")
    order("Import", bans=[], never=[{"network": "192.0.2.9"}, {"network": "192.0.2.10"}])
    assert "1 bans and never-banned addresses" in told("BANS_IMPORTED", PRIORITY="5")
    with pytest.raises(Failure, match="NoTeletelServer"):
        order("TeletelStop")
    assert "orders the Teletel server to stop" in told("TELETEL_ORDERED", PRIORITY="5")
    order("Reload")
    assert "VDTGW_REASON" not in logs.entry("CONFIGURATION_RELOADED")
    assert supervised.stop() == 0
    told("SUPERVISOR_STOPPING")


def test_a_crash_tells_what_the_session_cannot(supervised, logs):
    session = supervised.session()
    number = session.enter(address="192.0.2.9", state="home", service="ws://home/")
    admin = supervised.admin()
    tag = admin.call("org.vdtgw.Admin.Redirect", {"session": number, "uri": "ws://remote/"})["tag"]
    session.tell("Redirecting", tag=tag, service="ws://remote/")
    session.tell("Redirected", tag=tag)
    session.call("org.vdtgw.Session.Traffic",
                 {"bytes_in": 10, "bytes_out": 20, "remote_in": 3, "remote_out": 4})
    session.close()
    away = {"VDTGW_SESSION": str(number), "VDTGW_ADDRESS": "192.0.2.9",
            "VDTGW_SERVICE": "ws://remote/"}
    call = logs.entry("CALL_CRASHED")
    assert_holds(call, {**away, "VDTGW_BYTES_IN": "10", "VDTGW_BYTES_OUT": "20"})
    redirection = logs.entry("REDIRECTION_ENDED")
    assert_holds(redirection, {**away, "VDTGW_REASON": "crashed", "VDTGW_BYTES_IN": "3",
                               "VDTGW_BYTES_OUT": "4"})
    assert 0 < int(redirection["VDTGW_DURATION_US"]) < int(call["VDTGW_DURATION_US"]) + 1e6


def test_no_field_holds_what_the_catalogue_would_show_a_terminal_of(supervised, logs):
    """journalctl -x puts fields into its explanations as they are."""
    number = supervised.session().enter(address="192.0.2.9", state="home", service="ws://h\x9b2J\n/")
    supervised.admin().call("org.vdtgw.Admin.Kick", {"session": number, "reason": "a\x1b[2J\u202eé"})
    assert_holds(logs.entry("CALL_KICKED"), {
        "VDTGW_REASON": r"a\x1B[2J\xE2\x80\xAEé", "VDTGW_SERVICE": r"ws://h\xC2\x9B2J\x0A/"})
