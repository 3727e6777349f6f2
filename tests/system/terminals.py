"""A terminal for programs that want one."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time


class Terminal:
    """A program on a terminal of this size."""

    def __init__(self, arguments, columns=80, lines=24, env=None):
        self.master, slave = pty.openpty()
        self.resize(columns, lines)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.seen = b""
        # Who runs the tests may want no colours of them; this terminal has some.
        environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        self.process = subprocess.Popen(
            arguments,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**environment, "TERM": "xterm", **(env or {})},
            start_new_session=True,
            # So that keys such as Ctrl-C become signals.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    def resize(self, columns, lines):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, keys):
        os.write(self.master, keys)

    def read(self, timeout):
        if not select.select([self.master], [], [], timeout)[0]:
            return b""
        data = os.read(self.master, 65536)
        self.seen += data
        return data

    def wait_for(self, wanted, timeout=8.0):
        """Until this text comes; what came before it is forgotten."""
        deadline = time.monotonic() + timeout
        while wanted not in self.seen:
            assert time.monotonic() < deadline, self.seen[-2000:]
            self.read(0.1)
        _, _, self.seen = self.seen.partition(wanted)

    def end(self, timeout=8.0):
        """The exit status, when the program has ended; seen holds all that it wrote."""
        deadline = time.monotonic() + timeout
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.seen[-2000:]
            self.read(0.05)
        while self.read(0.05):
            pass
        return self.process.returncode

    def is_as_before(self):
        return termios.tcgetattr(self.slave) == self.before

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        os.close(self.slave)
        os.close(self.master)
