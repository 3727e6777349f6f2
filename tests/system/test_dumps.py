"""Dumps of what callers type: made by the supervisor, written by the session, and no call the worse for
one that cannot be had."""

import os
import re
import time

import pytest

import calls
from peers import Service, raw_caller
from processes import is_sanitized, wait_for
from scripted_calls import FIN

SECONDS = 8
EVERYTHING = bytes(range(256)).replace(b"\x13", b"")
ACCESS = {"telnet": "Telnet", "raw": "Telnet", "websocket": "WS"}


@pytest.fixture
def service():
    return Service("ws")


@pytest.fixture
def running(gateway, service, tmp_path):
    def start(**dump):
        settings = {"enabled": True, "directory": str(tmp_path / "dumps"), **dump}
        return gateway(home=service.uri, settings={"dump": settings})

    return start


def files(folder):
    return sorted(folder.iterdir()) if folder.is_dir() else []


def typed_in(path):
    """What follows the header."""
    return path.read_bytes().split(b"\r\nInput\r\n", 1)[1]


@pytest.mark.parametrize("transport", calls.TRANSPORTS)
def test_every_byte_that_a_caller_types_is_in_a_file_of_the_calls_own(running, service, tmp_path, transport):
    gateway = running()
    caller, connection = calls.call(gateway, service, transport)
    (session,) = gateway.wait_sessions(1)
    port = caller.local_port
    caller.send(EVERYTHING + b".")
    connection.receive_until(b"\xff.")
    (path,) = files(tmp_path / "dumps")
    # Already there: nothing waits for the end of the call.
    assert typed_in(path) == calls.START + EVERYTHING + b"."
    with gateway.admin() as admin:
        launch = admin.call("org.vdtgw.Admin.Status")["launches"]
    assert path.name == f"DumpData_{launch}_{session['session']}.dmp"
    address, told_port, access, started, marker = path.read_bytes().split(b"\r\n")[:5]
    assert (address, int(told_port), access.decode()) == (b"127.0.0.1", port, ACCESS[transport])
    began = time.mktime(time.strptime(started.decode(), "%Y-%m-%d %H:%M:%S"))
    assert abs(began - time.time()) < 60 and marker == b"Input"
    assert path.stat().st_mode & 0o7777 == 0o600
    assert path.parent.stat().st_mode & 0o7777 == 0o700
    # The session can append, and no more.
    pid = gateway.session_pid(caller, transport)
    (flags,) = [
        int(re.search(r"flags:\s+(\d+)", open(f"/proc/{pid}/fdinfo/{number}").read()).group(1), 8)
        for number in os.listdir(f"/proc/{pid}/fd")
        if os.readlink(f"/proc/{pid}/fd/{number}") == str(path)
    ]
    assert flags & os.O_ACCMODE == os.O_WRONLY and flags & os.O_APPEND and flags & os.O_CLOEXEC


def test_each_call_has_its_file_and_without_the_key_there_is_none(running, service, tmp_path):
    gateway = running()
    for number in range(3):
        caller, _ = calls.call(gateway, service)
        caller.send(b"%d" % number)
        wait_for(lambda: any(typed_in(path).endswith(b"%d" % number) for path in files(tmp_path / "dumps")))
        caller.close()
    assert len(files(tmp_path / "dumps")) == 3
    gateway = running(enabled=False, directory=str(tmp_path / "other"))
    calls.call(gateway, service)
    assert not (tmp_path / "other").exists()


def test_what_was_sent_before_the_caller_was_let_in_is_there(running, service, tmp_path):
    gateway = running()
    port = gateway.port("raw")
    caller = raw_caller(port)
    caller.send(b"impatient")
    service.accept().receive_until(b"impatient")
    (path,) = files(tmp_path / "dumps")
    assert typed_in(path) == b"impatient"


def test_what_a_scanner_showed_itself_by_is_there(running, tmp_path):
    gateway = running()
    caller = raw_caller(gateway.port("raw"))
    port = caller.local_port
    request = b"GET /admin HTTP/1.1\r\nHost: x\r\n\r\n"
    caller.send(request)
    gateway.wait_end(port, "raw")
    (path,) = files(tmp_path / "dumps")
    assert typed_in(path) == request


def test_a_file_never_grows_beyond_its_bound(running, service, tmp_path):
    gateway = running(max_bytes=256)
    caller, connection = calls.call(gateway, service)
    port = caller.local_port
    caller.send(b"x" * 1000 + b".")
    connection.receive_until(b".")
    (path,) = files(tmp_path / "dumps")
    assert path.stat().st_size == 256
    caller.close()
    assert "unrecorded" not in gateway.wait_end(port, "raw")


def test_the_oldest_files_go(running, service, tmp_path):
    gateway = running(max_files=2)
    names = []
    for _ in range(5):
        caller, _ = calls.call(gateway, service)
        names += [path.name for path in files(tmp_path / "dumps") if path.name not in names]
        caller.close()
    assert sorted(path.name for path in files(tmp_path / "dumps")) == sorted(names[-2:])


def test_a_call_keeps_its_file_over_a_restart_of_the_supervisor(running, service, tmp_path):
    gateway = running()
    caller, connection = calls.call(gateway, service)
    gateway.wait_sessions(1)
    gateway.kill_supervisor()
    caller.send(b"alone.")
    connection.receive_until(b"alone.")
    gateway.start_supervisor()
    gateway.wait_sessions(1)
    caller.send(b"again.")
    connection.receive_until(b"again.")
    (path,) = files(tmp_path / "dumps")
    assert typed_in(path) == calls.START + b"alone.again."


def test_without_a_folder_calls_go_on_and_the_log_says_so_once(running, service, tmp_path):
    (tmp_path / "dumps").write_text("in the way")
    gateway = running()
    for _ in range(3):
        caller, _ = calls.call(gateway, service)
    lines = [line for line in gateway.supervisor.lines if "cannot be recorded" in line]
    assert len(lines) == 1 and str(tmp_path / "dumps") in lines[0]
    (tmp_path / "dumps").unlink()
    calls.call(gateway, service)
    gateway.supervisor.wait_line(lambda line: "is recorded in" in line and "again" in line)
    assert len(files(tmp_path / "dumps")) == 1


def test_a_link_in_the_folders_place_is_not_followed(running, service, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "dumps").symlink_to(tmp_path / "elsewhere")
    gateway = running()
    calls.call(gateway, service)
    gateway.supervisor.wait_line(lambda line: "cannot be recorded" in line)
    assert files(tmp_path / "elsewhere") == []


# What a supervisor may pass, whatever it means by it.

WANTED = {"dump": {"enabled": True}}


@pytest.fixture
def make_file(tmp_path):
    """A file opened for appending: its path and descriptor."""
    opened = []

    def make(name="file", flags=os.O_WRONLY | os.O_APPEND | os.O_CREAT):
        descriptor = os.open(tmp_path / name, flags, 0o600)
        opened.append(descriptor)
        return tmp_path / name, descriptor

    yield make
    for descriptor in opened:
        os.close(descriptor)


def complain(made, words):
    made.gateway.listeners["raw"].wait_line(lambda line: words in line, what=words)


def works(made):
    made.caller.send(b"still")
    made.home.receive_until(b"still")


def open_files(made):
    pid = made.gateway.session_pid(made.caller, "raw")
    return len(os.listdir(f"/proc/{pid}/fd"))


def test_the_descriptor_of_the_admission_is_written_to(call, make_file):
    path, descriptor = make_file()
    made = call(settings=WANTED, passed=[descriptor], dump=12)
    made.caller.send(b"0123456789")
    made.home.receive_until(b"9")
    assert path.read_bytes() == (calls.START + b"0123456789")[:12]
    works(made)


def test_a_file_that_is_promised_and_not_passed_costs_nothing(call):
    made = call(dump=100)
    complain(made, "passed no file")
    works(made)


def test_a_descriptor_that_was_not_asked_for_is_closed(call, make_file):
    path, descriptor = make_file()
    made = call(passed=[descriptor])
    complain(made, "did not say what for")
    works(made)
    assert path.read_bytes() == b""


@pytest.mark.parametrize("dump", (0, -1, "100", None, 1.5), ids=str)
def test_room_that_is_none_records_nothing(call, make_file, dump):
    path, descriptor = make_file()
    made = call(passed=[descriptor], dump=dump)
    works(made)
    assert path.read_bytes() == b""


@pytest.mark.parametrize("count", (2, 3, 20, 200))
def test_descriptors_in_excess_are_all_closed(call, make_file, count):
    path, descriptor = make_file()
    plain = open_files(call())
    made = call(passed=[descriptor] * count, dump=100)
    complain(made, "descriptors that are not expected")
    works(made)
    assert path.read_bytes() == b"" and open_files(made) == plain


def test_descriptors_that_come_with_orders_are_closed(call, make_file):
    path, descriptor = make_file()
    other, other_descriptor = make_file("other")
    made = call(settings=WANTED, passed=[descriptor], dump=1000)
    before = open_files(made)
    for _ in range(100):
        order = {"session": 41, "dump": 100, "order": {"kind": "channel", "up": True}}
        made.supervisor.reply(order, [other_descriptor])
    complain(made, "descriptors that are not expected")
    made.supervisor.order("message", text="done")
    made.caller.receive_until(b"done")
    works(made)
    assert open_files(made) == before
    assert path.read_bytes().endswith(b"still") and other.read_bytes() == b""


def test_a_pipe_that_nobody_reads_never_holds_a_call_up(call):
    read_end, write_end = os.pipe()
    made = call(passed=[write_end], dump=10**9)
    os.close(write_end)
    complain(made, "is not used")
    assert os.read(read_end, 1) == b""
    os.close(read_end)
    works(made)


def test_a_session_whose_configuration_wants_no_file_writes_none(call, make_file):
    path, descriptor = make_file()
    made = call(passed=[descriptor], dump=1000)
    works(made)
    if not is_sanitized(made.gateway.session_pid(made.caller, "raw")):
        assert path.read_bytes() == b""


def test_a_file_that_cannot_be_written_is_told_at_the_end(call, make_file):
    path, _ = make_file()
    _, descriptor = make_file(flags=os.O_RDONLY)
    made = call(passed=[descriptor], dump=1000)
    port = made.caller.local_port
    works(made)
    made.caller.send(FIN)
    made.home.send_close()
    made.home.close()
    made.caller.receive_to_end(SECONDS)
    end = made.gateway.wait_end(port, "raw")
    assert end["unrecorded"] == f"{len(calls.START) + 5 + len(FIN)},EBADF"
    assert path.read_bytes() == b""
