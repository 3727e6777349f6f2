"""vdtgwctl and a supervisor that a test plays: every command's question and answer, every error in
words, and what a supervisor must never say."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import time

import pytest

from processes import ROOT, VDTGWCTL
from scripted_admin import BAN, COUNTS, EVENT, HANG_UP, HISTORY, SERVER, SESSION, SILENCE, STATUS
from scripted_admin import Error, Raw, ScriptedAdmin, run

ADMIN = "org.vdtgw.Admin."
# Whatever would act on a terminal: C0 but the end of a line, DEL, C1, and what turns the writing.
CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
NASTY = "a\x1b[2J\r\nb\x07\x9b31m\u202ec\u2066\x7f"


def succeed(server, *arguments, **options):
    done = run(server, *arguments, **options)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


# A command, the call that it makes, the answer, and what is to be read in its output.
COMMANDS = [
    (["status"], "Status", {}, STATUS, [r"3 \(telnet 2, websocket 1\) of 1000", "up since", r"up 1d 02h", "8$"]),
    (["sessions"], "ListSessions", {}, {"sessions": [SESSION]}, ["192.0.2.1", "away", "3.4K", "2.5 s"]),
    (
        ["session", "12"],
        "GetSession",
        {"session": 12},
        {"session": SESSION},
        ["VT100", "LANG=fr", "connected, to wss://remote", "2048 \\(2.0K\\)", "binary", "every 10 s"],
    ),
    (["bans"], "ListBans", {}, {"bans": [BAN], "total": 1}, ["203.0.113.0/24", "typing_speed", "a scanner"]),
    (
        ["ban", "192.0.2.1", "--for", "1d 12h", "--comment", "why"],
        "Ban",
        {"network": "192.0.2.1", "duration": 129600000000, "comment": "why"},
        {"network": "192.0.2.1"},
        ["192.0.2.1 is banned"],
    ),
    (["ban", "192.0.2.1"], "Ban", {"network": "192.0.2.1"}, {"network": "192.0.2.1"}, ["is banned"]),
    (["unban", "192.0.2.1"], "Unban", {"network": "192.0.2.1"}, {"network": "192.0.2.1"}, ["not banned"]),
    (
        ["never"],
        "ListNever",
        {},
        {"never": [{"network": "192.0.2.7", "origin": "added", "added": 1, "comment": "mine"}], "total": 1},
        ["192.0.2.7", "added", "mine"],
    ),
    (
        ["never", "add", "192.0.2.7", "--comment", "mine"],
        "AddNever",
        {"network": "192.0.2.7", "comment": "mine"},
        {"network": "192.0.2.7"},
        ["never banned"],
    ),
    (["never", "remove", "::1"], "RemoveNever", {"network": "::1"}, {"network": "::1"}, ["can be banned"]),
    (["kick", "12", "go away"], "Kick", {"session": 12, "reason": "go away"}, {}, ["12 is told to end"]),
    (["kick", "12"], "Kick", {"session": 12}, {}, ["12 is told to end"]),
    (["home", "12"], "SendHome", {"session": 12}, {}, ["12 is sent back"]),
    (["message", "12", "Bonjour"], "Message", {"session": 12, "text": "Bonjour"}, {"sent": 1}, ["session 12"]),
    (["message", "all", "Bonjour"], "Message", {"text": "Bonjour"}, {"sent": 3}, ["3 sessions"]),
    (
        ["redirect", "12", "ws://a.example.org", "--ping", "10", "--subprotocol", "binary,tty"],
        "Redirect",
        {"session": 12, "uri": "ws://a.example.org", "ping": 10, "subprotocols": ["binary", "tty"]},
        {"tag": "A1"},
        ["ws://a.example.org", "A1"],
    ),
    (
        ["timeouts"],
        "Timeouts",
        {},
        {"timeouts": {"caller_idle": 600, "session": 7200, "remote": 0}},
        ["caller_idle +600 +10m 00s", "remote +none"],
    ),
    (
        ["config"],
        "Configuration",
        {},
        {"file": "/e", "loaded": 0, "values": {"home.uri": "ws://a", "b.c": [1]}, "defaults": ["b.c"]},
        [r'\* home.uri = "ws://a"', r"  b.c = \[1\]"],
    ),
    (
        ["reload"],
        "Reload",
        {},
        {"file": "/e", "changed": ["limits.sessions", "x.y"], "restart": ["x.y"], "sessions": 4},
        ["Changed: limits.sessions, x.y", "4 sessions were told", "next start only.*: x.y"],
    ),
    (["history", "--last", "5"], "History", {"last": 5}, HISTORY, ["ended", "after 2m 13s", "2026-11-20 08:54:01"]),
    (
        ["history", "--since", "2026-11-19 18:00", "--until", "@1795164841", "--address", "192.0.2.0/24"]
        + ["--transport", "telnet", "--service", "ws://", "--session", "12", "--kind", "started,ended"],
        "History",
        {
            "since": 1795111200000000,
            "until": 1795164841000000,
            "network": "192.0.2.0/24",
            "transport": "telnet",
            "service": "ws://",
            "session": 12,
            "kinds": ["started", "ended"],
        },
        HISTORY,
        ["caller-closed"],
    ),
    (["teletel"], "TeletelStatus", {}, {"server": SERVER}, ["t.service", "running"]),
    (["teletel", "start"], "TeletelStart", {}, {"server": SERVER}, ["running"]),
    (["teletel", "stop"], "TeletelStop", {}, {"server": SERVER}, ["running"]),
    (["teletel", "restart"], "TeletelRestart", {}, {"server": SERVER}, ["running"]),
    (["metrics"], "Status", {}, STATUS, ["vdtgw_sessions{transport=\"telnet\"} 2", "# EOF\n$"]),
]


def name_of(value):
    """The command; the rest says nothing more."""
    if isinstance(value, tuple):
        value = value[0]
    return "-".join(value)[:40] if value and isinstance(value, list) else ""


@pytest.mark.parametrize(
    "command",
    [["ban", "192.0.2.1"], ["unban", "192.0.2.1"], ["never", "add", "::1"], ["never", "remove", "::1"]],
)
def test_what_is_not_on_disk_is_done_and_said_so(admin, command):
    answer = {"network": "::1", "saved": False}
    server = admin(Ban=answer, Unban=answer, AddNever=answer, RemoveNever=answer)
    done = run(server, *command)
    assert done.returncode == 0 and done.stdout.startswith("::1 ")
    assert "cannot write to its disk" in done.stderr and "lost" in done.stderr
    done = run(server, "--json", *command)
    assert json.loads(done.stdout)["saved"] is False and "lost" in done.stderr


@pytest.mark.parametrize("command, method, asked, answer, shown", COMMANDS, ids=name_of)
def test_a_command_asks_and_shows(admin, command, method, asked, answer, shown):
    server = admin(**{method: answer})
    text = succeed(server, *command)
    assert server.calls == [(method, asked, False)]
    for pattern in shown:
        assert re.search(pattern, text, re.M), (pattern, text)


@pytest.mark.parametrize(
    "command, method, answer",
    [(row[0], row[1], row[3]) for row in COMMANDS if row[0] != ["metrics"]],
    ids=name_of,
)
def test_json_is_one_document(admin, command, method, answer):
    document = json.loads(succeed(admin(**{method: answer}), *command, "--json"))
    inner = {"GetSession": "session", "Timeouts": "timeouts"}.get(method)
    if inner or method.startswith("Teletel"):
        answer = answer[inner or "server"]
    assert document == answer


def nasty(value):
    """The same, with every text of it hostile."""
    if isinstance(value, dict):
        return {key: item if key in ("kind",) else nasty(item) for key, item in value.items()}
    if isinstance(value, list):
        return [nasty(item) for item in value]
    return value + NASTY if isinstance(value, str) else value


FORMS = [(row, form) for row in COMMANDS for form in ([], ["--json"])]
FORMS += [(row, ["--csv"]) for row in COMMANDS if row[1] == "History"]


@pytest.mark.parametrize("row, form", FORMS, ids=name_of)
def test_no_control_character_reaches_the_screen(admin, row, form):
    command, method, _, answer, _ = row
    done = run(admin(**{method: nasty(answer)}), *command, *form)
    assert done.returncode in (0, 76) or (done.returncode, *command) == (64, "metrics")
    assert not CONTROLS.search(done.stdout + done.stderr), done


def errors_of_the_description():
    text = (ROOT / "vdtgw-supervisor/interfaces/org.vdtgw.Admin.varlink").read_text()
    found = re.findall(r"^error (\w+) \(([^)]*)\)", text, re.M)
    assert len(found) >= 15
    return found


@pytest.mark.parametrize("name, members", errors_of_the_description())
def test_every_error_has_its_words(admin, name, members):
    values = {"session": 12, "limit": 99}
    parameters = {}
    for member in filter(None, members.split(", ")):
        key, _, kind = member.partition(": ")
        parameters[key] = values.get(key, f"the-{key}") if kind == "string" else values[key]
    server = admin(
        Kick=Error(ADMIN + name, parameters), ListSessions={"sessions": [{"session": n} for n in (4, 7, 9)]}
    )
    done = run(server, "kick", "12")
    assert done.stdout == ""
    assert done.stderr.startswith("vdtgwctl: ") and "org.vdtgw" not in done.stderr
    expected = {"NotAllowed": 77, "BadConfiguration": 78, "MoreNeeded": 76}.get(name, 1)
    assert done.returncode == expected
    for value in parameters.values():
        assert str(value) in done.stderr
    if name == "NoSuchSession":
        assert done.stderr == "vdtgwctl: no session 12; 3 are connected: 4, 7, 9\n"


def test_of_many_sessions_a_few_are_named(admin):
    gone = Error(ADMIN + "NoSuchSession", {"session": 12})
    many = {"sessions": [{"session": n} for n in range(100, 140)], "next": 140}
    done = run(admin(Kick=gone, ListSessions=many), "kick", "12")
    assert done.stderr == (
        "vdtgwctl: no session 12; more than 40 are connected: 100, 101, 102, 103, 104, 105, 106, 107 …\n"
    )
    done = run(admin(Kick=gone, ListSessions={"sessions": []}), "kick", "12")
    assert done.stderr == "vdtgwctl: no session 12; nobody is connected\n"


@pytest.mark.parametrize(
    "error, status, words",
    (
        (Error("org.varlink.service.MethodNotFound", {"method": "M"}), 76, "does not know M"),
        (Error("org.varlink.service.InvalidParameter", {"parameter": "text"}), 64, "value of text"),
        (Error("org.varlink.service.InterfaceNotFound", {"interface": "I"}), 76, "does not know I"),
        (Error("org.example.New", {}), 76, "org.example.New"),
        (Error("x" * 255 , {}), 76, "xxx"),
        (Error(ADMIN + "NoSuchSession", {}), 1, "no session ?"),
        (Error(ADMIN + "TeletelFailed", {"message": NASTY * 200}), 1, "x1B"),
        (Error(ADMIN + "TeletelFailed", {"message": {"a": ["b"]}}), 1, '{"a":["b"]}'),
        (HANG_UP, 69, "closed the connection"),
        (Raw(b"HTTP/1.1 400 Bad Request\r\n\r\n\0"), 76, "does not speak Varlink"),
        (Raw(b"[]\0"), 76, "does not speak Varlink"),
        (Raw(b'{"error":7}\0'), 76, "does not speak Varlink"),
        (Raw(b'{"error":"a.b","continues":true}\0'), 76, "does not speak Varlink"),
        (Raw(b"x" * 70000), 76, "does not speak Varlink"),
        (Raw(b'{"parameters":' + b"[" * 60000 + b"\0"), 76, "does not speak Varlink"),
    ),
    ids=lambda value: str(value)[:30],
)
def test_what_is_no_answer_is_said(admin, error, status, words):
    done = run(admin(Kick=error), "kick", "12")
    assert (done.returncode, done.stdout) == (status, "")
    assert words in done.stderr and not CONTROLS.search(done.stderr)


def spoilt(value, wrong):
    """Copies of value, in each of which one part is wrong."""
    if isinstance(value, dict):
        for key in value:
            yield {**value, key: wrong}
            yield from ({**value, key: part} for part in spoilt(value[key], wrong))
    elif isinstance(value, list) and value:
        yield from ([part, *value[1:]] for part in spoilt(value[0], wrong))


@pytest.mark.parametrize(
    "command, method, answer", [(row[0], row[1], row[3]) for row in COMMANDS], ids=name_of
)
def test_a_wrong_type_is_a_clear_error_and_never_a_crash(admin, command, method, answer):
    server = admin()
    for number, part in enumerate(part for wrong in (7, "x", [{}], -1) for part in spoilt(answer, wrong)):
        server.answers[method] = part
        done = run(server, *command)
        assert done.returncode in (0, 76), (part, done)
        assert "makes no sense" in done.stderr if done.returncode else done.stderr == "", (part, done)
        if number > 120:  # a supervisor that is wrong everywhere is no worse
            break


def test_a_server_that_says_nothing_is_not_waited_for_for_ever(admin):
    began = time.monotonic()
    done = run(admin(Status=SILENCE), "status")
    assert done.returncode == 75 and "does not answer in time" in done.stderr
    assert 9 < time.monotonic() - began < 15


def test_a_server_that_never_ends_its_message_is_not_waited_for_for_ever(admin, tmp_path):
    class Dribbler(ScriptedAdmin):
        def answer(self, connection, call):
            for _ in range(200):
                connection.sendall(b'{"x')
                time.sleep(0.1)

    server = Dribbler(tmp_path / "dribbler", {})
    try:
        assert run(server, "status").returncode == 75
    finally:
        server.close()


# Pages.


def test_pages_are_joined(admin):
    def page(parameters):
        first = parameters.get("from", 0)
        sessions = [{**SESSION, "session": n} for n in range(first, min(first + 10, 25))]
        return {"sessions": sessions, **({"next": first + 10} if first < 20 else {})}

    server = admin(ListSessions=page)
    document = json.loads(succeed(server, "sessions", "--json"))
    assert [session["session"] for session in document["sessions"]] == list(range(25))
    assert "next" not in document
    assert [call[1] for call in server.calls] == [{}, {"from": 10}, {"from": 20}]


@pytest.mark.parametrize("command, method", (("sessions", "ListSessions"), ("bans", "ListBans"), ("history", "History")))
def test_pages_that_go_in_circles_are_an_error(admin, command, method):
    server = admin(**{method: {"sessions": [], "bans": [], "events": [], "next": 5}})
    done = run(server, command)
    assert done.returncode == 76 and "goes on at 5, behind 5" in done.stderr
    assert len(server.calls) == 2


# History and what happens.


def test_history_without_a_time_is_that_of_the_last_day(admin):
    server = admin(History=HISTORY)
    for command in (["history"], ["history", "--kind", "ended"]):
        before = time.time()
        succeed(server, *command)
        assert abs(server.calls[-1][1]["since"] / 1e6 - (before - 86400)) < 5


def test_nothing_found_is_explained(admin):
    done = run(admin(History={"events": [], "total": 12, "oldest": 1795164841000000}), "history")
    assert (done.returncode, done.stdout) == (0, "")
    assert "12 events, the oldest of 2026-11-20 08:54:01" in done.stderr


def test_history_as_csv_is_what_a_spreadsheet_reads(admin):
    events = [
        {"time": 1795164841000000, "kind": "started", "session": 1, "transport": "telnet", "address": "::1", "port": 9},
        {**EVENT, "service": 'ws://a/?x="1",2'},
        {**EVENT, "kind": "kicked", "reason": "=HYPERLINK(\"http://x\")", "duration": None},
    ]
    pages = lambda parameters: {"events": events[parameters.get("from", 0):][:2], **({} if parameters.get("from") else {"next": 2})}
    text = succeed(admin(History=pages), "history", "--csv")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows == [
        ["TIME", "EVENT", "FROM", "TO", "INFO"],
        ["2026-11-20 08:54:01", "started", "[::1]:9", "", ""],
        ["2026-11-20 08:54:01", "ended", "192.0.2.1:4711", 'ws://a/?x="1",2', "0:02:13.500"],
        ["2026-11-20 08:54:01", "kicked", "192.0.2.1:4711", "ws://localhost:8765", "'=HYPERLINK(\"http://x\")"],
    ]


@pytest.mark.parametrize("form", ([], ["--json"]), ids=str)
def test_watch_prints_each_event_at_once_and_says_when_the_supervisor_goes(admin, form):
    server = admin(Watch=[{}, {"event": EVENT}])
    watching = subprocess.Popen(
        [VDTGWCTL, "--socket", server.path, "watch", *form],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TZ": "UTC0"},
    )
    line = watching.stdout.readline()
    if form:
        assert json.loads(line) == EVENT
    else:
        assert line.startswith("08:54:01  ended ") and "caller-closed" in line
    assert server.calls == [("Watch", {}, True)]
    server.send(server.connections[0], {"parameters": {"event": {**EVENT, "kind": "state"}}, "continues": True})
    assert "state" in watching.stdout.readline()
    server.close()
    assert watching.wait(8) == 69
    assert "closed the connection" in watching.stderr.read()


def test_ctrl_c_ends_watch(admin):
    server = admin(Watch=[{}, {"event": EVENT}])
    watching = subprocess.Popen([VDTGWCTL, "--socket", server.path, "watch"], stdout=subprocess.PIPE)
    watching.stdout.readline()
    watching.send_signal(signal.SIGINT)
    assert watching.wait(8) == -signal.SIGINT


# Import.


def test_import_sends_batches_never_banned_first(admin, tmp_path):
    bans = {f"203.0.{n // 250}.{n % 250 + 1}": "2021-08-11T18:40:53.797380" for n in range(1200)}
    (tmp_path / "banned.json").write_text(json.dumps({**bans, "nonsense": "2021-01-01T00:00:00"}))
    (tmp_path / "neverbanned.json").write_text(json.dumps({"192.0.2.1": "é" * 300, "192.0.2.2": ""}))
    (tmp_path / "GatewayConfig.json").write_text(json.dumps({"LimitTcpSpeed": 1.2, "LimitWsSpeed": 9.6, "Colour": NASTY}))

    def take(parameters):
        return {**COUNTS, "taken": len(parameters["bans"] + parameters["never"])}

    server = admin(Import=take)
    text = succeed(server, "import", str(tmp_path))
    sizes = [(len(call[1]["bans"]), len(call[1]["never"])) for call in server.calls]
    assert sizes == [(0, 2), (500, 0), (500, 0), (200, 0)]
    assert server.calls[0][1]["never"] == [
        {"network": "192.0.2.1", "comment": "é" * 128},
        {"network": "192.0.2.2"},
    ]
    assert server.calls[1][1]["bans"][0] == {"network": "203.0.0.1", "visited": 1628707253797380}
    assert "Never banned: 2 taken" in text and "Banned: 1200 taken" in text
    # A group may stand in the configuration once only.
    assert "    speed: { telnet = 1200; raw = 1200; websocket = 9600; };\n" in text
    assert 'banned.json: "nonsense"' in text and not CONTROLS.search(text)
    report = json.loads(succeed(server, "import", str(tmp_path), "--json"))
    assert report["bans"]["taken"] == 1200 and len(report["left_out"]) == 2
    assert report["settings"] == ["speed: { telnet = 1200; raw = 1200; websocket = 9600; };"]


def test_import_of_no_such_folder_or_file(admin, tmp_path):
    server = admin(Import=COUNTS)
    for folder in (tmp_path, tmp_path / "missing"):
        done = run(server, "import", str(folder))
        assert done.returncode == 66 and "no banned.json" in done.stderr
    (tmp_path / "banned.json").mkdir()
    assert run(server, "import", str(tmp_path)).returncode == 66
    assert server.calls == []


def test_an_import_of_what_is_no_json_takes_the_rest_and_says_so(admin, tmp_path):
    (tmp_path / "banned.json").write_text("nonsense")
    (tmp_path / "neverbanned.json").write_text(json.dumps({"192.0.2.1": "router"}))
    done = run(admin(Import={**COUNTS, "taken": 1}), "import", str(tmp_path))
    assert done.returncode == 65 and "could be understood" in done.stderr
    assert "Never banned: 1 taken" in done.stdout and "banned.json: all of it" in done.stdout


def test_an_import_that_fails_half_way_says_so(admin, tmp_path):
    bans = {f"203.0.{n // 250}.{n % 250 + 1}": "2021-08-11T18:40:53" for n in range(600)}
    (tmp_path / "banned.json").write_text(json.dumps(bans))
    answers = [{**COUNTS, "taken": 500}, Error(ADMIN + "TooMany", {"limit": 500})]
    done = run(admin(Import=lambda _: answers.pop(0)), "import", str(tmp_path))
    assert done.returncode == 1 and "Banned: 500 taken" in done.stdout and "500" in done.stderr
