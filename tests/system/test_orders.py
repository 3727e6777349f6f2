"""What a supervisor, played by the test, orders a session besides redirections, and what it hears of
the bytes that pass."""

import queue
import time

import pytest

from calls import TRANSPORTS
from scripted_calls import FIN

SECONDS = 4
LIMITS = {
    "caller_idle": 600,
    "session": 7200,
    "remote": 3600,
    "remote_telnet_idle": 120,
    "home": 3600,
    "typing_limit": 10.0,
}
REPORT_INTERVAL = 5  # s, of Traffic


def row_0(text):
    return b"\x1f\x40\x41" + text + b"\x18\x0a"


# Messages.


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_message_is_shown_on_row_0_at_home_and_away(call, transport):
    made = call(transport=transport)
    made.supervisor.order("message", text="Arrêt à 18 h")
    assert made.caller.receive_until(b"\x0a") == row_0(b"Arret a 18 h")
    made.go_away()
    made.supervisor.order("message", text="~" * 40)
    assert made.caller.receive_until(b"\x0a") == row_0(b"~" * 40)
    made.caller.send(FIN)
    made.supervisor.stages("RequestedClose", "RedirectEnded")
    made.expect_home()


def test_a_message_never_lands_within_a_sequence_of_the_service(call):
    made = call()
    made.home.send(b"\x1f")
    made.caller.receive_until(b"\x1f")
    made.supervisor.order("message", text="LATER")
    made.home.send(b"\x45\x46page")
    assert made.caller.receive_until(b"\x18\x0a").startswith(b"\x45\x46")


@pytest.mark.parametrize(
    "fields",
    (
        {"text": "\x1b\x39\x7b"},
        {"text": "\x0c"},
        {"text": "\x13I"},
        {"text": "a\nb"},
        {"text": "\x9b2J"},
        {"text": "\x7f"},
        {"text": ""},
        {"text": "x" * 41},
        {"text": "x" * 30000},
        {"text": 7},
        {"text": None},
        {},
    ),
    ids=lambda fields: ascii(fields)[:24],
)
def test_a_message_that_is_none_is_not_shown(call, fields):
    made = call()
    made.supervisor.order("message", **fields)
    made.supervisor.order("message", text="good")
    assert made.caller.receive_until(b"\x0a") == row_0(b"good")
    made.gateway.listeners["raw"].wait_line(lambda line: "makes no sense: message" in line)
    made.expect_home()


def test_messages_without_end_do_not_fill_a_slow_callers_memory(call):
    made = call(settings={"speed": {"raw": 1200}})
    for number in range(500):
        made.supervisor.order("message", text=f"message {number}")
    made.gateway.listeners["raw"].wait_line(lambda line: "a text to the caller was lost" in line)
    made.caller.receive_until(row_0(b"message 0"))
    made.home.send(b"HOME?")
    made.caller.receive_until(b"HOME?", timeout=60)


# Reload.


def reload(made, **changed):
    made.supervisor.order("reload", limits={**LIMITS, **changed})


def port_of(made):
    return made.caller.local_port


def end_of(made, port):
    made.caller.receive_to_end(SECONDS)
    return made.gateway.wait_end(port, "raw", SECONDS)


@pytest.mark.parametrize(
    ("changed", "reason"),
    (("caller_idle", "caller-idle"), ("session", "session-timeout"), ("home", "home-timeout")),
)
def test_a_shorter_time_out_that_is_over_ends_the_call_in_order(call, changed, reason):
    made = call()
    port = port_of(made)
    time.sleep(1.2)  # the time-out's whole length, before it is ordered
    began = time.monotonic()
    reload(made, **{changed: 1})
    made.caller.receive_until(b"\x18\x0a")  # the last words
    assert time.monotonic() - began < 1
    assert end_of(made, port)["reason"] == reason
    assert not made.caller.was_reset
    assert made.supervisor.wait("Leave")["reason"] == reason


@pytest.mark.parametrize("changed", ("caller_idle", "session", "home"))
@pytest.mark.parametrize("value", (0, 600))
def test_a_time_out_is_lengthened_or_switched_off(call, changed, value):
    made = call(settings={"timeouts": {changed: 2}})
    reload(made, **{changed: value})
    time.sleep(2.3)
    assert not made.caller.ended
    made.expect_home()


def test_time_outs_count_from_where_they_counted_from(call):
    made = call(settings={"timeouts": {"session": 0}})
    port = port_of(made)
    time.sleep(1)
    began = time.monotonic()
    reload(made, session=2)
    made.caller.receive_until(b"\x18\x0a")
    assert 0.1 < time.monotonic() - began < 1.7
    assert end_of(made, port)["reason"] == "session-timeout"


def test_a_redirections_time_outs_change_too(call):
    made = call()
    made.go_away()
    time.sleep(1.2)
    reload(made, remote=1)
    assert made.supervisor.stages("RedirectEnded")["reason"] == "remote-timeout"
    made.caller.receive_until(row_0(b"END INACTIVE REDIR"))
    # Home's time-out began anew, and is not ended by one that counts from before.
    made.expect_home()


def test_the_home_time_out_stays_off_while_the_caller_is_away(call):
    made = call()
    made.go_away()
    time.sleep(1.2)
    reload(made, home=1)
    made.remote.send(b"still")
    made.caller.receive_until(b"still")
    time.sleep(0.3)
    made.remote.send(b"here")
    made.caller.receive_until(b"here")


def test_the_typing_limit_changes(call):
    made = call()
    port = port_of(made)
    reload(made, typing_limit=1)
    # Some is earned by the silence before.
    made.caller.send(b"x" * 400)
    assert end_of(made, port)["reason"] == "typing-speed"


def test_the_typing_limit_is_switched_off(call):
    made = call(settings={"bans": {"enabled": True}})
    reload(made, typing_limit=0)
    made.caller.send(b"x" * 3000)
    assert len(made.home.receive_until(b"x" * 3000)) == 3000


@pytest.mark.parametrize(
    "limits",
    (
        None,
        [],
        {},
        {**LIMITS, "session": -1},
        {**LIMITS, "session": 31536001},
        {**LIMITS, "session": 10**18},
        {**LIMITS, "session": "1"},
        {**LIMITS, "session": 0.5},
        {**LIMITS, "session": 1, "typing_limit": -1},
        {**LIMITS, "session": 1, "typing_limit": 1e200},
        {name: 1 for name in LIMITS if name != "home"},
    ),
    ids=ascii,
)
def test_limits_out_of_range_change_nothing(call, limits):
    made = call()
    time.sleep(1.1)
    made.supervisor.order("reload", limits=limits)
    made.gateway.listeners["raw"].wait_line(lambda line: "makes no sense: reload" in line)
    made.expect_home()


def test_a_warned_caller_is_told_that_there_is_time_again(call):
    made = call(settings={"timeouts": {"caller_idle": 61}})
    made.caller.receive_until(row_0(b"SANS ACTION: FIN DANS UNE MINUTE"))
    reload(made, caller_idle=600)
    made.caller.receive_until(row_0(b""))


# Traffic.


def test_traffic_tells_typing_queue_and_the_redirections_part(call):
    made = call(settings={"speed": {"raw": 1200}})
    first = made.supervisor.wait("Traffic")
    assert first["bytes_in"] > 0 and "remote_in" not in first
    assert abs(first["typed"] / 1e6 - time.time()) < 3
    made.go_away()
    made.caller.send(b"0123456789")
    made.remote.receive_until(b"9")
    made.remote.send(b"page" * 500)
    told = made.supervisor.wait("Traffic")
    assert told["remote_in"] == 10 and told["bytes_in"] > 10
    assert 0 < told["remote_out"] < told["bytes_out"]
    assert told["queue"] > 0
    assert told["typed"] > first["typed"]
    made.caller.send(FIN)
    told = made.supervisor.wait("Traffic")
    assert told["queue"] == 0 and "remote_in" not in told


def test_traffic_is_told_at_most_every_five_seconds_and_only_when_something_changed(call):
    made = call()
    made.supervisor.wait("Traffic")  # the first byte, at once
    began = time.monotonic()
    for _ in range(20):
        made.caller.send(b".")
        time.sleep(0.1)
    made.supervisor.wait("Traffic")
    assert time.monotonic() - began > REPORT_INTERVAL - 1.5
    with pytest.raises(queue.Empty):
        made.supervisor.said.get(timeout=REPORT_INTERVAL + 1)
