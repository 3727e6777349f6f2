"""Options and the configuration file: what a person is told, and the exit status."""

import re
import socket
import subprocess

import pytest

from processes import SESSION, SUPERVISOR

EX_CONFIG = 78
PROGRAMS = (SESSION, SUPERVISOR)


def run(program, *arguments, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run(
        [program, *arguments], capture_output=True, text=True, timeout=10, **options
    )


def run_session(config, *arguments):
    """As inetd would: the caller is descriptor 0; here standard error is still ours."""
    caller, session = socket.socketpair()
    with caller, session:
        return run(SESSION, "--transport", "raw", "--config", str(config), *arguments, stdin=session)


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_names_the_options(program):
    done = run(program, "--help")
    assert done.returncode == 0
    assert "--config" in done.stdout and "--version" in done.stdout
    if program == SESSION:
        assert "--transport" in done.stdout
        assert all(transport in done.stdout for transport in ("telnet", "raw", "websocket", "console"))


@pytest.mark.parametrize("program", PROGRAMS)
def test_version(program):
    done = run(program, "--version")
    assert done.returncode == 0
    assert re.search(r"\d+\.\d+", done.stdout)


@pytest.mark.parametrize(
    "arguments",
    (["--nonsense"], ["--transport", "pigeon"], ["--transport"], [], ["--transport", "raw", "more"]),
)
def test_wrong_options_of_a_session_are_explained(arguments):
    done = run(SESSION, *arguments)
    assert done.returncode not in (0, EX_CONFIG)
    assert done.returncode > 0, "killed by a signal"
    assert len(done.stderr) > 10


def test_a_session_without_a_caller_says_so(tmp_path):
    done = run(SESSION, "--transport", "raw")
    assert done.returncode > 0
    assert len(done.stderr) > 10


# What is wrong, the line it is on, and the key that is to be named.
ERRORS = {
    "unknown section": ("\nhomme: { uri = \"ws://a\"; };", 2, "homme"),
    "unknown key": ("home: {\n uri = \"ws://a\";\n colour = 3;\n};", 3, "colour"),
    "wrong type": ("home: {\n ping = \"often\";\n};", 2, "ping"),
    "string for a number": ("speed: { raw = \"fast\"; };", 1, "raw"),
    "number for a string": ("home: { uri = 7; };", 1, "uri"),
    "group for a value": ("\n\nspeed: { telnet = { a = 1; }; };", 3, "telnet"),
    "value for a group": ("speed = 7;", 1, "speed"),
    "negative": ("timeouts: { home = -1; };", 1, "home"),
    "too large": ("speed: { websocket = 2000000000; };", 1, "websocket"),
    "bad scheme": ("home: { uri = \"gopher://a/\"; };", 1, "uri"),
    "bad port": ("home: { uri = \"ws://a:99999/\"; };", 1, "uri"),
    "list of the wrong type": ("home: { subprotocols = [ 1, 2 ]; };", 1, "subprotocols"),
    "bad duration": ("bans: { duration = \"one eternity\"; };", 1, "duration"),
    "bad address": ("bans: { never = [ \"somewhere\" ]; };", 1, "never"),
    "syntax": ("home: {\n uri = ;\n};", 2, ""),
    "unended": ("home: {\n", None, ""),
    "binary": ("\x01\x02\x03", 1, ""),
}


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_configuration_error_names_file_line_and_key(tmp_path, program, name):
    text, line, key = ERRORS[name]
    config = tmp_path / "wrong.conf"
    config.write_text(text)
    done = run_session(config) if program == SESSION else run(program, "--config", str(config))
    assert done.returncode == EX_CONFIG
    where = f"{config}:{line}:" if line else f"{config}:"
    assert where in done.stderr, done.stderr
    assert key in done.stderr.partition(where)[2]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_configuration_that_cannot_be_read_is_an_error(tmp_path, program):
    missing = tmp_path / "missing.conf"
    done = run_session(missing) if program == SESSION else run(program, "--config", str(missing))
    assert done.returncode == EX_CONFIG
    assert str(missing) in done.stderr


def test_a_caller_of_a_wrong_configuration_is_hung_up_on_not_left_waiting(tmp_path):
    config = tmp_path / "wrong.conf"
    config.write_text("nonsense;")
    caller, session = socket.socketpair()
    with caller, session:
        started = subprocess.Popen(
            [SESSION, "--transport", "raw", "--config", str(config)],
            stdin=session,
            stdout=session,
            stderr=session,
        )
        session.close()
        caller.settimeout(8)
        received = b""
        while data := caller.recv(4096):
            received += data
        assert started.wait(8) == EX_CONFIG
        # Under inetd standard error is the caller: paths are none of its business.
        assert str(tmp_path).encode() not in received


@pytest.mark.parametrize("text", ("", "\n# nothing\n", "home: { };", "speed: { telnet = 0; };"))
def test_an_almost_empty_configuration_is_valid(tmp_path, text):
    """That there is no caller on descriptor 0 is then the only thing wrong."""
    config = tmp_path / "empty.conf"
    config.write_text(text)
    done = run(SESSION, "--transport", "raw", "--config", str(config))
    assert done.returncode != EX_CONFIG, done.stderr
