"""Who may do what on an installed host: the admin socket's group, what the units are shut to, and the
doors that a session shuts itself."""

import ctypes
import re

import hosts
import pytest
from callers import call, page_of, sessions, wait_empty

SANDBOX_LOG = "files are protected by their modes only"


def as_user(host, name, *command):
    return host.run("setpriv", f"--reuid={name}", f"--regid={name}", "--init-groups", *command, check=False)


def test_members_of_the_group_may_administer_and_others_may_not(host):
    for user in ("alice", "bob"):
        host.run("useradd", user)
    host.run("usermod", "-aG", "vdtgw-admin", "alice")
    allowed = as_user(host, "alice", "vdtgwctl", "status")
    assert allowed.returncode == 0 and "callers" in allowed.stdout, allowed
    denied = as_user(host, "bob", "vdtgwctl", "status")
    assert denied.returncode == 77 and "vdtgw-admin" in denied.stderr, denied
    assert as_user(host, "vdtgw", "vdtgwctl", "status").returncode == 77
    for user in ("alice", "bob"):
        host.run("userdel", user)


@pytest.mark.parametrize("unit", hosts.SERVICES)
def test_services_are_as_tight_as_they_can_be(host, unit):
    verdict = host.output("systemd-analyze", "security", "--no-pager", unit)
    exposure = float(re.search(r"Overall exposure level for .*: ([0-9.]+)", verdict).group(1))
    assert exposure <= 1.5, verdict


def kernel_has_landlock():
    create_ruleset, ask_version = 444, 1
    return ctypes.CDLL(None).syscall(create_ruleset, None, 0, ask_version) > 0


@pytest.mark.parametrize("transport", ["telnet", "raw", "websocket"])
def test_sandbox_of_a_call_is_on(host, transport):
    drop_in = host.path(f"/etc/systemd/system/vdtgw-{transport}@.service.d")
    drop_in.mkdir()
    (drop_in / "debug.conf").write_text("[Service]\nEnvironment=VDTGW_DEBUG=1\n")
    host.run("systemctl", "daemon-reload")
    try:
        with call(host, transport) as caller:
            page_of(caller)
            (session,) = hosts.wait_for(lambda: sessions(host), what="the call")
            status = dict(
                line.split(":\t", 1)
                for line in host.output("cat", f"/proc/{session['pid']}/status").splitlines()
            )
        wait_empty(host)
    finally:
        (drop_in / "debug.conf").unlink()
        drop_in.rmdir()
        host.run("systemctl", "daemon-reload")
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert set(status["CapEff"] + status["CapPrm"] + status["CapBnd"]) == {"0"}
    log = host.journal("-o", "cat", f"_PID={session['pid']}")
    assert " -> entering: arrived" in log, "the debugging lines are not there"
    assert "stay open" not in log
    assert (SANDBOX_LOG in log) == (not kernel_has_landlock()), log
