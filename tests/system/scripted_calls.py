"""Calls whose supervisor, home service and remote service are all in the test's hands."""

from calls import CALLERS, join
from peers import Service
from scripted_supervisor import ScriptedSupervisor

ENVOI = b"\x13\x41"
FIN = b"\x13\x49"
MODEM_GONE = b"\x13\x59"
CONNECT = b"\x1f\x40\x41CONNECT\x18\x0a"
SANE = b"\x0f\x1b\x28\x40\x1b\x29\x63"
HOLD = 0.6  # s, in these tests
FAST = {"speed": {"telnet": 0, "raw": 0, "websocket": 0}, "redirection": {"hold_ms": int(HOLD * 1000)}}


class Call:
    """A caller at home, with the supervisor's and the home service's ends in the test's hands."""

    def __init__(self, gateway, transport="raw", settings=None, **supervisor):
        self.home_service = Service("ws")
        self.remote_service = Service("ws")
        self.gateway = gateway(
            home=self.home_service.uri, settings={**FAST, **(settings or {})}, supervisor=False
        )
        self.supervisor = ScriptedSupervisor(self.gateway.folder / "session", **supervisor)
        self.caller = CALLERS[transport](self.gateway.port(transport))
        self.home = self.home_service.accept()
        join(self.caller, self.home)

    def redirect(self, **options):
        self.supervisor.redirect(self.remote_service.uri, **options)
        self.supervisor.stages("Redirecting")

    def go_away(self, **options):
        self.redirect(**options)
        self.remote = self.remote_service.accept()
        self.supervisor.stages("Redirected")
        self.caller.receive_until(CONNECT)

    def expect_home(self):
        """The caller and the home service speak with each other, and nobody else does."""
        self.home.send(b"HOME?")
        self.caller.receive_until(b"HOME?")
        self.caller.send(b"here")
        heard = self.home.receive_until(b"here")
        assert FIN not in heard and MODEM_GONE not in heard, f"home was told to hang up: {heard!r}"

    def close(self):
        self.supervisor.close()
