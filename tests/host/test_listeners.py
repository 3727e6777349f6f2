"""xinetd and inetd, as Debian packages them, on the examples that are installed: they listen in the
place of the three .socket units that callers come by."""

import socket

import hosts
import pytest
from callers import KIOSK, PORTS, ask, call, echo, page_of, sessions

EXAMPLES = "/usr/share/doc/vdtgw/examples"
CALLS = ("telnet", "raw", "websocket")
XINETD = f"cp {EXAMPLES}/xinetd /etc/xinetd.d/vdtgw"
INETD = f"cat {EXAMPLES}/inetd.conf >>/etc/inetd.conf"


@pytest.fixture(scope="module", params=[("xinetd", "xinetd", XINETD), ("openbsd-inetd", "inetd", INETD)],
                ids=lambda param: param[0])  # fmt: skip
def listener(release, folder, request):
    """A host on which the listener runs, with its example taken over as README says."""
    package, service, adopt = request.param
    (folder / f"{package}-{release.suite}").mkdir()
    host = hosts.Host(release.root, folder / f"{package}-{release.suite}", [package])
    try:
        host.install(release.packages)
        host.run("systemctl", "enable", "--now", *hosts.SERVICES)
        host.run("sh", "-c", adopt)
        host.run("systemctl", "restart", service)
        hosts.wait_for(lambda: listens(host), what=f"{package} to listen")
        yield host
    finally:
        host.stop()


def listens(host):
    ports = host.output("ss", "--no-header", "--listening", "--tcp", "--numeric")
    return all(f":{PORTS[transport]} " in ports for transport in CALLS)


@pytest.mark.parametrize("transport", CALLS)
def test_caller_is_served_and_redirected(listener, transport):
    hosts.wait_for(lambda: "channel up" in listener.output("systemctl", "show", "--value",
        "--property=StatusText", "vdtgw-supervisor"), what="the command channel to be up")  # fmt: skip
    with call(listener, transport) as caller:
        page_of(caller)
        (session,) = sessions(listener)
        assert (session["transport"], session["address"]) == (transport, "127.0.0.1")
        owner = listener.output("ps", "-o", "user=", "-p", str(session["pid"])).strip()
        assert owner == "vdtgw"
        echo(caller)
    hosts.wait_for(lambda: not sessions(listener), what="the end of the call")


def test_log_goes_to_syslog_and_never_to_the_caller(listener):
    with call(listener, "raw") as caller:
        caller.receive_until(KIOSK, timeout=20)
        received = bytes(caller.buffer)
    assert b"vdtgw-session" not in received and b"session=" not in received
    hosts.wait_for(
        lambda: "call ended: transport=raw address=127.0.0.1" in listener.journal("-t", "vdtgw-session"),
        what="the call's last line",
    )
    transports = listener.journal("-t", "vdtgw-session", "-o", "json", "--output-fields=_TRANSPORT")
    assert '"syslog"' in transports and '"journal"' not in transports


def test_supervisor_restarts_under_the_call(listener):
    with call(listener, "raw") as caller:
        page_of(caller)
        listener.run("systemctl", "restart", "vdtgw-supervisor.service")
        hosts.wait_for(lambda: len(sessions(listener)) == 1, what="the call to enter again")
    hosts.wait_for(lambda: not sessions(listener), what="the end of the call")


def test_one_address_gets_no_more_than_its_share(listener):
    """xinetd counts by address; inetd cannot, and the supervisor does for both."""
    # Of this very host, but no loopback address, which has no limit.
    listener.run("ip", "address", "add", "198.51.100.1/32", "dev", "lo")
    callers = []
    for _ in range(30):
        caller = listener.socket(socket.AF_INET, socket.SOCK_STREAM)
        caller.settimeout(30)
        caller.bind(("198.51.100.1", 0))
        caller.connect(("127.0.0.1", PORTS["raw"]))
        callers.append(caller)
    hosts.wait_for(lambda: len(sessions(listener)) == 20, what="limits.per_address calls")
    hosts.wait_for(lambda: ask(listener, "Status")["refused"] == 10, what="the refusal of the others")
    for caller in callers:
        caller.close()
    hosts.wait_for(lambda: not sessions(listener), what="the end of the calls")


def test_purge_ends_the_calls_too(listener):
    with call(listener, "raw") as caller:
        page_of(caller)
        listener.run("apt-get", "-q", "-y", "purge", "vdtgw", "vdtgw-teletel", timeout=120)
        caller.receive_to_end()
    assert listener.run("pgrep", "-f", "vdtgw-session", check=False).stdout == ""
