"""A session that was taken over: the code of an attacker, behind the doors that a session shuts
(tests/system/attacker), and in the open, to show that it is the doors that stop it."""

import contextlib
import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

from processes import BUILD, ROOT, SESSION, SUPERVISOR, Program, Varlink, free_port, is_alive
from processes import is_sanitized, is_under_valgrind, wait_for, write_configuration

ATTACKER = BUILD.resolve() / "tests/system/attacker/attacker"

# Numbers that no account has.
SESSION_USER = 64101
SUPERVISOR_USER = 64102
ADMIN_GROUP = 64103
CONSOLE_USER = 64104
GROUPS = {"vdtgw": SESSION_USER, "vdtgw-admin": ADMIN_GROUP, "vdtgw-console": CONSOLE_USER}

# Where no other resolver listens, and no other run of these tests.
NAME_SERVER = f"127.77.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"
SYS_LANDLOCK_CREATE_RULESET = 444
LANDLOCK = ctypes.CDLL(None).syscall(SYS_LANDLOCK_CREATE_RULESET, None, 0, 1)
KILLED = "SIGSYS"

pytestmark = [
    pytest.mark.skipif(
        os.geteuid() != 0, reason="only root can run an attacker as a user of its own"
    ),
    pytest.mark.xdist_group("sandbox"),
]


class Victim:
    """A process of the session's user, with something in its memory."""

    def __init__(self, program, doors):
        self.process = subprocess.Popen(
            [program, doors, "victim"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={"SECRET": "1"},
            **identity(SESSION_USER),
        )
        self.address = self.process.stdout.readline().split()[0]

    def end(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdout.close()
        return self.process.wait(8)


def identity(user):
    return {"user": user, "group": user, "extra_groups": []}


@pytest.fixture(scope="module")
def place():
    """A folder that every user can reach, with what an attacker looks for."""
    if not os.access(ATTACKER, os.X_OK):
        pytest.fail(f"not built: {ATTACKER} (make system builds it)")
    folder = Path(tempfile.mkdtemp(prefix="vdtgw-sandbox-", dir="/tmp"))
    folder.chmod(0o755)
    for program in (ATTACKER, SESSION, SUPERVISOR):
        shutil.copy(program, folder)
    for name, user, mode in (
        ("key", SESSION_USER, 0o600),
        ("vdtgw.conf", SESSION_USER, 0o640),
        ("log", SESSION_USER, 0o600),
        ("database", SUPERVISOR_USER, 0o600),
        ("dump", SUPERVISOR_USER, 0o600),
    ):
        file = folder / name
        file.write_text("secret\n")
        os.chown(file, user, user)
        file.chmod(mode)
    (folder / "empty").mkdir()
    (folder / "open").mkdir()
    (folder / "open").chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module", autouse=True)
def filtered():
    """What is built for the sanitizers or for valgrind leaves its doors open
    (vdtgw-session/sandbox.c)."""
    if is_under_valgrind() or b"libasan" in Path(SESSION).read_bytes():
        pytest.skip("built with the sanitizers, or for valgrind")


def attack(place, doors, name, *arguments, user=SESSION_USER, group=None):
    """"done", the error, or the signal that it died of."""
    who = identity(user)
    who["group"] = group or user
    done = subprocess.run(
        [place / "attacker", doors, name, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=8,
        cwd="/",
        **who,
    )
    if done.returncode < 0:
        return signal.Signals(-done.returncode).name
    assert done.returncode == 0, (done.returncode, done.stderr)
    return done.stdout.strip()


def needs_landlock(version=1):
    if LANDLOCK < version:
        pytest.skip(f"this kernel has no Landlock {version}")


# Each row: the attack, its argument (a path below the folder unless it is absolute), what the
# doors make of it, and who shows that it works without them.

FILES = [
    ("file-read", "key", "EACCES", SESSION_USER),
    ("file-read", "vdtgw.conf", "EACCES", SESSION_USER),
    ("file-read", "/etc/passwd", "EACCES", SESSION_USER),
    ("file-read", "/proc/self/environ", "EACCES", SESSION_USER),
    ("file-read", "/proc/1/cmdline", "EACCES", SESSION_USER),
    # Even if the modes let it.
    ("file-read", "database", "EACCES", SUPERVISOR_USER),
    ("file-read", "dump", "EACCES", SUPERVISOR_USER),
    ("folder-list", "/etc", "EACCES", SESSION_USER),
    ("folder-list", "/home", "EACCES", SESSION_USER),
    ("folder-list", "/proc", "EACCES", SESSION_USER),
    ("folder-list", "open", "EACCES", SESSION_USER),
]

WRITING = [
    ("file-write", "log", "EPERM", SESSION_USER),
    ("file-write", "/dev/null", "EPERM", SESSION_USER),
    ("file-create", "open/file", "EPERM", SESSION_USER),
    ("file-create", "/tmp/vdtgw-sandbox-file", "EPERM", SESSION_USER),
    ("file-create-nameless", "open", "EPERM", SESSION_USER),
    ("file-truncate", "log", "EPERM", SESSION_USER),
    ("file-change-mode", "log", "EPERM", SESSION_USER),
    ("file-link", "open/link", "EPERM", SESSION_USER),
    ("folder-make", "open/folder", "EPERM", SESSION_USER),
    ("file-remove", "open/link", "EPERM", SESSION_USER),
]

# The last column: who is let through without the doors, or None where that depends on the kernel,
# which in any case does not kill.
OTHERS = [
    ("port-bind", None, "EPERM", SESSION_USER),
    ("port-accept", None, "EPERM", SESSION_USER),
    ("socket-raw", None, "EPERM", 0),
    ("socket-packet", None, "EPERM", 0),
    ("socket-netlink-firewall", None, "EPERM", SESSION_USER),
    ("socket-filter", None, "EPERM", SESSION_USER),
    ("program-run", None, KILLED, SESSION_USER),
    ("program-fork", None, "EPERM", SESSION_USER),
    ("program-clone", None, "EPERM", SESSION_USER),
    ("program-spawn", None, "EPERM", SESSION_USER),
    ("program-in-memory", None, KILLED, SESSION_USER),
    ("memory-made-executable", None, "EPERM", SESSION_USER),
    ("memory-executable", None, "EPERM", SESSION_USER),
    ("memory-shared", None, "EPERM", SESSION_USER),
    ("memory-of-file", "/usr/lib/os-release", "EPERM", SESSION_USER),
    ("memory-segment", None, "EPERM", SESSION_USER),
    ("memory-without-end", None, "ENOMEM", SESSION_USER),
    ("kernel-mount", "empty", KILLED, None),
    ("kernel-namespace", None, KILLED, None),
    ("kernel-clone-namespace", None, "EPERM", 0),
    ("kernel-bpf", None, KILLED, None),
    ("kernel-io-uring", None, KILLED, None),
    ("kernel-userfaultfd", None, KILLED, None),
    ("kernel-perf", None, KILLED, None),
    ("kernel-keys", None, KILLED, SESSION_USER),
    ("kernel-module", None, KILLED, None),
    ("kernel-root", "empty", KILLED, 0),
    ("kernel-personality", None, "EPERM", SESSION_USER),
    ("kernel-host-name", None, "EPERM", 0),
    ("kernel-dumpable-again", None, "EPERM", SESSION_USER),
    ("kernel-limits-again", None, "EPERM", SESSION_USER),
    ("kernel-terminal-input", None, "EPERM", SESSION_USER),
]
if os.uname().machine == "x86_64":
    OTHERS.append(("kernel-old-calls", None, KILLED, None))


def names(rows):
    return [" ".join(filter(None, row[:2])) for row in rows]


def compare(place, name, argument, outcome, free):
    arguments = [] if argument is None else [place / argument]
    user = SESSION_USER if free is None else free
    assert attack(place, "closed", name, *arguments, user=user) == outcome
    assert attack(place, "closed", name, *arguments) == outcome
    in_the_open = attack(place, "open", name, *arguments, user=user)
    assert in_the_open == "done" if free is not None else in_the_open != outcome


@pytest.mark.parametrize("name,argument,outcome,free", FILES, ids=names(FILES))
def test_no_file_can_be_read(place, name, argument, outcome, free):
    needs_landlock()
    compare(place, name, argument, outcome, free)


@pytest.mark.parametrize("name,argument,outcome,free", WRITING, ids=names(WRITING))
def test_no_file_can_be_changed(place, name, argument, outcome, free):
    path = place / argument
    if name in ("file-create", "file-link", "folder-make"):
        with contextlib.suppress(FileNotFoundError):
            path.rmdir() if path.is_dir() else path.unlink()
    if name == "file-remove":
        with contextlib.suppress(FileExistsError):
            path.symlink_to("/etc")
            os.lchown(path, SESSION_USER, SESSION_USER)
    compare(place, name, argument, outcome, free)
    if name == "file-create":
        path.unlink()


@pytest.mark.parametrize("name,argument,outcome,free", OTHERS, ids=names(OTHERS))
def test_nothing_can_be_started_listened_to_or_asked_of_the_kernel(place, name, argument, outcome, free):
    compare(place, name, argument, outcome, free)


@pytest.mark.parametrize("path", ["/etc/hosts", "/etc/nsswitch.conf", "/dev/urandom", "/usr/lib/os-release"])
def test_what_the_resolver_and_tls_need_can_be_read(place, path):
    assert attack(place, "closed", "file-read", path) == "done"


# Other sessions: processes of the same user.

PROCESSES = {
    "process-memory-file": "EACCES",
    "process-vm-read": KILLED,
    "process-vm-write": KILLED,
    "process-trace": KILLED,
    "process-environment": "EACCES",
    "process-memory-map": "EACCES",
    "process-descriptor-file": "EACCES",
    "process-descriptor": KILLED,
    "process-kill": "EPERM",
    "process-thread-kill": "EPERM",
    "process-queue-signal": "EPERM",
    "process-signal-by-descriptor": "EPERM",
    "process-lower-limit": "EPERM",
    "process-lower-priority": "EPERM",
    "process-move": "EPERM",
}
DEADLY = [name for name in PROCESSES if re.search("kill|signal", name)]


@pytest.mark.parametrize("name,outcome", PROCESSES.items())
def test_one_session_has_no_hold_on_another(place, name, outcome):
    for doors, expected in (("closed", outcome), ("open", "done")):
        victim = Victim(place / "attacker", doors)
        try:
            assert attack(place, doors, name, victim.process.pid, victim.address) == expected
        finally:
            status = victim.end()
        assert status == (-signal.SIGKILL if doors == "open" and name in DEADLY else 0), doors


# The attacks that need nothing of the attacker's own filter to fail.
READING = {
    "process-memory-file": "EACCES",
    "process-vm-read": "EPERM",
    "process-vm-write": "EPERM",
    "process-trace": "EPERM",
    "process-environment": "EACCES",
    "process-memory-map": "EACCES",
    "process-descriptor-file": "EACCES",
    "process-descriptor": "EPERM",
}


@pytest.fixture
def supervised(place):
    """The real supervisor, on sockets of the modes that the units give them."""
    run = place / "run"
    run.mkdir()
    sockets = {
        "session": "vdtgw-supervisor.socket",
        "admin": "vdtgw-admin.socket",
        "console": "vdtgw-supervisor-console.socket",
    }
    config = place / "supervised.conf"
    state = place / "state"
    state.mkdir(0o700)
    os.chown(state, SUPERVISOR_USER, SUPERVISOR_USER)
    write_configuration(
        config,
        {
            "home": {"uri": f"telnet://127.0.0.1:{free_port()}"},
            "supervisor": {
                "session_socket": str(run / "session"),
                "admin_socket": str(run / "admin"),
                "console_socket": str(run / "console"),
                "state": str(state),
            },
            "teletel": {"command_channel": False},
            "bans": {"enabled": False},
        },
    )
    listen = [f"--listen={run / name}" for name in sockets]
    drop = ["setpriv", f"--reuid={SUPERVISOR_USER}", f"--regid={SUPERVISOR_USER}", "--clear-groups"]
    supervisor = Program(
        ["systemd-socket-activate", *listen, f"--fdname={':'.join(sockets)}", *drop]
        + [place / "vdtgw-supervisor", "--config", config]
    )
    try:
        wait_for(lambda: all((run / name).exists() for name in sockets), what="the sockets")
        for name, unit in sockets.items():
            keys = dict(re.findall(r"^(\w+)=(.*)$", (ROOT / "units" / unit).read_text(), re.M))
            assert keys["SocketUser"] == "root"
            os.chown(run / name, 0, GROUPS[keys["SocketGroup"]])
            (run / name).chmod(int(keys["SocketMode"], 8))
        yield run
    finally:
        supervisor.stop()
        shutil.rmtree(run)
        shutil.rmtree(state)


@contextlib.contextmanager
def real_session(place, home, before=(), **options):
    """As inetd starts one; home keeps it there. before: the command that starts it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        caller = socket.create_connection(listener.getsockname())
        connection, _ = listener.accept()
    config = place / "session.conf"
    config.write_text(
        f'home: {{ uri = "telnet://{home}"; }};\n'
        f'supervisor: {{ session_socket = "{place}/run/session"; }};\n'
    )
    process = subprocess.Popen(
        [*before, place / "vdtgw-session", "--transport", "raw", "--config", config],
        stdin=connection,
        stderr=connection,
        **(options or identity(SESSION_USER)),
    )
    connection.close()
    try:
        yield process
    finally:
        caller.close()
        process.wait(8)


def test_a_real_session_is_closed_to_the_processes_of_its_user(place, supervised):
    with socket.create_server(("127.0.0.1", 0)) as home:
        with real_session(place, f"127.0.0.1:{home.getsockname()[1]}") as session:
            home.settimeout(8)
            joined, _ = home.accept()
            with Varlink(supervised / "admin") as admin:
                found = admin.call("org.vdtgw.Admin.ListSessions")["sessions"]
            assert [entry["pid"] for entry in found] == [session.pid]
            status = Path(f"/proc/{session.pid}/status").read_text()
            assert re.search(r"^Seccomp:\s+2$", status, re.M)
            assert re.search(r"^NoNewPrivs:\s+1$", status, re.M)
            for name, outcome in READING.items():
                assert attack(place, "open", name, session.pid, "0x1000") == outcome, name
            assert is_alive(session.pid) and not is_sanitized(session.pid)
            joined.close()


class NameServer(threading.Thread):
    """Answers every question for an address of IPv4 with 127.0.0.1."""

    def __init__(self):
        super().__init__(daemon=True)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((NAME_SERVER, 53))
        self.start()

    def run(self):
        while True:
            question, client = self.sock.recvfrom(512)
            name_end = question.index(b"\0", 12) + 1
            ask = question[12 : name_end + 4]
            wants_ipv4 = ask[-4:-2] == b"\0\1"
            head = question[:2] + b"\x81\x80\0\1" + (b"\0\1" if wants_ipv4 else b"\0\0") + b"\0\0\0\0"
            answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\1"
            self.sock.sendto(head + ask + (answer if wants_ipv4 else b""), client)


@pytest.fixture(scope="module")
def name_server():
    return NameServer()


# /etc and /dev of the session's own, so that nothing of the machine is changed.
MACHINE = """
set -e
mount --make-rprivate /
mount --bind "$1/resolv.conf" /etc/resolv.conf
mount --bind "$1/hosts" /etc/hosts
mount -t tmpfs -o mode=755 none /dev
mknod -m 666 /dev/null c 1 3
mknod -m 666 /dev/urandom c 1 9
ln -s "$1/log.socket" /dev/log
shift
exec "$@"
"""


@pytest.mark.parametrize("name", ["by-hosts.test", "by-dns.test"])
def test_names_are_resolved_and_syslog_is_written_behind_closed_doors(place, name_server, name):
    (place / "resolv.conf").write_text(f"nameserver {NAME_SERVER}\n")
    (place / "hosts").write_text("127.0.0.1 by-hosts.test\n")
    with socket.create_server(("127.0.0.1", 0)) as home, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        (place / "log.socket").unlink(missing_ok=True)
        log.bind(str(place / "log.socket"))
        (place / "log.socket").chmod(0o666)
        log.settimeout(8)
        drop = ["setpriv", f"--reuid={SESSION_USER}", f"--regid={SESSION_USER}", "--clear-groups"]
        machine = ["unshare", "--mount", "sh", "-c", MACHINE, "machine", place, *drop]
        with real_session(place, f"{name}:{home.getsockname()[1]}", machine, user=0):
            home.settimeout(8)
            joined, _ = home.accept()
            joined.close()
            while b"call ended" not in (line := log.recv(2048)):
                pass
        assert b"vdtgw-session[" in line


def test_the_admin_socket_cannot_be_reached(place, supervised):
    assert attack(place, "closed", "unix-connect", supervised / "session") == "done"
    assert attack(place, "closed", "unix-connect", supervised / "admin") == "EACCES"
    assert attack(place, "open", "unix-connect", supervised / "admin") == "EACCES"
    assert attack(place, "open", "unix-connect", supervised / "admin", group=ADMIN_GROUP) == "done"


def test_the_console_socket_cannot_be_reached_and_reaches_no_other(place, supervised):
    console = {"user": CONSOLE_USER, "group": CONSOLE_USER}
    for user in (SESSION_USER, ADMIN_GROUP):
        assert attack(place, "open", "unix-connect", supervised / "console", user=user) == "EACCES"
    assert attack(place, "closed", "unix-connect", supervised / "console", **console) == "done"
    for name in ("session", "admin"):
        assert attack(place, "open", "unix-connect", supervised / name, **console) == "EACCES"


def test_the_database_cannot_be_reached(place, supervised):
    with Varlink(supervised / "session"):
        wait_for(lambda: (place / "state/vdtgw.db").exists(), what="the database")
    assert attack(place, "open", "file-read", place / "state/vdtgw.db") == "EACCES"
    assert attack(place, "open", "file-read", place / "state/vdtgw.db", user=SUPERVISOR_USER) == "done"


def test_abstract_sockets_of_others_cannot_be_reached(place):
    needs_landlock(6)
    name = f"vdtgw-sandbox-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(b"\0" + name.encode())
        listener.listen()
        assert attack(place, "closed", "abstract-connect", name) == "EPERM"
        assert attack(place, "open", "abstract-connect", name) == "done"


def test_every_attack_is_in_a_table(place):
    listed = subprocess.run([place / "attacker", "list"], capture_output=True, text=True, check=True)
    tried = {row[0] for row in FILES + WRITING + OTHERS} | {*PROCESSES, "unix-connect", "abstract-connect"}
    assert set(listed.stdout.split()) == tried
