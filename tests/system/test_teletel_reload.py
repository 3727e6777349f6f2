"""The kiosk reads its files again while callers are there, and says goodbye to all at its end."""

import asyncio
import os
import shutil
import signal
import socket
import time

import pytest
import websockets

from kiosks import (ENVOI, FIN, GUIDE, REPETITION, RETOUR, ROOT, SOMMAIRE, SUITE, Kiosk, calling,
                    visit)
from processes import is_sanitized, wait_for
from test_teletel import run_to_its_end
from test_teletel_channel import Gateway, gateway_of, identify, new_user

CHANGED = "callers find what is new from the first page or the guide on"
UNCHANGED = "the services and pages stay as they were (SIGHUP): "


def services(*entries):
    listed = ",\n".join(f'{{ "name": "{name}", "address": "{address}", "tarif": "{tariff}", '
                        f'"cost": "{cost}" }}' for name, address, tariff, cost in entries)
    return f'{{ "servers": [\n{listed} ] }}\n'


OLD = services(("old", "ws://old:1", "T1", "0.60"), ("both", "ws://both:1", "T1", "0.60"))
NEW = services(("new", "ws://new:2", "T2", "1.20"), ("both", "ws://both:2", "T2", "1.20"))


@pytest.fixture
def kiosk(tmp_path):
    shutil.copytree(ROOT / "share" / "pages", tmp_path / "share" / "pages")
    started = Kiosk(tmp_path, directory=OLD, share=tmp_path / "share")
    yield started
    status, log = started.end()
    assert status == 0, log
    assert "Sanitizer" not in log and "runtime error" not in log, log


async def finds(caller, name, *sheet):
    await caller.type(name + ENVOI)
    await caller.sees("Fiche du service", *sheet)


# What is new, and for whom.


def test_callers_keep_what_they_see_until_they_begin_anew(kiosk):
    async def scenario(caller):
        async with calling(kiosk) as waiting, calling(kiosk) as reader:
            await waiting.type("ne")
            await waiting.sees("NE.....")
            await reader.type(GUIDE)
            await reader.sees("  3 old", "  4 both", "T1")
            await finds(caller, "both", "ws://both:1", "0,60 F/min")
            kiosk.directory.write_text(NEW)
            kiosk.reload(CHANGED)
            # Who sees a sheet or a list sees what it says.
            await caller.type(REPETITION)
            await caller.sees("ws://both:1", "0,60 F/min")
            await finds(reader, "3", "ws://old:1")
            await reader.type(RETOUR)
            await reader.sees("  3 old")
            # Who begins has what is new; so does who was about to.
            await waiting.type("w" + ENVOI)
            await waiting.sees("Fiche du service", "ws://new:2", "1,20 F/min")
            async with calling(kiosk) as newcomer:
                await finds(newcomer, "both", "ws://both:2")
            await reader.type(SOMMAIRE)
            await reader.sees("Nom du service")
            await finds(reader, "both", "ws://both:2")
            await caller.type(GUIDE)
            await caller.sees("  3 new", "  4 both", "T2")
            await finds(caller, "3", "ws://new:2")
    visit(kiosk, scenario)


def test_pages_are_read_again_too(kiosk):
    page = kiosk.share / "pages" / "welcome.page"

    async def scenario(caller):
        await caller.sees("Nom du service")
        page.write_text(page.read_text().replace("Nom du service", "Votre service"))
        kiosk.reload(CHANGED)
        await caller.type("zzz" + ENVOI)
        await caller.until(lambda screen: screen.row_text(0) == "Service inconnu")
        assert "Nom du service" in caller.screen.text()
        await caller.type(SOMMAIRE)
        await caller.sees("Votre service")
    visit(kiosk, scenario)


def test_the_directory_may_be_another_file(kiosk, tmp_path):
    other = tmp_path / "other.json"
    other.write_text(NEW)
    kiosk.config.write_text(f'teletel: {{ directory = "{other}"; }};')
    kiosk.reload(CHANGED)
    wait_for(lambda: kiosk.logged(f"{other}: 2 services"))

    async def scenario(caller):
        await finds(caller, "new", "ws://new:2")
    visit(kiosk, scenario)


def test_nothing_new_is_said_so(kiosk):
    kiosk.reload("were read again (SIGHUP): nothing has changed")
    # Where an entry stands in the file, and what is ignored, is no change.
    kiosk.directory.write_text("\n\n" + OLD.replace('"tarif"', '"color": 5, "tarif"'))
    kiosk.reload("nothing has changed")


def test_an_order_during_the_start_waits_for_its_end(kiosk):
    def blocks_hang_up(pid):
        with open(f"/proc/{pid}/status") as status:
            text = status.read()
        blocked = int(text.partition("SigBlk:")[2].split()[0], 16) & 1
        return "vdtgw" in text.partition("\n")[0] and blocked

    kiosk.end()
    kiosk.start([])
    wait_for(lambda: blocks_hang_up(kiosk.process.pid))
    kiosk.process.send_signal(signal.SIGHUP)
    kiosk.program.wait_line(lambda line: "(SIGHUP): nothing has changed" in line)


def test_an_entry_that_replaces_the_kiosks_own_is_told(tmp_path):
    for name in ("echo", "Écho"):
        kiosk = Kiosk(tmp_path, directory=services((name, "ws://e", "", "")), command=True)
        said = f'{kiosk.directory}:2: "{name}" takes the place of the kiosk\'s own service ECHO'
        assert len(kiosk.logged(said)) == 1
        kiosk.reload("nothing has changed")
        kiosk.directory.write_text('{ "servers": [] }')
        kiosk.reload(CHANGED)
        kiosk.directory.write_text(services((name, "ws://e", "", "")))
        kiosk.reload(CHANGED)
        wait_for(lambda: len(kiosk.logged(said)) == 2)

        async def scenario(caller):
            await finds(caller, "echo", "ws://e")
        visit(kiosk, scenario)
        assert kiosk.end()[0] == 0


# What is wrong.


def missing(kiosk):
    kiosk.directory.unlink()
    return f"{kiosk.directory}: No such file or directory"


def broken(kiosk):
    kiosk.directory.write_text('{ "servers": [\n{ "name": "a", \n')
    return f"{kiosk.directory}:3: "


def empty(kiosk):
    kiosk.directory.write_text("")
    return f"{kiosk.directory}:1: "


def folder(kiosk):
    kiosk.directory.unlink()
    kiosk.directory.mkdir()
    return f"{kiosk.directory}: "


def pipe(kiosk):
    kiosk.directory.unlink()
    os.mkfifo(kiosk.directory)
    return f"{kiosk.directory}: "


def bad_cost(kiosk):
    kiosk.directory.write_text(NEW.replace("1.20", "1.2.0", 1))
    return (f'{kiosk.directory}:2: "cost" is "1.2.0": francs a minute from 0 to 9999.9999 are '
            'allowed, as in "0.12"')


def own_name(kiosk):
    kiosk.directory.write_text(services(("mire", "ws://h", "", "")))
    return f'{kiosk.directory}:2: "mire": MIRE is a service of the kiosk\'s own'


def large(kiosk):
    kiosk.directory.write_text(" " * 4194305)
    return f"{kiosk.directory}: at most 4194304 bytes are allowed"


def bad_page(kiosk):
    kiosk.directory.write_text(NEW)
    page = kiosk.share / "pages" / "guide.page"
    page.write_text("clear\n\ntext Bonjour\n")
    return f"{page}:3: a text between"


def missing_page(kiosk):
    kiosk.directory.write_text(NEW)
    (kiosk.share / "pages" / "full.page").unlink()
    return f"{kiosk.share}/pages/full.page: No such file"


def bad_configuration(kiosk):
    kiosk.directory.write_text(NEW)
    kiosk.config.write_text("\nteletel: { retry = 0; };")
    return f"{kiosk.config}:2: teletel.retry: 0 is out of range; allowed: "


def empty_configuration(kiosk):
    kiosk.config.write_text("")
    return f"{kiosk.config}: is empty now; allowed: "


@pytest.mark.parametrize("spoil", [
    missing, broken, empty, folder, pipe, bad_cost, own_name, large, bad_page, missing_page,
    bad_configuration, empty_configuration], ids=lambda spoil: spoil.__name__)
def test_a_bad_file_changes_nothing_and_says_why(kiosk, spoil):
    async def scenario(caller):
        await caller.type(GUIDE)
        await caller.sees("  3 old")
        why = spoil(kiosk)
        kiosk.reload(UNCHANGED + why)
        await finds(caller, "3", "ws://old:1")
        await caller.type(SOMMAIRE)
        await caller.sees("Nom du service")
        await finds(caller, "old", "ws://old:1")
    visit(kiosk, scenario)

    async def newcomer(caller):
        await finds(caller, "both", "ws://both:1", "0,60 F/min")
    visit(kiosk, newcomer)


# Many of them.


def test_a_storm_of_reloads_disturbs_nobody(kiosk):
    texts = (OLD, NEW, "nonsense", services(*((f"N{i}", "ws://h", "", "") for i in range(2000))))
    stop = asyncio.Event()

    async def storm():
        for i in range(200):
            # At once, as editors do: a signal may have the file read at any moment.
            changed = kiosk.directory.with_suffix(".new")
            changed.write_text(texts[i % len(texts)])
            changed.replace(kiosk.directory)
            kiosk.process.send_signal(signal.SIGHUP)
            await asyncio.sleep(0)
        stop.set()

    async def live():
        async with calling(kiosk) as caller:
            calls = 0
            while not stop.is_set() or calls == 0:
                await caller.type(GUIDE)
                await caller.sees("Guide des services", "  1 TERMINAL")
                await caller.type("1" + ENVOI)
                await caller.sees("Adresse")
                await caller.type(SOMMAIRE)
                await caller.sees("Nom du service")
                calls += 1
            await caller.type(FIN)
            await caller.sees("Merci de votre visite")

    async def run():
        await asyncio.gather(storm(), *(live() for _ in range(20)))
    before = kiosk.memory()
    asyncio.run(run())
    assert kiosk.memory() - before < 40_000 or is_sanitized(kiosk.process.pid)
    # Behind the storm's last one, whose word may still come.
    marked = services(("end", "ws://end", "", ""), ("again", "ws://end", "", ""), ("3", "ws://h", "", ""))
    kiosk.directory.write_text(marked)
    kiosk.process.send_signal(signal.SIGHUP)
    wait_for(lambda: kiosk.logged(": 3 services besides"))

    async def scenario(caller):
        await finds(caller, "end", "ws://end")
    visit(kiosk, scenario)


def test_only_so_many_are_kept_for_those_who_stay(kiosk):
    async def run():
        async def stay(name):
            connection = await websockets.connect(f"ws://127.0.0.1:{kiosk.port}/")
            caller = type(visitor)(connection)
            await caller.type(GUIDE)
            await caller.sees(f"  3 {name}")
            return caller

        async with calling(kiosk) as visitor:
            await visitor.sees("Nom du service")
            staying = [await stay("old")]
            for i in range(15):
                kiosk.directory.write_text(services((f"N{i}", "ws://h", "", "")))
                kiosk.reload(CHANGED)
                staying.append(await stay(f"N{i}"))
            kiosk.directory.write_text(NEW)
            kiosk.reload(UNCHANGED + "callers still have what was read before, 16 times")
            # One that has what is read still, and is not new.
            await staying[3].type(SUITE + "3" + ENVOI)
            await staying[3].sees("Fiche du service", "N2", "ws://h")
            await staying[3].connection.close()
            wait_for(lambda: kiosk.logged("gone: closed"))
            kiosk.reload(CHANGED)
            await finds(visitor, "new", "ws://new:2")
            for caller in staying:
                await caller.connection.close()
    asyncio.run(run())


# Redirections.


def test_who_is_away_keeps_his_service_and_comes_home_to_what_is_new(tmp_path):
    kiosk = Kiosk(tmp_path, directory=OLD, command=True)

    async def run():
        async with gateway_of(kiosk) as gateway, calling(kiosk) as caller:
            await gateway.say(new_user(12))
            await identify(caller, 12)
            await caller.type("old" + ENVOI)
            _, session, order = await gateway.order()
            assert order == "CONNECT,ws://old:1,None,[]"
            await gateway.say(f"UserRedirecting,,,12,{session}", f"UserRedirected,,,12,{session}")
            await caller.until(lambda screen: screen.row_text(0) == "T1  0,00 F")
            kiosk.directory.write_text(NEW)
            kiosk.reload(CHANGED)
            await caller.until(lambda screen: screen.row_text(0) == "T1  0,05 F")
            clears = caller.screen.clears
            await gateway.say(f"UserRedirectEnded,,,12,{session}")
            await caller.until(lambda screen: screen.clears > clears and screen.cursor_shown)
            await caller.type("new" + ENVOI)
            assert (await gateway.order())[2] == "CONNECT,ws://new:2,None,[]"
    asyncio.run(run())
    status, log = kiosk.end()
    assert status == 0 and "Sanitizer" not in log and "runtime error" not in log, log


# --check.


def test_check_says_what_is_wrong_and_serves_nobody(kiosk):
    options = ["--config", kiosk.config, "--share", kiosk.share, "--check"]
    ended = run_to_its_end(*options)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{kiosk.directory}: no error\n", "")
    why = bad_cost(kiosk)
    ended = run_to_its_end(*options)
    assert (ended.returncode, ended.stdout) == (78, "")
    assert ended.stderr.startswith(why) and ended.stderr.count("\n") == 1


# The end.


def test_sigterm_closes_gateways_and_callers_in_order(tmp_path):
    kiosk = Kiosk(tmp_path, command=True)

    async def run():
        async with gateway_of(kiosk) as gateway, gateway_of(kiosk) as other, \
                calling(kiosk) as caller:
            await caller.sees("Nom du service")
            begun = time.monotonic()
            kiosk.process.send_signal(signal.SIGTERM)
            kiosk.process.send_signal(signal.SIGTERM)
            await caller.sees("Merci de votre visite")
            for peer in (gateway, other, caller):
                await asyncio.wait_for(peer.connection.wait_closed(), 5)
                assert peer.connection.close_code == 1001
            assert time.monotonic() - begun < 1.5
    asyncio.run(run())
    status, log = kiosk.end()
    assert status == 0 and "not all connections" not in log, log


def shake_hands(peer):
    """The WebSocket handshake on a socket; returns what came behind it."""
    peer.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                 b"Sec-WebSocket-Version: 13\r\n\r\n")
    received = b""
    while b"\r\n\r\n" not in received:
        received += peer.recv(65536)
    return received.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("port", ["port", "command_port"])
def test_sigterm_waits_for_no_answer(tmp_path, port):
    kiosk = Kiosk(tmp_path, command=True)
    with socket.create_connection(("127.0.0.1", getattr(kiosk, port)), 5) as silent:
        received = shake_hands(silent)
        begun = time.monotonic()
        kiosk.process.send_signal(signal.SIGTERM)
        while piece := silent.recv(65536):
            received += piece
        assert received.endswith(b"\x88\x02\x03\xe9")  # going away
        assert kiosk.process.wait(5) == 0
        assert time.monotonic() - begun < 2.9
    assert kiosk.end()[0] == 0


def test_sigterm_waits_2_s_for_who_does_not_read(tmp_path):
    kiosk = Kiosk(tmp_path, command=True)
    keys = b"\x13\x43" * 50
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.settimeout(5)
        deaf.connect(("127.0.0.1", kiosk.port))
        shake_hands(deaf)
        deaf.settimeout(0.5)
        with pytest.raises(TimeoutError):  # until it is not read any more
            for _ in range(10000):
                deaf.sendall((bytes([0x81, 0x80 | len(keys)]) + bytes(4) + keys) * 100)
        begun = time.monotonic()
        kiosk.process.send_signal(signal.SIGTERM)
        assert kiosk.process.wait(6) == 0
        assert 1.9 < time.monotonic() - begun < 4
    assert "stopping, although not all connections have been closed" in kiosk.end()[1]
