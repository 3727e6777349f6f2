"""A Teletel server of python3-websockets, scripted by the tests: the listening end of the channel."""

import queue
import time

import websockets

from library_peers import Loop
from peers import PATIENCE, _open
from processes import free_port


class TeletelServer:
    """One channel at a time; what the gateway says is taken frame by frame."""

    def __init__(self, port=None):
        self.port = port or free_port()
        self.uri = f"ws://127.0.0.1:{self.port}"
        self.connections = queue.Queue()
        self.channel = None
        self.server = None
        self.reading = True

    def start(self):
        async def listen():
            return await websockets.serve(
                self.serve, "127.0.0.1", self.port, max_size=None, reuse_address=True
            )

        self.server = Loop.run(listen())
        _open.append(self)
        return self

    async def serve(self, connection, _path=None):
        channel = Channel(connection)
        self.connections.put(channel)
        if not self.reading:
            await connection.wait_closed()
            return
        try:
            async for message in connection:
                channel.frames.put((time.monotonic(), message))
        except websockets.ConnectionClosed:
            pass
        channel.frames.put((time.monotonic(), None))

    def accept(self, timeout=PATIENCE):
        """The gateway's next connection."""
        self.channel = self.connections.get(timeout=timeout)
        return self.channel

    def close(self):
        """As a server that is stopped: the port is free afterwards."""
        if self.server is None:
            return
        server, self.server = self.server, None

        async def stop():
            server.close()
            await server.wait_closed()

        Loop.run(stop())


class Channel:
    def __init__(self, connection):
        self.connection = connection
        self.frames = queue.Queue()

    def send(self, *messages):
        async def send_all():
            for message in messages:
                await self.connection.send(message)

        Loop.run(send_all(), 60)

    def hear(self, timeout=PATIENCE):
        """The next frame; None at the end."""
        return self.frames.get(timeout=timeout)[1]

    def hears(self, *expected):
        for message in expected:
            heard = self.hear()
            assert heard == message, f"heard {heard!r}, not {message!r}"

    def is_silent(self):
        """True when all that was said has been taken: asks for something that is answered."""
        self.send("PID=999999999,x,SILENCE")
        heard = self.hear()
        assert heard == "UserRedirectEnded,,,999999999,x", f"heard {heard!r} before silence"
        return True

    def cut(self):
        """The network fails: no close frame."""

        async def abort():
            self.connection.transport.abort()

        Loop.run(abort())
