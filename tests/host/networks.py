"""Networks besides this machine's own: a booted host's, and that of a neighbour, from which callers
come whose address is neither loopback nor one of the host's.

They are held by descriptors of this process and end with it: nothing of them is ever in the machine's
own network, and nothing is left to remove.
"""

import ctypes
import os
import socket
import subprocess
import threading

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def in_thread(work):
    """The result of work, done by a thread, which can have a network of its own."""
    results = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    thread.join()
    assert results, "the thread has failed: see above"
    return results[0]


def new_network():
    """A descriptor of a new network with nothing in it."""

    def make():
        assert LIBC.unshare(CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    return in_thread(make)


def socket_in(network, *arguments):
    """A socket in a network, given as the path of it, for this process to use."""

    def make():
        # A socket stays in the network that it was made in.
        with open(network, "rb") as file:
            assert LIBC.setns(file.fileno(), CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
            return socket.socket(*arguments)

    return in_thread(make)


def ip(network, *words):
    subprocess.run(["nsenter", f"--net={network}", "ip", *words], check=True, timeout=20)


class Neighbour:
    """A machine beside a host, with a cable between them and several addresses."""

    HOST, HOST_6 = "203.0.113.1", "2001:db8:1::1"

    def __init__(self, host):
        self.host = host
        self.descriptor = new_network()
        self.network = f"/proc/{os.getpid()}/fd/{self.descriptor}"
        ip(self.network, "link", "set", "lo", "up")
        self.plug()

    def plug(self):
        """Lays the cable; needed again when the host has booted again, whose end it took with it."""
        there = f"/proc/{self.host.leader}/ns/net"
        ip(there, "link", "add", "outside", "type", "veth",
           "peer", "name", "inside", "netns", self.network)  # fmt: skip
        for network, device, addresses in (
            (there, "outside", [f"{self.HOST}/24", f"{self.HOST_6}/64"]),
            (self.network, "inside", [f"203.0.113.{n}/24" for n in range(2, 30)] + ["2001:db8:1::2/64"]),
        ):
            for address in addresses:
                ip(network, "address", "add", address, "dev", device, *["nodad"] * (":" in address))
            ip(network, "link", "set", device, "up")

    def call(self, port, address, timeout=10.0):
        """A TCP connection to a port of the host, from an address of the neighbour's."""
        version_6 = ":" in address
        connection = socket_in(
            self.network, socket.AF_INET6 if version_6 else socket.AF_INET, socket.SOCK_STREAM
        )
        connection.settimeout(timeout)
        connection.bind((address, 0))
        connection.connect((self.HOST_6 if version_6 else self.HOST, port))
        return connection

    def close(self):
        # A network ends some time after its last descriptor, and the cable with it.
        ip(f"/proc/{self.host.leader}/ns/net", "link", "delete", "outside")
        os.close(self.descriptor)
