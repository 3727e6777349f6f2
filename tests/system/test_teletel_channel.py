"""The kiosk as a Teletel server: a scripted gateway on its command channel and on its callers'
connections, and what the callers see."""

import asyncio
import re
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import websockets

from kiosks import (ENVOI, FIN, GUIDE, REPETITION, RETOUR, SOMMAIRE, Kiosk, calling)
from processes import is_sanitized

ROM = b"\x01\x7f\x7f\x7f\x04"
DIRECTORY = """{ "servers": [
{ "name": "3615XYZ", "address": "ws://localhost:1/a,b", "tarif": "T2", "cost": "0.60",
  "ping": "10", "subprotocol": "[binary,tty]" },
{ "name": "Météo", "alias": "3615xyz" },
{ "name": "Plain", "address": "telnet://localhost:1" }
] }
"""
XYZ = 'CONNECT,ws://localhost:1/a%2Cb,10,["binary","tty"]'


@pytest.fixture
def kiosk(tmp_path):
    started = Kiosk(tmp_path, directory=DIRECTORY, command=True)
    yield started
    status, log = started.end()
    assert status == 0, log
    assert "Sanitizer" not in log and "runtime error" not in log, log


def new_user(pid, kind="Telnet", address="192.0.2.7", port=None):
    return f"New{kind}User,{address},{port or 40000 + pid},{pid}"


def identification(pid, address="192.0.2.7", port=None):
    return f"PID={pid},IP={address},PORT={port or 40000 + pid},Access=Telnet\n"


class Gateway:
    """The gateway's end of the command channel."""

    def __init__(self, connection):
        self.connection = connection

    async def say(self, *lines):
        for line in lines:
            await self.connection.send(line)

    async def order(self):
        """PID, SESSION and the rest of the next order."""
        text = await asyncio.wait_for(self.connection.recv(), 8)
        return re.fullmatch(r"PID=(\d+),(\d+),(.*)", text).groups()

    async def is_told_nothing(self):
        # A ping answered: what was to be said before that has been.
        await asyncio.wait_for(await self.connection.ping(), 8)
        assert not self.connection.messages


@asynccontextmanager
async def gateway_of(kiosk, host="127.0.0.1"):
    async with websockets.connect(f"ws://{host}:{kiosk.command_port}/") as connection:
        yield Gateway(connection)


async def identify(caller, pid, **facts):
    """What a gateway does at the first ENQROM."""
    await caller.until(lambda screen: screen.asked_identity >= 1)
    await caller.connection.send(ROM)
    await caller.connection.send(identification(pid, **facts))


async def row_0(caller, text, timeout=8):
    await caller.until(lambda screen: screen.row_text(0) == text, timeout)


async def at_home(caller, clears):
    await caller.until(lambda screen: screen.clears > clears and screen.cursor_shown)
    assert "Nom du service" in caller.screen.text()


async def visit_xyz(gateway, caller, pid):
    """Redirects a caller who is at home; returns the session's number."""
    await caller.type("3615xyz" + ENVOI)
    ordered, session, rest = await gateway.order()
    assert (ordered, rest) == (str(pid), XYZ)
    await gateway.say(f"UserGotCommand,,,{pid},{session},{rest}", f"UserRedirecting,,,{pid},{session}",
                      f"UserRedirected,,,{pid},{session}")
    await row_0(caller, "T2  0,00 F")
    return session


# Conversations: each step is a word and what it is about.
#   says: the gateway, on the command channel; {s} is the session's number of the last order
#   identifies: the gateway, on the caller's connection; sends: any frames there; types: the caller
#   orders: the kiosk; quiet: it orders nothing; row 0, sees, home: the caller's screen

HERE = [("says", new_user(12)), ("identifies", 12)]
ORDERED = [*HERE, ("types", "3615xyz" + ENVOI), ("orders", "12," + XYZ), ("row 0", "3615XYZ ...")]
AWAY = [*ORDERED, ("says", "UserRedirecting,,,12,{s}"), ("says", "UserRedirected,,,12,{s}"),
        ("row 0", "T2  0,00 F")]
NOT_REACHED = [("row 0", "Service injoignable pour l'instant"), ("sees", "Fiche du service")]
TRIES = ("types", "3615xyz" + ENVOI)

CONVERSATIONS = {
    "announced first": AWAY,
    "identified first": [("identifies", 12), ("says", new_user(12)), TRIES, ("orders", "12," + XYZ)],
    "announced in binary, ended by a line feed":
        [("says", new_user(12).encode() + b"\r\n"), ("identifies", 12), TRIES, ("orders", "12," + XYZ)],
    "asked again when the announcement is late":
        [("identifies", 12), TRIES, ("row 0", "3615XYZ ..."), ("asked", 2), ("says", new_user(12)),
         ("orders", "12," + XYZ)],
    "the answer of the terminal comes first":
        [("says", new_user(12)), ("asked", 1), ("sends", "\x01Cu5\x04"), ("identifies", 12), TRIES,
         ("orders", "12," + XYZ)],
    "the answer of the terminal comes later, and typing around it":
        [("says", new_user(12)), ("types", "3615"), ("identifies", 12), ("sends", "\x01Cu"),
         ("sends", "5\x04"), ("types", "XYZ"), ("sees", "3615XYZ............."), ("types", ENVOI),
         ("orders", "12," + XYZ)],
    "identified in fragments":
        [("says", new_user(12)), ("asked", 1), ("sends", [ROM[:2], ROM[2:]]),
         ("sends", ["PID=12,IP=192.0.", "2.7,PORT=40012,Access=WS\n"]), TRIES, ("orders", "12," + XYZ)],
    "an alias is followed": [*HERE, ("types", "meteo" + ENVOI), ("orders", "12," + XYZ),
                             ("row 0", "3615XYZ ...")],
    "by its number in the guide":
        [*HERE, ("types", GUIDE + "6" + ENVOI), ("orders", "12,CONNECT,telnet://localhost:1,None,[]")],
    "an unknown name": [*HERE, ("types", "zzz" + ENVOI), ("row 0", "Service inconnu"), ("quiet", None)],
    "the kiosk's own pages are not far": [*HERE, ("types", "mire" + ENVOI), ("sees", "les caractères"),
                                          ("quiet", None)],
    "back from a remote service that closed":
        [*AWAY, ("says", "UserRedirectEnded,,,12,{s}"), ("home", None), ("row 0", "T2  0,00 F"),
         ("types", "a"), ("row 0", "")],
    "back by Connexion/Fin":
        [*AWAY, ("says", "UserRequestedClose,,,12,{s}"), ("says", "UserRedirectEnded,,,12,{s}"),
         ("home", None), TRIES, ("orders", "12," + XYZ)],
    "the cost runs, and Sommaire has the sum":
        [*AWAY, ("row 0", "T2  0,05 F"), ("says", "UserRedirectEnded,,,12,{s}"), ("home", None),
         ("types", SOMMAIRE), ("row 0", "Coût virtuel de l'appel : 0,05 F")],
    "not reached: the field is kept":
        [*ORDERED, ("says", "UserRedirecting,,,12,{s}"), ("says", "UserRedirectEnded,,,12,{s}"),
         ("quiet", None), ("types", ENVOI), ("orders", "12," + XYZ)],
    "refused": [*ORDERED, ("says", "UserRedirectEnded,,,12,{s}"),
                ("row 0", "Service injoignable pour l'instant"), ("sees", "3615XYZ............."),
                ("types", ENVOI), ("orders", "12," + XYZ)],
    "Connexion/Fin before the connection":
        [*ORDERED, ("says", "UserRedirecting,,,12,{s}"), ("says", "UserRequestedClose,,,12,{s}"),
         ("says", "UserRedirectEnded,,,12,{s}"), ("row 0", ""), ("sees", "3615XYZ............."),
         ("types", ENVOI), ("orders", "12," + XYZ)],
    "Connexion/Fin that strays to the kiosk ends nothing":
        [*ORDERED, ("types", FIN), ("says", "UserRedirecting,,,12,{s}"), ("types", FIN),
         ("says", "UserRedirected,,,12,{s}"), ("types", FIN + "abc" + ENVOI), ("quiet", None),
         ("says", "UserRedirectEnded,,,12,{s}"), ("home", None), TRIES, ("orders", "12," + XYZ)],
    "news of another session, of another caller, of nobody":
        [*AWAY, ("says", "UserRedirectEnded,,,12,999"), ("says", "UserRedirectEnded,,,13,{s}"),
         ("says", "UserGone,,,13"), ("says", "UserRedirectEnded,,,12,-1"), ("row 0", "T2  0,05 F")],
    "nobody announced": [("identifies", 12), TRIES, *NOT_REACHED, ("quiet", None)],
    "not identified": [("says", new_user(12)), TRIES, ("row 0", "3615XYZ ..."), *NOT_REACHED,
                       ("quiet", None), ("types", RETOUR), ("sees", "Nom du service")],
    "another address": [("says", new_user(12, address="192.0.2.8")), ("identifies", 12), TRIES,
                        *NOT_REACHED, ("quiet", None)],
    "another port": [("says", new_user(12, port=1)), ("identifies", 12), TRIES, *NOT_REACHED],
    "typed, in frames of text, it is nobody's identification":
        [("says", new_user(12)), ("asked", 1), ("sends", ROM.decode()), ("sends", identification(12)),
         ("sees", "PID=12,IP=192.0.2.7,"), ("quiet", None)],
    "typed, in binary frames, neither":
        [("says", new_user(12)), ("asked", 1), ("sends", ROM), ("sends", identification(12).encode()),
         ("sees", "PID=12,IP=192.0.2.7,"), ("quiet", None)],
    "with a frame in between, neither":
        [("says", new_user(12)), ("asked", 1), ("sends", ROM), ("sends", "a"),
         ("sends", identification(12)), ("sees", "APID=12,IP=192.0.2.7"), ("quiet", None)],
    "only the first identification counts":
        [("identifies", 13), ("says", new_user(12)), ("identifies", 12), TRIES, *NOT_REACHED,
         ("quiet", None)],
    "the caller leaves": [*AWAY, ("says", "UserGone,,,12"), ("sees", "Merci de votre visite")],
    "garbage on the channel":
        [("says", "\x00\x01,,,"), ("says", b"\xff" * 1000), ("says", ""), ("says", "A" * 65536),
         ("says", "New" * 1000), ("says", "UserGone,,,-1"), ("says", "UserRedirected,,,1"),
         ("says", "NewTelnetUser,\x1b[2J,1,1"), *AWAY],
}


class Conversation:
    def __init__(self, gateway, caller):
        self.gateway, self.caller, self.session = gateway, caller, None

    async def step(self, word, what):
        caller = self.caller
        if word == "says":
            await self.gateway.say(what.replace("{s}", self.session or "") if isinstance(what, str) else what)
        elif word == "identifies":
            await identify(caller, what)
        elif word in ("sends", "types"):
            await caller.connection.send(what)
        elif word == "asked":
            await caller.until(lambda screen: screen.asked_identity == what)
        elif word == "orders":
            pid, self.session, rest = await self.gateway.order()
            assert f"{pid},{rest}" == what
        elif word == "quiet":
            await self.gateway.is_told_nothing()
        elif word == "row 0":
            await row_0(caller, what)
        elif word == "sees":
            await caller.sees(what)
        elif word == "home":
            await caller.until(lambda screen: "Nom du service" in screen.text() and screen.cursor_shown)
        else:
            raise AssertionError(word)


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_conversation(kiosk, name):
    async def run():
        async with gateway_of(kiosk) as gateway, calling(kiosk) as caller:
            conversation = Conversation(gateway, caller)
            for word, what in CONVERSATIONS[name]:
                await conversation.step(word, what)
    asyncio.run(run())


def test_nothing_of_an_identification_is_shown(kiosk):
    async def run():
        async with gateway_of(kiosk) as gateway, calling(kiosk) as caller:
            await gateway.say(new_user(1))
            await identify(caller, 1)
            await caller.type("a")
            await caller.sees("A...................")
            assert "PID" not in caller.screen.text()
    asyncio.run(run())


def test_the_terminal_page_waits_for_the_terminals_own_answer(kiosk):
    async def run():
        async with gateway_of(kiosk), calling(kiosk) as caller:
            await caller.type("terminal" + ENVOI)
            await caller.until(lambda screen: screen.asked_identity == 2)
            await caller.connection.send(ROM)
            await caller.connection.send(identification(1))
            await caller.type("\x01Cu5\x04")
            await caller.sees("Telic-Alcatel", "Minitel 1B")
    asyncio.run(run())


def test_without_a_gateway_there_is_the_sheet_at_once(kiosk):
    async def run():
        async with calling(kiosk) as caller:
            await caller.type("3615xyz" + ENVOI)
            await caller.sees("Fiche du service", "0,60 F/min")
            await row_0(caller, "Service injoignable pour l'instant")
            assert caller.screen.asked_identity == 1
    asyncio.run(run())


def test_a_gateway_on_each_loopback(kiosk):
    async def run():
        try:
            async with gateway_of(kiosk, "[::1]") as gateway:
                await gateway.is_told_nothing()
        except OSError:
            pytest.skip("no IPv6 here")
    asyncio.run(run())


def test_the_address_that_the_gateway_named_before_is_the_callers(kiosk):
    headers = {"X-Forwarded-For": "192.0.2.9"}

    async def run():
        async with gateway_of(kiosk) as gateway, calling(kiosk, extra_headers=headers) as forger, \
                calling(kiosk, extra_headers=headers) as honest:
            await gateway.say(new_user(1), new_user(2, address="::ffff:192.0.2.9"))
            await identify(forger, 1)
            await identify(honest, 2, address="192.0.2.9")
            await forger.type("3615xyz" + ENVOI)
            await row_0(forger, "Service injoignable pour l'instant")
            await visit_xyz(gateway, honest, 2)
            await gateway.is_told_nothing()
    asyncio.run(run())


def test_nobody_takes_the_place_of_one_who_is_here(kiosk):
    async def run():
        async with gateway_of(kiosk) as gateway, calling(kiosk) as honest, calling(kiosk) as forger:
            await gateway.say(new_user(1))
            await identify(honest, 1)
            await honest.type("a")
            await honest.sees("A...................")
            await identify(forger, 1)
            await forger.type("3615xyz" + ENVOI)
            await row_0(forger, "Service injoignable pour l'instant")
            await gateway.is_told_nothing()
            await honest.type("\x13\x45")
            await visit_xyz(gateway, honest, 1)
    asyncio.run(run())


def test_two_gateways_have_their_own_callers(kiosk):
    async def run():
        async with gateway_of(kiosk) as one, gateway_of(kiosk) as other, \
                calling(kiosk) as first, calling(kiosk) as second:
            await one.say(new_user(5))
            await other.say(new_user(5, "Ws", "2001:db8::1", 7))
            await identify(second, 5, address="2001:db8:0::1", port=7)
            await identify(first, 5)
            here = await visit_xyz(one, first, 5)
            there = await visit_xyz(other, second, 5)
            assert here != there
            await one.say(f"UserRedirectEnded,,,5,{there}")
            clears = first.screen.clears
            await one.say(f"UserRedirectEnded,,,5,{here}")
            await at_home(first, clears)
            await row_0(second, "T2  0,05 F")
            await one.connection.close()
            await row_0(second, "T2  0,10 F")
    asyncio.run(run())


@pytest.mark.parametrize("news", [True, False], ids=["the gateway says so", "the caller types"])
def test_the_channel_is_cut_and_returns_while_a_caller_is_away(kiosk, news):
    async def run():
        async with gateway_of(kiosk) as gateway, calling(kiosk) as caller:
            await gateway.say(new_user(1))
            await identify(caller, 1)
            session = await visit_xyz(gateway, caller, 1)
            gateway.connection.transport.abort()
            async with gateway_of(kiosk) as again:
                await again.say(new_user(1))
                clears = caller.screen.clears
                if news:
                    await again.say(f"UserRedirectEnded,,,1,{session}")
                else:
                    await again.is_told_nothing()
                    await caller.type("x")
                await at_home(caller, clears)
                assert "3615XYZ" not in caller.screen.text()
                await visit_xyz(again, caller, 1)
    asyncio.run(run())


def test_a_caller_who_came_before_the_channel_is_redirected_too(kiosk):
    async def run():
        async with calling(kiosk) as caller:
            await caller.sees("Nom du service")
            async with gateway_of(kiosk) as gateway:
                await gateway.say(new_user(1))
                await caller.type("3615xyz" + ENVOI)
                await caller.until(lambda screen: screen.asked_identity == 2)
                await identify(caller, 1)
                assert (await gateway.order())[0] == "1"
    asyncio.run(run())


def test_fifty_callers_at_once(kiosk):
    async def run():
        async with AsyncExitStack() as stack:
            gateway = await stack.enter_async_context(gateway_of(kiosk))
            callers = {}
            for pid in range(50):
                callers[pid] = await stack.enter_async_context(calling(kiosk))

            async def come(pid):
                if pid % 2:
                    await gateway.say(new_user(pid))
                await identify(callers[pid], pid)
                if not pid % 2:
                    await gateway.say(new_user(pid))

            for _ in range(3):
                if _ == 0:
                    await asyncio.gather(*(come(pid) for pid in callers))
                await asyncio.gather(*(caller.type("3615xyz" + ENVOI) for caller in callers.values()))
                sessions = {}
                for _ in callers:
                    pid, session, rest = await gateway.order()
                    assert rest == XYZ
                    sessions[int(pid)] = session
                    await gateway.say(f"UserRedirecting,,,{pid},{session}",
                                      f"UserRedirected,,,{pid},{session}")
                assert len(set(sessions.values())) == 50
                await asyncio.gather(*(row_0(caller, "T2  0,00 F") for caller in callers.values()))
                clears = {pid: caller.screen.clears for pid, caller in callers.items()}
                for pid, session in sessions.items():
                    await gateway.say(f"UserRedirectEnded,,,{pid},{session}")
                await asyncio.gather(*(at_home(callers[pid], clears[pid]) for pid in callers))
    asyncio.run(run())


def test_a_flood_on_the_channel_harms_nobody(kiosk):
    async def run():
        async with gateway_of(kiosk) as flood, gateway_of(kiosk) as gateway, calling(kiosk) as caller:
            before = kiosk.memory()
            for pid in range(30000):
                await flood.say(f"NewTelnetUser,192.0.2.1,1,{pid}")
                if pid % 100 == 0:
                    await flood.say("x" * 60000)
            await flood.is_told_nothing()
            assert kiosk.memory() - before < 4000 or is_sanitized(kiosk.process.pid)
            await gateway.say(new_user(1))
            await identify(caller, 1)
            await visit_xyz(gateway, caller, 1)
    asyncio.run(run())


def test_a_message_beyond_all_measure_costs_its_gateway_the_connection(kiosk):
    async def run():
        async with gateway_of(kiosk) as wrong, gateway_of(kiosk) as gateway:
            await wrong.say("x" * 65537)
            await asyncio.wait_for(wrong.connection.wait_closed(), 8)
            assert wrong.connection.close_code == 1009
            await gateway.is_told_nothing()
    asyncio.run(run())


def test_gateways_are_limited(kiosk):
    async def run():
        async with AsyncExitStack() as stack:
            for _ in range(16):
                gateway = await stack.enter_async_context(gateway_of(kiosk))
                await gateway.is_told_nothing()
            one_more = await stack.enter_async_context(gateway_of(kiosk))
            await asyncio.wait_for(one_more.connection.wait_closed(), 8)
            await gateway.connection.close()
            async with gateway_of(kiosk) as one_instead:
                await one_instead.is_told_nothing()
    asyncio.run(run())


def test_the_echo_is_on_its_path_and_sends_back(kiosk):
    async def run():
        async with calling(kiosk, "/echo?any") as caller:
            await caller.sees("Echo", "Votre texte", "puis  Envoi")
            await caller.until(lambda screen: screen.cursor_shown)
            assert sum(len(frame) for frame in caller.frames) < 600
            assert caller.screen.asked_identity == 0 and caller.screen.row_text(0) == ""
            await caller.type("bonjour" + ENVOI)
            await caller.sees("B O N J O U R", "Echos 1")
            await caller.type("oui" + ENVOI + REPETITION)
            await caller.until(lambda screen: screen.clears == 2 and screen.cursor_shown)
            assert "O U I" in caller.screen.text() and "Echos 2" in caller.screen.text()
            assert "B O N" not in caller.screen.text()
            await caller.type(RETOUR)
            await caller.sees("Merci de votre visite")
            await asyncio.wait_for(caller.connection.wait_closed(), 8)
    asyncio.run(run())


def test_the_echo_is_a_service_of_the_directory(kiosk):
    async def run():
        async with gateway_of(kiosk) as gateway, calling(kiosk) as caller:
            await gateway.say(new_user(1))
            await identify(caller, 1)
            await caller.type(GUIDE)
            await caller.sees("  3 ECHO", "T2")
            await caller.type("echo" + ENVOI)
            assert (await gateway.order())[2] == f"CONNECT,ws://localhost:{kiosk.port}/echo,None,[]"
    asyncio.run(run())
