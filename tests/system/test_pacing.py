"""Line speed, idleness and back-pressure."""

import select
import statistics
import threading
import time

import pytest

from calls import TRANSPORTS, call
from peers import IAC, Service, Together
from processes import is_sanitized, proportional_kilobytes, voluntary_switches

STEP = 4  # characters that one step carries at most at 1200 bit/s
STEP_SECONDS = STEP / 120  # what one step carries at most at any speed
CHARACTERS_A_SECOND = 120


def arrivals(callers, total):
    """For each caller: when (s) how many characters came, until it has them all."""
    came = [[] for _ in callers]
    deadline = time.monotonic() + 60
    while any(sum(size for _, size in steps) < total for steps in came):
        assert time.monotonic() < deadline, came
        readable, _, _ = select.select([caller.sock for caller in callers], [], [], 5)
        for caller, steps in zip(callers, came):
            if caller.sock in readable:
                before = len(caller.buffer)
                caller.fill()
                assert not caller.ended
                if len(caller.buffer) > before:
                    steps.append((time.monotonic(), len(caller.buffer) - before))
    return came


def check_rate(steps, total, speed=CHARACTERS_A_SECOND):
    elapsed = steps[-1][0] - steps[0][0]
    ideal = (total - steps[0][1]) / speed
    assert abs(elapsed - ideal) <= ideal * 0.01 + STEP_SECONDS, (elapsed, ideal)


def test_1200_bits_a_second_are_exact_and_steady_on_every_transport(gateway):
    service = Service("telnet")
    speed = {transport: 1200 for transport in TRANSPORTS}
    running = gateway(home=service.uri, settings={"speed": speed}, supervisor=False)
    calls = [call(running, service, transport) for transport in TRANSPORTS]
    total = 1200
    for _, connection in calls:
        connection.send(b"x" * total)
    for steps in arrivals([caller for caller, _ in calls], total):
        check_rate(steps, total)
        assert statistics.median(size for _, size in steps) <= STEP


@pytest.mark.parametrize("speed", (4800, 9600))
def test_faster_lines_keep_their_rate(gateway, speed):
    service = Service("ws")
    running = gateway(home=service.uri, settings={"speed": {"raw": speed}}, supervisor=False)
    caller, connection = call(running, service)
    total = speed // 10
    connection.send(b"x" * total)
    (steps,) = arrivals([caller], total)
    check_rate(steps, total, speed / 10)


def test_240_characters_take_two_seconds_after_an_idle_that_costs_nothing(gateway):
    service = Service("ws")
    speed = {transport: 1200 for transport in TRANSPORTS}
    running = gateway(home=service.uri, settings={"speed": speed}, supervisor=True)
    calls = [call(running, service, transport) for transport in TRANSPORTS]
    pids = [running.session_pid(call[0], kind) for call, kind in zip(calls, TRANSPORTS)]
    # What the start still has to do, the bound of negotiation included, is over after this.
    time.sleep(3.6)
    before = [voluntary_switches(pid) for pid in pids]
    time.sleep(2.0)
    after = [voluntary_switches(pid) for pid in pids]
    assert all(b - a <= 3 for a, b in zip(before, after)), (before, after)
    for _, connection in calls:
        connection.send(b"y" * 240)
    # The idle time has earned no credit: the first characters are no faster than the others.
    for steps in arrivals([caller for caller, _ in calls], 240):
        check_rate(steps, 240)


def flood(connection, piece, progress, stop):
    """Sends as much as the other end takes, until told to stop."""
    connection.sock.settimeout(0.2)
    pending = b""
    while not stop.is_set():
        pending = pending or piece
        try:
            sent = connection.sock.send(pending)
        except TimeoutError:
            continue
        except OSError:
            return
        pending = pending[sent:]
        progress[connection] += sent


def test_a_slow_line_stops_reading_its_service_and_memory_stays_flat(gateway):
    """Also with pings due, whose pongs wait behind the flood: that is no reason to hang up."""
    websocket_service, telnet_service = Service("ws"), Service("telnet")
    speed = {transport: 1200 for transport in TRANSPORTS}
    settings = {"speed": speed}
    with_websocket = gateway(
        settings={"home": {"uri": websocket_service.uri, "ping": 1}, **settings}, supervisor=False
    )
    with_telnet = gateway(home=telnet_service.uri, settings=settings, supervisor=False)
    calls = [(with_websocket, kind, *call(with_websocket, websocket_service, kind)) for kind in TRANSPORTS]
    calls.append((with_telnet, "raw", *call(with_telnet, telnet_service, "raw")))
    pids = [running.session_pid(caller, kind) for running, kind, caller, _ in calls]
    before = [proportional_kilobytes(pid) for pid in pids]
    progress = {connection: 0 for *_, connection in calls}
    stop = threading.Event()
    for *_, connection in calls:
        connection.answers_pings = False  # they would stand in the queue behind the flood
    flooding = Together(
        *(
            lambda connection=connection: flood(
                connection, connection.encode(b"z" * 16384), progress, stop
            )
            for *_, connection in calls
        )
    )
    time.sleep(2.0)
    early = dict(progress)
    time.sleep(3.5)
    late = dict(progress)
    after = [proportional_kilobytes(pid) for pid in pids]
    stop.set()
    flooding.wait()
    for connection in progress:
        # What the sockets of both ends hold, and no more: of 100 MB, nearly all is still to send.
        assert 0 < late[connection] < 16 << 20, late
        assert late[connection] - early[connection] < 256 << 10, (early, late)
    if not any(map(is_sanitized, pids)):
        assert all(b - a < 300 for a, b in zip(before, after)), (before, after)
    for _, _, caller, connection in calls:
        caller.send(b"alive?")
        assert connection.receive_exactly(6) == b"alive?"
    for running, kind, caller, connection in calls:
        assert b"zzzz" in bytes(caller.buffer) or b"zzzz" in caller.receive_exactly(60)
        port = caller.local_port
        caller.close()
        assert running.wait_end(port, kind)["reason"].startswith("caller-c")


def test_a_caller_that_reads_nothing_stops_its_service_and_memory_stays_flat(gateway):
    service = Service("ws")
    running = gateway(home=service.uri, supervisor=False)
    calls = [(kind, *call(running, service, kind)) for kind in TRANSPORTS]
    pids = [running.session_pid(caller, kind) for kind, caller, _ in calls]
    before = [proportional_kilobytes(pid) for pid in pids]
    progress = {connection: 0 for *_, connection in calls}
    stop = threading.Event()
    flooding = Together(
        *(
            lambda connection=connection: flood(
                connection, connection.encode(b"z" * 16384), progress, stop
            )
            for *_, connection in calls
        )
    )
    time.sleep(2.0)
    early = dict(progress)
    time.sleep(1.0)
    assert all(progress[connection] == early[connection] for connection in progress)
    after = [proportional_kilobytes(pid) for pid in pids]
    stop.set()
    flooding.wait()
    if not any(map(is_sanitized, pids)):
        assert all(b - a < 300 for a, b in zip(before, after)), (before, after)
    for kind, caller, _ in calls:
        port = caller.local_port
        caller.reset()
        running.wait_end(port, kind)


@pytest.mark.parametrize("scheme", ("ws", "telnet"))
def test_memory_stays_flat_while_a_hundred_megabytes_pass_unpaced(gateway, scheme):
    service = Service(scheme)
    running = gateway(home=service.uri, supervisor=False)
    caller, connection = call(running, service)
    pid = running.session_pid(caller, "raw")
    before = proportional_kilobytes(pid)
    size, count = 32768, 3200
    piece = connection.encode(b"m" * size)

    def send():
        connection.sock.settimeout(30)
        for _ in range(count):
            connection.sock.sendall(piece)

    sending = Together(send)
    received = 0
    caller.sock.settimeout(30)
    while received < size * count:
        data = caller.sock.recv(1 << 20)
        assert data and IAC not in data[:16]
        received += len(data)
    sending.wait()
    assert received == size * count
    if not is_sanitized(pid):
        assert proportional_kilobytes(pid) - before < 300
