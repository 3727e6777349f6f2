"""The console door: a real supervisor, and consoles as systemd or inetd starts them, by telnet and
line by line."""

import os
import re
import signal
import time
from pathlib import Path

import pytest

import peers
from peers import raw_caller, telnet_caller
from processes import (
    is_alive,
    is_sanitized,
    is_under_valgrind,
    proportional_kilobytes,
    wait_for,
    within,
)
from varlink_peer import Session

ADMIN = "org.vdtgw.Admin"
CHILD = ["/bin/sleep", "1000"]
WITH_CHILD = {"teletel": {"command_channel": False, "command": CHILD}}
# Of what is sent before a key is pressed.
GREETING = rb"^(\xff\xfb.)*vdtgw [\d.]+, the console\. [^\r\n]*\r\nSupervisor [^\r\n]*\r\n"


def lines_of(data):
    assert data.endswith(b"\r\n"), data[-80:]
    return data.decode().split("\r\n")[:-1]


class Console:
    """A console on a peer, past its greeting."""

    def __init__(self, peer):
        self.peer = peer
        self.see("command channel: ")
        self.peer.receive_until(b"\r\n")

    def see(self, text):
        """All up to the text, which is still to come."""
        return self.peer.receive_until(text.encode()).decode(errors="backslashreplace")

    def press(self, key, last):
        """The lines up to one that begins with `last`."""
        self.peer.send(key.encode())
        seen = lines_of(self.peer.receive_until(b"\r\n"))
        while not seen[-1].startswith(last):
            seen += lines_of(self.peer.receive_until(b"\r\n"))
        return seen


@pytest.fixture
def door(gateway):
    """door(…): a gateway; its console() opens the door."""

    def start(**options):
        if "teletel" in options.get("settings", {}) and is_under_valgrind():
            pytest.skip("valgrind cannot watch children (processes.py)")
        running = gateway(**options)
        running.console = lambda call=telnet_caller: Console(call(running.port("console")))
        running.enter = lambda **parameters: enter(running, **parameters)
        return running

    sessions = []

    def enter(running, **parameters):
        sessions.append(Session(running.session_socket))
        sessions[-1].enter(**parameters)
        return sessions[-1]

    yield start
    for session in sessions:
        session.close()


def teletel(gateway):
    with gateway.admin() as admin:
        return admin.call(f"{ADMIN}.TeletelStatus")["server"]


def redirect(gateway, session, number, uri):
    """By hand, as far as the session's "I connect": the tag."""
    with gateway.admin() as admin:
        tag = admin.call(f"{ADMIN}.Redirect", {"session": number, "uri": uri})["tag"]
    assert session.order()["redirection"]["tag"] == tag
    session.tell("Redirecting", tag=tag, service=uri)
    return tag


def status(gateway):
    with gateway.admin() as admin:
        return admin.call(f"{ADMIN}.Status")


@pytest.mark.parametrize("mode", ("systemd", "inetd"))
@pytest.mark.parametrize("call", (telnet_caller, raw_caller), ids=("telnet", "netcat"))
def test_it_greets_and_a_key_is_answered(door, mode, call):
    running = door(mode=mode)
    peer = call(running.port("console"))
    if call is raw_caller:
        peer.wait_until(lambda: re.match(GREETING, peer.buffer, re.S), what="the greeting")
        peer.buffer.clear()
        peer.send(b"t\n")
        peer.receive_until(b"console: nothing is typed\r\n")
        peer.send(b"q\n")
    else:
        # Single keys without Enter, which are not echoed.
        peer.wait_command(peers.WILL, peers.OPT_ECHO)
        peer.wait_command(peers.WILL, peers.OPT_SGA)
        console = Console(peer)
        assert console.press("t", "  console_idle")[0] == "Time-outs, in seconds:"
        peer.send(b"q")
    assert peer.receive_to_end() == b"Goodbye.\r\n"


def test_it_is_no_call(door):
    running = door()
    console = running.console()
    assert running.sessions() == []
    found = status(running)
    assert (found["consoles"], found["watchers"], found["admitted"]) == (1, 1, 0)
    console.peer.close()
    wait_for(lambda: status(running)["consoles"] == 0, what="the console's end")


def test_help_names_the_keys_and_the_processes(door):
    running = door()
    console = running.console()
    lines = console.press("h", "Supervisor")
    keys = [line[2] for line in lines if re.match(r"  . {2}", line)]
    assert keys == list("hitsbkrq")
    assert f"process {running.supervisor.pid}," in lines[-1]
    pid = running.session_pid(console.peer, "console")
    assert f"This console: process {pid}" in lines
    assert console.press("?", "Supervisor")[:-1] == lines[:-1]


def test_addresses(door):
    lines = door().console().press("i", "  127.0.0.1")
    assert lines[0] == "This machine's addresses:"


def test_every_event_is_a_line_as_it_happens(door):
    running = door()
    console = running.console()
    session = running.enter(address="203.0.113.9", port=4711, service="ws://home", state="home")
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d started: 1 telnet 203.0.113.9:4711: ws://home\r\n", console.see("\r\n")
    )
    tag = redirect(running, session, 1, "ws://remote")
    assert "redirecting: 1 telnet 203.0.113.9:4711: ws://remote" in console.see("\r\n")
    # Its movements are not in the trace.
    session.tell("StateChanged", state="away", reason="x", service="ws://remote")
    session.tell("Redirected", tag=tag)
    assert " redirected: 1 telnet" in console.see("\r\n")
    session.tell("RedirectEnded", tag=tag, reason="remote-timeout")
    assert " timed out: 1 telnet" in console.see("\r\n")
    ended = console.see("\r\n")
    assert " redirection ended: 1 telnet" in ended and "remote-timeout" in ended
    with running.admin() as admin:
        admin.call(f"{ADMIN}.Ban", {"network": "198.51.100.7"})
    assert " banned: 198.51.100.7: administrator" in console.see("\r\n")
    session.tell("Leave", reason="caller-closed", bytes_in=1, bytes_out=2, duration=3_000_000)
    ended = console.see("\r\n")
    assert " ended: 1 telnet" in ended and "caller-closed" in ended and "after 3.0 s" in ended


def test_sessions_with_all_their_columns_and_the_totals(door):
    running = door()
    session = running.enter(address="203.0.113.9", port=4711, service="ws://home", state="home")
    running.enter(transport="websocket", address="2001:db8::1", port=5, service="ws://home")
    session.tell("Redirected", tag=redirect(running, session, 1, "ws://remote"))
    session.call(
        "org.vdtgw.Session.Traffic",
        {"bytes_in": 11, "bytes_out": 22, "remote_in": 3, "remote_out": 4},
    )
    console = running.console()
    lines = console.press("s", "Command channel")
    assert all(len(line) <= 80 for line in lines), lines
    assert lines[0].split() == "No Id Address Port Access Start Received Sent".split()
    assert lines[1].split() == "Redirections Received Sent Ping Protocols Target".split()
    assert re.fullmatch(r" +1 +1 203\.0\.113\.9 +4711 Telnet \d\d-\d\d \d\d:\d\d +11 +22", lines[2])
    assert lines[3].split() == ["1", "3", "4", "-", "-", "ws://remote"]
    assert re.fullmatch(r" +2 +2 2001:db8::1 +5 WS +\d\d-\d\d \d\d:\d\d +0 +0", lines[4])
    assert lines[5].split() == ["0", "-", "-", "-", "-", "ws://home"]
    assert lines[6].split() == "Totals Telnet Raw WS".split()
    assert lines[7].split() == "Connected now 1 0 1".split()
    assert lines[8].split() == "Registered 1 0 1".split()
    labels = [line.rsplit(maxsplit=3)[0] for line in lines[9:13]]
    assert labels == [f"Time-outs, {kind}" for kind in ("activity", "session", "server", "remote")]
    assert lines[13] == "Redirections: 1   Banned: 0   Unbanned: 0   On the list: 0 (bans are off)"
    assert lines[14] == "Command channel: off"


def test_no_sessions(door):
    assert "  No sessions." in door().console().press("s", "Command channel")


def test_many_sessions_are_listed_page_by_page(door):
    running = door()
    for port in range(1, 201):
        running.enter(address="203.0.113.9", port=port, service="ws://home/" + "x" * 500)
    console = running.console()
    lines = console.press("s", "Command channel")
    numbers = [int(line.split()[0]) for line in lines if "203.0.113.9" in line]
    assert numbers == list(range(1, 201))
    ports = [int(line.split()[3]) for line in lines if "203.0.113.9" in line]
    assert ports == list(range(1, 201))


def test_another_key_ends_a_list(door):
    running = door()
    for port in range(1, 201):
        running.enter(address="203.0.113.9", port=port, service="ws://home/" + "x" * 500)
    console = running.console()
    console.peer.send(b"s\r")
    console.see("Redirections  Received")
    assert console.press("i", "  127.0.0.1")[-2] == "This machine's addresses:"
    lines = console.press("b", "0 banned.")
    assert not any("Totals" in line for line in lines)


def test_bans(door):
    running = door()
    with running.admin() as admin:
        for number in range(300):
            network = f"198.{number // 200}.{number % 200}.0/24"
            admin.call(f"{ADMIN}.Ban", {"network": network, "comment": "\x1b[2J" + "x" * 200})
    lines = running.console().press("b", "300 banned.")
    assert lines[0].split()[0] == "Banned"
    assert len(lines) == 302 and all("\x1b" not in line for line in lines)
    assert re.match(r"198\.0\.0\.0/24( +\d\d-\d\d \d\d:\d\d){3} +0 administrator: …$", lines[1])
    assert all(len(line) <= 80 for line in lines)
    peer = telnet_caller(running.port("console"), peers.agreeing_terminal(width=120))
    peer.wait_command(peers.DO, peers.OPT_NAWS)
    lines = Console(peer).press("b", "300 banned.")
    assert " administrator: \\x1B[2Jxxx" in lines[1]


def test_the_list_is_as_wide_as_the_terminal(door):
    running = door()
    target = "ws://remote/" + "x" * 100
    running.enter(service=target)
    peer = telnet_caller(running.port("console"), peers.agreeing_terminal(width=200, height=50))
    peer.wait_command(peers.DO, peers.OPT_NAWS)
    console = Console(peer)
    lines = console.press("s", "Command channel")
    assert lines[3].endswith(" " + target)


# The Teletel server.


def test_the_teletel_server_is_stopped_and_restarted_after_a_yes(door):
    running = door(settings=WITH_CHILD)
    wait_for(lambda: teletel(running)["state"] == "running")
    console, child = running.console(), teletel(running)["pid"]
    assert console.press("k", "Stop")[-1].startswith("Stop the Teletel server? y: yes")
    console.press("y", "Stopping")
    lines = console.press("", "The Teletel server (/bin/sleep) is stopped.")
    assert any(" teletel stopped: " in line for line in lines)
    assert not is_alive(child)
    console.press("r", "Restart the Teletel server? y: yes")
    console.press("y", "The Teletel server (/bin/sleep) is running, process ")
    assert teletel(running)["state"] == "running"
    running.listeners["console"].wait_line(
        lambda line: re.search(r"console \(127\.0\.0\.1 port \d+\): TeletelStop", line)
    )


@pytest.mark.parametrize("answer", ("k", "n", "h", "x", "\r"))
def test_without_a_yes_it_is_left_as_it_is(door, answer):
    running = door(settings=WITH_CHILD)
    wait_for(lambda: teletel(running)["state"] == "running")
    console, child = running.console(), teletel(running)["pid"]
    console.press("k", "Stop the Teletel server?")
    if answer != "\r":
        console.press(answer, "No: it is left as it is.")
        if answer in "kn":  # used up by the question
            lines = console.press("i", "This machine's addresses")
            assert not any("no such key" in line for line in lines)
        # A late yes is none.
        console.press("y", "There is no such key.")
    else:
        time.sleep(5.1)  # the time that there is to say yes
        console.press("\ry", "There is no such key.")
    assert teletel(running)["pid"] == child


def test_without_a_teletel_server_it_says_so(door):
    console = door().console()
    console.press("k", "Stop")
    assert "teletel.command" in console.press("y", "No Teletel server is known here")[-1]


def test_read_only_where_the_configuration_says_so(door):
    running = door(settings={**WITH_CHILD, "console": {"control": False}})
    wait_for(lambda: teletel(running)["state"] == "running")
    console, child = running.console(), teletel(running)["pid"]
    for key in "kr":
        assert "console.control" in console.press(key, "This console only shows")[-1]
        console.press("y", "There is no such key.")
    assert "k and r are refused: console.control is false." in console.press("h", "Supervisor")
    assert teletel(running)["pid"] == child


def test_what_is_read_only_since_is_the_supervisors_to_say(door):
    running = door(settings=WITH_CHILD)
    wait_for(lambda: teletel(running)["state"] == "running")
    console, child = running.console(), teletel(running)["pid"]
    running.configure(None, {**WITH_CHILD, "console": {"control": False}})
    with running.admin() as admin:
        assert admin.call(f"{ADMIN}.Reload")["changed"] == ["console.control"]
    console.press("k", "Stop the Teletel server?")
    console.press("y", "This console only shows: console.control is false")
    assert teletel(running)["pid"] == child


# Who is no administrator.

REQUEST = b"POST / HTTP/1.1\r\nHost: localhost:8999\r\nContent-Length: 9\r\n\r\n"
HOSTILE = {
    "a form": REQUEST + b"k\ny\nr\ny\n",
    "a method like a key": b"k /y HTTP/1.1\r\nHost: localhost\r\n\r\nk\ny\n",
    "a path longer than a packet": b"GET /" + b"\n".join([b"k"] * 5000) + b" HTTP/1.1\r\n\r\nk\ny\n",
    "a WebSocket": b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nk\ny\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03k\ny\n",
    "TURN": b"\0\3\0\x08\x21\x12\xa4\x42\nk\ny\nr\ny\nkyky\0\x19\0\4\6\0\0\0",
    "SSH": b"SSH-2.0-Go\r\nk\r\ny\r\n",
    "mail": b"EHLO k\r\ny\r\n",
    "redis": b"*1\r\n$1\r\nk\r\n",
    "a PROXY header": b"PROXY TCP4 203.0.113.9 192.0.2.1 1 2\r\nk\ny\n",
    "JSON": b'{"k": "y"}\nk\ny\n',
    "many keys": b"k\ny\n" * 9,
    "noise": bytes(range(1, 250)),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_another_protocol_closes_it_and_does_nothing(door, data):
    running = door(settings=WITH_CHILD)
    wait_for(lambda: teletel(running)["state"] == "running")
    child = teletel(running)["pid"]
    peer = raw_caller(running.port("console"))
    peer.wait_until(lambda: re.match(GREETING, peer.buffer, re.S), what="the greeting")
    peer.buffer.clear()
    started = time.monotonic()
    try:
        peer.send(data)
        peer.send(b"k\ny\n")
    except OSError:
        pass
    seen = peer.receive_to_end()
    assert time.monotonic() - started < 2
    assert b"Teletel" not in seen and teletel(running)["pid"] == child
    running.listeners["console"].wait_line(
        lambda line: re.search(r"console closed: .*reason=(abuse|no-console)", line)
    )


def test_a_request_ahead_of_the_greeting_closes_it_too(door):
    running = door(settings=WITH_CHILD)
    wait_for(lambda: teletel(running)["state"] == "running")
    child = teletel(running)["pid"]
    peer = raw_caller(running.port("console"))
    peer.send(REQUEST + b"k\ny\n")
    assert b"Teletel" not in peer.receive_to_end()
    assert teletel(running)["pid"] == child


def test_text_from_the_network_acts_on_no_terminal(door):
    running = door()
    console = running.console()
    running.enter(service="ws://\x1b[2J\x07\u009b1m\u202e", environment={"TERM": "\x1b]0;x\x07"})
    seen = console.see("\r\n") + "\n".join(console.press("s", "Command channel"))
    assert "\\x1B[2J\\x07" in seen
    assert not re.search("[\x00-\x09\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\u202e]", seen)


def test_negotiation_that_never_ends_is_no_key(door):
    console = door().console(raw_caller)
    console.peer.send_wire(b"\xff\xfa\x1f" + b"k" * 3000 + b"\xff\xf0" + b"\xff\xfd\x63" * 300)
    console.peer.send(b"i\n")
    seen = console.see("This machine's addresses:\r\n")
    assert "Teletel" not in seen and seen.count("\n") == 1


# The supervisor's end, and the console's.


def test_it_comes_back_to_a_supervisor_that_does(door):
    running = door()
    console = running.console()
    running.kill_supervisor()
    console.see("The supervisor is away (")
    console.see("\r\n")
    console.press("s", "The supervisor is away: only h and q work now.")
    assert any("  k  stop" in line for line in console.press("h", "The supervisor is away, and"))
    running.start_supervisor()
    assert f"process {running.supervisor.pid}," in console.see("\r\n")
    running.enter()
    console.see(" started: ")


def test_without_a_supervisor_it_opens_and_says_so(door):
    running = door(supervisor=False)
    peer = telnet_caller(running.port("console"))
    line = peer.receive_until(b"tried again every second.\r\n").decode()
    assert f"The supervisor is away ({running.console_socket}: No such file or directory)" in line
    running.start_supervisor()
    Console(peer)


def test_a_supervisor_that_is_stuck_is_left(door):
    running = door()
    console = running.console()
    os.kill(running.supervisor.pid, signal.SIGSTOP)
    try:
        console.peer.send(b"t")
        console.peer.receive_until(b"it does not answer", timeout=15)
    finally:
        os.kill(running.supervisor.pid, signal.SIGCONT)
    console.see("Supervisor ")


def test_keys_that_are_not_answered_yet_are_bounded(door):
    running = door()
    console = running.console()
    os.kill(running.supervisor.pid, signal.SIGSTOP)
    try:
        for _ in range(9):
            console.peer.send(b"t\r\n")
        console.see("One moment: what you asked before is not answered yet.\r\n")
    finally:
        os.kill(running.supervisor.pid, signal.SIGCONT)
    for _ in range(8):
        console.see("Time-outs, in seconds:")
    assert console.press("i", "This machine")


def test_an_idle_console_closes_with_a_line(door):
    running = door(settings={"timeouts": {"console_idle": 1}})
    started = time.monotonic()
    console = running.console()
    seen = console.peer.receive_to_end()
    assert 0.5 < time.monotonic() - started < within(4)
    assert lines_of(seen) == ["Nothing was typed for 1.0 s: this console closes.", "Goodbye."]


def test_keys_keep_it_open(door):
    running = door(settings={"timeouts": {"console_idle": 2}})
    console = running.console()
    started = time.monotonic()
    while time.monotonic() - started < 3:
        console.press("i", "This machine")
        console.see("127.0.0.1")
        time.sleep(0.2)
    assert not console.peer.ended


def test_its_processs_end_is_told(door):
    running = door()
    console = running.console()
    os.kill(running.session_pid(console.peer, "console"), signal.SIGTERM)
    assert lines_of(console.peer.receive_to_end()) == ["This machine closes the console.", "Goodbye."]


def test_the_end_of_file_and_interrupt_keys_close_it(door):
    running = door()
    for key in (b"\x03", b"\x04"):
        console = running.console()
        console.peer.send(key)
        assert console.peer.receive_to_end() == b"Goodbye.\r\n"


@pytest.mark.skipif(is_under_valgrind(), reason="under valgrind a flood is none")
def test_who_does_not_read_loses_events_and_holds_up_nobody(door):
    running = door()
    slow, other = running.console(raw_caller), running.console()
    pid = running.session_pid(slow.peer, "console")
    service = "ws://home/" + "x" * 1500
    count = 5000
    for number in range(count):
        session = Session(running.session_socket)
        session.enter(service=service)
        session.leave()
        session.close()
        if number % 20 == 0:
            # The other one is shown every one of them, meanwhile.
            running.enter(address="198.51.100.1", port=number + 1).close()
            assert "not shown" not in other.see(f"198.51.100.1:{number + 1}")
    if not is_sanitized(pid):
        assert proportional_kilobytes(pid) < 4096
    seen = slow.see("this console is too slow\r\n")
    missing = int(re.search(r"… (\d+) events were not shown", seen).group(1))
    assert missing > 0
    assert all(len(line) <= 510 for line in seen.split("\r\n"))
    slow.press("i\n", "  127.0.0.1")
    assert status(running)["consoles"] == 2
