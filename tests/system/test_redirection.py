"""Redirections in the session, ordered by a supervisor that the test plays."""

import queue
import socket
import time

import pytest

from calls import TRANSPORTS, negotiate_binary
from peers import Service
from scripted_calls import CONNECT, ENVOI, FAST, FIN, HOLD, MODEM_GONE, SANE


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_redirection_joins_the_remote_service_and_fin_ends_it(call, transport):
    made = call(transport=transport)
    for tag in ("7", "8", "9"):
        made.supervisor.redirect(made.remote_service.uri, tag=tag)
        made.supervisor.stages("Redirecting", tag=tag)
        remote = made.remote_service.accept()
        made.supervisor.stages("Redirected", tag=tag)
        made.caller.receive_until(CONNECT)
        everything = bytes(value for value in range(256) if value != 0x13)
        made.caller.send(everything + b".")
        assert remote.receive_until(b"\xff.") == everything + b"."
        remote.send(everything)
        made.caller.receive_until(everything)
        made.caller.send(FIN)
        made.supervisor.stages("RequestedClose", "RedirectEnded", tag=tag)
        remote.receive_to_end()
        made.caller.receive_until(SANE)
        made.expect_home()


def test_while_away_both_services_are_seen_and_only_the_remote_one_hears(call):
    made = call()
    made.go_away()
    made.home.send(b"\x1f\x40\x41COST 0,12\x18\x0a")
    made.caller.receive_until(b"\x1f\x40\x41COST 0,12\x18\x0a")
    made.remote.send(b"page")
    made.caller.receive_until(b"page")
    made.caller.send(b"hello")
    made.remote.receive_until(b"hello")
    made.home.expect_silence(0.2)
    # A text of home never lands inside a sequence of the remote service.
    made.remote.send(b"\x1f")
    made.caller.receive_until(b"\x1f")
    made.home.send(b"\x1f\x40\x41COST 0,24\x18\x0a")
    made.remote.send(b"\x45\x46go on")
    assert made.caller.receive_until(b"\x0a").startswith(b"\x45\x46")


@pytest.mark.parametrize("key", (FIN, MODEM_GONE))
@pytest.mark.parametrize("split", (False, True))
def test_fin_while_away_is_never_passed_on(call, key, split):
    made = call()
    made.go_away()
    made.caller.send(b"x")
    made.remote.receive_until(b"x")
    if split:
        made.caller.send(key[:1])
        made.remote.expect_silence(0.1)
        made.caller.send(key[1:])
    else:
        made.caller.send(key)
    made.supervisor.stages("RequestedClose", "RedirectEnded")
    assert made.remote.receive_to_end() == b""
    made.expect_home()


def before_the_order(made, act):
    made.caller.send(b"3615X" + ENVOI)
    made.home.receive_until(ENVOI)
    act()
    time.sleep(HOLD / 6)
    made.supervisor.redirect(made.remote_service.uri)
    made.supervisor.stages("Redirecting")


def with_the_order(made, act):
    made.caller.send(b"3615X" + ENVOI)
    made.home.receive_until(ENVOI)
    made.supervisor.redirect(made.remote_service.uri)
    act()
    made.supervisor.stages("Redirecting")


def in_the_handshake(made, act):
    made.redirect()
    made.remote_socket = made.remote_service.accept_socket()
    act()


def right_after_connect(made, act):
    made.redirect()
    made.remote_service.accept()
    act()
    # Whether it came before or after the handshake is the machine's affair.


@pytest.mark.parametrize(
    "moment", (before_the_order, with_the_order, in_the_handshake, right_after_connect)
)
@pytest.mark.parametrize("key", (FIN, MODEM_GONE))
def test_fin_at_any_moment_before_the_first_byte_cancels_the_redirection(call, moment, key):
    made = call()
    moment(made, lambda: made.caller.send(key))
    name, _ = made.supervisor.next_stage()
    if name == "Redirected":
        name, _ = made.supervisor.next_stage()
    assert name == "RequestedClose"
    made.supervisor.stages("RedirectEnded")
    made.expect_home()


def test_fin_cancels_a_redirection_that_cannot_be_reached_in_time(call):
    made = call()
    full = Service("ws", backlog=0)
    made.supervisor.redirect(f"ws://127.0.0.1:{full.port}/")
    made.supervisor.stages("Redirecting")
    made.caller.send(FIN)
    made.supervisor.stages("RequestedClose", "RedirectEnded")
    made.expect_home()


def refused(made):
    made.supervisor.redirect("ws://127.0.0.1:1/")
    made.supervisor.stages("Redirecting", "RedirectEnded")


def closed_at_once(made):
    made.redirect()
    made.remote_service.accept().send_close()
    made.supervisor.stages("Redirected", "RedirectEnded")


@pytest.mark.parametrize("end", (refused, closed_at_once))
def test_fin_after_envoi_is_not_the_home_services_when_the_redirection_failed_faster(call, end):
    made = call(settings={"redirection": {"hold_ms": 4000}})
    made.caller.send(b"3615X" + ENVOI)
    made.home.receive_until(ENVOI)
    end(made)
    made.caller.send(FIN)
    made.expect_home()
    # The caller has been answered: the next one hangs up, and waits for nothing.
    made.caller.send(FIN)
    began = time.monotonic()
    made.home.receive_until(FIN)
    assert time.monotonic() - began < 2


def test_fin_after_envoi_is_the_home_services_when_no_redirection_comes(call):
    made = call()
    made.caller.send(b"3615X" + ENVOI + FIN)
    began = time.monotonic()
    made.home.receive_until(ENVOI)
    made.home.receive_until(FIN)
    assert HOLD * 0.8 < time.monotonic() - began < HOLD * 2 + 1


@pytest.mark.parametrize("channel", (True, False))
def test_fin_at_home_without_envoi_is_the_home_services_at_once(call, channel):
    made = call(channel=channel)
    made.caller.send(b"abc" + (ENVOI if not channel else b"") + FIN)
    began = time.monotonic()
    made.home.receive_until(FIN)
    assert time.monotonic() - began < HOLD / 2


def test_what_is_typed_after_a_fin_that_is_held_back_keeps_its_place(call):
    made = call()
    made.caller.send(b"A" + ENVOI + FIN + b"tail")
    made.home.receive_until(b"A" + ENVOI + FIN + b"tail")


def test_a_remote_that_floods_is_dropped_at_once(call):
    made = call(settings={"speed": {"raw": 1200}})
    made.go_away()
    made.remote.sock.setblocking(False)
    sent = 0
    try:
        while sent < 10_000_000:
            sent += made.remote.sock.send(made.remote.frame(0x2, b"\x0c" + b"R" * 8191))
    except BlockingIOError:
        pass
    made.caller.receive_until(b"RRRR")
    made.caller.send(FIN)
    began = time.monotonic()
    made.caller.receive_until(SANE)
    assert time.monotonic() - began < 0.5
    made.supervisor.stages("RequestedClose", "RedirectEnded")
    made.home.send(b"\x0cHOME")
    assert made.caller.receive_until(b"HOME") == b"\x0cHOME"


def test_a_flood_is_dropped_for_a_caller_that_does_not_read_too(call):
    made = call()
    made.caller.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.go_away()
    page = made.remote.frame(0x2, b"\x0c" + b"R" * 8191)
    made.remote.sock.settimeout(0.3)
    try:
        for _ in range(10_000_000 // len(page)):
            made.remote.sock.sendall(page)
    except TimeoutError:
        pass
    made.caller.send(FIN)
    made.supervisor.stages("RequestedClose", "RedirectEnded")
    # What the kernel had not sent yet is little.
    assert len(made.caller.receive_until(SANE)) < 512 * 1024
    made.home.send(b"\x0cHOME")
    assert made.caller.receive_until(b"HOME") == b"\x0cHOME"


def test_what_the_terminal_last_received_is_completed(call):
    made = call()
    made.go_away()
    made.remote.send(b"\x1b\x3a")
    made.caller.receive_until(b"\x1b\x3a")
    made.caller.send(FIN)
    completed = made.caller.receive_until(SANE)
    assert len(completed) == 2 + len(SANE)


def test_the_next_redirection_leaves_the_last_one_its_time_to_close(call):
    made = call()
    made.go_away()
    last = made.remote
    last.answers_close = False
    made.caller.send(FIN)
    made.supervisor.stages("RequestedClose", "RedirectEnded")
    made.caller.receive_until(SANE)
    made.go_away()
    last.wait_close()
    last.expect_silence(0.3)


@pytest.mark.parametrize("polite", (True, False))
def test_the_remote_services_end_is_the_redirections(call, polite):
    made = call()
    made.go_away()
    made.remote.send(b"bye")
    made.caller.receive_until(b"bye")
    if polite:
        made.remote.send_close()
    else:
        made.remote.reset()
    made.supervisor.stages("RedirectEnded")
    made.caller.receive_until(SANE)
    made.expect_home()


FAILURES = {
    "refused": ("ws://127.0.0.1:1/", ["remote-refused"], [b"REFUSEE"]),
    "unknown name": ("telnet://nonexistent.invalid:23", ["remote-name-unknown", "remote-resolver-failed"], [b"NOM"]),
    "denied address": ("ws://127.0.0.2:80/", ["remote-denied"], [b"AUTORISE"]),
    "denied name": ("ws://forbidden.example:80/", ["remote-denied"], [b"AUTORISE"]),
}


@pytest.mark.parametrize("kind", FAILURES)
def test_a_redirection_that_fails_is_explained_and_leads_home(call, kind):
    uri, reasons, words = FAILURES[kind]
    made = call(
        settings={
            "redirection": {**FAST["redirection"], "deny": ["127.0.0.2", "forbidden.example"]}
        }
    )
    made.supervisor.redirect(uri)
    made.supervisor.stages("Redirecting")
    ended = made.supervisor.stages("RedirectEnded")
    assert ended["reason"] in reasons
    assert any(word in made.caller.receive_until(b"\x18\x0a") for word in words)
    made.expect_home()


@pytest.mark.parametrize("uri", ("gopher://x/", "ws://", "nonsense", "ws://a b/"))
def test_an_order_that_makes_no_sense_is_declined(call, uri):
    made = call()
    made.supervisor.redirect(uri)
    made.supervisor.stages("RedirectEnded")
    made.expect_home()


def test_a_second_order_while_one_runs_is_declined(call):
    made = call()
    made.go_away()
    made.supervisor.redirect(made.remote_service.uri, tag="8")
    made.supervisor.stages("RedirectEnded", tag="8")
    made.caller.send(b"still")
    made.remote.receive_until(b"still")


def test_home_is_closed_before_the_end_of_a_leaving_callers_redirection_is_told(call):
    made = call()
    made.go_away()
    made.home.answers_close = False
    made.caller.close()
    made.home.wait_until(lambda: made.home.close_code is not None, what="a close frame")
    with pytest.raises(queue.Empty):
        made.supervisor.said.get(timeout=0.2)
    made.home.close()
    made.supervisor.stages("RedirectEnded")
    made.supervisor.wait("Leave")


def test_sent_home_by_order(call):
    made = call()
    made.go_away()
    made.supervisor.order("home", reason="by hand")
    made.supervisor.stages("RedirectEnded")
    made.remote.receive_to_end()
    made.expect_home()


@pytest.mark.parametrize("form", ("telnet://127.0.0.1:{}", "telnet:127.0.0.1:{}"))
def test_redirection_to_a_telnet_service(call, form):
    made = call()
    remote_service = Service("telnet")
    made.supervisor.redirect(form.format(remote_service.port))
    made.supervisor.stages("Redirecting")
    remote = remote_service.accept()
    negotiate_binary(remote)
    made.supervisor.stages("Redirected")
    everything = bytes(range(256)).replace(b"\x13", b"")
    made.caller.send(everything)
    remote.receive_until(everything)
    remote.send(everything)
    made.caller.receive_until(everything)
    made.caller.send(FIN)
    made.supervisor.stages("RequestedClose", "RedirectEnded")


def test_subprotocols_and_ping_are_as_ordered(call):
    made = call()
    made.supervisor.redirect(made.remote_service.uri, ping=1, subprotocols=["binary", "tty"])
    made.supervisor.stages("Redirecting")
    remote = made.remote_service.accept(subprotocol="binary")
    assert remote.headers["sec-websocket-protocol"] == "binary,tty"
    # Who the caller is, is the home service's to know.
    assert "x-forwarded-for" not in remote.headers
    made.supervisor.stages("Redirected")
    remote.wait_until(lambda: remote.pings, 5, "a ping")


def test_a_silent_telnet_remote_times_out(call):
    made = call(settings={"timeouts": {"remote_telnet_idle": 1}})
    remote_service = Service("telnet")
    made.supervisor.redirect(remote_service.uri)
    made.supervisor.stages("Redirecting")
    remote_service.accept()
    made.supervisor.stages("Redirected", "RedirectEnded")
    made.caller.receive_until(b"END INACTIVE REDIR\x18\x0a")
    made.expect_home()


def test_the_home_services_time_is_counted_at_home_only(call):
    made = call(settings={"timeouts": {"home": 2}})
    made.go_away()
    made.remote.expect_silence(2.5)
    came_home = time.monotonic()
    made.caller.send(FIN)
    made.supervisor.stages("RequestedClose", "RedirectEnded")
    made.expect_home()
    made.caller.receive_to_end()
    assert 1.9 < time.monotonic() - came_home < 6
    assert made.gateway.wait_end(made.caller.local_port, "raw")["reason"] == "home-timeout"


def test_home_closing_while_away_is_called_again_after_it(call):
    made = call()
    made.go_away()
    made.home.send_close()
    made.home.receive_to_end()
    # The server that ordered the redirection went with it, and hears no more of it.
    made.supervisor.wait("HomeLost")
    made.caller.send(b"on")
    made.remote.receive_until(b"on")
    made.caller.send(FIN)
    made.home = made.home_service.accept()
    made.expect_home()


def test_identification_at_the_first_enqrom(call):
    made = call()
    made.home.send(b"\x1b\x39")
    made.caller.receive_until(b"\x1b\x39")
    made.home.send(b"\x7b")
    made.caller.receive_until(b"\x7b")
    port = made.caller.local_port
    text = f"PID=41,IP=127.0.0.1,PORT={port},Access=Telnet\n".encode()
    assert made.home.receive_until(b"\n") == b"\x01\x7f\x7f\x7f\x04" + text
    made.caller.send(b"\x01Bv9\x04")
    made.home.receive_until(b"\x01Bv9\x04")
    made.home.send(b"\x1b\x39\x7bonce")
    made.caller.receive_until(b"once")
    made.home.expect_silence(0.2)


def test_no_identification_while_the_channel_is_down(call):
    made = call(channel=False)
    made.home.send(b"\x1b\x39\x7b")
    made.caller.receive_until(b"\x1b\x39\x7b")
    made.home.expect_silence(0.2)
    made.supervisor.order("channel", up=True)
    time.sleep(0.1)
    made.home.send(b"\x1b\x39\x7b")
    made.home.receive_until(b"Access=Telnet\n")


def test_fin_just_as_the_remote_service_goes_does_not_end_the_call(call):
    made = call()
    made.go_away()
    time.sleep(HOLD * 1.5)
    made.remote.send_close()
    made.supervisor.stages("RedirectEnded")
    made.caller.send(FIN)
    made.expect_home()
    made.caller.send(b"again")
    assert FIN not in made.home.receive_until(b"again")
