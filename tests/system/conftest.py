"""Fixtures: a gateway made of the real programs, and the certainty that nothing is left of it."""

import contextlib
import functools
import os
import signal
import sys
import time
from pathlib import Path

import pytest

sys.dont_write_bytecode = True

import machines  # noqa: E402
import peers  # noqa: E402
import processes  # noqa: E402
import scripted_admin  # noqa: E402
import scripted_calls  # noqa: E402
import varlink_peer  # noqa: E402


def pytest_sessionstart(session):
    missing = [path for path in (processes.SESSION, processes.SUPERVISOR) if not os.access(path, os.X_OK)]
    if missing:
        pytest.exit(f"not built: {', '.join(missing)} (set VDTGW_BUILD, or run make)", 2)
    # What was started by nohup or by a shell's "&" ignores these, and so would all that it starts.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def gateway(tmp_path):
    """gateway(home=uri, settings={…}, supervisor=True, mode="systemd"|"inetd", env={…})"""
    gateways = []

    def start(**options):
        folder = tmp_path / f"gateway{len(gateways)}"
        folder.mkdir()
        gateways.append(processes.Gateway(folder, **options))
        return gateways[-1]

    yield start
    peers.close_all()
    wrong = []
    for started in gateways:
        wrong += started.stop()
    assert not wrong, "\n".join(wrong)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of one megabyte."""
    with processes.disk(tmp_path / "disk", "1m") as why:
        if why:
            pytest.skip(f"NOT TESTED: no disk can be mounted here: {why}")
        yield tmp_path / "disk"


@pytest.fixture
def supervisors(tmp_path):
    """supervisors(kind, …, folder=None, env=None, **options): one of that class, not started."""
    made = []

    def new(kind, *arguments, folder=None, env=None, **options):
        folder = Path(folder or tmp_path / f"supervisor{len(made)}")
        folder.mkdir(exist_ok=True)
        reports = f"log_path={tmp_path}/sanitizer"
        env = {"ASAN_OPTIONS": reports, "UBSAN_OPTIONS": reports, **(env or {})}
        made.append(kind(folder, *arguments, env=env, **options))
        return made[-1]

    yield new
    for supervisor in made:
        if supervisor.program is not None and supervisor.program.process.poll() is None:
            assert supervisor.stop() == 0
    reports = [log.read_text() for log in tmp_path.glob("sanitizer*")]
    assert not reports, reports[0]


@pytest.fixture
def make(supervisors):
    """make(settings={…}, env={…}): a supervisor, not started."""
    return functools.partial(supervisors, varlink_peer.Supervisor)


@pytest.fixture
def network():
    """The gateway's machine and a caller's: names of network namespaces."""
    with machines.two_machines() as names:
        yield names


@pytest.fixture
def plain(make):
    return make().start()


@pytest.fixture
def admin(tmp_path):
    """admin(Method=answer, …): an administration socket that the test plays."""
    servers = []

    def start(**answers):
        servers.append(scripted_admin.ScriptedAdmin(tmp_path / f"admin{len(servers)}", answers))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def call(gateway):
    """call(transport="raw", settings={…}, …): a caller at home, whose peers the test plays."""
    made = []

    def new(**options):
        made.append(scripted_calls.Call(gateway, **options))
        return made[-1]

    yield new
    for each in made:
        each.close()


@pytest.fixture(autouse=True)
def orderly():
    """Nothing that a test opened or started outlives it."""
    yield
    peers.close_all()
    deadline = time.monotonic() + 5
    while (left := processes.descendants(os.getpid())) and time.monotonic() < deadline:
        time.sleep(0.02)
    wrong = [f"{pid} {processes.command_of(pid)}" for pid in left]
    # Told once, and not held against the tests that follow.
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    processes.reap(left)
    assert not wrong, wrong
