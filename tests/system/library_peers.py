"""WebSocket peers that are the python3-websockets library's, behind the same calls as peers.py."""

import asyncio
import queue
import threading
import time

import websockets

from peers import PATIENCE, _open


class Loop:
    """One event loop in a thread, for all library peers of a test run."""

    instance = None

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    @classmethod
    def run(cls, coroutine, timeout=PATIENCE):
        if cls.instance is None:
            cls.instance = Loop()
        future = asyncio.run_coroutine_threadsafe(coroutine, cls.instance.loop)
        return future.result(timeout)


class LibraryPeer:
    def __init__(self, connection, binary=False):
        self.connection = connection
        self.binary = binary
        self.buffer = bytearray()
        self.kinds = set()  # str, bytes: the kinds of messages that came
        self.ended = False
        _open.append(self)

    @property
    def local_port(self):
        return self.connection.local_address[1]

    def send(self, data):
        message = bytes(data) if self.binary else bytes(data).decode("latin-1")
        Loop.run(self.connection.send(message), 60)

    def send_in_pieces(self, data, sizes=(1, 2, 3, 5, 7, 11, 13)):
        async def fragments():
            position, turn = 0, 0
            while position < len(data):
                piece = data[position : position + sizes[turn % len(sizes)]]
                yield bytes(piece) if self.binary else bytes(piece).decode("latin-1")
                position += len(piece)
                turn += 1

        # The library sends an iterable as one fragmented message.
        Loop.run(self.connection.send(fragments()), 60)

    def fill(self, timeout=PATIENCE):
        try:
            message = Loop.run(asyncio.wait_for(self.connection.recv(), timeout), timeout + 5)
        except asyncio.TimeoutError:
            return False
        except websockets.ConnectionClosed:
            self.ended = True
            return False
        self.kinds.add(type(message))
        self.buffer += message if isinstance(message, bytes) else message.encode("latin-1")
        return True

    def wait_until(self, condition, timeout, what):
        deadline = time.monotonic() + timeout
        while not condition():
            remaining = deadline - time.monotonic()
            if remaining <= 0 or (not self.fill(remaining) and self.ended and not condition()):
                raise AssertionError(
                    f"{what} did not come in {timeout} s; {len(self.buffer)} bytes wait:"
                    f" {bytes(self.buffer[-200:])!r}, ended: {self.ended}"
                )

    def take(self, length):
        taken = bytes(self.buffer[:length])
        del self.buffer[:length]
        return taken

    def receive_exactly(self, length, timeout=PATIENCE):
        self.wait_until(lambda: len(self.buffer) >= length, timeout, f"{length} bytes")
        return self.take(length)

    def receive_until(self, marker, timeout=PATIENCE):
        self.wait_until(lambda: marker in self.buffer, timeout, repr(marker))
        return self.take(self.buffer.index(marker) + len(marker))

    def receive_to_end(self, timeout=PATIENCE):
        self.wait_until(lambda: self.ended, timeout, "the end of the connection")
        return self.take(len(self.buffer))

    def ping(self):
        """Returns once the pong has come."""

        async def ping():
            await (await self.connection.ping())

        Loop.run(ping())

    @property
    def close_code(self):
        return self.connection.close_code

    def close(self):
        try:
            Loop.run(self.connection.close())
        except Exception:  # the other end is gone already
            pass


def library_caller(port, path="/", subprotocols=None, binary=False):
    async def connect():
        return await websockets.connect(
            f"ws://127.0.0.1:{port}{path}", subprotocols=subprotocols, close_timeout=2
        )

    return LibraryPeer(Loop.run(connect()), binary)


class LibraryService:
    """A WebSocket service; accept() gives each connection as it comes."""

    def __init__(self, subprotocols=None, binary=False):
        self.binary = binary
        self.connections = queue.Queue()

        async def serve():
            return await websockets.serve(
                self.handle, "127.0.0.1", 0, subprotocols=subprotocols, close_timeout=2
            )

        self.server = Loop.run(serve())
        self.port = self.server.sockets[0].getsockname()[1]
        self.uri = f"ws://127.0.0.1:{self.port}/"
        _open.append(self)

    async def handle(self, connection, path):
        self.connections.put((connection, path))
        await connection.wait_closed()

    def accept(self, timeout=PATIENCE):
        connection, path = self.connections.get(timeout=timeout)
        peer = LibraryPeer(connection, self.binary)
        peer.path = path
        return peer

    def close(self):
        async def stop():
            self.server.close()
            await self.server.wait_closed()

        Loop.run(stop())
