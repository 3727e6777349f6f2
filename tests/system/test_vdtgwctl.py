"""vdtgwctl and the real supervisor: what an administrator types in a day; options; completion."""

import csv
import io
import json
import os
import re
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from processes import ROOT, VDTGWCTL, Program, wait_for
from terminals import Terminal

COMMANDS = (
    "status sessions session watch bans ban unban never kick message redirect home timeouts config reload "
    "history teletel import metrics"
).split()


@pytest.fixture
def supervisor(plain):
    return plain


def run(*arguments, env=None, timeout=20):
    return subprocess.run(
        [VDTGWCTL, *[word if isinstance(word, bytes) else str(word) for word in arguments]],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=timeout,
        env={**os.environ, **(env or {})},
    )


def ask(supervisor, *arguments):
    """What it prints; it must succeed."""
    done = run("--config", supervisor.config, *arguments)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def ask_json(supervisor, *arguments):
    return json.loads(ask(supervisor, *arguments, "--json"))


def refused(supervisor, *arguments):
    """What it says; the supervisor must refuse."""
    done = run("--config", supervisor.config, *arguments)
    assert (done.returncode, done.stdout) == (1, ""), done
    return done.stderr


# A day in the life.


def test_who_is_on(supervisor):
    assert ask(supervisor, "sessions") == "Nobody is connected.\n"
    sessions = [supervisor.session() for _ in range(3)]
    numbers = [session.enter(transport=name) for session, name in zip(sessions, ("telnet", "raw", "websocket"))]
    sessions[1].call("org.vdtgw.Session.StateChanged", {"state": "home", "service": "ws://a.example.org"})
    text = ask(supervisor, "sessions")
    assert len(text.splitlines()) == 4 and "ws://a.example.org" in text
    listed = ask_json(supervisor, "sessions")["sessions"]
    assert [entry["session"] for entry in listed] == numbers
    assert "3 (telnet 1, raw 1, websocket 1)" in ask(supervisor, "status")
    assert ask_json(supervisor, "status")["sessions"] == 3
    assert 'vdtgw_sessions{transport="raw"} 1\n' in ask(supervisor, "metrics")
    text = ask(supervisor, "session", numbers[1])
    assert re.search(r"^state +home$", text, re.M) and re.search(r"^came by +raw$", text, re.M)
    assert ask_json(supervisor, "session", numbers[1])["pid"] == os.getpid()


def test_a_caller_is_kicked(supervisor):
    session = supervisor.session()
    number = session.enter()
    assert ask(supervisor, "kick", number, "too loud") == f"Session {number} is told to end its call.\n"
    order = session.order()
    assert (order["kind"], order["reason"]) == ("kick", "too loud")
    assert f"no session 99; 1 is connected: {number}\n" in refused(supervisor, "kick", 99)


def test_a_network_is_banned_and_let_in_again(make):
    supervisor = make(settings={"bans": {"enabled": True}}).start()
    assert ask(supervisor, "bans") == "Nobody is banned.\n"
    ban = ask(supervisor, "ban", "203.0.113.7/24", "--for", "2d", "--comment", "scanners \x1b[31m")
    assert ban == "203.0.113.0/24 is banned.\n"
    text = ask(supervisor, "bans")
    assert re.search(r"203.0.113.0/24 +administrator .* (?:1d 23h|2d 00h) +0 +scanners \\x1B\[31m", text), text
    (entry,) = ask_json(supervisor, "bans")["bans"]
    assert abs(entry["until"] - entry["visited"] - 2 * 86400 * 10**6) < 1000
    assert "no ban of just 203.0.113.7" in refused(supervisor, "unban", "203.0.113.7")
    assert "not banned any more" in ask(supervisor, "unban", "203.0.113.0/24")
    assert ask(supervisor, "bans") == "Nobody is banned.\n"
    assert "never banned" in ask(supervisor, "never", "add", "198.51.100.1", "--comment", "ours")
    assert re.search(r"198.51.100.1 +added .* ours", ask(supervisor, "never", "list"))
    assert ask(supervisor, "never") == ask(supervisor, "never", "list")
    ask(supervisor, "never", "remove", "198.51.100.1")
    assert "was not added" in refused(supervisor, "never", "remove", "198.51.100.1")
    done = run("--config", supervisor.config, "ban", "nonsense")
    assert done.returncode == 64 and "value of network" in done.stderr


def test_a_redirection_is_watched(supervisor):
    session = supervisor.session()
    watching = Program(["sh", "-c", 'exec "$@" >&2', "sh", VDTGWCTL, "--config", supervisor.config, "watch"])
    wait_for(lambda: supervisor.status()["watchers"] == 1, what="a watcher")
    number = session.enter()
    watching.wait_line(lambda line: re.search(rf"started +{number} telnet 192.0.2.1:4711", line))
    ask(supervisor, "kick", number)
    watching.wait_line(lambda line: re.search(rf"kicked +{number} ", line))
    supervisor.stop()
    watching.wait_line(lambda line: "closed the connection" in line)
    assert watching.process.wait(8) == 69


def test_the_configuration_is_shown_and_read_again(supervisor):
    assert re.search(r"^\* limits.per_address = 1000$", ask(supervisor, "config"), re.M)
    assert re.search(r"^  home.ping = 0$", ask(supervisor, "config"), re.M)
    assert re.search(r"^caller_idle +600 +10m 00s", ask(supervisor, "timeouts"), re.M)
    assert "nothing has changed" in ask(supervisor, "reload")
    good = Path(supervisor.config).read_text()
    Path(supervisor.config).write_text(good + "timeouts: { caller_idle = 60; };\n")
    assert "Changed: timeouts.caller_idle" in ask(supervisor, "reload")
    assert ask_json(supervisor, "timeouts")["caller_idle"] == 60
    # A fault in it: said with its place, and the socket is still found where it was named.
    Path(supervisor.config).write_text(good + "\nnonsense = 7;\n")
    done = run("--socket", supervisor.admin_socket, "reload")
    assert done.returncode == 78 and "nonsense" in done.stderr and "nothing was changed" in done.stderr
    assert json.loads(run("--socket", supervisor.admin_socket, "--json", "timeouts").stdout)["caller_idle"] == 60


def test_yesterdays_history_is_read(supervisor):
    numbers = []
    for _ in range(3):
        session = supervisor.session()
        numbers.append(session.enter())
        session.leave()
        supervisor.wait_numbers([])
    events = wait_for(
        lambda: len(found := ask_json(supervisor, "history", "--kind", "started,ended")["events"]) == 6 and found
    )
    assert [event["session"] for event in events if event["kind"] == "started"] == numbers
    assert len(ask(supervisor, "history", "--last", "2").splitlines()) == 2
    assert len(ask(supervisor, "history", "--session", numbers[1]).splitlines()) == 2
    rows = list(csv.reader(io.StringIO(ask(supervisor, "history", "--csv", "--kind", "ended"))))
    assert rows[0] == ["TIME", "EVENT", "FROM", "TO", "INFO"] and len(rows) == 4
    assert rows[1][1:3] == ["ended", "192.0.2.1:4711"] and re.fullmatch(r"0:00:0\d\.\d{3}", rows[1][4])
    done = run("--config", supervisor.config, "history", "--until", "yesterday")
    assert (done.returncode, done.stdout) == (0, "") and "The history holds" in done.stderr


def test_the_files_of_pymoip_are_taken_over(make, tmp_path):
    supervisor = make(settings={"bans": {"enabled": True}}).start()
    now = time.strftime("%Y-%m-%dT%H:%M:%S")
    bans = {f"203.0.{n // 250}.{n % 250 + 1}": now for n in range(700)}
    (tmp_path / "banned.json").write_text(json.dumps({**bans, "198.51.100.1": "2001-01-01T00:00:00"}))
    (tmp_path / "neverbanned.json").write_text('{"203.0.0.1": "my router"}')
    text = ask(supervisor, "import", tmp_path)
    assert "Never banned: 1 taken" in text
    assert "Banned: 699 taken, 0 known already, 1 over by now, 1 never to be banned" in text
    assert len(ask_json(supervisor, "bans")["bans"]) == 699
    assert "my router" in ask(supervisor, "never")
    assert "Banned: 0 taken, 699 known already" in ask(supervisor, "import", tmp_path)


def test_the_teletel_server_is_stopped_and_started(make):
    supervisor = make(settings={"teletel": {"command_channel": False, "command": ["/bin/sleep", "1000"]}}).start()
    wait_for(lambda: ask_json(supervisor, "teletel")["state"] == "running", what="the server")
    assert re.search(r"^program +/bin/sleep", ask(supervisor, "teletel", "status"), re.M)
    assert ask_json(supervisor, "teletel", "stop")["state"] == "stopped"
    assert ask_json(supervisor, "teletel", "start")["state"] == "running"
    before = ask_json(supervisor, "teletel")["pid"]
    assert ask_json(supervisor, "teletel", "restart")["pid"] != before
    assert "no Teletel server to start" in refused(make().start(), "teletel")


def test_thousands_of_sessions_are_listed(supervisor):
    sessions = [supervisor.session() for _ in range(300)]
    for session in sessions:
        session.enter(environment={"LONG": "x" * 200})
    assert len(ask_json(supervisor, "sessions")["sessions"]) == 300
    assert len(ask(supervisor, "sessions").splitlines()) == 301


def test_the_screen_of_a_real_supervisor(supervisor):
    terminal = Terminal([VDTGWCTL, "--config", supervisor.config, "sessions", "--watch"])
    try:
        terminal.wait_for(b"0 callers")
        supervisor.session().enter()
        terminal.wait_for(b"1 caller (telnet 1)")
        terminal.wait_for(b"192.0.2.1")
        terminal.type(b"\x03")
        assert terminal.end() == 0 and terminal.is_as_before()
    finally:
        terminal.close()


# Where there is no supervisor, or no right.


def test_no_supervisor_is_said(tmp_path):
    done = run("--socket", tmp_path / "none", "status")
    assert done.returncode == 69
    assert "no such file" in done.stderr and "systemctl start" in done.stderr
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "dead"))
    done = run("--socket", tmp_path / "dead", "status")
    assert done.returncode == 69 and "nobody listens" in done.stderr
    done = run("--socket", "x" * 200, "status")
    assert done.returncode == 69 and "too long" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_no_right_is_said(supervisor, tmp_path):
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", VDTGWCTL]

    def status(mode):
        os.chmod(supervisor.admin_socket, mode)
        # pytest keeps its folders for root: another name of the socket, where anybody may go.
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o711)
            os.link(supervisor.admin_socket, f"{folder}/admin")
            arguments = [*nobody, "--socket", f"{folder}/admin", "status"]
            return subprocess.run(arguments, capture_output=True, text=True, timeout=20)

    done = status(0o600)
    assert done.returncode == 77
    assert "vdtgw-admin" in done.stderr and "usermod" in done.stderr
    done = status(0o666)
    assert done.returncode == 69
    assert "without an answer" in done.stderr and "vdtgw-admin" in done.stderr


def test_a_full_backlog_is_waited_for(tmp_path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "full"))
        listener.listen(0)
        with socket.socket(socket.AF_UNIX) as first:
            first.connect(str(tmp_path / "full"))
            began = time.monotonic()
            done = run("--socket", tmp_path / "full", "status")
    assert done.returncode == 75 and "within 10 s" in done.stderr
    assert time.monotonic() - began < 15


def test_a_fault_in_the_configuration_does_not_keep_an_administrator_from_looking(tmp_path):
    (tmp_path / "wrong.conf").write_text("nonsense;")
    done = run("--config", tmp_path / "wrong.conf", "status")
    assert done.returncode == 69
    assert "wrong.conf:1:" in done.stderr and "/run/vdtgw/admin" in done.stderr
    assert "vdtgwctl --socket PATH status" in done.stderr.splitlines()[-1]
    assert "--socket" not in run("--socket", tmp_path / "none", "status").stderr


# Orders, over the real supervisor to a session that is none.


def test_callers_are_written_to_redirected_and_sent_home(supervisor):
    session = supervisor.session()
    number = session.enter()
    session.tell("StateChanged", state="home", service="ws://localhost:8765")
    wait_for(lambda: "ws://localhost" in ask(supervisor, "sessions"), what="the session at home")
    assert ask(supervisor, "message", number, "Bonsoir à tous") == f"Sent to session {number}.\n"
    assert session.order()["kind"] == "message"
    assert ask(supervisor, "message", "all", "Bonsoir") == "Sent to 1 session.\n"
    assert session.order()["kind"] == "message"
    assert "is not redirected" in refused(supervisor, "home", number)
    text = ask(supervisor, "redirect", number, "ws://far.example.org", "--ping", "9", "--subprotocol", "binary,tty")
    assert "ws://far.example.org" in text
    redirection = session.order()["redirection"]
    assert (redirection["uri"], redirection["ping"]) == ("ws://far.example.org", 9)
    assert redirection["subprotocols"] == ["binary", "tty"]
    assert "is redirected already" in refused(supervisor, "redirect", number, "ws://far.example.org")
    assert "ws://far.example.org" in ask(supervisor, "session", number)
    assert "sent back" in ask(supervisor, "home", number, "enough")
    assert session.order()["kind"] != "message"
    done = run("--config", supervisor.config, "message", number, "x" * 41)
    assert done.returncode == 64 and "value of text" in done.stderr


# Options.


def test_help_names_every_command():
    done = run("--help")
    assert done.returncode == 0
    assert re.findall(r"^  (\w+) ", done.stdout, re.M) == COMMANDS
    assert "Exit status: 0 done" in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(command):
    done = run(command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: vdtgwctl {command}")
    assert "--json" in done.stdout
    assert all(len(line) <= 100 for line in done.stdout.splitlines()), done.stdout


def test_version():
    assert re.fullmatch(r"vdtgwctl \d+\.\d+\.\d+\n", run("--version").stdout)


@pytest.mark.parametrize(
    "arguments, words",
    (
        ([], "which command"),
        (["nonsense"], 'no command "nonsense"'),
        (["--nonsense", "status"], "--nonsense"),
        (["status", "--nonsense"], "--nonsense"),
        (["status", "more"], "one argument too many"),
        (["session"], "wants N"),
        (["session", "x"], "not the number"),
        (["kick", "-1"], "'1'"),
        (["kick", "99999999999999999999"], "not the number"),
        (["message", "all"], "wants"),
        (["ban", "192.0.2.1", "--for", "soon"], "not a duration"),
        (["ban", "192.0.2.1", "--for", "0s"], "not a duration"),
        (["ban", "192.0.2.1", "--for", "1d", "--for", "2d"], "given twice"),
        (["ban", "192.0.2.1", "--for"], "requires an argument"),
        (["unban"], "wants NETWORK"),
        (["never", "forget"], 'no "never forget"'),
        (["never", "add"], "wants a network"),
        (["never", "list", "192.0.2.1"], "takes no network"),
        (["never", "remove", "192.0.2.1", "--comment", "x"], "--comment"),
        (["redirect", "1", "gopher://a"], "no service's address"),
        (["redirect", "1", "ws://a", "--ping", "3601"], "--ping"),
        (["history", "--since", "some day"], "not a time"),
        (["history", "--kind", "started,stopped"], '"stopped"'),
        (["history", "--last", "-3"], "whole number"),
        (["history", "--csv", "--json"], "exclude"),
        (["sessions", "--sort", "colour"], "--sort is"),
        (["sessions", "--watch"], "terminal"),
        (["teletel", "explode"], 'no "teletel explode"'),
        (["metrics", "--json"], "status --json"),
        (["status", "--color", "red"], "auto, always or never"),
        (["\x1b[2J"], "\\x1B[2J"),
        (["message", "all", b"\xe9t\xe9"], '"\\xE9t\\xE9" is not UTF-8'),
        (["ban", "192.0.2.1", "--comment", b"\xff"], "is not UTF-8"),
        (["history", "--service", b"\xff"], "is not UTF-8"),
        (["redirect", "1", "ws://a", "--subprotocol", b"a,\xff"], "is not UTF-8"),
    ),
    ids=lambda value: " ".join(map(str, value))[:30] if isinstance(value, list) else "",
)
def test_a_wrong_command_is_explained(supervisor, arguments, words):
    done = run("--socket", supervisor.admin_socket, *arguments)
    assert (done.returncode, done.stdout) == (64, "")
    assert words in done.stderr and "--help" in done.stderr


def test_options_stand_before_or_behind_the_command(supervisor):
    for arguments in (["--json", "timeouts"], ["timeouts", "--json"]):
        document = json.loads(run("--socket", supervisor.admin_socket, *arguments).stdout)
        assert document["caller_idle"] == 600
    assert json.loads(run("timeouts", "--socket", supervisor.admin_socket, "--json").stdout)


def test_what_cannot_be_written_was_not_done_well(supervisor):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [VDTGWCTL, "--socket", supervisor.admin_socket, "config"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=20,
        )
    assert done.returncode == 74 and "cannot be written" in done.stderr


# OpenMetrics.


def test_metrics_are_openmetrics(supervisor):
    """The grammar of OpenMetrics 1.0, as far as gauges and counters need it."""
    supervisor.session().enter()
    text = ask(supervisor, "metrics")
    assert text.endswith("# EOF\n")
    families, current = {}, None
    for line in text.splitlines()[:-1]:
        if match := re.fullmatch(r"# (TYPE|UNIT|HELP) (vdtgw_[a-z_]+) (.+)", line):
            word, name, value = match.groups()
            if word == "TYPE":
                assert name not in families and value in ("gauge", "counter")
                families[name] = value
                current = name
            assert name == current, "a family is interleaved with another"
            assert word != "UNIT" or name.endswith("_" + value)
        else:
            match = re.fullmatch(r'(vdtgw_[a-z_]+)(\{(?:[a-z]+="[^"\\\n]*",?)+\})? (\d+(?:\.\d+)?)', line)
            assert match, line
            suffix = "_total" if families[current] == "counter" else ""
            assert match.group(1) == current + suffix
    assert {"vdtgw_build_info", "vdtgw_sessions", "vdtgw_admitted", "vdtgw_bans", "vdtgw_uptime_seconds"} <= set(families)


# Completion.

COMPLETE = r"""
source /usr/share/bash-completion/bash_completion
source "$1"
shift
COMP_LINE=$1
shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_POINT=${#COMP_LINE}
_vdtgwctl
printf '%s\n' "${COMPREPLY[@]}"
"""


def complete(*words):
    """What is offered for the last of the words, which are cut as bash cuts them."""
    line = " ".join([VDTGWCTL, *words]).replace(" : ", ":").replace(" :", ":")
    done = subprocess.run(
        ["bash", "-c", COMPLETE, "bash", str(ROOT / "share/completions/vdtgwctl"), line, VDTGWCTL, *words],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.stderr == ""
    return done.stdout.split()


def test_completion_knows_every_command_and_option():
    assert complete("") == COMMANDS
    assert complete("st") == ["status"]
    for command in COMMANDS:
        told = set(re.findall(r"^  (--[a-z]+)", run(command, "--help").stdout, re.M))
        assert set(complete(command, "--")) == told, command


def test_completion_knows_values():
    assert complete("--color", "a") == ["auto", "always"]
    assert complete("history", "--transport", "") == ["telnet", "raw", "websocket"]
    help_text = run("history", "--help").stdout
    kinds = re.search(r"Kinds: ([a-z_\s]+)\.", help_text).group(1).split()
    assert complete("history", "--kind", "") == kinds
    assert complete("history", "--kind", "started,en") == ["started,ended"]
    assert complete("sessions", "--sort", "i") == ["idle"]
    assert complete("never", "") == ["list", "add", "remove"]
    assert complete("teletel", "re") == ["restart"]
    assert complete("ban", "--comment", "kick", "") == []


def test_completion_asks_for_sessions_and_networks(make):
    supervisor = make(settings={"bans": {"enabled": True}}).start()
    here = ("--socket", supervisor.admin_socket)
    numbers = [str(supervisor.session().enter()) for _ in range(3)]
    for command in ("session", "kick", "redirect", "home"):
        assert complete(*here, command, "") == numbers
    assert complete(*here, "message", "") == ["all", *numbers]
    assert complete(*here, "kick", numbers[0], "") == []
    assert complete(*here, "history", "--session", "") == numbers
    ask(supervisor, "ban", "203.0.113.0/24", "--comment", '"network": "$(touch pwned)"')
    ask(supervisor, "ban", "2001:db8::/32")
    assert complete(*here, "unban", "203") == ["203.0.113.0/24"]
    # bash has cut the word at its colons, and takes what stands behind the last one.
    assert complete(*here, "unban", "2001", ":", "db8", ":") == [":/32"]


def test_completion_without_a_supervisor_offers_nothing(tmp_path):
    assert complete("--socket", str(tmp_path / "none"), "kick", "") == []
    assert complete("--socket", str(tmp_path / "none"), "unban", "") == []
