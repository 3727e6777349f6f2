"""The kiosk as tests start it, and the callers who visit it: WebSocket clients that are not ours."""

import asyncio
import os
import signal
from contextlib import asynccontextmanager
from pathlib import Path

import websockets

from processes import Program, free_port, wait_for
from videotex_screen import Screen

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / os.environ.get("VDTGW_BUILD", "build") / "bin" / "vdtgw-teletel"

ENVOI, RETOUR, REPETITION, GUIDE, ANNULATION, SOMMAIRE, CORRECTION, SUITE, FIN = (
    f"\x13{chr(code)}" for code in range(0x41, 0x4A)
)

DIRECTORY = """{ "servers": [
{ "name": "3615XYZ", "address": "ws://localhost:1/", "tarif": "T2", "cost": "0.12" },
{ "name": "Météo", "alias": "3615xyz" }
] }
"""


class Kiosk:
    def __init__(self, folder, *options, directory=DIRECTORY, command=False, share=ROOT / "share"):
        self.config, self.directory = folder / "vdtgw.conf", folder / "directory.json"
        self.share = share
        self.config.write_text(f'teletel: {{ directory = "{self.directory}"; }};\n')
        self.directory.write_text(directory)
        for _ in range(10):  # another process may take a port in between
            self.port = free_port()
            self.command_port = free_port() if command else None
            self.start(options)
            self.program.wait_line(lambda line: " listens on " in line or "cannot listen" in line)
            if self.logged(" listens on "):
                break
            assert self.end()[0] == os.EX_UNAVAILABLE, self.program.lines

    def start(self, options):
        command = f"localhost:{self.command_port}" if self.command_port else "none"
        self.program = Program(
            [PROGRAM, "--config", self.config, "--share", self.share, "--listen",
             f"localhost:{self.port}", "--command", command, *options])
        self.process = self.program.process

    def logged(self, text):
        """The lines that have it."""
        return [line for line in list(self.program.lines) if text in line]

    def reload(self, *texts):
        """Has it read its files; what the log says of that holds these texts."""
        before = len(self.logged("(SIGHUP)"))
        self.process.send_signal(signal.SIGHUP)
        (line,) = wait_for(lambda: self.logged("(SIGHUP)")[before:], what="a word in the log")
        assert all(text in line for text in texts), line

    def end(self):
        """Ends it; returns its status and what it logged."""
        status = self.program.stop(timeout=10)
        self.program.reader.join()
        return status, "\n".join(self.program.lines)

    def memory(self):
        """Resident kilobytes."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise AssertionError("no VmRSS")


class Caller:
    def __init__(self, connection):
        self.connection = connection
        self.screen = Screen()
        self.frames = []

    async def until(self, condition, timeout=8):
        """Receives until the screen is as wanted."""
        async def receive():
            while not condition(self.screen):
                frame = await self.connection.recv()
                self.frames.append(frame)
                self.screen.feed(frame if isinstance(frame, bytes) else frame.encode("latin-1"))
        try:
            await asyncio.wait_for(receive(), timeout)
        except (asyncio.TimeoutError, websockets.ConnectionClosed) as error:
            raise AssertionError(f"{error!r}; the screen is\n{self.screen.text()}") from error

    async def sees(self, *texts):
        await self.until(lambda screen: all(text in screen.text() for text in texts))

    async def type(self, keys):
        await self.connection.send(keys)


@asynccontextmanager
async def calling(kiosk, path="/", host="127.0.0.1", **options):
    async with websockets.connect(f"ws://{host}:{kiosk.port}{path}", **options) as connection:
        yield Caller(connection)


def visit(kiosk, scenario, **options):
    async def run():
        async with calling(kiosk, **options) as caller:
            await scenario(caller)
    asyncio.run(run())
