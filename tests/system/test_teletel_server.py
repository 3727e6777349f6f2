"""The Teletel server as the supervisor's child: its life, its end, its output."""

import json
import os
import re
import signal
import threading
import time
from pathlib import Path

import pytest

import processes
from processes import is_alive, wait_for
from varlink_peer import Client, Closed, Failure, Supervisor

pytestmark = pytest.mark.skipif(
    processes.is_under_valgrind(), reason="valgrind cannot watch children (processes.py)"
)

ADMIN = "org.vdtgw.Admin"

# Each writes a line first, so that it is known to run, with its handlers in place.
QUIET = "print('here', flush=True); time.sleep(600)"
STUBBORN = """
signal.signal(signal.SIGTERM, lambda *_: print('no', flush=True))
print('here', flush=True)
while True: time.sleep(600)
"""
POLITE = """
def leave(*_):
    print('bye', flush=True)
    sys.exit(3)
signal.signal(signal.SIGTERM, leave)
print('here', flush=True)
while True: time.sleep(600)
"""


class Teletel(Supervisor):
    def __init__(self, folder, source, settings=None, env=None):
        self.path = folder / "kiosk"
        self.write(source)
        super().__init__(
            folder,
            settings={
                "teletel": {
                    "command_channel": False,
                    "command": [str(self.path), "an argument"],
                    **(settings or {}),
                }
            },
            env=env,
        )

    def write(self, source):
        imports = "#!/usr/bin/python3\nimport json, os, signal, sys, time\n"
        self.path.write_text(imports + source)
        self.path.chmod(0o755)

    def teletel(self, method="Status"):
        client = Client(self.admin_socket)
        try:
            client.send(f"{ADMIN}.Teletel{method}")
            answer = client.receive(timeout=40)
            if "error" in answer:
                raise Failure(answer["error"], answer["parameters"])
            return answer["parameters"]["server"]
        finally:
            client.close()

    def wait_state(self, state, timeout=8.0):
        def found():
            server = self.teletel()
            return server if server["state"] == state else None

        return wait_for(found, timeout, f"the state {state}")

    def wait_output(self, text, count=1):
        def seen():
            return sum(text in line for line in self.output()) >= count

        wait_for(seen, what=f"{text} in its output")

    def output(self):
        """Its own lines."""
        return [line for line in list(self.program.lines) if line.startswith("kiosk[")]


@pytest.fixture
def teletel(supervisors):
    """teletel(source, …): a supervisor with this program as its child, started."""

    def new(source, start=True, **options):
        supervisor = supervisors(Teletel, source, **options)
        return supervisor.start() if start else supervisor

    return new


# Its life.


def test_it_starts_with_the_supervisor_and_ends_with_it(teletel):
    supervisor = teletel(POLITE)
    server = supervisor.wait_state("running")
    assert server["kind"] == "child"
    assert server["name"] == str(supervisor.path)
    assert server["restarts"] == 0
    assert abs(server["since"] / 1e6 - time.time()) < 60
    assert "retry" not in server and "detail" not in server
    assert processes.command_of(server["pid"]).split()[-2:] == ["an", "argument"]
    supervisor.wait_output("here")
    assert supervisor.stop() == 0
    assert not is_alive(server["pid"])
    # It was asked to end, and what it said last was still read.
    assert any(line.endswith(": bye") for line in supervisor.output())
    supervisor.wait_log("was stopped: it ended with status 3")


def test_it_is_started_again_after_its_death(teletel):
    supervisor = teletel(QUIET)
    supervisor.wait_output("here")
    first = supervisor.wait_state("running")
    watcher = supervisor.admin()
    watcher.send(f"{ADMIN}.Watch", more=True)
    assert watcher.receive()["continues"]
    os.kill(first["pid"], signal.SIGKILL)
    failed = supervisor.wait_state("failed")
    assert "SIGKILL" in failed["detail"]
    assert "pid" not in failed
    assert failed["retry"] - failed["since"] == 1_000_000
    second = supervisor.wait_state("running")
    assert second["pid"] != first["pid"]
    assert second["restarts"] == 1
    # Not a minute old: the wait has doubled.
    os.kill(second["pid"], signal.SIGTERM)
    failed = supervisor.wait_state("failed")
    assert failed["retry"] - failed["since"] == 2_000_000
    kinds = [watcher.receive()["parameters"]["event"] for _ in range(3)]
    assert [event["kind"] for event in kinds] == [
        "teletel_failed",
        "teletel_started",
        "teletel_failed",
    ]
    assert kinds[0]["service"] == str(supervisor.path)
    assert "was killed by SIGKILL; it is started again in 1 s" in kinds[0]["reason"]


def test_orders(teletel):
    supervisor = teletel(POLITE)
    supervisor.wait_output("here")
    first = supervisor.wait_state("running")
    assert supervisor.teletel("Start") == first
    second = supervisor.teletel("Restart")
    assert second["state"] == "running" and second["pid"] != first["pid"]
    assert not is_alive(first["pid"])
    supervisor.wait_output("here", 2)
    stopped = supervisor.teletel("Stop")
    assert stopped["state"] == "stopped" and "pid" not in stopped
    assert stopped["detail"] == "ended with status 3"
    assert not is_alive(second["pid"])
    assert supervisor.teletel("Stop") == stopped
    third = supervisor.teletel("Restart")
    assert third["state"] == "running"
    # Orders are no deaths.
    assert third["restarts"] == 0
    supervisor.wait_log("user 0 .* orders the Teletel server to stop")


def test_a_stop_lasts_until_a_start(teletel):
    supervisor = teletel("sys.exit(1)")
    failed = supervisor.wait_state("failed")
    assert "status 1" in failed["detail"]
    assert supervisor.teletel("Stop")["state"] == "stopped"
    # Longer than the first wait, of which there is no trace otherwise.
    time.sleep(2.2)
    assert supervisor.teletel()["state"] == "stopped"
    supervisor.write(QUIET)
    assert supervisor.teletel("Start")["state"] == "running"


def test_orders_are_carried_out_one_after_the_other(teletel):
    supervisor = teletel(POLITE)
    supervisor.wait_output("here")
    clients = [supervisor.admin() for _ in range(20)]
    for index, client in enumerate(clients):
        client.send(f"{ADMIN}.Teletel{('Restart', 'Stop', 'Start')[index % 3]}")
    states = [client.receive()["parameters"]["server"]["state"] for client in clients]
    assert set(states) <= {"running", "stopped", "starting", "stopping"}
    assert supervisor.teletel("Start")["state"] == "running"
    assert len(processes.children(supervisor.program.pid)) == 1


def test_a_reload_changes_it(teletel):
    supervisor = teletel(POLITE)
    supervisor.wait_output("here")
    first = supervisor.wait_state("running")
    config = Path(supervisor.config)
    text = config.read_text()
    client = supervisor.admin()
    client.call(f"{ADMIN}.Reload")
    assert supervisor.teletel() == first
    config.write_text(text.replace("an argument", "another"))
    assert client.call(f"{ADMIN}.Reload")["changed"] == ["teletel.command"]
    second = supervisor.teletel("Start")
    assert second["pid"] != first["pid"] and not is_alive(first["pid"])
    assert processes.command_of(second["pid"]).endswith(" another ")
    config.write_text(re.sub(r"command = \[.*?\];", "command = [];", text))
    client.call(f"{ADMIN}.Reload")
    with pytest.raises(Failure) as failure:
        supervisor.teletel("Stop")
    assert failure.value.name == f"{ADMIN}.NoTeletelServer"
    assert not is_alive(second["pid"])


# What goes wrong.


def test_a_program_that_is_not_there(teletel):
    supervisor = teletel(QUIET, start=False)
    supervisor.path.unlink()
    supervisor.start()
    supervisor.wait_state("failed")
    with pytest.raises(Failure) as failure:
        supervisor.teletel("Start")
    assert failure.value.name == f"{ADMIN}.TeletelFailed"
    message = failure.value.parameters["message"]
    assert f"{supervisor.path} cannot be executed: No such file or directory" in message
    supervisor.wait_log("the Teletel server has failed: .*No such file")
    supervisor.write(QUIET)
    assert supervisor.wait_state("running")["restarts"] >= 1


def test_without_a_server_there_is_an_error(teletel):
    supervisor = teletel(QUIET, settings={"command": []})
    for method in ("Status", "Start", "Stop", "Restart"):
        with pytest.raises(Failure) as failure:
            supervisor.teletel(method)
        assert failure.value.name == f"{ADMIN}.NoTeletelServer"
    assert not processes.children(supervisor.program.pid)


def test_who_ignores_sigterm_is_killed(teletel):
    """10 s after it; meanwhile everybody else is served, and the state is seen."""
    supervisor = teletel(STUBBORN)
    supervisor.wait_output("here")
    pid = supervisor.wait_state("running")["pid"]
    begun = time.monotonic()
    answers = []
    stop = threading.Thread(target=lambda: answers.append(supervisor.teletel("Stop")))
    stop.start()
    assert supervisor.wait_state("stopping")["pid"] == pid
    assert supervisor.status()["sessions"] == 0
    stop.join(20)
    assert 9.5 < time.monotonic() - begun < 15
    assert answers[0]["state"] == "stopped"
    assert answers[0]["detail"] == "was killed by SIGKILL"
    assert not is_alive(pid)


def test_the_supervisors_end_waits_no_longer_than_systemd_does(teletel):
    supervisor = teletel(STUBBORN)
    supervisor.wait_output("here")
    pid = supervisor.wait_state("running")["pid"]
    begun = time.monotonic()
    assert supervisor.program.stop(timeout=10) == 0
    assert 4.5 < time.monotonic() - begun < 8
    assert not is_alive(pid)


def test_no_child_outlives_a_killed_supervisor(teletel):
    supervisor = teletel(STUBBORN)
    supervisor.wait_output("here")
    pid = supervisor.wait_state("running")["pid"]
    supervisor.kill()
    wait_for(lambda: not is_alive(pid), what="the end of the child")
    processes.reap([pid])


def test_its_children_end_with_it(teletel):
    supervisor = teletel(
        "pid = os.fork()\n"
        "if pid: print('child', pid, 'end', flush=True)\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN if not pid else signal.SIG_DFL)\n"
        "time.sleep(600)"
    )
    line = supervisor.wait_log(r"kiosk\[\d+\]: child \d+ end")
    child = int(re.search(r"child (\d+) end", line).group(1))
    pid = supervisor.wait_state("running")["pid"]
    assert is_alive(child)
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not is_alive(child), what="the end of its child")
    processes.reap([child])


def test_who_goes_to_the_background_is_told_not_to(teletel):
    supervisor = teletel("os.fork() and sys.exit(0)\nos.setsid()\ntime.sleep(600)")
    failed = supervisor.wait_state("failed")
    assert "is to stay in the foreground" in failed["detail"]
    supervisor.teletel("Stop")
    # It has left the group: only systemd's control group would end it.
    strays = [pid for pid in processes.descendants(os.getpid()) if "kiosk" in processes.command_of(pid)]
    for pid in strays:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not any(map(is_alive, strays)))
    processes.reap(strays)


# What it inherits, and what it writes.


def test_it_inherits_next_to_nothing(teletel):
    supervisor = teletel(
        """
print(json.dumps({
    'variables': sorted(os.environ),
    'descriptors': sorted(os.listdir('/proc/self/fd'), key=int)[:-1],
    'stdin': os.readlink('/proc/self/fd/0'),
    'status': [line for line in open('/proc/self/status') if line.startswith(('SigBlk', 'SigIgn'))],
    'group': os.getpgrp() == os.getpid(),
}), flush=True)
time.sleep(600)
""",
        env={"SECRET": "x", "NOTIFY_SOCKET": "", "LISTEN_FDS": "0", "TZ": "UTC"},
    )
    line = supervisor.wait_log(r"kiosk\[\d+\]: \{")
    found = json.loads(line.partition(": ")[2])
    assert set(found["variables"]) <= {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "LC_CTYPE"}
    assert {"PATH", "TZ"} <= set(found["variables"])
    assert found["descriptors"] == ["0", "1", "2"]
    assert found["stdin"] == "/dev/null"
    assert found["group"] is True
    blocked, ignored = (int(line.split()[1], 16) for line in sorted(found["status"]))
    assert blocked == 0
    # Python itself ignores SIGPIPE and SIGXFSZ; 32 and 33 are glibc's own, which no program can set.
    allowed = (signal.SIGPIPE, signal.SIGXFSZ, 32, 33)
    assert ignored & ~sum(1 << (number - 1) for number in allowed) == 0


def test_its_lines_are_logged_under_its_name(teletel):
    supervisor = teletel(
        """
os.write(1, b"one\\r\\ntwo \\x1b[2J\\x00\\xff \\xc3\\xa9\\n\\n")
os.write(2, b"error\\n" + b"x" * 5000 + b"\\nfive")
"""
    )
    supervisor.wait_state("failed")
    supervisor.teletel("Stop")
    pid = re.search(r"kiosk\[(\d+)\]", supervisor.wait_log("kiosk.*: one")).group(1)
    lines = [line for line in supervisor.output() if line.startswith(f"kiosk[{pid}]: ")]
    texts = [line.partition(": ")[2] for line in lines]
    assert texts[:3] == ["one", "two \\x1B[2J\\x00\\xFF é", "error"]
    assert re.fullmatch("x{900,1024}…", texts[3])
    assert texts[4:] == ["five"]


@pytest.mark.parametrize(
    "source", ("while True: os.write(1, b'x' * 65536)", "while True: os.write(1, b'y\\n' * 32768)")
)
def test_a_flood_of_output_costs_little(teletel, source):
    supervisor = teletel(source)
    pid = supervisor.program.pid
    supervisor.wait_state("running")
    busy, begun = processes.cpu_seconds(pid), time.monotonic()
    for _ in range(20):
        assert supervisor.status()["sessions"] == 0
        time.sleep(0.05)
    share = (processes.cpu_seconds(pid) - busy) / (time.monotonic() - begun)
    assert share < (0.9 if processes.is_sanitized(pid) else 0.3)
    assert len(supervisor.output()) <= 500
    supervisor.teletel("Stop")
    if "y" in source:
        supervisor.wait_log("wrote too much: [0-9]+ lines more than 500 in 10 s were not logged")


# Answers that come later.


def test_calls_behind_an_order_wait_for_its_answer(teletel):
    supervisor = teletel(POLITE)
    supervisor.wait_output("here")
    client = supervisor.admin()
    calls = ("TeletelRestart", "Status", "TeletelStop", "TeletelStatus", "Status")
    client.send_bytes(b"".join(f'{{"method":"{ADMIN}.{name}"}}\0'.encode() for name in calls))
    replies = [client.reply() for _ in calls]
    assert [sorted(reply)[:1] for reply in replies] == [
        ["server"] if name.startswith("Teletel") else ["admitted"] for name in calls
    ]
    assert [replies[i]["server"]["state"] for i in (0, 2, 3)] == ["running", "stopped", "stopped"]


def test_a_caller_that_goes_before_the_answer(teletel):
    supervisor = teletel(STUBBORN)
    supervisor.wait_output("here")
    pid = supervisor.wait_state("running")["pid"]
    for method, flags in (("TeletelStop", {}), ("TeletelStop", {"oneway": True})):
        client = supervisor.admin()
        client.send(f"{ADMIN}.{method}", **flags)
        supervisor.wait_state("stopping")
        client.close()
    os.kill(pid, signal.SIGKILL)
    supervisor.wait_state("stopped")
    # Orders of one who is gone count all the same; nobody is left to be answered.
    wait_for(lambda: supervisor.status()["sessions"] == 0)


def test_orders_without_number_are_refused(teletel):
    supervisor = teletel(STUBBORN)
    supervisor.wait_output("here")
    pid = supervisor.wait_state("running")["pid"]
    clients = [supervisor.admin() for _ in range(70)]
    for client in clients:
        client.send(f"{ADMIN}.TeletelStop")
    refused = [client.receive() for client in clients[64:]]
    assert {answer["error"] for answer in refused} == {f"{ADMIN}.TooMany"}
    assert refused[0]["parameters"] == {"limit": 64}
    os.kill(pid, signal.SIGKILL)
    for client in clients[:64]:
        assert client.reply()["server"]["state"] == "stopped"


def test_an_order_under_way_at_the_supervisors_end(teletel):
    supervisor = teletel(STUBBORN)
    supervisor.wait_output("here")
    client = supervisor.admin()
    client.send(f"{ADMIN}.TeletelStop")
    supervisor.wait_state("stopping")
    assert supervisor.program.stop(timeout=10) == 0
    with pytest.raises(Closed):
        client.receive()
