"""What the Internet sends to any open port: no crash, an orderly end, nobody else affected."""

import random
import ssl

import pytest

from calls import TRANSPORTS, unaffected
from peers import Peer, Service, connect_socket


def client_hello():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    client = context.wrap_bio(incoming, outgoing, server_hostname="example.org")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def noise(seed, length):
    return random.Random(seed).randbytes(length)


SCANS = {
    "nothing, then the end": b"",
    "TLS ClientHello": client_hello(),
    "HTTP GET": b"GET /cgi-bin/luci HTTP/1.1\r\nHost: 192.0.2.1\r\nUser-Agent: zgrab/0.x\r\n\r\n",
    "HTTP proxy": b"CONNECT example.org:443 HTTP/1.0\r\n\r\n",
    "SSH banner": b"SSH-2.0-Go\r\n",
    "RDP": bytes.fromhex("030000130ee000000000000100080003000000"),
    "botnet login": b"root\r\nvizxv\r\nenable\r\nsystem\r\nshell\r\nsh\r\n",
    "noise": noise(1, 65536),
    "more noise": noise(2, 300_000),
    "zeros": bytes(70_000),
    "FF": b"\xff" * 70_001,
    "telnet negotiation of a client": bytes.fromhex(
        "fffd03fffb18fffb1ffffb20fffb21fffb22fffb27fffd05fffb23"
    ),
    "telnet subnegotiations without an end": bytes([255, 250, 24, 0]) * 20_000,
    "telnet, every command": b"".join(
        bytes([255, command, option]) for command in range(240, 255) for option in range(256)
    ),
    "separators": b"\x13" * 50_000,
}


@pytest.mark.parametrize("name", SCANS)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_scanner_is_harmless(gateway, transport, name):
    service = Service("ws")
    running = gateway(home=service.uri, supervisor=False)
    with unaffected(running, service):
        scanner = Peer(connect_socket(running.port(transport)))
        port = scanner.local_port
        connection = None
        if transport != "websocket":
            connection = service.accept()
        scanner.sock.settimeout(4)
        try:
            scanner.sock.sendall(SCANS[name])
            scanner.shutdown_write()
        except OSError:
            pass
        if connection:
            # The service reads, as services do: else what was sent would still be on its way.
            connection.receive_to_end()
        running.wait_end(port, transport)


@pytest.mark.parametrize("seed", range(4))
def test_noise_in_small_packets_is_harmless(gateway, seed):
    """Cut at random places, on all doors at once."""
    service = Service("telnet")
    running = gateway(home=service.uri, supervisor=False)
    chance = random.Random(seed)
    scanners = [Peer(connect_socket(running.port(transport))) for transport in TRANSPORTS]
    ports = [scanner.local_port for scanner in scanners]
    connections = [service.accept(), service.accept()]
    for _ in range(200):
        for scanner in scanners:
            piece = chance.randbytes(chance.randint(1, 40)).replace(b"\x13", b"\xff")
            try:
                scanner.sock.sendall(piece)
            except OSError:
                pass
    for scanner in scanners:
        scanner.close()
    for connection in connections:
        connection.receive_to_end()
    for transport, port in zip(TRANSPORTS, ports):
        running.wait_end(port, transport)
