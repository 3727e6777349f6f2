"""The home service: its addresses, TLS, pings, and what the caller is told when it fails."""

import re
import socket
import ssl
import subprocess
import time

import pytest

from calls import TRANSPORTS, call, join
from peers import PING, Peer, Service, WebSocketPeer, raw_caller, websocket_caller
from processes import cpu_seconds, within

WORDS = re.compile(rb"[A-Za-z' ]{8,}")


def words(received):
    """What a screen would show of it, loosely: accents are videotex sequences of their own."""
    return b" ".join(WORDS.findall(received)).decode().lower()


def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def failed_call(running, transport="raw", timeout=8.0):
    """What the caller of a home service that fails is shown, and the reason in the log."""
    port = running.port(transport)
    caller = websocket_caller(port) if transport == "websocket" else raw_caller(port)
    local = caller.local_port
    shown = caller.receive_to_end(timeout)
    if transport == "websocket":
        assert caller.close_code in (1000, 1001)
    assert not caller.was_reset
    return words(shown), running.wait_end(local, transport)["reason"]


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("scheme", ("ws", "wss", "telnet"))
def test_a_refused_call_is_explained(gateway, transport, scheme):
    running = gateway(home=f"{scheme}://127.0.0.1:{unused_port()}", supervisor=False)
    shown, reason = failed_call(running, transport)
    assert reason == "home-refused"
    assert "refus" in shown or "ferm" in shown, shown


def test_a_service_that_resets_at_once_is_explained(gateway):
    """Before, within and after the library's first write: what it is then, valgrind sees."""
    service = Service("ws")
    running = gateway(home=service.uri, supervisor=False)
    port = running.port("raw")
    for _ in range(10):
        caller = raw_caller(port)
        Peer(service.accept_socket()).reset()
        shown = caller.receive_to_end()
        assert running.wait_end(caller.local_port, "raw")["reason"] == "home-cut"
        assert words(shown)


def test_the_explanation_is_whole_on_a_slow_line_too(gateway):
    uri = f"ws://127.0.0.1:{unused_port()}"
    slow = gateway(home=uri, settings={"speed": {"raw": 1200}}, supervisor=False)
    fast = gateway(home=uri, supervisor=False)
    assert failed_call(slow, timeout=20) == failed_call(fast)


@pytest.mark.parametrize("scheme", ("ws", "telnet"))
def test_an_unknown_name_is_explained(gateway, scheme):
    running = gateway(home=f"{scheme}://nonexistent.invalid:80", supervisor=False)
    try:
        socket.getaddrinfo("nonexistent.invalid", 80)
        expected = None
    except socket.gaierror as error:
        # A machine without a resolver cannot know that there is no such name.
        expected = "home-name-unknown" if error.errno != socket.EAI_AGAIN else "home-resolver-failed"
    shown, reason = failed_call(running, timeout=15)
    assert reason == expected
    assert len(shown) > 8


BAD_ANSWERS = {
    "404": b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    "200": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    "wrong accept": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
    "no accept": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\n\r\n",
    "not HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "binary": bytes(range(256)) * 4,
    "endless header": b"HTTP/1.1 101 Switching Protocols\r\nX: " + b"x" * 100_000,
    "hang up": b"",
}


def test_what_is_no_websocket_server_is_explained(gateway):
    """All answers at once, since some of them may be waited for until the time is over."""
    service = Service("ws")
    running = gateway(home=service.uri, supervisor=False)
    callers = {}
    for name, answer in BAD_ANSWERS.items():
        callers[name] = raw_caller(running.port("raw"))
        answering = Peer(service.accept_socket())
        answering.wait_until(lambda: b"\r\n\r\n" in answering.buffer)
        try:
            answering.send(answer)
        except OSError:  # hung up on before it had said all
            pass
        if name == "hang up":
            answering.close()
    reasons = {}
    for name, caller in callers.items():
        port = caller.local_port
        assert len(words(caller.receive_to_end(15))) > 8
        reasons[name] = running.wait_end(port, "raw")["reason"]
    # To hang up without a word is no answer at all.
    assert reasons.pop("hang up") in ("home-bad-answer", "home-cut")
    assert reasons == {name: "home-bad-answer" for name in reasons}


def full_listener():
    """A socket whose queue is full: a SYN gets no answer. Returns what keeps it so."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    fillers = []
    for _ in range(8):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        fillers.append(filler)
    return listener, fillers


def test_services_that_fall_silent_are_given_up_in_time(gateway):
    """No answer to the SYN, none to the upgrade, none to the TLS hello; none to our pings. And a
    caller who goes meanwhile is not kept waiting."""
    listener, fillers = full_listener()
    silent, fading = Service("ws"), Service("ws")
    pinging = gateway(settings={"home": {"uri": fading.uri, "ping": 1}}, supervisor=False)
    left_alone, unread = call(pinging, fading)  # its pings are never read
    uris = {
        "syn": f"telnet://127.0.0.1:{listener.getsockname()[1]}",
        "upgrade": silent.uri,
        "tls": f"wss://127.0.0.1:{silent.port}/",
    }
    callers = {}
    for name, uri in uris.items():
        running = gateway(home=uri, supervisor=False)
        callers[name] = (running, raw_caller(running.port("raw")))
    gone = raw_caller(callers["upgrade"][0].port("raw"))
    gone_port = gone.local_port
    gone.shutdown_write()
    assert callers["upgrade"][0].wait_end(gone_port, "raw", within(5))["reason"] == "caller-closed"
    for running, caller in callers.values():
        port = caller.local_port
        shown = words(caller.receive_to_end(15))
        end = running.wait_end(port, "raw")
        assert end["reason"] == "home-timed-out"
        assert 9 <= float(end["duration"].rstrip("s")) <= 14
        assert len(shown) > 8
    port = left_alone.local_port
    left_alone.receive_to_end(30)
    assert pinging.wait_end(port, "raw")["reason"] == "home-silent"
    for sock in (listener, *fillers):
        sock.close()


# TLS.


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """A certificate authority in a hashed folder, a certificate of it for localhost, one that it
    did not sign, and one that is out of date."""
    folder = tmp_path_factory.mktemp("authority")

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "30",
            "-subj", "/CN=Test authority")
    openssl("req", *key, "-keyout", "localhost.key", "-out", "localhost.csr", "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")
    sign = ("x509", "-req", "-in", "localhost.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-extfile", "names")
    openssl(*sign, "-out", "localhost.pem", "-days", "30")
    openssl(*sign, "-out", "expired.pem", "-days", "-1")
    openssl("req", "-x509", "-key", "localhost.key", "-out", "self.pem", "-days", "30",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    (folder / "hashed").mkdir()
    (folder / "hashed" / "ca.pem").write_bytes((folder / "ca.pem").read_bytes())
    openssl("rehash", "hashed")
    return folder


def tls_service(authority, certificate="localhost.pem"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / certificate, authority / "localhost.key")
    return Service("wss", tls=context, name="localhost")


def trusting(authority):
    return {"SSL_CERT_DIR": str(authority / "hashed"), "SSL_CERT_FILE": str(authority / "ca.pem")}


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_service_over_tls_is_reached(gateway, authority, transport):
    service = tls_service(authority)
    running = gateway(home=service.uri, supervisor=False, env=trusting(authority))
    caller, connection = call(running, service, transport)
    assert connection.headers["host"] == f"localhost:{service.port}"
    everything = bytes(range(256))
    caller.send(everything)
    connection.send(everything * 100)
    assert connection.receive_exactly(256) == everything
    assert caller.receive_exactly(25600) == everything * 100
    connection.send_close(1000)
    caller.receive_to_end()


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_slow_line_holds_a_service_over_tls_back_and_nothing_else(gateway, authority, transport):
    """More waits at the service than the queue takes; the session rests meanwhile, and ends."""
    service = tls_service(authority)
    speed = {transport: 9600}
    running = gateway(
        home=service.uri, settings={"speed": speed}, supervisor=False, env=trusting(authority)
    )
    caller, connection = call(running, service, transport)
    pid = running.session_pid(caller, transport)
    port = caller.local_port
    content = bytes(range(32, 127)) * 400
    connection.send(content)
    before, started = cpu_seconds(pid), time.monotonic()
    assert caller.receive_exactly(2000) == content[:2000]
    assert cpu_seconds(pid) - before < 0.3 * (time.monotonic() - started)
    caller.send(b"alive?")
    assert connection.receive_exactly(6) == b"alive?"
    if transport == "websocket":
        caller.send_close()
    caller.close()
    running.wait_end(port, transport, 4)


@pytest.mark.parametrize(
    "certificate, name, trusted",
    (
        ("self.pem", "localhost", True),
        ("localhost.pem", "127.0.0.1", True),
        ("localhost.pem", "localhost", False),
        ("expired.pem", "localhost", True),
    ),
    ids=("signed by itself", "another name", "unknown authority", "out of date"),
)
def test_a_certificate_that_is_not_good_is_refused(gateway, authority, certificate, name, trusted):
    service = tls_service(authority, certificate)
    env = trusting(authority)
    if not trusted:
        (authority / "nothing").mkdir(exist_ok=True)
        env = {"SSL_CERT_DIR": str(authority / "nothing"), "SSL_CERT_FILE": "/dev/null"}
    running = gateway(home=f"wss://{name}:{service.port}/", supervisor=False, env=env)
    caller = raw_caller(running.port("raw"))
    port = caller.local_port
    with pytest.raises((ssl.SSLError, OSError)):
        connection = service.accept_socket()
        # With TLS 1.3 the service learns of the refusal only after its own part is done.
        assert connection.recv(1) != b"", "the gateway went on"
        raise AssertionError("the gateway sent data over a connection that it must not trust")
    assert "certificat" in words(caller.receive_to_end())
    assert running.wait_end(port, "raw")["reason"] == "home-certificate"


def test_what_does_not_speak_tls_is_explained(gateway):
    service = Service("ws")
    running = gateway(home=f"wss://127.0.0.1:{service.port}/", supervisor=False)
    caller = raw_caller(running.port("raw"))
    port = caller.local_port
    Peer(service.accept_socket()).send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert len(words(caller.receive_to_end())) > 8
    assert running.wait_end(port, "raw")["reason"] == "home-tls"


# Addresses.


@pytest.mark.parametrize("scheme", ("ws", "telnet"))
def test_a_service_over_ipv6_is_reached(gateway, scheme):
    try:
        service = Service(scheme, host="::1")
    except OSError:
        pytest.skip("no IPv6 on this machine")
    running = gateway(home=service.uri, supervisor=False)
    _, connection = call(running, service)
    if scheme == "ws":
        assert connection.headers["host"] == f"[::1]:{service.port}"


@pytest.mark.parametrize("scheme", ("ws", "telnet"))
def test_a_service_is_reached_by_name_whatever_family_listens(gateway, scheme):
    service = Service(scheme, name="localhost")
    running = gateway(home=service.uri, supervisor=False)
    call(running, service)


@pytest.mark.parametrize("path", ("/?echo", "/a/b?x=1&y=%20", "/"))
def test_path_and_query_are_asked_for_as_configured(gateway, path):
    service = Service("ws")
    running = gateway(home=service.uri.rstrip("/") + path, supervisor=False)
    _, connection = call(running, service)
    assert connection.request_line == f"GET {path} HTTP/1.1"
    assert connection.headers["host"] == f"127.0.0.1:{service.port}"


@pytest.mark.parametrize(
    "offer, chosen, binary",
    ((["binary"], "binary", True), (["tty"], "tty", False), (["binary", "tty"], "binary", True)),
)
def test_subprotocols_are_offered_in_order(gateway, offer, chosen, binary):
    service = Service("ws")
    settings = {"home": {"uri": service.uri, "subprotocols": offer}}
    running = gateway(settings=settings, supervisor=False)
    caller, connection = call(running, service, subprotocol=chosen)
    offered = [name.strip() for name in connection.headers["sec-websocket-protocol"].split(",")]
    assert offered == offer
    assert {opcode for _, opcode, _, _ in connection.frames} == {2 if binary else 1}
    caller.send(b"\xe9")
    assert connection.receive_exactly(1) == b"\xe9"


# The connection, once it is there.


def test_the_proxy_of_the_environment_is_not_asked(gateway):
    service = Service("ws")
    env = {"http_proxy": f"127.0.0.1:{unused_port()}"}
    running = gateway(home=service.uri, supervisor=False, env=env)
    call(running, service)


def test_services_are_pinged_as_configured_and_their_pings_are_answered(gateway):
    service = Service("ws")
    running = gateway(settings={"home": {"uri": service.uri, "ping": 1}}, supervisor=False)
    caller, connection = call(running, service)
    connection.send_frame(PING, b"and you?")
    connection.wait_until(lambda: connection.pongs == [b"and you?"], what="the pong")
    connection.wait_until(lambda: len(connection.pings) >= 2, 6, "two pings")
    caller.send(b".")
    assert connection.receive_exactly(1) == b"."


HOSTILE_SERVICES = {
    "reserved opcode": lambda c: c.frame(3, b"x"),
    "invalid UTF-8": lambda c: c.frame(1, b"\xff\xff"),
    "continuation of nothing": lambda c: c.frame(0, b"x"),
    "reserved bits": lambda c: c.frame(1, b"x", reserved=4),
    "ping of 126 bytes": lambda c: c.frame(9, b"x" * 126),
}


@pytest.mark.parametrize("name", HOSTILE_SERVICES)
def test_a_service_against_the_rules_is_left_in_order(gateway, name):
    service = Service("ws")
    running = gateway(home=service.uri, supervisor=False)
    caller, connection = call(running, service)
    port = caller.local_port
    connection.send_wire(HOSTILE_SERVICES[name](connection))
    caller.receive_to_end()
    assert running.wait_end(port, "raw")["reason"] == "home-protocol-error"


def test_large_frames_of_a_service_are_displayed_or_refused_never_kept_whole(gateway):
    service = Service("ws")
    running = gateway(home=service.uri, supervisor=False)
    caller, connection = call(running, service)
    connection.send(b"p" * 65536)
    assert caller.receive_exactly(65536) == b"p" * 65536


def test_callers_who_hang_up_while_the_service_is_called_are_noticed(gateway):
    service = Service("ws")
    running = gateway(home=service.uri, supervisor=False)
    caller = raw_caller(running.port("raw"))
    port = caller.local_port
    waiting = Peer(service.accept_socket())
    caller.close()
    assert running.wait_end(port, "raw", 4)["reason"].startswith("caller-c")
    waiting.receive_to_end()


def test_many_callers_at_once_each_have_their_own_service_connection(gateway):
    service = Service("ws")
    running = gateway(home=service.uri)
    port = running.port("raw")
    callers = [raw_caller(port) for _ in range(20)]
    connections = [
        WebSocketPeer(service.accept_socket(), client=False).accept() for _ in range(20)
    ]
    for index, caller in enumerate(callers):
        caller.send(b"number %02d" % index)
    by_number = {int(connection.receive_exactly(9)[7:]): connection for connection in connections}
    assert sorted(by_number) == list(range(20))
    for index, caller in enumerate(callers):
        join(caller, by_number[index])
    assert len(running.wait_sessions(20)) == 20
