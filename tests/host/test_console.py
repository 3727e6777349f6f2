"""The console door of an installed host: who reaches it, whom it reaches, what it shows."""

import hosts
import pytest
from callers import PORTS, ask, call, page_of

CONSOLE = "vdtgw-console.socket"


@pytest.fixture(scope="module")
def open_host(host):
    host.run("systemctl", "enable", "--now", CONSOLE)
    yield host
    host.run("systemctl", "disable", "--now", CONSOLE)


def greeted(console):
    return console.receive_until(b"command channel: up\r\n", timeout=20)


def test_it_shows_a_call_as_it_happens(open_host):
    with call(open_host, "console") as console:
        greeted(console)
        assert ask(open_host, "Status")["consoles"] == 1
        with call(open_host, "raw") as caller:
            page_of(caller)
            console.receive_until(b" started: ")
            console.send(b"s\n")
            console.receive_until(b" Raw ")
            console.receive_until(b"Command channel: up")
        console.receive_until(b" ended: ")
    hosts.wait_for(lambda: ask(open_host, "Status")["consoles"] == 0, what="the console's end")


def test_its_process_is_its_own_user_and_reaches_the_console_socket_alone(open_host):
    with call(open_host, "console") as console:
        greeted(console)
        (unit,) = open_host.output(
            "systemctl", "list-units", "--plain", "--no-legend", "vdtgw-console@*"
        ).splitlines()
        shown = open_host.output("systemctl", "show", "-p", "MainPID,User,Slice", unit.split()[0])
        facts = dict(line.split("=", 1) for line in shown.splitlines())
        assert (facts["User"], facts["Slice"]) == ("vdtgw-console", "vdtgw.slice")
        shut = open_host.output("grep", "Seccomp:", f"/proc/{facts['MainPID']}/status").split()
        assert shut == ["Seccomp:", "2"]
        assert "stay open" not in open_host.journal("-u", "vdtgw-console@*", "-o", "cat")
        groups = open_host.output("id", "-Gn", "vdtgw-console").split()
        assert groups == ["vdtgw-console"]
    for name, allowed in (("console", True), ("session", False), ("admin", False)):
        done = open_host.run("setpriv", "--reuid=vdtgw-console", "--regid=vdtgw-console",
            "--clear-groups", "perl", "-MIO::Socket::UNIX", "-e",
            f"exit(IO::Socket::UNIX->new('/run/vdtgw/{name}') ? 0 : 1)", check=False)  # fmt: skip
        assert (done.returncode == 0) is allowed, (name, done.stderr)


@pytest.mark.parametrize("user", ("nobody", "vdtgw", "vdtgw-teletel"))
def test_nobody_else_reaches_the_console_socket(open_host, user):
    done = open_host.run("setpriv", f"--reuid={user}", "--regid=nogroup", "--clear-groups", "perl",
        "-MIO::Socket::UNIX", "-e", "exit(IO::Socket::UNIX->new('/run/vdtgw/console') ? 0 : 1)",
        check=False)  # fmt: skip
    assert done.returncode == 1, done.stderr


def test_it_listens_to_this_machine_only(open_host):
    open_host.run("ip", "address", "add", "192.0.2.99/32", "dev", "lo")
    with pytest.raises(ConnectionRefusedError):
        open_host.call(PORTS["console"], "192.0.2.99")


def test_it_comes_back_to_a_restarted_supervisor(open_host):
    with call(open_host, "console") as console:
        greeted(console)
        open_host.run("systemctl", "restart", "vdtgw-supervisor")
        console.receive_until(b"The supervisor is away", timeout=20)
        console.receive_until(b"Supervisor ", timeout=20)
        console.send(b"q\n")
        assert b"Goodbye" in console.receive_to_end()
    assert "failed" not in open_host.output("systemctl", "list-units", "--no-legend", "vdtgw-console*")
