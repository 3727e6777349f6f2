"""A caller of the real gateway, the real kiosk, and the real way between them: to the kiosk's own
remote service and home again."""

import time

import pytest

import peers
from kiosks import ENVOI, FIN, SOMMAIRE, Kiosk
from videotex_screen import Screen


class Terminal:
    """A raw TCP caller with a screen."""

    def __init__(self, port):
        self.peer = peers.raw_caller(port)
        self.screen = Screen()
        self.taken = 0

    def type(self, keys):
        self.peer.send(keys.encode("latin-1"))

    def until(self, condition, what, timeout=20):
        deadline = time.monotonic() + timeout
        while not condition(self.screen):
            left = deadline - time.monotonic()
            assert left > 0 and (self.peer.buffer or self.peer.fill(left)), (
                f"no {what}; the screen is\n{self.screen.text()}"
            )
            self.screen.feed(bytes(self.peer.buffer))
            self.peer.buffer.clear()

    def sees(self, *texts, timeout=20):
        self.until(lambda screen: all(text in screen.text() for text in texts), texts, timeout)

    def row_0(self, text, timeout=20):
        self.until(lambda screen: screen.row_text(0) == text, text, timeout)

    def home(self, clears):
        self.until(
            lambda screen: screen.clears > clears and "Nom du service" in screen.text() and screen.cursor_shown,
            "home page",
        )


@pytest.fixture
def kiosk(tmp_path):
    started = Kiosk(tmp_path, command=True)
    yield started
    status, log = started.end()
    assert status == 0, log
    assert "Sanitizer" not in log and "runtime error" not in log, log


@pytest.fixture
def call(gateway, kiosk):
    running = gateway(
        home=f"ws://localhost:{kiosk.port}",
        settings={
            "teletel": {
                "command_channel": True,
                "uri": f"ws://localhost:{kiosk.command_port}",
                "retry": 1,
            }
        },
    )

    def start():
        terminal = Terminal(running.port("raw"))
        terminal.home(0)
        return terminal

    start.gateway = running
    return start


def visit_echo(terminal):
    terminal.type("echo" + ENVOI)
    terminal.sees("chez un autre service", "puis  Envoi")
    terminal.row_0("T2  0,00 F")


def test_there_and_back_many_times(call):
    terminal = call()
    for text in ("UN", "DEUX", "TROIS"):
        visit_echo(terminal)
        terminal.type(text + ENVOI)
        terminal.sees(" ".join(text), "Echos 1")
        clears = terminal.screen.clears
        terminal.type(FIN)
        terminal.home(clears)
        assert "chez un autre service" not in terminal.screen.text()


def test_the_cost_runs_and_sommaire_has_the_sum(call):
    terminal = call()
    visit_echo(terminal)
    terminal.row_0("T2  0,03 F")
    terminal.sees("chez un autre service")
    clears = terminal.screen.clears
    terminal.type(FIN)
    terminal.home(clears)
    terminal.row_0("T2  0,03 F")
    terminal.type(SOMMAIRE)
    terminal.row_0("Coût virtuel de l'appel : 0,03 F")


def test_the_remote_service_lets_the_caller_go(call):
    terminal = call()
    visit_echo(terminal)
    clears = terminal.screen.clears
    terminal.type("\x13\x42")
    terminal.home(clears)
    visit_echo(terminal)


def test_connexion_fin_at_home_ends_the_call(call):
    terminal = call()
    visit_echo(terminal)
    clears = terminal.screen.clears
    terminal.type(FIN)
    terminal.home(clears)
    terminal.type(FIN)
    terminal.peer.receive_to_end(20)


def test_a_service_that_is_not_there_leaves_the_caller_at_home(call):
    terminal = call()
    terminal.type("3615xyz" + ENVOI)
    terminal.until(lambda screen: "REFUS" in screen.row_text(0).upper(), "the gateway's reason")
    terminal.sees("3615XYZ............")
    # The kiosk hears of it a moment after the caller, and lets keys pass until then.
    for _ in range(10):
        terminal.type("\x13\x45")
        try:
            terminal.until(lambda screen: "3615XYZ" not in screen.text(), "an empty field", 1)
            break
        except AssertionError:
            pass
    terminal.type("echo" + ENVOI)
    terminal.sees("chez un autre service")


def test_the_supervisor_is_restarted_under_a_caller(call):
    terminal = call()
    visit_echo(terminal)
    clears = terminal.screen.clears
    terminal.type(FIN)
    terminal.home(clears)
    call.gateway.kill_supervisor()
    call.gateway.start_supervisor()
    deadline = time.monotonic() + 20
    while True:
        assert time.monotonic() < deadline, terminal.screen.text()
        clears = terminal.screen.clears
        terminal.type("echo" + ENVOI)
        # The sheet where the gateway is not back yet, the service when it is.
        terminal.until(lambda screen: screen.clears > clears, "answer")
        terminal.until(
            lambda screen: "puis  Envoi" in screen.text() or "injoignable" in screen.row_text(0),
            "whole answer",
        )
        if "chez un autre service" in terminal.screen.text():
            return
        clears = terminal.screen.clears
        terminal.type(SOMMAIRE)
        terminal.home(clears)
