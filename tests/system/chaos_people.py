"""Who is there while things go wrong: honest callers, scanners, and administrators."""

import contextlib
import socket
import time

import peers
from chaos import ADMIN, AWAY, CALLERS, SCANNERS, Actor, read_pages
from kiosks import ANNULATION, ENVOI, FIN, REPETITION, RETOUR
from test_visit import Terminal
from varlink_peer import Client, Failure
from videotex_screen import Screen

TYPING_PAUSE = 0.13  # s between keys, slower than a machine
ATTEMPTS = 3


class HungUp(Exception):
    """The call is over."""


class Call(Terminal):
    """A terminal that knows when it was hung up on."""

    def __init__(self, peer):
        self.peer = peer
        self.screen = Screen()

    def until(self, condition, what, timeout=12):
        try:
            super().until(condition, what, timeout)
        except (AssertionError, OSError):
            if self.peer.ended:
                raise HungUp from None
            raise

    def type_slowly(self, keys, pause):
        for key in keys:
            pause(TYPING_PAUSE, TYPING_PAUSE * 2)
            try:
                self.type(key)
            except OSError:
                raise HungUp from None

    def is_home(self):
        text = self.screen.text()
        return "Nom du service" in text and self.screen.cursor_shown


class HonestCaller(Actor):
    """Goes to the kiosk's echo service and home again, and calls again when it was cut off."""

    def __init__(self, house, number, seed):
        super().__init__(house, f"caller {number}", seed)
        self.address = CALLERS.format(number + 1)
        self.transport = ("telnet", "raw", "websocket")[number % 3]
        self.settle = False
        self.trusted = False  # what is being tried began after the noise, and must succeed
        self.walked = False  # there and home, after the noise
        self.call = None

    def connect(self):
        sock = self.house.network.dial(self.house.ports[self.transport], self.address)
        if self.transport == "raw":
            peer = peers.Peer(sock)
        elif self.transport == "telnet":
            peer = peers.TelnetPeer(sock, peers.agreeing_terminal())
        else:
            peer = peers.WebSocketPeer(sock, client=True)
            peer.connect("/", self.house.ports[self.transport])
        self.call = Call(peer)
        self.count("calls")

    def act(self):
        self.trusted = self.settle
        try:
            self.connect()
            self.call.home(0)
            self.pause(0.3, 0.6)  # who reads nothing and goes is no person
            self.stay()
        except HungUp:
            self.count("cut off")
        except (OSError, AssertionError) as error:
            self.give_up(error)
        self.end_call()
        self.pause(0.2, 1.0)

    def end_call(self):
        if self.call is not None:
            self.call.peer.close()
            with contextlib.suppress(ValueError):
                peers._open.remove(self.call.peer)
        self.call = None

    clean_up = end_call

    def give_up(self, error):
        """Nothing helped: in the noise this may be, afterwards it may not."""
        self.count("gave up")
        if self.trusted and self.call is not None and not self.call.peer.ended:
            self.wrong.append(f"{self.name} by {self.transport} is stuck: {error}")

    def stay(self):
        while not self.over.is_set():
            if self.settle and self.walked:
                self.over.wait(0.1)
                self.call.peer.fill(0.01)
                if self.call.peer.ended:
                    raise HungUp
                continue
            what = "visit" if self.settle else self.random.choice(
                ("visit", "visit", "visit", "wait", "leave", "reset", "half-close", "close")
            )
            if what == "visit":
                self.visit()
            elif what == "wait":
                self.pause(0.2, 2.0)
            else:
                self.leave(what)
                return

    def visit(self):
        """There and back, in a few attempts: services come and go."""
        self.trusted = self.settle
        for attempt in range(ATTEMPTS):
            try:
                self.call.type_slowly("echo" + ENVOI, self.pause)
                self.call.sees("chez un autre service", "puis  Envoi", timeout=8)
                self.call.type_slowly("ICI" + ENVOI, self.pause)
                self.call.sees("I C I", timeout=8)
                clears = self.call.screen.clears
                self.call.type_slowly(FIN, lambda *_: None)
                self.call.home(clears)
                self.count("visits")
                self.walked = self.trusted
                return
            except AssertionError:
                if attempt == ATTEMPTS - 1:
                    raise
                self.count("tried again")
                self.come_home()

    def come_home(self):
        """Wherever the caller is: these keys lead home, and do no harm there."""
        clears = self.call.screen.clears
        self.call.type_slowly(RETOUR, self.pause)
        self.pause(0.5, 1.0)
        self.call.type_slowly(ANNULATION + REPETITION, self.pause)
        self.call.home(clears)

    def leave(self, how):
        self.count(how)
        peer = self.call.peer
        try:
            if how == "leave":
                self.call.type(FIN)
            elif how == "half-close":
                peer.shutdown_write()
            elif how == "reset":
                peer.reset()
                return
            else:
                return
        except OSError:
            return
        try:
            self.call.until(lambda screen: False, "end")
        except HungUp:
            return


class Scanner(Actor):
    """Comes from many addresses with what scanners send, and goes at once or stays silent."""

    NOISE = (
        b"",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"SSH-2.0-Go\r\n",
        b"\xff\xfd\x01\xff\xfd\x1f\xff\xfb\x18" * 30,
        b"root\r\nadmin\r\nadmin1234\r\nenable\r\nsystem\r\nshell\r\n",
        bytes(range(256)) * 8,
    )

    def act(self):
        self.pause(0.1, 1.5)
        silent = []
        for _ in range(self.random.randint(1, 12)):
            source = SCANNERS.format(self.random.randint(1, 250))
            transport = self.random.choice(tuple(self.house.ports))
            try:
                sock = self.house.network.dial(self.house.ports[transport], source)
                sock.sendall(self.random.choice(self.NOISE))
            except OSError:
                continue
            self.count("connections")
            if self.random.random() < 0.3:
                silent.append(sock)
            else:
                sock.close()
        self.pause(0.0, 1.0)
        for sock in silent:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RD)
            sock.close()


class Connected(Actor):
    """A client of the admin socket that comes back when the supervisor does."""

    client = None

    def act(self):
        try:
            if self.client is None:
                self.client = Client(self.house.admin_socket)
                self.connected()
            self.work()
        except AWAY:
            self.count("supervisor away")
            self.clean_up()
            self.pause(0.1, 0.5)

    def connected(self):
        pass

    def work(self):
        raise NotImplementedError

    def clean_up(self):
        if self.client is not None:
            self.client.close()
        self.client = None

    def ask(self, method, **parameters):
        return self.client.call(ADMIN + method, parameters)


class Administrator(Connected):
    """Bans, ends bans, kicks, writes, sends, reloads and looks."""

    def __init__(self, house, number, seed, bans):
        super().__init__(house, f"administrator {number}", seed)
        self.bans = bans
        self.networks = [f"203.0.113.{8 * number + i}" for i in range(7)] + [f"192.0.{number}.0/24"]
        self.unsaved = {}  # changes that were answered while the disk may not have taken them
        self.calm = None  # the disk was as it should be, and has not been filled since this filling
        self.configures = number == 0

    def connected(self):
        # The supervisor of before may be gone, and what its disk had not taken with it.
        self.bans.set(self.unsaved, None)
        self.unsaved.clear()
        self.calm = None

    def work(self):
        self.pause(0.05, 0.6)
        work = self.random.choice(
            (self.ban, self.ban, self.unban, self.kick)
            + (self.write, self.send, self.reload, self.look)
        )
        try:
            work()
        except Failure as failure:
            # What is not there any more, not yet, or not to be had now.
            self.count(failure.name.rpartition(".")[2])
            if failure.name.startswith("org.varlink"):
                self.wrong.append(f"{self.name}: {failure}")
        self.save()

    def save(self):
        """What the disk has taken is certain."""
        fillings = self.house.fillings
        self.calm = None
        if self.ask("Status")["bans"]["saved"]:
            self.calm = fillings
            for network, present in self.unsaved.items():
                self.bans.set([network], present)
            self.unsaved.clear()

    def change(self, method, network, present):
        self.bans.set([network], None)
        self.unsaved.pop(network, None)
        try:
            self.ask(method, network=network)
        except Failure as failure:
            if not failure.name.endswith("NoSuchBan"):
                raise
        self.count(method)
        if self.calm == self.house.fillings:
            self.bans.set([network], present)  # on disk before the answer
        else:
            self.unsaved[network] = present

    def ban(self):
        self.change("Ban", self.random.choice(self.networks), True)

    def unban(self):
        self.change("Unban", self.random.choice(self.networks), False)

    def someone(self):
        sessions = read_pages(self.client, "ListSessions", "sessions")
        return self.random.choice(sessions)["session"] if sessions else 0

    def kick(self):
        self.ask("Kick", session=self.someone(), reason="chaos")
        self.count("Kick")

    def write(self):
        everybody = {} if self.random.random() < 0.2 else {"session": self.someone()}
        self.ask("Message", text="Arrêt dans 5 minutes", **everybody)
        self.count("Message")

    def send(self):
        session = self.someone()
        if self.random.random() < 0.5:
            self.ask("SendHome", session=session, reason="chaos")
        else:
            uri = f"ws://localhost:{self.house.kiosk_ports[0]}/echo"
            self.ask("Redirect", session=session, uri=uri)
        self.count("Redirect")

    def reload(self):
        if self.configures:
            self.house.reconfigure()
        self.ask("Reload")
        self.count("Reload")

    def look(self):
        self.ask("Status")
        for ban in read_pages(self.client, "ListBans", "bans"):
            if ban["until"] <= ban["visited"]:
                self.wrong.append(f"{self.name} sees a ban that is over: {ban}")
        self.ask("History", last=20)
        self.ask("Configuration")
        self.count("looks")


class Bookkeeper(Connected):
    """Notes which scanners are banned for good: those on the list when the disk had taken all."""

    def __init__(self, house, seed, bans):
        super().__init__(house, "bookkeeper", seed)
        self.bans = bans

    def work(self):
        self.pause(0.2, 0.6)
        prefix = SCANNERS.format("")
        listed = read_pages(self.client, "ListBans", "bans")
        if self.ask("Status")["bans"]["saved"]:
            networks = [ban["network"] for ban in listed if ban["network"].startswith(prefix)]
            self.bans.set(networks, True)
            self.counts["scanners banned"] = len(networks)


class Watcher(Connected):
    """Watches; a lazy one never reads."""

    def __init__(self, house, number, seed, lazy):
        super().__init__(house, f"watcher {number}", seed)
        self.lazy = lazy

    def connected(self):
        self.client.send(ADMIN + "Watch", more=True)

    def work(self):
        if self.lazy:
            self.pause(0.5, 1.0)
            return
        try:
            message = self.client.receive(0.5)
        except TimeoutError:
            return
        if "event" in message["parameters"]:
            self.count(message["parameters"]["event"]["kind"])


def wait_all(actors, condition, timeout):
    """The actors for which it is not true after a time."""
    deadline = time.monotonic() + timeout
    left = list(actors)
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = [actor for actor in left if not condition(actor)]
    return left
