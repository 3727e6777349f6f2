"""Bans in the kernel: the nftables set is in step with the list, and drops what it holds."""

import sys

import pytest

from machines import elements, run
from processes import ROOT, SESSION, Program, wait_for
from scanners import SCANNER, SECOND, ban_makers, bans, call, is_banned, visit


@pytest.fixture
def make(supervisors):
    return ban_makers(supervisors)


def documented_rules():
    """The rules in the comment of the drop-in, as an administrator would copy them."""
    text = (ROOT / "units/vdtgw-supervisor-nftables.conf").read_text()
    return "".join(line[5:] + "\n" for line in text.splitlines() if line.startswith("#     "))


NFT_SET = {"nft_set": "inet vdtgw banned"}
CALLER = """
import socket, sys
try:
    call = socket.create_connection((sys.argv[2], int(sys.argv[3])), 2, (sys.argv[1], 0))
    if sys.argv[4] == "stay":
        call.settimeout(30)
        print(sum(map(len, iter(lambda: call.recv(4096), b""))))
except TimeoutError:
    print("nothing")
"""


def test_bans_are_kept_in_step_with_the_kernel(make, network):
    gate, _ = network
    supervisor = make(bans={**NFT_SET, "never": ["2001:db8:7::7"], "duration": "1h"})
    supervisor.command = ["ip", "netns", "exec", gate]
    supervisor.start()
    supervisor.wait_log("bans are in the kernel, too")
    visit(supervisor)
    visit(supervisor, "2001:db8:5::9")
    visit(supervisor, "2001:db8:7::8")  # somebody there is never banned
    call(supervisor, "Ban", network="192.0.2.0/24")
    call(supervisor, "Ban", network="192.0.2.7", duration=100 * SECOND)
    wait_for(lambda: sorted(elements(gate, "banned")) == ["192.0.2.7", SCANNER], what="IPv4")
    wait_for(lambda: list(elements(gate, "banned6")) == ["2001:db8:5::"], what="IPv6")
    assert 3500 < elements(gate, "banned")[SCANNER] <= 3600
    assert 90 < elements(gate, "banned")["192.0.2.7"] <= 100
    # New terms reach it, and so does the end.
    call(supervisor, "Ban", network="192.0.2.7", duration=1000 * SECOND)
    wait_for(lambda: elements(gate, "banned")["192.0.2.7"] > 900, what="the new time-out")
    call(supervisor, "Unban", network=SCANNER)
    wait_for(lambda: list(elements(gate, "banned")) == ["192.0.2.7"], what="the end of the ban")
    call(supervisor, "AddNever", network="2001:db8:5::1")
    wait_for(lambda: elements(gate, "banned6") == {}, what="the friend in its /64")
    # A restart fills the sets again.
    supervisor.kill()
    run("ip", "netns", "exec", gate, "nft", "flush", "ruleset", check=True)
    supervisor.start()
    wait_for(lambda: elements(gate, "banned") and list(elements(gate, "banned")) == ["192.0.2.7"])


def test_many_bans_reach_the_kernel(make, network):
    gate, _ = network
    supervisor = make(bans=NFT_SET)
    supervisor.command = ["ip", "netns", "exec", gate]
    supervisor.start()
    client = supervisor.admin()
    for i in range(1500):
        address = f"10.0.{i // 256}.{i % 256}"
        client.send("org.vdtgw.Admin.Ban", {"network": address}, oneway=True)
    wait_for(lambda: len(elements(gate, "banned") or ()) == 1500, 15, "1500 elements")


def test_without_nftables_it_says_so_and_goes_on(make, network):
    gate, _ = network
    supervisor = make(bans=NFT_SET)
    # No capability, as without the drop-in.
    supervisor.command = ["ip", "netns", "exec", gate, "setpriv", "--bounding-set", "-all"]
    supervisor.command += ["--inh-caps", "-all"]
    supervisor.start()
    supervisor.wait_log("bans are not in the kernel .*the supervisor goes on refusing")
    visit(supervisor)
    assert is_banned(supervisor)


def test_a_banned_caller_of_a_real_session_gets_nothing_and_then_no_process(make, network):
    gate, caller = network
    # However slowly this machine starts a session, who leaves at once was there for a short time.
    supervisor = make(bans={**NFT_SET, "short_session_ms": 5000}, home={"uri": "ws://127.0.0.1:1"})
    supervisor.command = ["ip", "netns", "exec", gate]
    supervisor.start()
    listener = Program(
        ["ip", "netns", "exec", gate, "systemd-socket-activate", "--accept", "-l", "[::]:9000"]
        + [SESSION, "--transport", "raw", "--config", supervisor.config],
        env=supervisor.env,
    )

    def dial(source, how, target="198.18.0.1"):
        command = ["ip", "netns", "exec", caller, sys.executable, "-c", CALLER]
        return run(*command, source, target, "9000", how, check=True).stdout.strip()

    try:
        listener.wait_line(lambda line: "Listening on" in line)
        # Who is told that the service is away has done nothing wrong.
        assert int(dial("198.18.0.3", "stay")) > 0
        dial("198.18.0.2", "leave")
        wait_for(lambda: list(bans(supervisor)) == ["198.18.0.2"], what="the ban")
        assert dial("198.18.0.2", "stay") == "0"
        assert int(dial("198.18.0.3", "stay")) > 0
        assert supervisor.status()["bans"]["refused"] == 1
        dial("2001:db8:0:1::2", "leave", "2001:db8:0:1::1")
        # The gateway is in the same /64, and never banned: the kernel must not shut it out.
        wait_for(lambda: "2001:db8:0:1::/64" in bans(supervisor), what="the ban of the subscriber")
        assert elements(gate, "banned6") == {}
        run("ip", "netns", "exec", gate, "nft", "-f", "-", input=documented_rules(), check=True)
        wait_for(lambda: dial("198.18.0.2", "stay") == "nothing", what="the kernel's drop")
        assert int(dial("198.18.0.3", "stay")) > 0
        assert supervisor.status()["bans"]["refused"] == 1
    finally:
        listener.stop()
