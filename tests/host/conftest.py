"""Hosts of the Debian releases that VDTGW_HOST_SUITES names, with vdtgw's packages installed."""

import os
import shutil
import sys
from pathlib import Path

import pytest

sys.dont_write_bytecode = True

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "system"))

import hosts  # noqa: E402
import releases  # noqa: E402

SUITES = os.environ.get("VDTGW_HOST_SUITES", "bookworm").split()


def pytest_sessionstart(session):
    reason = hosts.missing_power()
    if reason is None:
        return
    if os.environ.get("ALLOW_SKIP") == "1":
        pytest.exit(f"make test-host: SKIPPED: no host can be booted here: {reason}", 0)
    pytest.exit(
        f"make test-host: no host can be booted here: {reason}. "
        "ALLOW_SKIP=1 takes this for success, and proves nothing.",
        1,
    )


@pytest.fixture(scope="session", params=SUITES)
def release(request):
    """A Debian release: a root of it, and vdtgw's packages built for it."""
    return releases.Release(request.param)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("hosts")
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def bare_host(release, folder, request):
    """A booted host, on which nothing of vdtgw is installed."""
    name = f"{request.module.__name__}-{release.suite}"
    (folder / name).mkdir()
    booted = hosts.Host(release.root, folder / name)
    yield booted
    if request.session.testsfailed:
        sys.stderr.write(booted.run("journalctl", "--no-pager", "-n", "60", check=False).stdout)
    booted.stop()


@pytest.fixture(scope="module")
def host(bare_host, release):
    """A booted host on which the packages are installed, and all is enabled."""
    bare_host.install(release.packages)
    bare_host.run("systemctl", "enable", "--now", *hosts.SERVICES, *hosts.SOCKETS)
    hosts.wait_for(lambda: "channel up" in bare_host.output("systemctl", "show", "--value",
        "--property=StatusText", "vdtgw-supervisor"), what="the command channel to be up")  # fmt: skip
    return bare_host


def pytest_collection_modifyitems(items):
    """A module's tests tell one story: in their order, one release after the other."""
    items.sort(key=lambda item: (SUITES.index(item.callspec.params["release"]), item.fspath))


