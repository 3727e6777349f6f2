"""Hundreds of callers at once through Accept=yes, and what the limits of a .socket do."""

import time

import hosts
from callers import PORTS, ask, sessions

CROWD = 300
ADDRESSES = 8  # loopback has plenty


def connect(host, number):
    connection = host.socket(hosts.socket.AF_INET, hosts.socket.SOCK_STREAM)
    connection.settimeout(30)
    connection.bind((f"127.0.1.{number % ADDRESSES + 1}", 0))
    connection.connect(("127.0.0.1", PORTS["raw"]))
    return connection


def test_hundreds_at_once_are_all_served(host):
    callers = [connect(host, number) for number in range(CROWD)]
    for caller in callers:
        assert caller.recv(1)
    hosts.wait_for(lambda: ask(host, "Status")["sessions"] == CROWD, 60, "all of them to be counted")
    for caller in callers:
        caller.close()
    hosts.wait_for(lambda: ask(host, "Status")["sessions"] == 0, 60, "all of them to have gone")
    assert host.output("systemctl", "is-active", "vdtgw-raw.socket").strip() == "active"
    assert host.output("systemctl", "list-units", "--failed", "--no-legend", "--plain", "vdtgw*") == ""


def test_one_address_gets_no_more_than_its_share(host):
    callers = []
    for _ in range(70):
        caller = host.socket(hosts.socket.AF_INET, hosts.socket.SOCK_STREAM)
        caller.settimeout(30)
        caller.bind(("127.0.2.1", 0))
        caller.connect(("127.0.0.1", PORTS["raw"]))
        callers.append(caller)
    served = 0
    for caller in callers:
        try:
            served += bool(caller.recv(1))
        except ConnectionResetError:
            pass
    assert served == 64  # MaxConnectionsPerSource= of the unit
    with_others = connect(host, 3)
    assert with_others.recv(1)
    for caller in [*callers, with_others]:
        caller.close()
    hosts.wait_for(lambda: not sessions(host), 30, "all of them to have gone")


def test_storm_does_not_switch_the_port_off(host):
    begin = time.monotonic()
    for number in range(600):
        connect(host, number).close()
    assert time.monotonic() - begin < 60
    assert host.output("systemctl", "is-active", "vdtgw-raw.socket").strip() == "active"
    caller = connect(host, 1)
    assert caller.recv(1)
    caller.close()
    hosts.wait_for(lambda: not sessions(host), 60, "all of them to have gone")
