"""The Teletel server as a systemd unit, with a D-Bus daemon and a systemd that are not the real ones."""

import os
import re
import socket
import subprocess
import time
from pathlib import Path

import pytest

from processes import wait_for
from varlink_peer import Client, Failure, Supervisor

ADMIN = "org.vdtgw.Admin"
UNIT = "vdtgw-teletel.service"

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>custom</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/><allow receive_type="method_return"/>
    <allow receive_type="error"/><allow receive_type="signal"/>
  </policy>
</busconfig>
"""


class Machine:
    """A bus, a systemd on it, and a supervisor that knows both."""

    def __init__(self, folder):
        self.folder = folder
        self.path = folder / "bus"
        self.environment = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.path}"}
        (folder / "bus.conf").write_text(BUS.format(path=self.path))
        self.calls = folder / "calls"
        self.bus = self.systemd = None
        self.behave("good")
        reports = {
            name: f"log_path={folder}/sanitizer" for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS")
        }
        self.supervisor = Supervisor(
            folder,
            settings={"teletel": {"command_channel": False, "unit": UNIT}},
            env={**reports, **self.environment},
        )

    def behave(self, how):
        (self.folder / "behaviour").write_text(how)

    def start_bus(self):
        self.path.unlink(missing_ok=True)
        self.bus = subprocess.Popen(
            ["dbus-daemon", "--nofork", f"--config-file={self.folder}/bus.conf"]
        )
        wait_for(self.path.exists, what="the bus")

    def start_systemd(self):
        self.calls.write_text("")
        with self.calls.open("ab") as output:
            self.systemd = subprocess.Popen(
                ["/usr/bin/python3", str(Path(__file__).with_name("fake_systemd.py")), str(self.folder)],
                env={**os.environ, **self.environment},
                stdout=output,
            )
        self.wait_call("ready")

    def wait_call(self, line):
        wait_for(lambda: line in self.calls.read_text().splitlines(), what=line)

    def teletel(self, method="Status"):
        client = Client(self.supervisor.admin_socket)
        try:
            client.send(f"{ADMIN}.Teletel{method}")
            answer = client.receive(timeout=70)
        finally:
            client.close()
        if "error" in answer:
            raise Failure(answer["error"], answer["parameters"])
        return answer["parameters"]["server"]

    def failure(self, method):
        with pytest.raises(Failure) as failure:
            self.teletel(method)
        assert failure.value.name == f"{ADMIN}.TeletelFailed"
        message = failure.value.parameters["message"]
        assert message.startswith(f"{UNIT}: ")
        return message

    def stop(self):
        for process in (self.systemd, self.bus):
            if process is not None:
                process.kill()
                process.wait()


@pytest.fixture
def machine(tmp_path):
    """All of it, running."""
    made = Machine(tmp_path)
    made.start_bus()
    made.start_systemd()
    made.supervisor.start()
    yield made
    made.stop()
    assert made.supervisor.stop() == 0
    reports = [log.read_text() for log in tmp_path.glob("sanitizer*")]
    assert not reports, reports[0]


def test_orders_and_status(machine):
    watcher = machine.supervisor.admin()
    watcher.send(f"{ADMIN}.Watch", more=True)
    watcher.receive()
    status = machine.teletel()
    assert status == {
        "kind": "unit",
        "name": UNIT,
        "state": "stopped",
        "since": 1700000000000000,
        "restarts": 3,
        "detail": "Fake \\x1B[2J kiosk: inactive (dead)",
    }
    assert "start" not in machine.calls.read_text(), "a unit is not started by us"
    running = machine.teletel("Start")
    assert (running["state"], running["pid"]) == ("running", 4711)
    assert machine.teletel("Start")["state"] == "running"
    assert machine.teletel("Restart")["state"] == "running"
    assert machine.teletel("Stop")["state"] == "stopped"
    assert machine.teletel("Stop")["state"] == "stopped"
    verbs = [line for line in machine.calls.read_text().splitlines() if line.endswith(" replace")]
    assert [verb.split()[0] for verb in verbs] == ["start", "start", "restart", "stop", "stop"]
    assert {verb.split()[1] for verb in verbs} == {UNIT}
    # One connection for all, and no event where nothing changed.
    assert machine.calls.read_text().count("Subscribe") == 1
    events = [watcher.receive()["parameters"]["event"] for _ in range(3)]
    assert [event["kind"] for event in events] == [
        "teletel_started",
        "teletel_started",
        "teletel_stopped",
    ]
    assert events[0]["service"] == UNIT


def test_a_job_that_ends_before_its_answer(machine):
    machine.behave("early")
    assert machine.teletel("Restart")["state"] == "running"


@pytest.mark.parametrize(
    ("how", "words"),
    (
        ("failed", "journalctl -u"),
        ("canceled", "another order"),
        ("\x1b]0;odd\x07", r'ended as "\x1B]0;odd\x07"'),
        ("denied", "vdtgw.rules"),
        ("no unit", "there is no such unit"),
        ("wrong type", "is not what"),
    ),
)
def test_what_systemd_does_not_do(machine, how, words):
    machine.behave(how)
    assert words in machine.failure("Restart")
    machine.supervisor.wait_log("the Teletel server has failed: " + re.escape(UNIT))
    machine.behave("good")
    assert machine.teletel("Restart")["state"] == "running"


def test_hostile_answers(machine):
    machine.behave("hostile")
    message = machine.failure("Start")
    assert "\\x1B[2Jxxx" in message and len(message) < 600
    machine.behave("wrong type")
    assert "is not what" in machine.failure("Status")
    machine.behave("long")
    detail = machine.teletel()["detail"]
    assert detail.startswith("éé") and len(detail.encode()) < 512
    machine.behave("good")
    assert machine.teletel()["state"] == "stopped"


def test_a_bus_that_dies_in_the_middle(machine):
    machine.behave("no job")
    client = machine.supervisor.admin()
    client.send(f"{ADMIN}.TeletelStart")
    machine.wait_call(f"start {UNIT} replace")
    machine.stop()
    answer = client.receive()
    assert answer["error"] == f"{ADMIN}.TeletelFailed"
    assert "D-Bus" in answer["parameters"]["message"]
    assert "cannot be reached" in machine.failure("Status")
    # And it is back.
    machine.behave("good")
    machine.start_bus()
    machine.start_systemd()
    assert machine.teletel("Restart")["state"] == "running"


def test_a_systemd_that_dies_or_is_not_there(machine):
    machine.behave("die")
    assert "does not answer" in machine.failure("Status")
    machine.systemd.wait()
    assert "without it, use teletel.command" in machine.failure("Start")


def test_a_systemd_that_hangs(machine):
    """Nobody else waits, and nothing waits for longer than 25 s."""
    machine.behave("hang")
    client = machine.supervisor.admin()
    client.send(f"{ADMIN}.TeletelStatus")
    machine.wait_call("GetAll org.freedesktop.systemd1.Unit")
    begun = time.monotonic()
    assert machine.supervisor.status()["sessions"] == 0
    answer = client.receive(timeout=40)
    assert answer["error"] == f"{ADMIN}.TeletelFailed"
    assert time.monotonic() - begun < 27
    machine.behave("good")
    assert machine.teletel("Start")["state"] == "running"


def test_a_bus_that_says_nothing(tmp_path):
    """It accepts connections, and that is all."""
    machine = Machine(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(machine.path))
        listener.listen()
        machine.supervisor.start()
        client = machine.supervisor.admin()
        client.send(f"{ADMIN}.TeletelStatus")
        connection, _ = listener.accept()
        # A supervisor that ends does not wait for it.
        begun = time.monotonic()
        assert machine.supervisor.stop() == 0
        assert time.monotonic() - begun < 5
        connection.close()
