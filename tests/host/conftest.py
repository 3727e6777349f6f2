"""Hosts of the Debian releases that VDTGW_HOST_SUITES names, with vdtgw's packages installed."""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.dont_write_bytecode = True

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "system"))

import callers  # noqa: E402
import hosts  # noqa: E402
import networks  # noqa: E402
import releases  # noqa: E402

QUICK = "speed: { telnet = 0; websocket = 0; raw = 0; };\n"


def pytest_sessionstart(session):
    if hasattr(session.config, "workerinput"):
        return  # Roots and packages were made before the workers were.
    reason = hosts.missing_power()
    if reason is None:
        make_releases()
    elif os.environ.get("ALLOW_SKIP") == "1":
        pytest.exit(f"make test-host: SKIPPED: no host can be booted here: {reason}", 0)
    else:
        pytest.exit(
            f"make test-host: no host can be booted here: {reason}. "
            "ALLOW_SKIP=1 takes this for success, and proves nothing.",
            1,
        )


def pytest_unconfigure(config):
    """Hosts that an interruption has left are gone when their workers are; their roots are large."""
    if not hasattr(config, "workerinput") and config.option.basetemp:
        shutil.rmtree(config.option.basetemp, ignore_errors=True)


def make_releases():
    for suite in releases.SUITES:
        try:
            releases.Release(suite).make()
        except releases.Failure as failure:
            pytest.exit(f"make test-host: {failure}", 1)


@pytest.fixture(scope="session", params=releases.SUITES)
def release(request):
    """A Debian release: a root of it, and vdtgw's packages built for it."""
    return releases.Release(request.param)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("hosts")
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """What failed on a host is shown with the end of its journal."""
    report = (yield).get_result()
    if report.failed:
        for name in {"host", "bare_host", "listener"} & set(item.funcargs):
            with contextlib.suppress(subprocess.TimeoutExpired):
                journal = item.funcargs[name].run("journalctl", "--no-pager", "-n", "80", check=False)
                report.sections.append((f"journal of {name}", journal.stdout))


@contextlib.contextmanager
def booted(release, folder, name):
    (folder / f"{name}-{release.suite}").mkdir()
    host = hosts.Host(release.root, folder / f"{name}-{release.suite}")
    try:
        yield host
    finally:
        host.stop()


@pytest.fixture(scope="module")
def bare_host(release, folder, request):
    """A booted host, on which nothing of vdtgw is installed."""
    with booted(release, folder, request.module.__name__) as host:
        yield host


@pytest.fixture(scope="session")
def host(release, folder):
    """A host for all who leave it as they found it, with lines without a speed limit."""
    with booted(release, folder, "host") as host:
        hosts.install_and_enable(host, release.packages, QUICK)
        callers.wait_channel(host)
        yield host


@pytest.fixture
def neighbour(host):
    """Another machine, with a cable to the host."""
    made = networks.Neighbour(host)
    yield made
    made.close()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """One release after the other; a module's tests tell one story, in their order. Those who share a
    host are run by the same worker."""
    for item in items:
        parameters = item.callspec.params
        own = {"bare_host", "listener"} & set(item.fixturenames)
        group = (item.path.stem if own else "host", parameters.get("listener", [""])[0])
        item.add_marker(pytest.mark.xdist_group("-".join((parameters["release"], *group))))
    items.sort(key=lambda item: (releases.SUITES.index(item.callspec.params["release"]), item.fspath))


def pytest_terminal_summary(terminalreporter):
    """What was measured, and is not judged."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "speed" and report.when == "call":
                terminalreporter.write_line(f"{report.nodeid}: {value}")
