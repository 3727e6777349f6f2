"""vdtgwctl on a terminal: tables that fit it, colour, and the refreshed screen."""

import re
import signal
import time

import pytest

from processes import VDTGWCTL, wait_for
from scripted_admin import HANG_UP, SESSION, SILENCE, STATUS, run
from terminals import Terminal


def visible(data):
    return re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", data)


@pytest.mark.parametrize("columns", (20, 40, 80, 132))
def test_a_table_fits_the_terminal(admin, columns):
    wide = {**SESSION, "service": "ws://" + "日本" * 100, "address": "2001:db8:1111:2222:3333:4444:5555:6666"}
    server = admin(ListSessions={"sessions": [wide, SESSION]})
    terminal = Terminal([VDTGWCTL, "--socket", server.path, "sessions"], columns=columns)
    try:
        assert terminal.end() == 0
        for line in visible(terminal.seen).decode().splitlines():
            width = sum(2 if character in "日本" else 1 for character in line)
            assert width <= columns, line
        assert b"\x1b[1m" in terminal.seen and b"12" in terminal.seen
    finally:
        terminal.close()


@pytest.mark.parametrize(
    "arguments, env, coloured",
    (
        ([], {}, True),
        ([], {"NO_COLOR": "1"}, False),
        ([], {"NO_COLOR": ""}, True),
        ([], {"TERM": "dumb"}, False),
        (["--color", "never"], {}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
    ),
    ids=str,
)
def test_colour_is_for_terminals_that_want_it(admin, arguments, env, coloured):
    server = admin(ListSessions={"sessions": [SESSION]})
    terminal = Terminal([VDTGWCTL, "--socket", server.path, "sessions", *arguments], env={"NO_COLOR": "", **env})
    try:
        assert terminal.end() == 0
        assert (b"\x1b[" in terminal.seen) is coloured
    finally:
        terminal.close()
    text = run(server, "sessions", *arguments, env=env).stdout
    assert ("\x1b[" in text) is ("always" in arguments)


def test_the_screen_refreshes_sorts_turns_and_gives_the_terminal_back(admin):
    sessions = [{**SESSION, "session": n, "bytes_in": n} for n in range(100, 160)]
    server = admin(Status=STATUS, ListSessions={"sessions": sessions})
    terminal = Terminal([VDTGWCTL, "--socket", server.path, "sessions", "--watch"], columns=100, lines=24)
    try:
        terminal.wait_for(b"\x1b[?1049h")
        terminal.wait_for(b"vdtgw 0.1.0, up 1d 02h: 3 callers (telnet 2, websocket 1), 8 banned")
        terminal.wait_for(b"1 to 20 of 60")
        terminal.type(b" ")
        terminal.wait_for(b"21 to 40 of 60")
        terminal.type(b"b")
        terminal.wait_for(b"1 to 20 of 60")
        terminal.type(b"sss")
        terminal.wait_for(b"by traffic")
        terminal.wait_for(b"159")
        terminal.resize(60, 10)
        terminal.wait_for(b"1 to 6 of 60")
        # By itself, too.
        calls = len(server.calls)
        wait_for(lambda: terminal.read(0.05) and len(server.calls) > calls + 1, what="another frame")
        # A supervisor that goes is said, and waited for.
        server.answers["Status"] = HANG_UP
        terminal.wait_for(b"has closed the connection")
        server.answers["Status"] = STATUS
        terminal.wait_for(b"of 60")
        terminal.type(b"q")
        assert terminal.end() == 0
        assert terminal.seen.endswith(b"\x1b[?25h\x1b[?1049l")
        assert terminal.is_as_before()
    finally:
        terminal.close()


def test_a_key_is_heard_while_the_supervisor_does_not_answer(admin):
    server = admin(Status=SILENCE, ListSessions={"sessions": [SESSION]})
    terminal = Terminal([VDTGWCTL, "--socket", server.path, "sessions", "--watch"])
    try:
        terminal.wait_for(b"\x1b[?1049h")
        wait_for(lambda: server.calls, what="the question")
        server.answers["Status"] = STATUS
        # It is asked again behind a key, which does not end it.
        terminal.type(b"s")
        terminal.wait_for(b"1 of 1")
        server.answers["Status"] = SILENCE
        calls = len(server.calls)
        wait_for(lambda: len(server.calls) > calls, what="another question")
        started = time.monotonic()
        terminal.type(b"q")
        assert terminal.end() == 0
        assert time.monotonic() - started < 5
        assert terminal.is_as_before()
    finally:
        terminal.close()


@pytest.mark.parametrize("number, status", ((signal.SIGINT, 0), (signal.SIGTERM, -15), (signal.SIGHUP, -1)))
def test_a_signal_gives_the_terminal_back(admin, number, status):
    # While an answer is awaited, too.
    server = admin(Status=SILENCE)
    terminal = Terminal([VDTGWCTL, "--socket", server.path, "sessions", "--watch"])
    try:
        terminal.wait_for(b"\x1b[?1049h")
        wait_for(lambda: server.calls, what="the first question")
        terminal.process.send_signal(number)
        assert terminal.end(3) == status
        assert b"\x1b[?1049l" in terminal.seen and terminal.is_as_before()
    finally:
        terminal.close()
