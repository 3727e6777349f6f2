"""The kiosk, vdtgw-teletel, visited by WebSocket clients that are not ours."""

import asyncio
import resource
import signal
import socket
import subprocess
import urllib.request

import pytest
import websockets

from kiosks import (ANNULATION, CORRECTION, ENVOI, FIN, GUIDE, PROGRAM, REPETITION, RETOUR, ROOT,
                    SOMMAIRE, SUITE, Caller, Kiosk, calling, visit)
from processes import is_sanitized

@pytest.fixture
def kiosk(tmp_path):
    started = Kiosk(tmp_path)
    yield started
    status, log = started.end()
    assert status == 0, log
    assert "Sanitizer" not in log and "runtime error" not in log, log


def test_welcome_page_is_there_at_once(kiosk):
    async def scenario(caller):
        await caller.sees("Point d'accès aux services", "Nom du service", "Guide", "Sommaire",
                          "Suite", "Retour", "Correction", "Annulation", "Répétition",
                          "Connexion/Fin", "puis  Envoi")
        await caller.until(lambda screen: screen.cursor_shown)
        assert (caller.screen.row, caller.screen.column) == (13, 18)
        assert all(isinstance(frame, str) for frame in caller.frames)
        assert sum(len(frame) for frame in caller.frames) < 900
    visit(kiosk, scenario, path="/any/path?echo")


def test_binary_for_who_offers_it_wherever_in_the_list(kiosk):
    for offered in (["binary"], ["tty", "binary"]):
        async def scenario(caller):
            await caller.type(b"mire" + ENVOI.encode())
            await caller.sees("Mire : les caractères")
            assert all(isinstance(frame, bytes) for frame in caller.frames)
            assert caller.connection.subprotocol == offered[0]
        visit(kiosk, scenario, subprotocols=offered)


def test_field_is_edited_with_the_keys(kiosk):
    async def scenario(caller):
        await caller.type("abx" + CORRECTION + "c")
        await caller.sees("ABC.................")
        await caller.type(ANNULATION + "d")
        await caller.sees("D...................")
        await caller.type("\x13")
        await caller.type("\x41")
        await caller.until(lambda screen: screen.row_text(0) == "Service inconnu")
        await caller.type("e")
        await caller.until(lambda screen: screen.row_text(0) == "")
        await caller.sees("DE..................")
        clears = caller.screen.clears
        await caller.type(REPETITION)
        await caller.until(lambda screen: screen.clears > clears and screen.cursor_shown)
        assert "DE.................." in caller.screen.text()
        await caller.type("f" * 30)
        await caller.sees("DE" + 18 * "F")
        await caller.until(lambda screen: screen.bells == 12)
    visit(kiosk, scenario)


def test_guide_leads_to_a_service_by_number_name_and_alias(kiosk):
    async def scenario(caller):
        await caller.type(GUIDE)
        await caller.sees("Guide des services", "  1 TERMINAL", "  2 MIRE", "  3 3615XYZ",
                          "  4 Météo", "→ 3615XYZ", "1/1")
        for typed in ("4", "3615xyz", "METEO"):
            await caller.type(typed + ENVOI)
            await caller.sees("Fiche du service", "3615XYZ", "ws://localhost:1/", "T2", "0,12 F/min")
            await caller.until(lambda screen: "injoignable" in screen.row_text(0))
            await caller.type(RETOUR)
            await caller.sees("Guide des services")
        await caller.type(SUITE)
        await caller.until(lambda screen: screen.row_text(0) == "Fin de la liste")
        await caller.type(SOMMAIRE)
        await caller.sees("Nom du service")
        assert caller.screen.row_text(0) == ""
    visit(kiosk, scenario)


def test_long_guide_has_pages(tmp_path):
    entries = ",".join(f'{{"name":"N{i}","address":"ws://h"}}' for i in range(100))
    kiosk = Kiosk(tmp_path, directory=f'{{"servers":[{entries}]}}')

    async def scenario(caller):
        await caller.type(GUIDE)
        await caller.sees("1/8", " 13 N10")
        for page in range(2, 9):
            await caller.type(SUITE)
            await caller.sees(f"{page}/8")
        await caller.sees("102 N99")
        await caller.until(lambda screen: screen.cursor_shown)
        assert "TERMINAL" not in caller.screen.text()
        assert " 91 N88" not in caller.screen.text()
        await caller.type(RETOUR)
        await caller.sees("7/8", " 91 N88")
    visit(kiosk, scenario)
    assert kiosk.end()[0] == 0


def test_terminal_page_says_what_the_gateway_and_the_terminal_say(kiosk):
    async def scenario(caller):
        await caller.type("terminal" + ENVOI)
        await caller.sees("192.0.2.7", "1200 bit/s", "telnet", " min ")
        await caller.until(lambda screen: screen.asked_identity == 1)
        await caller.type("\x01Cu")
        await caller.type("5\x04")
        await caller.sees("Telic-Alcatel", "Minitel 1B")
        await caller.type(REPETITION)
        await caller.until(lambda screen: screen.asked_identity == 2)
        await caller.sees("pas de réponse")
    visit(kiosk, scenario, extra_headers={
        "X-Forwarded-For": "192.0.2.7", "X-Vdtgw-Speed": "1200", "X-Vdtgw-Transport": "telnet"})


def test_terminal_page_does_not_invent(kiosk):
    async def scenario(caller):
        await caller.type("terminal" + ENVOI)
        await caller.until(lambda screen: screen.asked_identity == 1)
        assert "Vitesse   inconnue" in caller.screen.text()
        assert "Adresse   inconnue" in caller.screen.text()
    visit(kiosk, scenario, extra_headers={
        "X-Forwarded-For": "the neighbour", "X-Vdtgw-Speed": "fast", "X-Vdtgw-Transport": "foot"})


def test_test_pages_show_characters_colors_and_attributes(kiosk):
    async def scenario(caller):
        await caller.type("mire" + ENVOI)
        await caller.sees("à â ä ç é è ê ë î ï ô ö ù û ü œ", "ß £ § ° ± ÷ ¼ ½ ¾ ← ↑ → ↓ $ #",
                          "abcdefghijklmnopqrstuvwxyz", "Normale", "L a r g e u r", "Hauteur", "D o u b l e")
        assert {cell.mosaic for row in (12, 13) for cell in caller.screen.cells[row]} >= set(range(63))
        await caller.type(SUITE)
        await caller.sees("Mire : les couleurs", "clignotant", "souligné", "inversé", "Sommaire")
        screen = caller.screen
        colors = [screen.shown(6, 1 + 5 * i) for i in range(8)]
        assert [cell.attributes.color if cell.mosaic else cell.attributes.background
                for cell in colors] == [0, 4, 1, 5, 2, 6, 3, 7]
        await caller.type(RETOUR + SOMMAIRE)
        await caller.sees("Nom du service")
    visit(kiosk, scenario)


def test_connexion_fin_ends_the_call_after_a_word(kiosk):
    for key in (FIN, "\x13\x59"):
        async def scenario(caller):
            await caller.type(key)
            await caller.sees("Merci de votre visite")
            await asyncio.wait_for(caller.connection.wait_closed(), 5)
            assert caller.connection.close_code == 1000
        visit(kiosk, scenario)


def test_ping_is_answered(kiosk):
    async def scenario(caller):
        await asyncio.wait_for(await caller.connection.ping(), 5)
    visit(kiosk, scenario)


def test_text_that_is_not_utf8_ends_the_call(kiosk):
    async def scenario(caller):
        await caller.sees("Nom du service")
        # A masked text frame of one byte: FF, with a mask of zeros.
        caller.connection.transport.write(b"\x81\x81\0\0\0\0\xff")
        await asyncio.wait_for(caller.connection.wait_closed(), 5)
        assert caller.connection.close_code == 1007
    visit(kiosk, scenario)


def test_plain_http_gets_a_page(kiosk):
    with urllib.request.urlopen(f"http://127.0.0.1:{kiosk.port}/", timeout=5) as answer:
        assert answer.status == 200
        assert "KIOSQUE VIDÉOTEX" in answer.read().decode()


def test_both_loopbacks_are_served(kiosk):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")

    async def scenario(caller):
        await caller.sees("Nom du service")
    visit(kiosk, scenario, host="[::1]")


def test_unfinished_handshakes_are_cut(kiosk):
    with socket.create_connection(("127.0.0.1", kiosk.port)) as silent, \
            socket.create_connection(("127.0.0.1", kiosk.port)) as half:
        half.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: webso")
        for peer in (silent, half):
            peer.settimeout(15)
            try:
                assert peer.recv(100) == b""
            except ConnectionResetError:
                pass


def test_flood_without_reading_stays_bounded_and_harms_nobody(kiosk):
    async def scenario(caller):
        before = kiosk.memory()
        reader, writer = await asyncio.open_connection("127.0.0.1", kiosk.port, limit=1)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                     b"Sec-WebSocket-Version: 13\r\n\r\n")
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += await asyncio.wait_for(reader.read(1000), 5)
        keys = b"\x13\x43" * 50
        frame = bytes([0x81, 0x80 | len(keys)]) + bytes(4) + keys
        try:
            for _ in range(2000):
                writer.write(frame * 50)
                await asyncio.wait_for(writer.drain(), 0.3)
            raise AssertionError("10 million keys were taken although nothing was read")
        except asyncio.TimeoutError:
            pass
        assert kiosk.memory() - before < 1000 or is_sanitized(kiosk.process.pid)
        await caller.type("mire" + ENVOI)
        await caller.sees("Mire : les caractères")
        writer.transport.abort()
    visit(kiosk, scenario)


def test_a_thousand_callers_and_the_next_is_told(kiosk):
    wanted = 1200
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"this process may open {hard} files only")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))

    async def run():
        before = kiosk.memory()
        callers = []
        for _ in range(20):
            connections = await asyncio.gather(*(
                websockets.connect(f"ws://127.0.0.1:{kiosk.port}/", compression=None,
                                   ping_interval=None) for _ in range(50)))
            callers += [Caller(connection) for connection in connections]
        await asyncio.gather(*(caller.sees("Connexion/Fin") for caller in callers))
        assert kiosk.memory() - before < 1000 * 40 or is_sanitized(kiosk.process.pid)
        async with calling(kiosk) as one_more:
            await one_more.sees("Toutes nos lignes sont", "occupées")
            await asyncio.wait_for(one_more.connection.wait_closed(), 5)
        await callers.pop().connection.close()
        async with calling(kiosk) as one_more:
            await one_more.sees("Nom du service")
        await asyncio.gather(*(caller.connection.close() for caller in callers))

    try:
        asyncio.run(run())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_sigterm_says_goodbye_to_everybody(tmp_path):
    kiosk = Kiosk(tmp_path)

    async def run():
        async with calling(kiosk) as one, calling(kiosk) as other:
            for caller in (one, other):
                await caller.sees("Nom du service")
            kiosk.process.send_signal(signal.SIGTERM)
            for caller in (one, other):
                await caller.sees("Merci de votre visite")
                await caller.until(lambda screen: "Arrêt du service" in screen.row_text(0))
                await asyncio.wait_for(caller.connection.wait_closed(), 5)
                assert caller.connection.close_code == 1001
    asyncio.run(run())
    assert kiosk.end()[0] == 0


def run_to_its_end(*options):
    return subprocess.run([PROGRAM, *options], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=20)


def test_bad_files_are_refused_with_their_line(tmp_path):
    conf, directory = tmp_path / "vdtgw.conf", tmp_path / "directory.json"
    conf.write_text("")
    directory.write_text('{ "servers": [\n{ "name": "a", "address": "ws://h" },\n'
                         '{ "name": "b", "alias": "c" } ] }')
    ended = run_to_its_end("--config", conf, "--directory", directory)
    assert ended.returncode == 78
    assert f'{directory}:3: "b" is an alias of "c", which is not in the file' in ended.stderr

    directory.write_text('{ "servers": [] }')
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "welcome.page").write_text("clear\n\ntext Bonjour\n")
    ended = run_to_its_end("--config", conf, "--directory", directory, "--share", tmp_path)
    assert ended.returncode == 78
    assert f'{pages}/welcome.page:3: a text between " and " is needed' in ended.stderr

    ended = run_to_its_end("--config", conf, "--directory", tmp_path / "none.json")
    assert ended.returncode == 78
    assert "none.json: No such file or directory" in ended.stderr


def test_options(kiosk, tmp_path):
    assert run_to_its_end("--help").stdout.startswith("usage: vdtgw-teletel")
    assert run_to_its_end("--version").stdout.startswith("vdtgw-teletel ")
    assert run_to_its_end("--nonsense").returncode == 64
    assert run_to_its_end("more").returncode == 64
    files = ["--config", tmp_path / "vdtgw.conf", "--directory", tmp_path / "directory.json",
             "--share", ROOT / "share"]
    for where in ("8765", "localhost:", "localhost:0", "localhost:65536", "::1:8765", ":1"):
        assert run_to_its_end(*files, "--command", "none", "--listen", where).returncode == 64, where
        assert run_to_its_end(*files, "--command", where).returncode == 64, where
    taken = run_to_its_end(*files, "--command", "none", "--listen", f"127.0.0.1:{kiosk.port}")
    assert taken.returncode == 69
    assert "Address already in use" in taken.stderr
