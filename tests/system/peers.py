"""The other ends of a call: terminals and videotex services, scripted by the tests.

They are written from the RFCs and share nothing with the gateway. Everything blocks with a
time-out; what a peer waits for and does not get is an AssertionError that shows what came instead.
"""

import base64
import hashlib
import os
import queue
import select
import socket
import ssl
import struct
import threading
import time

from processes import within

PATIENCE = within(8.0)  # s: how long a peer waits for what must come; generous, since nothing waits it out
ALL_BYTES = bytes(range(256))
WEBSOCKET_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
OPT_BINARY, OPT_ECHO, OPT_SGA, OPT_TTYPE, OPT_NAWS, OPT_NEW_ENVIRON = 0, 1, 3, 24, 31, 39

_open = []


def close_all():
    """Closes what the test left open."""
    while _open:
        _open.pop().close()


class Peer:
    """One end of a connection, raw: what is sent is what is on the wire."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = bytearray()  # user data received and not yet taken
        self.ended = False
        self.was_reset = False
        self.local_port = sock.getsockname()[1]
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _open.append(self)

    def send_wire(self, data):
        self.sock.settimeout(PATIENCE)
        self.sock.sendall(data)

    def send(self, data):
        self.send_wire(self.encode(data))

    def send_in_pieces(self, data, sizes=(1, 2, 3, 5, 7, 11, 13)):
        """Odd pieces, each its own packet or frame."""
        position, turn = 0, 0
        while position < len(data):
            size = sizes[turn % len(sizes)]
            self.send(data[position : position + size])
            position += size
            turn += 1

    def encode(self, data):
        return bytes(data)

    def decode(self, data):
        return data

    def fill(self, timeout=PATIENCE):
        """Reads once. False at the end of the connection, and when nothing comes in time."""
        if self.ended:
            return False
        self.sock.settimeout(max(timeout, 0.0001))
        try:
            data = self.sock.recv(65536)
        except (TimeoutError, ssl.SSLWantReadError):
            return False
        except (ConnectionResetError, BrokenPipeError):
            self.was_reset = True
            data = b""
        except ssl.SSLError:
            data = b""
        if not data:
            # As programs do: who is hung up on hangs up.
            self.close()
            return False
        self.buffer += self.decode(data)
        return True

    def take(self, length):
        taken = bytes(self.buffer[:length])
        del self.buffer[:length]
        return taken

    def wait_until(self, condition, timeout=PATIENCE, what="what was awaited"):
        deadline = time.monotonic() + timeout
        while not condition():
            remaining = deadline - time.monotonic()
            if remaining <= 0 or (not self.fill(remaining) and self.ended and not condition()):
                state = "ended" if self.ended else "open"
                raise AssertionError(
                    f"{type(self).__name__}: {what} did not come in {timeout} s; connection"
                    f" {state}, {len(self.buffer)} bytes wait: {bytes(self.buffer[-200:])!r}"
                )

    def receive_exactly(self, length, timeout=PATIENCE):
        self.wait_until(lambda: len(self.buffer) >= length, timeout, f"{length} bytes")
        return self.take(length)

    def receive_until(self, marker, timeout=PATIENCE):
        self.wait_until(lambda: marker in self.buffer, timeout, repr(marker))
        return self.take(self.buffer.index(marker) + len(marker))

    def receive_to_end(self, timeout=PATIENCE):
        self.wait_until(lambda: self.ended, timeout, "the end of the connection")
        return self.take(len(self.buffer))

    def expect_silence(self, duration):
        """Nothing comes and nobody hangs up for a while."""
        deadline = time.monotonic() + duration
        while (remaining := deadline - time.monotonic()) > 0:
            self.fill(remaining)
            assert not self.ended, "hung up"
        assert not self.buffer, f"unexpected: {bytes(self.buffer)!r}"

    def shutdown_write(self):
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self):
        """Disappears with an RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self):
        self.ended = True
        self.sock.close()


class TelnetPeer(Peer):
    """Either end of telnet. answers: (command, option) → bytes to send back, once each."""

    def __init__(self, sock, answers=None):
        super().__init__(sock)
        self.answers = dict(answers or {})
        self.commands = []  # (command, option), in the order in which they came
        self.subnegotiations = []  # bytes between SB and IAC SE, unescaped
        self.wire = bytearray()  # everything that came, as it came
        self.send_binary = False  # our side of BINARY is on
        self.receive_binary = False
        self.undecoded = bytearray()
        self.after_carriage_return = False

    def encode(self, data):
        data = bytes(data).replace(b"\xff", b"\xff\xff")
        return data if self.send_binary else data.replace(b"\r", b"\r\0")

    def command(self, *codes):
        self.send_wire(bytes([IAC, *codes]))

    def subnegotiate(self, option, data):
        escaped = bytes(data).replace(b"\xff", b"\xff\xff")
        self.send_wire(bytes([IAC, SB, option]) + escaped + bytes([IAC, SE]))

    def decode(self, data):
        self.wire += data
        self.undecoded += data
        out = bytearray()
        while self.undecoded:
            used = self.decode_one(out)
            if not used:
                break
            del self.undecoded[:used]
        return bytes(out)

    def decode_one(self, out):
        data = self.undecoded
        if data[0] != IAC:
            if self.after_carriage_return and not self.receive_binary and data[0] == 0:
                self.after_carriage_return = False
                return 1
            self.after_carriage_return = data[0] == 0x0D
            out.append(data[0])
            return 1
        if len(data) < 2:
            return 0
        if data[1] == IAC:
            self.after_carriage_return = False
            out.append(IAC)
            return 2
        if data[1] == SB:
            position = 2
            content = bytearray()
            while True:
                if position + 1 >= len(data):
                    return 0
                if data[position] == IAC and data[position + 1] == SE:
                    break
                if data[position] == IAC:
                    position += 1
                content.append(data[position])
                position += 1
            self.subnegotiations.append(bytes(content))
            self.answer("SB", content[0], bytes(content))
            return position + 2
        if data[1] >= WILL:
            if len(data) < 3:
                return 0
            self.commands.append((data[1], data[2]))
            self.answer(data[1], data[2], None)
            return 3
        self.commands.append((data[1], None))
        return 2

    def answer(self, command, option, content):
        reply = self.answers.pop((command, option), None)
        if reply is None:
            return
        if callable(reply):
            reply = reply(content)
        try:
            self.send_wire(reply)
        except (BrokenPipeError, ConnectionResetError):
            return  # the end is found by reading
        if option == OPT_BINARY and command == DO and reply == bytes([IAC, WILL, OPT_BINARY]):
            self.send_binary = True
        if option == OPT_BINARY and command == WILL and reply == bytes([IAC, DO, OPT_BINARY]):
            self.receive_binary = True

    def wait_command(self, command, option, timeout=PATIENCE):
        wanted = (command, option)
        self.wait_until(lambda: wanted in self.commands, timeout, f"telnet command {wanted}")


def agreeing_terminal(terminal_type=b"MINITEL1B", width=40, height=25):
    """Answers of a terminal that agrees to everything that the gateway may ask."""
    size = struct.pack(">HH", width, height).replace(b"\xff", b"\xff\xff")
    return {
        (WILL, OPT_ECHO): bytes([IAC, DO, OPT_ECHO]),
        (WILL, OPT_SGA): bytes([IAC, DO, OPT_SGA]),
        (DO, OPT_SGA): bytes([IAC, WILL, OPT_SGA]),
        (WILL, OPT_BINARY): bytes([IAC, DO, OPT_BINARY]),
        (DO, OPT_BINARY): bytes([IAC, WILL, OPT_BINARY]),
        (DO, OPT_TTYPE): bytes([IAC, WILL, OPT_TTYPE]),
        ("SB", OPT_TTYPE): bytes([IAC, SB, OPT_TTYPE, 0]) + terminal_type + bytes([IAC, SE]),
        (DO, OPT_NAWS): bytes([IAC, WILL, OPT_NAWS, IAC, SB, OPT_NAWS]) + size + bytes([IAC, SE]),
        (DO, OPT_NEW_ENVIRON): bytes([IAC, WILL, OPT_NEW_ENVIRON]),
        ("SB", OPT_NEW_ENVIRON): bytes([IAC, SB, OPT_NEW_ENVIRON, 0, 0])
        + b"USER\x01marie"
        + bytes([IAC, SE]),
    }


class WebSocketPeer(Peer):
    """Either end of a WebSocket, frame by frame. A client masks what it sends."""

    def __init__(self, sock, client, binary=False):
        super().__init__(sock)
        self.client = client
        self.binary = binary
        self.headers = {}
        self.request_line = ""
        self.status_line = ""
        self.raw_head = b""
        self.undecoded = bytearray()
        self.frames = []  # (final, opcode, length, masked) of all that came
        self.payloads = []  # of data frames
        self.pongs = []
        self.pings = []
        self.close_code = None
        self.close_reason = b""
        self.answers_pings = True
        self.answers_close = True
        self.sent_close = False
        self.message_opcode = None
        self.message = bytearray()

    # The handshake.

    def read_head(self, timeout=PATIENCE):
        head = bytearray()
        deadline = time.monotonic() + timeout
        while b"\r\n\r\n" not in head:
            self.sock.settimeout(max(deadline - time.monotonic(), 0.0001))
            try:
                data = self.sock.recv(65536)
            except TimeoutError:
                raise AssertionError(f"no end of the HTTP head in {timeout} s: {bytes(head)!r}")
            except ConnectionResetError:
                data = b""
            if not data:
                self.ended = True
                break
            head += data
        self.raw_head, _, rest = bytes(head).partition(b"\r\n\r\n")
        lines = self.raw_head.decode("latin-1").split("\r\n")
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        return lines[0], rest

    def request(self, path, port, subprotocols=(), extra=""):
        key = base64.b64encode(os.urandom(16)).decode()
        offer = f"Sec-WebSocket-Protocol: {', '.join(subprotocols)}\r\n" if subprotocols else ""
        self.send_wire(
            (
                f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                f"Sec-WebSocket-Version: 13\r\n{offer}{extra}\r\n"
            ).encode("latin-1")
        )
        return key

    def connect(self, path, port, subprotocols=(), extra=""):
        key = self.request(path, port, subprotocols, extra)
        self.status_line, rest = self.read_head()
        if " 101 " in self.status_line + " ":
            assert self.headers["sec-websocket-accept"] == accept_of(key)
            self.buffer += self.decode(rest)
        else:
            self.buffer += rest
        return self

    def accept(self, subprotocol=None, extra=""):
        self.request_line, rest = self.read_head()
        chosen = f"Sec-WebSocket-Protocol: {subprotocol}\r\n" if subprotocol else ""
        self.send_wire(
            (
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Accept: {accept_of(self.headers['sec-websocket-key'])}\r\n"
                f"{chosen}{extra}\r\n"
            ).encode("latin-1")
        )
        self.buffer += self.decode(rest)
        return self

    # Frames.

    def frame(self, opcode, payload, final=True, masked=None, reserved=0):
        masked = self.client if masked is None else masked
        head = bytearray([(0x80 if final else 0) | (reserved << 4) | opcode])
        mask_bit = 0x80 if masked else 0
        if len(payload) < 126:
            head.append(mask_bit | len(payload))
        elif len(payload) < 65536:
            head += bytes([mask_bit | 126]) + struct.pack(">H", len(payload))
        else:
            head += bytes([mask_bit | 127]) + struct.pack(">Q", len(payload))
        if not masked:
            return bytes(head) + bytes(payload)
        mask = os.urandom(4)
        return bytes(head) + mask + apply_mask(payload, mask)

    def send_frame(self, opcode, payload=b"", **options):
        self.send_wire(self.frame(opcode, payload, **options))

    def encode(self, data):
        if self.binary:
            return self.frame(BINARY, data)
        return self.frame(TEXT, bytes(data).decode("latin-1").encode("utf-8"))

    def send_close(self, code=1000, reason=b""):
        self.sent_close = True
        self.send_frame(CLOSE, struct.pack(">H", code) + reason)

    def decode(self, data):
        self.undecoded += data
        out = bytearray()
        while (frame := self.next_frame()) is not None:
            self.handle_frame(out, *frame)
        return bytes(out)

    def next_frame(self):
        data = self.undecoded
        if len(data) < 2:
            return None
        length, position = data[1] & 0x7F, 2
        if length == 126:
            if len(data) < 4:
                return None
            length, position = struct.unpack(">H", data[2:4])[0], 4
        elif length == 127:
            if len(data) < 10:
                return None
            length, position = struct.unpack(">Q", data[2:10])[0], 10
        masked = bool(data[1] & 0x80)
        mask = bytes(data[position : position + 4]) if masked else b""
        position += len(mask)
        if len(data) < position + length:
            return None
        payload = bytes(data[position : position + length])
        final, opcode = bool(data[0] & 0x80), data[0] & 0x0F
        del data[: position + length]
        self.frames.append((final, opcode, length, masked))
        assert masked != self.client, "a client's frames are masked, a server's are not"
        return final, opcode, apply_mask(payload, mask) if masked else payload

    def handle_frame(self, out, final, opcode, payload):
        if opcode == CLOSE:
            # 1005 stands for no code (RFC 6455, section 7.1.5).
            self.close_code = int.from_bytes(payload[:2], "big") if len(payload) > 1 else 1005
            self.close_reason = payload[2:]
            if self.answers_close and not self.sent_close:
                self.sent_close = True
                try:
                    self.send_frame(CLOSE, payload[:2])
                except OSError:
                    pass
            if not self.client and self.sent_close:
                # RFC 6455, section 7.1.1: the server ends the connection first.
                try:
                    self.sock.shutdown(socket.SHUT_WR)
                except OSError:
                    self.was_reset = True
        elif opcode == PING:
            self.pings.append(payload)
            if self.answers_pings:
                self.send_frame(PONG, payload)
        elif opcode == PONG:
            self.pongs.append(payload)
        else:
            self.payloads.append(payload)
            if opcode != CONTINUATION:
                self.message_opcode = opcode
                self.message = bytearray()
            self.message += payload
            if final:
                content = bytes(self.message)
                if self.message_opcode == TEXT:
                    content = content.decode("utf-8").encode("latin-1")
                out += content

    def wait_close(self, timeout=PATIENCE):
        self.wait_until(lambda: self.close_code is not None, timeout, "a close frame")
        return self.close_code


def accept_of(key):
    return base64.b64encode(hashlib.sha1(key.encode() + WEBSOCKET_GUID).digest()).decode()


def apply_mask(payload, mask):
    if not payload:
        return b""
    repeated = mask * (len(payload) // 4 + 1)
    number = int.from_bytes(payload, "big") ^ int.from_bytes(repeated[: len(payload)], "big")
    return number.to_bytes(len(payload), "big")


def connect_socket(port, host="127.0.0.1"):
    return socket.create_connection((host, port), timeout=PATIENCE)


def raw_caller(port):
    return Peer(connect_socket(port))


def telnet_caller(port, answers=None):
    """Without answers: a terminal that knows no telnet but doubles its FF."""
    return TelnetPeer(connect_socket(port), answers)


def agreeing_caller(port):
    return TelnetPeer(connect_socket(port), agreeing_terminal())


def websocket_caller(port, path="/", subprotocols=(), binary=False, extra=""):
    peer = WebSocketPeer(connect_socket(port), client=True, binary=binary)
    return peer.connect(path, port, subprotocols, extra)


class Service:
    """A listening videotex service; the test accepts and plays each connection itself."""

    def __init__(self, scheme="telnet", host="127.0.0.1", backlog=128, tls=None, name=None):
        self.scheme = scheme
        self.tls = tls
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((host, 0))
        self.sock.listen(backlog)
        self.port = self.sock.getsockname()[1]
        shown = name or (f"[{host}]" if ":" in host else host)
        self.uri = f"{scheme}://{shown}:{self.port}" + ("" if scheme == "telnet" else "/")
        _open.append(self)

    def accept_socket(self, timeout=PATIENCE):
        self.sock.settimeout(timeout)
        try:
            connection, _ = self.sock.accept()
        except TimeoutError:
            raise AssertionError(f"nobody called {self.uri} in {timeout} s")
        connection.settimeout(PATIENCE)
        if self.tls:
            connection = self.tls.wrap_socket(connection, server_side=True)
        return connection

    def accept(self, timeout=PATIENCE, **options):
        """The connection, through its handshake."""
        connection = self.accept_socket(timeout)
        if self.scheme == "telnet":
            return TelnetPeer(connection, **options)
        binary = options.pop("binary", False)
        return WebSocketPeer(connection, client=False, binary=binary).accept(**options)

    def expect_no_call(self, duration):
        readable, _, _ = select.select([self.sock], [], [], duration)
        assert not readable, "somebody called"

    def close(self):
        self.sock.close()


def negotiate_binary(service_connection):
    """A telnet service that makes its line 8-bit clean, both ways."""
    service_connection.answers.update(
        {
            (WILL, OPT_BINARY): b"",
            (DO, OPT_BINARY): b"",
        }
    )
    service_connection.command(WILL, OPT_BINARY)
    service_connection.command(DO, OPT_BINARY)
    service_connection.wait_command(DO, OPT_BINARY)
    service_connection.wait_command(WILL, OPT_BINARY)
    service_connection.send_binary = True
    service_connection.receive_binary = True


class Together:
    """Runs functions at once, each in its thread; their failures are the test's."""

    def __init__(self, *functions):
        self.failures = queue.Queue()
        self.threads = [threading.Thread(target=self.run, args=(f,), daemon=True) for f in functions]
        for thread in self.threads:
            thread.start()

    def run(self, function):
        try:
            function()
        except BaseException as failure:  # handed to the test, in wait()
            self.failures.put(failure)

    def wait(self, timeout=60):
        deadline = time.monotonic() + timeout
        for thread in self.threads:
            thread.join(max(deadline - time.monotonic(), 0))
        if not self.failures.empty():
            raise self.failures.get()
        assert not any(thread.is_alive() for thread in self.threads), "still running"
