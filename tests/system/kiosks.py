"""The kiosk as tests start it, and the callers who visit it: WebSocket clients that are not ours."""

import asyncio
import os
import signal
import subprocess
from contextlib import asynccontextmanager
from pathlib import Path

import websockets

from processes import free_port
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
    def __init__(self, folder, *options, directory=DIRECTORY, command=False):
        (folder / "vdtgw.conf").write_text("")
        (folder / "directory.json").write_text(directory)
        for _ in range(10):  # another process may take a port in between
            self.port = free_port()
            self.command_port = free_port() if command else None
            self.start(folder, options)
            if any(" listens on " in line for line in self.log):
                break
            assert self.process.wait(10) == os.EX_UNAVAILABLE, "".join(self.log)

    def start(self, folder, options):
        command = f"localhost:{self.command_port}" if self.command_port else "none"
        self.process = subprocess.Popen(
            [PROGRAM, "--config", folder / "vdtgw.conf", "--directory", folder / "directory.json",
             "--share", ROOT / "share", "--listen", f"localhost:{self.port}", "--command",
             command, *options],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.log = []
        for line in self.process.stderr:
            self.log.append(line)
            if " listens on " in line:
                break

    def end(self):
        """Ends it; returns its status and what it logged."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            rest = self.process.communicate(timeout=10)[1]
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return self.process.returncode, "".join(self.log) + rest

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
