"""A gateway and a caller on two machines, which are network namespaces of this one."""

import contextlib
import json
import os
import subprocess

import pytest


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, **options)


@contextlib.contextmanager
def two_machines():
    """The gateway at 198.18.0.1 and 2001:db8::1, a caller with several addresses."""
    gate, caller = (f"vdtgw-test-{os.getpid()}-{name}" for name in ("gate", "caller"))
    steps = [
        f"ip netns add {gate}",
        f"ip netns add {caller}",
        f"ip -n {gate} link add wire type veth peer name wire netns {caller}",
        *(f"ip -n {name} link set {link} up" for name in (gate, caller) for link in ("lo", "wire")),
        f"ip -n {gate} addr add 198.18.0.1/24 dev wire",
        f"ip -n {gate} addr add 2001:db8:0:1::1/64 dev wire nodad",
        *(f"ip -n {caller} addr add 198.18.0.{i}/24 dev wire" for i in (2, 3)),
        f"ip -n {caller} addr add 2001:db8:0:1::2/64 dev wire nodad",
        f"ip netns exec {gate} nft add table inet vdtgw_test",
    ]
    try:
        for step in steps:
            done = run(*step.split())
            if done.returncode != 0:
                pytest.skip(f"NOT TESTED: {step}: {done.stderr.strip()}")
        yield gate, caller
    finally:
        for name in (gate, caller):
            run("ip", "netns", "delete", name)


def elements(gate, name):
    """Of a set in the kernel: {address: seconds until it is over}; None: there is no such set."""
    done = run("ip", "netns", "exec", gate, "nft", "-j", "list", "set", "inet", "vdtgw", name)
    if done.returncode != 0:
        return None
    (found,) = [each["set"] for each in json.loads(done.stdout)["nftables"] if "set" in each]
    return {each["elem"]["val"]: each["elem"]["expires"] for each in found.get("elem", [])}
