"""The copy of the configuration in force: a mistake in the file costs no caller, and nobody can tell
sessions what to do by way of the copy."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from calls import TRANSPORTS, call
from peers import Peer, Service, raw_caller
from processes import SESSION, SUPERVISOR, Varlink, wait_for

EX_CONFIG = 78
BROKEN = "home: {\n ping = often;\n};\n"


@pytest.fixture
def gateway(gateway):
    """The same, with a supervisor that is ready: from then on there is a copy."""

    def start(**options):
        running = gateway(**options)
        if running.supervisor:
            wait_ready(running)
        return running

    return start


def wait_ready(running):
    running.supervisor.wait_line(lambda line: " ready: " in line)


def reload(running):
    with running.admin() as admin:
        admin.send("org.vdtgw.Admin.Reload")
        return admin.reply()


def broken(path):
    path.write_text(BROKEN)
    return r":2: "


def gone(path):
    path.unlink()
    return "cannot be read: No such file"


def emptied(path):
    path.write_text("")
    return "is empty now; allowed: "


def folder(path):
    path.unlink()
    path.mkdir()
    return "cannot be read: Is a directory"


def pipe(path):
    path.unlink()
    os.mkfifo(path)
    return "cannot be read: it is not a file"


def loop(path):
    path.unlink()
    path.symlink_to(path)
    return "cannot be read: Too many levels of symbolic links"


def large(path):
    path.write_text("#" * 1048577)
    return "is too large"


@pytest.mark.parametrize("spoil", (broken, gone, emptied, folder, pipe, loop, large))
def test_a_caller_who_comes_while_the_file_has_a_mistake_is_served_as_before(gateway, spoil):
    service = Service("ws")
    running = gateway(home=service.uri)
    why = spoil(Path(running.config))
    caller, connection = call(running, service)
    line = running.listeners["raw"].wait_line(lambda line: "the configuration in force" in line)
    assert f"is used ({running.copy}): {running.config}" in line and why in line
    running.wait_sessions(1)
    connection.send(b"as before")
    caller.receive_until(b"as before")
    caller.close()


@pytest.mark.parametrize("mode", ("systemd", "inetd"))
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_so_is_a_caller_of_each_transport(gateway, transport, mode):
    service = Service("ws")
    running = gateway(home=service.uri, mode=mode)
    Path(running.config).write_text(BROKEN)
    caller, _ = call(running, service, transport)
    running.wait_sessions(1)
    caller.close()


def test_a_console_opens_too(gateway):
    running = gateway()
    Path(running.config).write_text(BROKEN)
    console = Peer(socket.create_connection(("127.0.0.1", running.port("console"))))
    console.receive_until(b"command channel: ")
    console.close()


def test_the_copy_is_what_the_supervisor_last_took_and_a_right_file_goes_before_it(gateway):
    first, second, third = (Service("ws") for _ in range(3))
    running = gateway(home=first.uri)
    config, copy = Path(running.config), Path(running.copy)
    text = config.read_text()
    assert copy.read_text() == text

    # Not read by the supervisor yet: it is for the callers that come next all the same.
    config.write_text(text.replace(first.uri, second.uri))
    call(running, second)[0].close()
    assert copy.read_text() == text

    # What a mistake hides is what is in force, not what was seen last.
    config.write_text(BROKEN)
    call(running, first)[0].close()
    assert reload(running)["error"] == "org.vdtgw.Admin.BadConfiguration"
    assert copy.read_text() == text
    call(running, first)[0].close()

    mended = text.replace(first.uri, third.uri) + "// mended\n"
    config.write_text(mended)
    assert reload(running)["parameters"]["changed"] == ["home.uri"]
    assert copy.read_text() == mended
    config.write_text(BROKEN)
    call(running, third)[0].close()
    assert os.listdir(copy.parent) == [copy.name]


def test_the_copy_serves_while_the_supervisor_is_away(gateway):
    service = Service("ws")
    running = gateway(home=service.uri)
    running.kill_supervisor()
    Path(running.config).write_text(BROKEN)
    caller, _ = call(running, service)
    caller.close()
    # What it left half written is no obstacle.
    Path(f"{running.copy}.new").write_text("half")
    Path(running.config).write_bytes(Path(running.copy).read_bytes() + b"\n")
    running.start_supervisor()
    wait_ready(running)
    assert Path(running.copy).read_bytes().endswith(b"\n\n")


# Without a copy.


def turned_away(running, transport="raw"):
    """What a caller sees, to the end of the connection."""
    with socket.create_connection(("127.0.0.1", running.port(transport)), 8) as caller:
        caller.settimeout(8)
        seen = b""
        try:
            while data := caller.recv(4096):
                seen += data
        except ConnectionResetError:
            pass
        return seen


@pytest.mark.parametrize("transport", ("raw", "telnet", "websocket", "console"))
def test_where_no_supervisor_ever_ran_the_caller_is_told_and_the_log_says_why(gateway, transport):
    running = gateway(home=Service("ws").uri, supervisor=False)
    Path(running.config).write_text(BROKEN)
    seen = turned_away(running, transport)
    running.listeners[transport].wait_line(lambda line: f"{running.config}:2: " in line)
    # The copy that was never there is nothing to worry about.
    assert not [line for line in running.listeners[transport].lines if "copy of" in line]
    if transport in ("raw", "telnet"):
        assert seen.startswith(b"\x0c") and b"SERVICE FERME" in seen
    elif transport == "console":
        assert seen == b"The configuration cannot be used: see the log.\r\n"
    else:
        assert seen == b""


def test_what_a_refused_caller_has_sent_does_not_cost_it_the_text(gateway):
    running = gateway(home=Service("ws").uri, supervisor=False)
    Path(running.config).write_text(BROKEN)
    running.port("raw")
    caller = raw_caller(running.port("raw"))
    caller.send(b"x" * 4000)
    caller.receive_until(b"SERVICE FERME")
    caller.close()


def linked(copy):
    other = copy.parent.parent / "other.conf"
    other.write_bytes(copy.read_bytes())
    copy.unlink()
    copy.symlink_to(other)


def writable_by_all(copy):
    copy.chmod(0o666)


def writable_by_its_group(copy):
    copy.chmod(0o660)


def folder_writable(copy):
    copy.parent.chmod(0o777)


def folder_sticky(copy):
    copy.parent.chmod(0o1777)


def folder_linked(copy):
    other = copy.parent.with_name("elsewhere")
    copy.parent.rename(other)
    copy.parent.symlink_to(other)


def of_another_user(copy):
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(copy, 64101, 64101)


def piped(copy):
    copy.unlink()
    os.mkfifo(copy, 0o600)


def a_folder(copy):
    copy.unlink()
    copy.mkdir()


NOT_TRUSTED = (
    linked,
    writable_by_all,
    writable_by_its_group,
    folder_writable,
    folder_sticky,
    folder_linked,
    of_another_user,
    piped,
    a_folder,
)


@pytest.mark.parametrize("tamper", NOT_TRUSTED, ids=lambda tamper: tamper.__name__)
def test_a_copy_that_others_could_have_written_is_not_used(gateway, tamper):
    running = gateway(home=Service("ws").uri)
    running.kill_supervisor()
    tamper(Path(running.copy))
    Path(running.config).write_text(BROKEN)
    assert b"SERVICE FERME" in turned_away(running)
    line = running.listeners["raw"].wait_line(lambda line: f"{running.config}:2: " in line)
    assert f"{running.copy}: is not a file that its folder's owner alone can write" in line


@pytest.mark.parametrize(
    "text,why",
    ((BROKEN, ":2: "), ("#" * 1048577, "is too large"), ("\0", ":1: ")),
    ids=("key", "huge", "zero byte"),
)
def test_a_copy_with_a_mistake_is_refused_like_any_file(gateway, text, why):
    running = gateway(home=Service("ws").uri)
    running.kill_supervisor()
    Path(running.copy).write_text(text)
    Path(running.config).write_text(BROKEN)
    assert b"SERVICE FERME" in turned_away(running)
    running.listeners["raw"].wait_line(lambda line: f"either: {running.copy}" in line and why in line)


def test_roots_copy_in_the_folder_of_another_user_is_trusted(gateway):
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    service = Service("ws")
    running = gateway(home=service.uri)
    os.chown(Path(running.copy).parent, 64102, 64102)
    Path(running.config).write_text(BROKEN)
    call(running, service)[0].close()


# The supervisor's side.


def mode_of(path):
    return Path(path).stat().st_mode & 0o7777


@pytest.mark.parametrize("mode,expected", ((0o644, 0o644), (0o600, 0o600), (0o640, 0o640), (0o666, 0o644)))
def test_who_may_read_the_file_may_read_the_copy(gateway, mode, expected):
    running = gateway()
    Path(running.config).chmod(mode)
    assert "error" not in reload(running)
    assert mode_of(running.copy) == expected


@pytest.mark.parametrize("mode,expected", ((0o640, 0o600), (0o644, 0o644)))
def test_a_group_that_the_supervisor_is_no_member_of_gets_what_all_others_get(make, tmp_path, mode, expected):
    if os.geteuid() != 0:
        pytest.skip("only root can drop its groups")
    supervisor = make()
    os.chown(supervisor.config, 0, 64103)
    Path(supervisor.config).chmod(mode)
    copy = tmp_path / "copy.conf"
    without = ["setpriv", "--clear-groups", "--bounding-set", "-chown"]
    with subprocess.Popen(
        [*without, SUPERVISOR, "--config", supervisor.config, "--copy", copy], stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_for(copy.exists, what="the copy")
            assert mode_of(copy) == expected
        finally:
            process.terminate()


def test_a_copy_that_cannot_be_written_is_told_and_costs_nothing_else(gateway):
    service = Service("ws")
    running = gateway(home=service.uri)
    text = Path(running.config).read_text()
    shutil.rmtree(Path(running.copy).parent)
    assert "error" not in reload(running)
    running.supervisor.wait_line(
        lambda line: f"{running.copy}, cannot be written: No such file or directory" in line
    )
    call(running, service)[0].close()
    Path(running.copy).parent.mkdir(0o755)
    assert "error" not in reload(running)
    assert Path(running.copy).read_text() == text


def test_a_full_disk_leaves_the_copy_that_was_there(gateway, small_disk):
    running = gateway()
    small_disk.chmod(0o755)
    copy = small_disk / "vdtgw.conf"
    copy.parent.joinpath("rest").write_bytes(b"x" * 900 * 1024)
    running.kill_supervisor()
    running.copy = str(copy)
    running.start_supervisor()
    wait_ready(running)
    text = Path(running.config).read_text()
    assert copy.read_text() == text
    Path(running.config).write_text(text + "#" * 800000 + "\n")
    assert "error" not in reload(running)
    running.supervisor.wait_line(
        lambda line: f"{copy}, cannot be written: No space left on device" in line
    )
    assert copy.read_text() == text
    assert sorted(os.listdir(small_disk)) == ["rest", "vdtgw.conf"]


def test_a_second_supervisor_leaves_the_copy_alone(gateway):
    running = gateway()
    before = Path(running.copy).stat()
    done = subprocess.run(
        [SUPERVISOR, "--config", running.config, "--copy", running.copy], capture_output=True, timeout=8
    )
    assert done.returncode != 0
    assert Path(running.copy).stat() == before


@pytest.mark.parametrize("program", (SESSION, SUPERVISOR))
def test_the_copy_of_the_usual_file_is_not_for_another(program):
    """Only the help names it: with --config there is a copy where one is named."""
    done = subprocess.run([program, "--help"], capture_output=True, text=True, timeout=8)
    assert re.search(r"--copy FILE .*without --config it is in\s+/run/vdtgw/configuration/vdtgw.conf\n",
                     done.stdout, re.S)  # fmt: skip


def test_readers_find_a_whole_copy_at_any_moment(gateway):
    service = Service("ws")
    running = gateway(home=service.uri)
    text = Path(running.config).read_text()
    texts = [text, text + "#" * 500000 + "\n"]
    watched = set()
    for i in range(40):
        Path(f"{running.config}.new").write_text(texts[i % 2])
        os.replace(f"{running.config}.new", running.config)
        running.supervisor.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 0.02
        while time.monotonic() < deadline:
            watched.add(len(Path(running.copy).read_text()))
    assert watched <= {len(one) for one in texts}
    with Varlink(running.admin_socket) as admin:
        admin.call("org.vdtgw.Admin.Reload")
    assert Path(running.copy).read_text() == texts[1]
