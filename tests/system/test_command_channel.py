"""The command channel: a scripted Teletel server, and scripted sessions, around the supervisor."""

import asyncio
import socket
import time

import pytest
import websockets

from calls import CALLERS, TRANSPORTS, join
from library_peers import Loop
from peers import Service
from processes import proportional_kilobytes, wait_for
from teletel_server import TeletelServer
from varlink_peer import Client, Failure, Supervisor, wait_message

SERVICE = "ws://service.example:1234/path"
CONNECT = f"CONNECT,{SERVICE},None,[]"
UNKNOWN = 123456789


@pytest.fixture
def make(supervisors):
    """make(server, settings={…}, env={…}): a supervisor of that server, not started."""

    def new(server, settings=None, env=None):
        settings = {"teletel": {"uri": server.uri, "retry": 1}, **(settings or {})}
        return supervisors(Supervisor, settings=settings, env=env)

    return new


@pytest.fixture
def joined(make):
    """A server and a supervisor, and their channel up."""
    server = TeletelServer().start()
    supervisor = make(server).start()
    server.accept()
    wait_for(lambda: supervisor.status()["command_channel"]["state"] == "up")
    return server, supervisor


def listed(supervisor, number):
    return next(entry for entry in supervisor.sessions() if entry["session"] == number)


# Conversations. A step is one of
#   ("enter", name, {parameters of Enter})      a session comes, with orders unless more=False
#   ("<", line)                                 the server sends it; bytes: as a binary frame
#   (">", line)                                 the server hears exactly this next
#   ("order", name, {order})                    the session gets exactly this next
#   ("tell", name, method, {parameters})        the session calls it
#   ("refused", name, method, {parameters})     … and is told that no such redirection is there
#   ("redirection", name, None or {…})          what ListSessions says, at least
#   ("leave", name), ("crash", name), ("log", pattern)
# In texts, {name} is the session's number.

ENTER = [("enter", "a", {}), (">", "NewTelnetUser,192.0.2.1,4711,{a}")]
REDIRECT = {
    "kind": "redirect",
    "redirection": {"tag": "7", "uri": SERVICE, "ping": 0, "subprotocols": []},
}
ORDERED = ENTER + [
    ("<", "PID={a},7," + CONNECT),
    (">", "UserGotCommand,,,{a},7," + CONNECT),
    ("order", "a", REDIRECT),
]
STARTING = ORDERED + [
    ("tell", "a", "Redirecting", {"tag": "7", "service": SERVICE}),
    (">", "UserRedirecting,,,{a},7"),
]
CONNECTED = STARTING + [("tell", "a", "Redirected", {"tag": "7"}), (">", "UserRedirected,,,{a},7")]
CLOSE = [("tell", "a", "RequestedClose", {"tag": "7"}), (">", "UserRequestedClose,,,{a},7")]
END = [
    ("tell", "a", "RedirectEnded", {"tag": "7", "reason": "closed"}),
    (">", "UserRedirectEnded,,,{a},7"),
]
STAGES = {
    "ordered": ORDERED,
    "starting": STARTING,
    "connected": CONNECTED,
    "closing": CONNECTED + CLOSE,
}


def refused(line, answer, **enter):
    """A line that orders nothing, ahead of one that does."""
    steps = [("enter", "a", enter), (">", "NewTelnetUser,192.0.2.1,4711,{a}"), ("<", line)]
    if isinstance(line, str) and line.startswith("PID={a},"):
        steps.append((">", "UserGotCommand,,,{a}," + line.partition(",")[2].rstrip("\r\n")))
    steps += [(">", text) for text in answer]
    if enter.get("more", True):
        steps += ORDERED[len(ENTER) :] + END
    return steps + [("leave", "a"), (">", "UserGone,,,{a}")]


CONVERSATIONS = {
    "comes and goes": ENTER + [("leave", "a"), (">", "UserGone,,,{a}")],
    "by raw socket": [
        ("enter", "a", {"transport": "raw", "address": "::ffff:192.0.2.9"}),
        (">", "NewTelnetUser,192.0.2.9,4711,{a}"),
    ],
    "by WebSocket and IPv6": [
        ("enter", "a", {"transport": "websocket", "address": "2001:DB8::1", "port": 1}),
        (">", "NewWsUser,2001:db8::1,1,{a}"),
    ],
    "by a local socket": [
        ("enter", "a", {"address": "", "port": 0}),
        (">", "NewTelnetUser,,0,{a}"),
    ],
    "crashes": ENTER + [("crash", "a"), (">", "UserGone,,,{a}")],
    "a redirection": CONNECTED + END + [("leave", "a"), (">", "UserGone,,,{a}")],
    "many redirections": CONNECTED + END + 5 * (CONNECTED[len(ENTER) :] + CLOSE + END),
    "Connexion/Fin": CONNECTED + CLOSE + END,
    "Connexion/Fin while connecting": STARTING + CLOSE + END,
    "Connexion/Fin before it starts": ORDERED + CLOSE + END,
    "not begun": ORDERED + END,
    "not connected": STARTING + END,
    "sessions apart": CONNECTED
    + [
        ("enter", "b", {"transport": "websocket"}),
        (">", "NewWsUser,192.0.2.1,4711,{b}"),
        ("<", "PID={b},8," + CONNECT),
        (">", "UserGotCommand,,,{b},8," + CONNECT),
        ("order", "b", {**REDIRECT, "redirection": {**REDIRECT["redirection"], "tag": "8"}}),
        ("leave", "a"),
        (">", "UserRedirectEnded,,,{a},7"),
        (">", "UserGone,,,{a}"),
        ("tell", "b", "Redirecting", {"tag": "8", "service": SERVICE}),
        (">", "UserRedirecting,,,{b},8"),
    ],
    "ping and subprotocols": ENTER
    + [
        ("<", 'PID={a},7,CONNECT,wss://host/?a,10,["binary","tty"]'),
        (">", 'UserGotCommand,,,{a},7,CONNECT,wss://host/?a,10,["binary","tty"]'),
        (
            "order",
            "a",
            {
                "kind": "redirect",
                "redirection": {
                    "tag": "7",
                    "uri": "wss://host/?a",
                    "ping": 10,
                    "subprotocols": ["binary", "tty"],
                },
            },
        ),
    ],
    "binary frame": ENTER
    + [
        ("<", b"PID={a},7," + CONNECT.encode()),
        (">", "UserGotCommand,,,{a},7," + CONNECT),
        ("order", "a", REDIRECT),
    ],
    "binary frame of Latin-1": ENTER
    + [
        ("<", b"PID={a},\xe9t\xe9"),
        (">", "UserGotCommand,,,{a},été"),
        ("log", r"SESSION is not"),
    ],
    "end of line": ENTER
    + [
        ("<", "PID={a},7," + CONNECT + "\r\n"),
        (">", "UserGotCommand,,,{a},7," + CONNECT),
        ("order", "a", REDIRECT),
    ],
    "news out of order": ENTER
    + [
        ("refused", "a", "Redirecting", {"tag": "7", "service": SERVICE}),
        ("refused", "a", "Redirected", {"tag": "7"}),
        ("refused", "a", "RequestedClose", {"tag": "7"}),
        ("refused", "a", "RedirectEnded", {"tag": "7", "reason": "x"}),
    ]
    + ORDERED[len(ENTER) :]
    + [
        ("refused", "a", "Redirecting", {"tag": "8", "service": SERVICE}),
        ("refused", "a", "Redirected", {"tag": "7"}),
    ]
    + STARTING[len(ORDERED) :]
    + [("refused", "a", "Redirecting", {"tag": "7", "service": SERVICE})]
    + CONNECTED[len(STARTING) :]
    + [("refused", "a", "Redirected", {"tag": "7"})]
    + CLOSE
    + [("refused", "a", "RequestedClose", {"tag": "7"}), ("refused", "a", "Redirected", {"tag": "7"})]
    + END
    + [("refused", "a", "RedirectEnded", {"tag": "7", "reason": "x"})],
    "what is listed": ENTER
    + [("redirection", "a", None)]
    + ORDERED[len(ENTER) :]
    + [("redirection", "a", {"tag": "7", "service": SERVICE, "state": "ordered"})]
    + STARTING[len(ORDERED) :]
    + [("redirection", "a", {"tag": "7", "service": SERVICE, "state": "starting"})]
    + CONNECTED[len(STARTING) :]
    + [("redirection", "a", {"tag": "7", "service": SERVICE, "state": "connected"})]
    + CLOSE
    + [("redirection", "a", {"tag": "7", "service": SERVICE, "state": "closing"})]
    + END
    + [("redirection", "a", None)],
    "unknown number": refused(f"PID={UNKNOWN},7,{CONNECT}", [f"UserRedirectEnded,,,{UNKNOWN},7"]),
    "unknown number and verb": refused(f"PID={UNKNOWN},7,X", [f"UserRedirectEnded,,,{UNKNOWN},7"]),
    "unknown verb": refused("PID={a},7,KICK", ["UserRedirectEnded,,,{a},7"]),
    "unknown scheme": refused(
        "PID={a},7,CONNECT,http://host,None,[]", ["UserRedirectEnded,,,{a},7"]
    ),
    "no ping": refused("PID={a},7,CONNECT,ws://host", ["UserRedirectEnded,,,{a},7"]),
    "a subprotocol with a header": refused(
        "PID={a},7,CONNECT,ws://host,None,['a\r\nX: y']", ["UserRedirectEnded,,,{a},7"]
    ),
    "no session": refused("PID={a},,CONNECT,ws://host,None,[]", []),
    "nothing but a number": refused("PID={a}", []),
    "nothing": refused("", []),
    "garbage": refused("\x00\x1b[31m\uffff hello, world", []),
    "binary garbage": refused(bytes(range(256)), []),
    "no orders": refused("PID={a},7," + CONNECT, ["UserRedirectEnded,,,{a},7"], more=False),
} | {
    f"a second redirection when {name}": steps
    + [
        ("<", "PID={a},8,CONNECT,ws://other,None,[]"),
        (">", "UserGotCommand,,,{a},8,CONNECT,ws://other,None,[]"),
        (">", "UserRedirectEnded,,,{a},8"),
        ("log", r"refused.*under way"),
    ]
    + END
    for name, steps in STAGES.items()
} | {
    f"{ending} when {name}": steps
    + [(ending, "a"), (">", "UserRedirectEnded,,,{a},7"), (">", "UserGone,,,{a}")]
    for name, steps in STAGES.items()
    for ending in ("leave", "crash")
}


class Conversation:
    def __init__(self, server, supervisor):
        self.server = server
        self.supervisor = supervisor
        self.sessions = {}
        self.numbers = {}

    def text(self, value):
        """With the numbers filled in."""
        for name, number in self.numbers.items():
            if isinstance(value, bytes):
                value = value.replace(b"{%s}" % name.encode(), b"%d" % number)
            else:
                value = value.replace(f"{{{name}}}", str(number))
        return value

    def play(self, steps):
        for step in steps:
            self.step(*step)

    def step(self, kind, *what):
        session = self.sessions.get(what[0])
        if kind == "enter":
            self.enter(*what)
        elif kind == "<":
            self.server.channel.send(self.text(what[0]))
        elif kind == ">":
            self.server.channel.hears(self.text(what[0]))
        elif kind == "log":
            self.supervisor.wait_log(what[0])
        elif kind == "order":
            assert session.order() == what[1]
        elif kind == "tell":
            session.tell(what[1], **what[2])
        elif kind == "refused":
            with pytest.raises(Failure, match="org.vdtgw.Session.NoSuchRedirection"):
                session.call(f"org.vdtgw.Session.{what[1]}", what[2])
        elif kind == "redirection":
            entry = listed(self.supervisor, self.numbers[what[0]])
            told = entry.get("redirection")
            assert told == what[1] or {name: told[name] for name in what[1]} == what[1]
        elif kind == "leave":
            session.leave()
        elif kind == "crash":
            session.close()
        else:
            raise ValueError(kind)

    def enter(self, name, parameters):
        session = self.supervisor.session()
        self.sessions[name] = session
        session.send(
            "org.vdtgw.Session.Enter",
            {**session.ADDRESS, **{k: v for k, v in parameters.items() if k != "more"}},
            more=parameters.get("more", True),
        )
        reply = session.receive()["parameters"]
        assert reply["channel"] is True
        if "session" in parameters and parameters.get("more", True):
            assert session.order()["kind"] == "reload"
        self.numbers[name] = reply["session"]


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_a_conversation(joined, name):
    conversation = Conversation(*joined)
    conversation.play(CONVERSATIONS[name])
    assert joined[0].channel.is_silent()
    assert joined[1].program.process.poll() is None


# The connection.


def enter(supervisor, channel, **parameters):
    """A session and its number; whether the channel is up is as expected."""
    session = supervisor.session()
    session.send("org.vdtgw.Session.Enter", {**session.ADDRESS, **parameters}, more=True)
    reply = session.receive()["parameters"]
    assert reply["channel"] is channel
    if "session" in parameters:
        assert session.order()["kind"] == "reload"
    return session, reply["session"]


def channel_order(up):
    return {"kind": "channel", "up": up}


def test_a_server_that_comes_later_is_told_who_is_there(make):
    server = TeletelServer()
    supervisor = make(server).start()
    sessions = [enter(supervisor, False) for _ in range(3)]
    supervisor.wait_log(r"command channel: .* cannot be reached \(refused")
    assert supervisor.status()["command_channel"]["state"] == "connecting"
    server.start().accept()
    server.channel.hears(
        *(f"NewTelnetUser,192.0.2.1,4711,{number}" for _, number in sessions)
    )
    for session, _ in sessions:
        assert session.order() == channel_order(True)
    assert server.channel.is_silent()


def test_tries_are_made_every_retry_seconds_and_logged_once(make):
    with socket.socket() as refusing:
        refusing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        refusing.bind(("127.0.0.1", 0))
        refusing.listen()
        server = TeletelServer(refusing.getsockname()[1])
        supervisor = make(server).start()
        times = []
        for _ in range(3):
            refusing.settimeout(8)
            connection, _ = refusing.accept()
            times.append(time.monotonic())
            connection.close()
    server.start().accept()
    supervisor.wait_log("command channel: up")
    assert all(0.9 < later - sooner < 1.9 for sooner, later in zip(times, times[1:]))
    lines = [line for line in supervisor.program.lines if "command channel" in line]
    assert len(lines) == 2, lines


def test_off_by_configuration(make):
    server = TeletelServer().start()
    supervisor = make(server, settings={"teletel": {"command_channel": False}}).start()
    enter(supervisor, False)
    status = supervisor.status()["command_channel"]
    assert (status["state"], status["connections"]) == ("off", 0)
    assert not [line for line in supervisor.program.lines if "command channel" in line]
    assert server.connections.empty()


def test_status_tells_of_the_channel(joined):
    server, supervisor = joined
    status = supervisor.status()["command_channel"]
    assert abs(status.pop("since") / 1e6 - time.time()) < 8
    assert status == {"state": "up", "uri": server.uri, "connections": 1}
    server.channel.cut()
    server.accept()
    wait_for(lambda: supervisor.status()["command_channel"]["connections"] == 2)


def test_the_service_manager_is_told_of_the_channel(make, tmp_path):
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(str(tmp_path / "notify"))
    server = TeletelServer()
    make(server, env={"NOTIFY_SOCKET": str(tmp_path / "notify")}).start()
    wait_message(notify, "STATUS=0 sessions; command channel down")
    server.start().accept()
    wait_message(notify, "STATUS=0 sessions; command channel up")
    server.close()
    wait_message(notify, "STATUS=0 sessions; command channel down")
    notify.close()


@pytest.mark.parametrize("way", ("stopped", "cut"))
@pytest.mark.parametrize("stage", STAGES)
def test_a_server_that_restarts_is_told_who_is_there(joined, stage, way):
    """And a redirection goes on meanwhile, whose end is told with the tag it had."""
    server, supervisor = joined
    conversation = Conversation(server, supervisor)
    conversation.play(STAGES[stage])
    session, number = conversation.sessions["a"], conversation.numbers["a"]
    if way == "stopped":
        server.close()
    else:
        server.channel.cut()
    assert session.order() == channel_order(False)
    if way == "stopped":
        server.start()
    server.accept()
    server.channel.hears(f"NewTelnetUser,192.0.2.1,4711,{number}")
    assert session.order() == channel_order(True)
    conversation.play([("<", "PID={a},9," + CONNECT), (">", "UserGotCommand,,,{a},9," + CONNECT)])
    conversation.play([(">", "UserRedirectEnded,,,{a},9")])
    conversation.play(END + CONNECTED[len(ENTER) :] + CLOSE + END)
    assert server.channel.is_silent()


@pytest.mark.parametrize("ending", ("ended", "left"))
def test_nothing_is_hoarded_for_a_server_that_is_away(joined, ending):
    server, supervisor = joined
    conversation = Conversation(server, supervisor)
    conversation.play(CONNECTED)
    session, number = conversation.sessions["a"], conversation.numbers["a"]
    server.close()
    assert session.order() == channel_order(False)
    other, other_number = enter(supervisor, False)
    session.tell("RedirectEnded", tag="7", reason="closed")
    if ending == "left":
        session.leave()
        wait_for(lambda: supervisor.status()["sessions"] == 1)
    else:
        wait_for(lambda: "redirection" not in listed(supervisor, number))
    server.start().accept()
    here = [other_number] if ending == "left" else [number, other_number]
    server.channel.hears(*(f"NewTelnetUser,192.0.2.1,4711,{pid}" for pid in here))
    assert other.order() == channel_order(True)
    assert server.channel.is_silent()


# Restarts of the supervisor.


@pytest.mark.parametrize("stage", STAGES)
def test_sessions_keep_their_redirection_when_the_supervisor_is_killed(joined, stage):
    server, supervisor = joined
    conversation = Conversation(server, supervisor)
    conversation.play(STAGES[stage])
    number = conversation.numbers["a"]
    supervisor.kill()
    assert server.channel.hear() is None
    supervisor.start()
    server.accept()
    wait_for(lambda: supervisor.status()["command_channel"]["state"] == "up")
    session, again = enter(
        supervisor,
        True,
        session=number,
        state="redirecting" if stage == "starting" else "away",
        service=SERVICE,
        redirection="7",
    )
    assert again == number
    conversation.sessions["a"] = session
    state = "starting" if stage == "starting" else "connected"
    conversation.play(
        [
            (">", "NewTelnetUser,192.0.2.1,4711,{a}"),
            ("redirection", "a", {"tag": "7", "service": SERVICE, "state": state}),
        ]
    )
    if stage == "starting":
        conversation.play(CONNECTED[len(STARTING) :])
    conversation.play(END + CONNECTED[len(ENTER) :] + END)
    assert server.channel.is_silent()


def test_a_number_is_never_used_twice(joined):
    server, supervisor = joined
    seen = set()
    for _ in range(4):
        for session, number in [enter(supervisor, True) for _ in range(5)]:
            server.channel.hears(f"NewTelnetUser,192.0.2.1,4711,{number}")
            assert number not in seen
            seen.add(number)
        supervisor.kill()
        supervisor.start()
        server.accept()
        wait_for(lambda: supervisor.status()["command_channel"]["state"] == "up")


@pytest.mark.parametrize("tag", (None, "7", "8"))
def test_a_session_that_comes_back_is_not_a_new_one(joined, tag):
    """Over another connection, while the older one still seems alive."""
    server, supervisor = joined
    conversation = Conversation(server, supervisor)
    conversation.play(CONNECTED)
    number = conversation.numbers["a"]
    again = {"redirection": tag} if tag else {}
    session, same = enter(supervisor, True, session=number, state="home", **again)
    assert same == number
    conversation.sessions["a"] = session
    if tag != "7":
        conversation.play([(">", "UserRedirectEnded,,,{a},7")])
    conversation.play([("leave", "a")])
    if tag:
        conversation.play([(">", f"UserRedirectEnded,,,{{a}},{tag}")])
    conversation.play([(">", "UserGone,,,{a}")])
    assert server.channel.is_silent()


@pytest.mark.parametrize("tag", ("", "a,b", "x" * 65, "é", "\n"))
def test_a_tag_that_is_none_is_refused(joined, tag):
    session = joined[1].session()
    with pytest.raises(Failure, match="org.varlink.service.InvalidParameter") as failure:
        session.enter(redirection=tag)
    assert failure.value.parameters == {"parameter": "redirection"}
    assert joined[0].channel.is_silent()


def test_stopping_leaves_the_callers_alone(joined):
    """Sessions go on when the supervisor stops: nobody is gone."""
    server, supervisor = joined
    conversation = Conversation(server, supervisor)
    conversation.play(CONNECTED)
    assert supervisor.program.stop() == 0
    assert server.channel.hear() is None


# Bounds.


def test_a_session_that_ignores_an_order_is_let_go(joined):
    server, supervisor = joined
    conversation = Conversation(server, supervisor)
    conversation.play(ORDERED)
    assert server.channel.hear(timeout=15) == f"UserRedirectEnded,,,{conversation.numbers['a']},7"
    conversation.play([(">", "UserGone,,,{a}")])
    supervisor.wait_log("stayed silent")
    assert conversation.sessions["a"].wait_closed() == []


def test_lines_up_to_64_kib_are_read_and_longer_ones_dropped(joined):
    server, supervisor = joined
    conversation = Conversation(server, supervisor)
    conversation.play(ENTER)
    number = conversation.numbers["a"]
    begin = f"PID={number},7,CONNECT,ws://host/"
    for filler in ("a", "é"):
        line = begin + filler * (65536 - len(begin))
        server.channel.send(line)
        echo = f"UserGotCommand,,,{number}," + line.partition(",")[2]
        server.channel.hears(echo[:65536], f"UserRedirectEnded,,,{number},7")
        server.channel.send(line + filler)
        supervisor.wait_log("more than 65536 bytes was dropped")
    server.channel.send("a" * 4000000, b"b" * 65537)
    conversation.play(ORDERED[len(ENTER) :] + END)
    assert server.channel.is_silent()


def test_a_flood_of_lines_is_worked_off_and_logged_in_part(joined):
    server, supervisor = joined
    conversation = Conversation(server, supervisor)
    conversation.play(ENTER)
    number = conversation.numbers["a"]
    count = 20000
    flood = [f"PID={number},{i},NONSENSE" for i in range(count)]

    async def send_all():
        for line in flood:
            await server.channel.connection.send(line)

    sending = asyncio.run_coroutine_threadsafe(send_all(), Loop.instance.loop)
    # Meanwhile others are served.
    admin = Client(supervisor.admin_socket)
    slowest = 0
    while not sending.done():
        started = time.monotonic()
        admin.call("org.vdtgw.Admin.ListSessions")
        slowest = max(slowest, time.monotonic() - started)
    sending.result()
    admin.close()
    for i in range(count):
        server.channel.hears(
            f"UserGotCommand,,,{number},{i},NONSENSE", f"UserRedirectEnded,,,{number},{i}"
        )
    conversation.play(ORDERED[len(ENTER) :] + END)
    assert server.channel.is_silent()
    assert slowest < 4
    refusals = [line for line in supervisor.program.lines if "refused" in line]
    assert 10 <= len(refusals) < 100
    assert supervisor.status()["command_channel"]["connections"] == 1


def test_a_server_that_reads_nothing_is_cut(make):
    """Sessions come and go meanwhile; what is said of them is not kept for ever."""
    server = TeletelServer()
    server.reading = False
    server.start()
    supervisor = make(server, settings={"limits": {"sessions": 1000, "per_address": 1000}}).start()
    deaf = server.accept()

    async def stop_reading():
        deaf.connection.transport.pause_reading()

    Loop.run(stop_reading())
    supervisor.wait_log("command channel: up")
    before = proportional_kilobytes(supervisor.program.pid)
    session, number = enter(supervisor, True)
    line = f"PID={number},7,CONNECT,ws://host/" + "a" * 60000

    async def flood():
        for _ in range(2000):
            await deaf.connection.send(line)

    sending = asyncio.run_coroutine_threadsafe(flood(), Loop.instance.loop)
    server.reading = True
    supervisor.program.wait_line(lambda line: "command channel: down" in line, 60)
    assert session.order() == channel_order(False)
    with pytest.raises(websockets.ConnectionClosed):
        sending.result(timeout=8)
    # Of what is 120 MB; with the sanitizers, memory that was freed counts too.
    assert proportional_kilobytes(supervisor.program.pid) - before < 40000
    server.accept()
    server.channel.hears(f"NewTelnetUser,192.0.2.1,4711,{number}")
    assert session.order() == channel_order(True)


def test_a_thousand_sessions_are_announced_each_once(make):
    server = TeletelServer()
    supervisor = make(server).start()
    sessions = [enter(supervisor, False) for _ in range(990)]
    server.start().accept()
    heard = [server.channel.hear() for _ in sessions]
    assert heard == [f"NewTelnetUser,192.0.2.1,4711,{number}" for _, number in sessions]
    for session, _ in sessions:
        assert session.order() == channel_order(True)
    assert server.channel.is_silent()


# With real sessions.

FIN = b"\x13\x49"
ENQROM = b"\x1b\x39\x7b"


class RealCall:
    """A caller of the whole gateway, at home; the home service and the Teletel server are ours."""

    def __init__(self, gateway, transport):
        self.server = TeletelServer().start()
        self.home_service = Service("ws")
        self.remote_service = Service("ws")
        self.gateway = gateway(
            home=self.home_service.uri,
            settings={"teletel": {"command_channel": True, "uri": self.server.uri, "retry": 1}},
        )
        self.server.accept()
        self.caller = CALLERS[transport](self.gateway.port(transport))
        self.kind = "Ws" if transport == "websocket" else "Telnet"
        self.introduction = self.server.channel.hear()
        kind, address, _, self.pid = self.introduction.split(",")
        assert (kind, address) == (f"New{self.kind}User", "127.0.0.1")
        self.home = self.home_service.accept()
        join(self.caller, self.home)

    def hears(self, *messages):
        self.server.channel.hears(*(f"User{message}" for message in messages))

    def go_away(self):
        command = f"7,CONNECT,{self.remote_service.uri},None,[]"
        self.server.channel.send(f"PID={self.pid},{command}")
        self.hears(f"GotCommand,,,{self.pid},{command}", f"Redirecting,,,{self.pid},7")
        self.remote = self.remote_service.accept()
        self.hears(f"Redirected,,,{self.pid},7")
        self.remote.send(b"AWAY")
        self.caller.receive_until(b"AWAY")

    def come_home(self):
        self.caller.send(FIN)
        self.hears(f"RequestedClose,,,{self.pid},7", f"RedirectEnded,,,{self.pid},7")
        self.remote.receive_to_end()
        self.home.send(b"HOME?")
        self.caller.receive_until(b"HOME?")


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_real_caller_is_identified_and_redirected(gateway, transport):
    call = RealCall(gateway, transport)
    call.home.send(ENQROM)
    call.caller.receive_until(ENQROM)
    identity = call.home.receive_until(b"\n")
    assert identity.startswith(b"\x01\x7f\x7f\x7f\x04PID=%s," % call.pid.encode())
    for _ in range(3):
        call.go_away()
        call.come_home()
    call.go_away()
    call.caller.close()
    call.hears(f"RedirectEnded,,,{call.pid},7", f"Gone,,,{call.pid}")
    assert call.server.channel.is_silent()


@pytest.mark.parametrize("failing", ("server", "supervisor"))
def test_a_real_caller_is_redirected_again_after_a_restart(gateway, failing):
    call = RealCall(gateway, "raw")
    for away in (False, True):
        if away:
            call.go_away()
        if failing == "server":
            call.server.close()
            call.server.start()
        else:
            call.gateway.kill_supervisor()
            call.gateway.start_supervisor()
        call.server.accept()
        call.server.channel.hears(call.introduction)
        if away:
            call.caller.send(b"still")
            call.remote.receive_until(b"still")
            call.come_home()
        call.go_away()
        call.come_home()
    assert call.server.channel.is_silent()
