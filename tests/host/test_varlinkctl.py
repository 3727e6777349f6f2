"""A Varlink client that is not ours: systemd's varlinkctl, which Debian 13 has and Debian 12 has not."""

import json
import re
from pathlib import Path

import hosts
import pytest
import releases
from callers import call, page_of, wait_empty

ADMIN, SESSION = "/run/vdtgw/admin", "/run/vdtgw/session"
INTERFACES = Path(__file__).resolve().parents[2] / "vdtgw-supervisor" / "interfaces"
WITHOUT = pytest.mark.skip(reason="systemd 252 has no varlinkctl")

pytestmark = pytest.mark.parametrize(
    "release",
    [pytest.param(suite, marks=WITHOUT) if suite == "bookworm" else suite for suite in releases.SUITES],
    indirect=True, scope="session",
)  # fmt: skip


def varlinkctl(host, *words):
    return host.output("varlinkctl", *words)


def ask(host, method, **parameters):
    return json.loads(varlinkctl(host, "--json=short", "call", ADMIN, f"org.vdtgw.Admin.{method}", json.dumps(parameters)))


def words(description):
    """A description without comments and layout."""
    lines = [line.partition("#")[0] for line in description.splitlines()]
    return re.findall(r"[\w.]+|[^\w\s]|->", " ".join(lines))


@pytest.mark.parametrize(("socket", "interface"), [(ADMIN, "org.vdtgw.Admin"), (SESSION, "org.vdtgw.Session")])
def test_interfaces_are_described(host, socket, interface):
    described = varlinkctl(host, "introspect", socket, interface)
    # varlinkctl parses it, and prints it in its own order.
    assert sorted(words(described)) == sorted(words((INTERFACES / f"{interface}.varlink").read_text()))
    assert interface in varlinkctl(host, "list-interfaces", socket).splitlines()
    about = varlinkctl(host, "info", socket)
    assert "Product: vdtgw-supervisor" in about and interface in about
    assert f"{interface}.{'Status' if socket == ADMIN else 'Enter'}" in varlinkctl(host, "list-methods", socket)


def test_methods_are_called(host):
    with call(host, "raw") as caller:
        page_of(caller)
        hosts.wait_for(lambda: ask(host, "Status")["sessions"] == 1, what="the call in the status")
        (session,) = ask(host, "ListSessions")["sessions"]
        assert session["transport"] == "raw"
        assert ask(host, "GetSession", session=session["session"])["session"]["address"] == "127.0.0.1"
        ask(host, "Message", text="Bonsoir")
        caller.receive_until(b"Bonsoir", timeout=20)
        ask(host, "Kick", session=session["session"])
        caller.receive_to_end(timeout=20)
    wait_empty(host)


@pytest.mark.parametrize(("method", "parameters", "error", "said"), [
    ("Kick", {"session": 999999}, "org.vdtgw.Admin.NoSuchSession", {"session": 999999}),
    ("Kick", {"session": "x"}, "InvalidParameter", {"parameter": "session"}),
    ("Unban", {"network": "192.0.2.1"}, "org.vdtgw.Admin.NoSuchBan", {"network": "192.0.2.1"}),
    ("Explode", {}, "MethodNotFound", {"method": "org.vdtgw.Admin.Explode"}),
])  # fmt: skip
def test_errors_are_shown(host, method, parameters, error, said):
    done = host.run("varlinkctl", "--json=short", "call", ADMIN, f"org.vdtgw.Admin.{method}",
                    json.dumps(parameters), check=False)  # fmt: skip
    assert done.returncode != 0
    assert error in done.stderr
    assert json.loads(done.stdout) == said


def next_of(watch):
    """varlinkctl prints a sequence as RFC 7464 has it: each text behind a record separator."""
    return json.loads(watch.stdout.readline().lstrip("\x1e"))


def test_events_arrive_as_they_happen(host):
    with host.running("varlinkctl", "--more", "--json=short", "call", ADMIN, "org.vdtgw.Admin.Watch", "{}") as watch:
        assert next_of(watch) == {}
        with call(host, "raw") as caller:
            page_of(caller)
        kinds = []
        while "ended" not in kinds:
            kinds.append(next_of(watch)["event"]["kind"])
        assert kinds[0] == "started" and set(kinds) == {"started", "state", "ended"}
    hosts.wait_for(lambda: ask(host, "Status")["watchers"] == 0, what="the watcher to be gone")
