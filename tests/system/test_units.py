"""`make install`: every file in its place, units that systemd accepts, no path of another prefix."""

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("VDTGW_BUILD", "build")
PREFIX = "/usr/local"

# One build with another prefix serves all of this file.
pytestmark = pytest.mark.xdist_group("install")

PROGRAMS = ["vdtgw-session", "vdtgw-supervisor", "vdtgw-teletel"]
TRANSPORTS = {"telnet": 9000, "websocket": 9001, "raw": 9002}
UNITS = [
    *(f"vdtgw-{transport}.socket" for transport in TRANSPORTS),
    *(f"vdtgw-{transport}@.service" for transport in TRANSPORTS),
    "vdtgw-admin.socket",
    "vdtgw-console.socket",
    "vdtgw-console@.service",
    "vdtgw-sessions.slice",
    "vdtgw-supervisor-console.socket",
    "vdtgw-supervisor.service",
    "vdtgw-supervisor.socket",
    "vdtgw-teletel.service",
    "vdtgw.slice",
]
# Each of these gives a unit a namespace of its own, which a connection would have to wait for.
NAMESPACES = """BindPaths BindReadOnlyPaths DynamicUser ExecPaths ExtensionImages InaccessiblePaths
    LogNamespace MountAPIVFS MountFlags MountImages NoExecPaths PrivateDevices PrivateIPC PrivateMounts
    PrivateNetwork PrivateTmp PrivateUsers ProcSubset ProtectControlGroups ProtectHome ProtectHostname
    ProtectKernelLogs ProtectKernelModules ProtectKernelTunables ProtectProc ProtectSystem
    ReadOnlyPaths ReadWritePaths RootDirectory RootImage TemporaryFileSystem""".split()

# Of these, the ones that make systemd 252 mount anything.
MOUNTS = set(NAMESPACES) - {"PrivateNetwork", "PrivateUsers", "ProtectHostname"}


def make(*arguments):
    """As a person would type it: without what an outer make hands down."""
    handed_down = ["BUILD", "CC", "CFLAGS", "SANITIZE", "WERROR", "PREFIX", "DESTDIR", "MFLAGS"]
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MAKE") and name not in handed_down
    }
    done = subprocess.run(["make", "-C", ROOT, *arguments], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def install(root, target="install"):
    make(
        f"-j{os.cpu_count()}",
        target,
        f"DESTDIR={root}",
        f"PREFIX={PREFIX}",
        f"BUILD={BUILD / 'other-prefix'}",
        "CFLAGS=-O1",
    )


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    root = tmp_path_factory.mktemp("root")
    install(root)
    return root


def unit_folder(root):
    return root / PREFIX.lstrip("/") / "lib/systemd/system"


def settings(root, unit):
    """The assignments of a unit, in order; there are no continuation lines."""
    return re.findall(r"^([A-Za-z]+)=(.*)$", (unit_folder(root) / unit).read_text(), re.M)


def files_of(folder):
    return [file for file in folder.rglob("*") if file.is_file()]


def test_everything_is_installed(installed):
    under_prefix = [
        *(f"libexec/vdtgw/{program}" for program in PROGRAMS),
        *(f"lib/systemd/system/{unit}" for unit in UNITS),
        "bin/vdtgwctl",
        "lib/systemd/catalog/vdtgw.catalog",
        "lib/sysusers.d/vdtgw.conf",
        "lib/tmpfiles.d/vdtgw.conf",
        "share/doc/vdtgw/README.md",
        "share/doc/vdtgw/examples/inetd.conf",
        "share/doc/vdtgw/examples/vdtgw-paranoid.conf",
        "share/doc/vdtgw/examples/vdtgw-supervisor-nftables.conf",
        "share/doc/vdtgw/examples/xinetd",
        "share/polkit-1/rules.d/vdtgw.rules",
        *(f"share/man/man{page.suffix[1:]}/{page.name}" for page in files_of(ROOT / "man")),
        "share/bash-completion/completions/vdtgwctl",
        *(
            f"share/vdtgw/{file.relative_to(ROOT / 'share')}"
            for file in files_of(ROOT / "share")
            if file.parent.name != "completions"
        ),
    ]
    configuration = {"etc/vdtgw/vdtgw.conf", "etc/vdtgw/directory.json"}
    expected = {f"{PREFIX.lstrip('/')}/{file}" for file in under_prefix} | configuration
    assert {str(file.relative_to(installed)) for file in files_of(installed)} == expected
    for file in files_of(installed):
        mode = stat.S_IMODE(file.stat().st_mode)
        assert mode == (0o755 if file.parent.name in ("bin", "vdtgw") and file.name in (*PROGRAMS, "vdtgwctl") else 0o644), f"{file}: {mode:o}"


def test_uninstalling_takes_away_what_was_installed_and_no_more(installed, tmp_path):
    root = tmp_path / "root"
    shutil.copytree(installed, root)
    other = root / PREFIX.lstrip("/") / "share/doc/other/README.md"
    other.parent.mkdir()
    other.write_text("another program's")
    install(root, "uninstall")
    configuration = {root / "etc/vdtgw/vdtgw.conf", root / "etc/vdtgw/directory.json"}
    assert set(files_of(root)) == configuration | {other}
    assert [path for path in root.rglob("*vdtgw*") if path.is_dir()] == [root / "etc/vdtgw"]


def test_nothing_names_another_prefix(installed):
    other = rb"/usr/(libexec|share/vdtgw|share/doc/vdtgw|lib/systemd/system/vdtgw|s?bin/vdtgw)"
    for file in files_of(installed):
        content = file.read_bytes()
        if file.name != "README.md":  # which shows the default
            assert not re.search(other, content), file
        assert not re.search(rb"@(libexecdir|datadir|transport)@", content), f"{file}: not filled in"
        assert str(installed).encode() not in content, f"{file} names DESTDIR"


def verify(root):
    """What systemd has to say of all units, with its own, which ours refer to."""
    systemd = root / "usr/lib"
    shutil.copytree("/usr/lib/systemd/system", systemd / "systemd/system", symlinks=True)
    names = [unit.replace("@.", "@instance.") for unit in UNITS]
    options = [f"--root={root}", "--man=no", "--recursive-errors=no"]
    try:
        done = subprocess.run(["systemd-analyze", *options, "verify", *names], capture_output=True, text=True)
    finally:
        shutil.rmtree(systemd)
    # What is merely ignored, an unknown key for one, is said with status 0.
    assert done.returncode == 0 and "vdtgw" not in done.stdout + done.stderr, done.stdout + done.stderr


def test_units_are_valid(installed):
    verify(installed)


def test_the_paranoid_drop_in_is_valid_and_all_mount_namespace(installed, tmp_path):
    example = installed / PREFIX.lstrip("/") / "share/doc/vdtgw/examples/vdtgw-paranoid.conf"
    text = example.read_text()
    keys = re.findall(r"^([A-Za-z]+)=", text, re.M)
    assert keys and set(keys) <= MOUNTS, set(keys) - MOUNTS
    root = tmp_path / "root"
    shutil.copytree(installed, root)
    for transport in TRANSPORTS:
        place = f"etc/systemd/system/vdtgw-{transport}@.service.d/paranoid.conf"
        assert f"/{place}" in text, "the file says where it belongs"
        (root / place).parent.mkdir(parents=True)
        shutil.copy(example, root / place)
    verify(root)


def test_units_name_files_that_are_there(installed):
    for unit in UNITS:
        for key, value in settings(installed, unit):
            if key.startswith("Exec"):
                program = Path(value.lstrip("-").split()[0])
                if "vdtgw" in program.name:
                    program = installed / program.relative_to("/")
                assert os.access(program, os.X_OK), f"{unit}: {program}"
            if key == "Documentation":
                for name, section in re.findall(r"man:([\w.-]+)\((\d)\)", value):
                    assert (ROOT / "man" / f"{name}.{section}").is_file(), f"{unit}: {value}"


@pytest.mark.parametrize("transport,port", TRANSPORTS.items())
def test_a_connection_becomes_a_session_of_its_transport(installed, transport, port):
    socket = settings(installed, f"vdtgw-{transport}.socket")
    assert ("ListenStream", str(port)) in socket
    assert ("Accept", "yes") in socket
    service = dict(settings(installed, f"vdtgw-{transport}@.service"))
    assert service["ExecStart"].endswith(f"/vdtgw-session --transport {transport}")
    assert service["CollectMode"] == "inactive-or-failed"
    assert service["RefuseManualStart"] == "yes"
    assert service["User"] == "vdtgw"


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_connection_waits_for_no_namespace(installed, transport):
    keys = {key for key, _ in settings(installed, f"vdtgw-{transport}@.service")}
    assert not keys & set(NAMESPACES)


def system_calls(names):
    """The members of the sets, which may hold sets."""
    found = set()
    for name in names:
        if name.startswith("@"):
            done = subprocess.run(["systemd-analyze", "syscall-filter", name], capture_output=True, text=True)
            members = re.findall(r"^    ([@\w-]+)$", done.stdout, re.M)
            assert members, f"{name}: {done.stderr}"
            found |= system_calls(members)
        else:
            found.add(name)
    return found


@pytest.mark.parametrize("transport", [*TRANSPORTS, "console"])
def test_the_template_lets_a_session_shut_its_own_doors(installed, transport):
    allowed = set()
    for key, value in settings(installed, f"vdtgw-{transport}@.service"):
        if key == "SystemCallFilter":
            calls = system_calls(value.lstrip("~").split())
            allowed = allowed - calls if value.startswith("~") else allowed | calls
    assert {"seccomp", "prctl", "prlimit64", "landlock_create_ruleset", "landlock_restrict_self"} <= allowed
    # And nothing is missing behind them that the session still needs.
    own = (ROOT / "vdtgw-session/filter/compile.c").read_text().partition("unknown[]")[0]
    kept = set(re.findall(r"SCMP_SYS\((\w+)\)", own))
    assert sorted(kept & system_calls(["@known"]) - allowed) == []


def test_sessions_cannot_reach_the_admin_socket(installed):
    users = (installed / PREFIX.lstrip("/") / "lib/sysusers.d/vdtgw.conf").read_text()
    assert not re.search(r"^m\s", users, re.M), "a user of ours is in a group of ours"
    admin = dict(settings(installed, "vdtgw-admin.socket"))
    assert (admin["SocketUser"], admin["SocketGroup"], admin["SocketMode"]) == ("root", "vdtgw-admin", "0660")
    for unit in UNITS:
        keys = dict(settings(installed, unit))
        assert "SupplementaryGroups" not in keys and "Group" not in keys, unit
        if unit.endswith(".service"):
            assert keys["User"] in users.split(), unit


def test_sessions_can_read_the_copy_of_the_configuration_and_the_supervisor_alone_writes_it(installed):
    header = (ROOT / "common/config_copy.h").read_text()
    copy = Path(re.search(r'#define CONFIG_DEFAULT_COPY "(.*)"', header).group(1))
    supervisor = dict(settings(installed, "vdtgw-supervisor.service"))
    assert Path("/run") / supervisor["RuntimeDirectory"] == copy.parent
    assert supervisor["RuntimeDirectoryMode"] == "0755"
    assert supervisor["RuntimeDirectoryPreserve"] == "yes"
    for unit in UNITS:
        keys = dict(settings(installed, unit))
        assert unit == "vdtgw-supervisor.service" or "RuntimeDirectory" not in keys, unit
        hidden = keys.get("InaccessiblePaths", "").replace("-/", "/").split()
        if "vdtgw-session" in keys.get("ExecStart", ""):
            assert not {str(path) for path in (copy, *copy.parents)} & set(hidden), unit


def test_the_console_door_is_for_this_machine_and_reaches_the_console_socket_alone(installed):
    door = settings(installed, "vdtgw-console.socket")
    assert [value for key, value in door if key.startswith("Listen")] == ["127.0.0.1:8999"]
    assert ("Accept", "yes") in door
    service = dict(settings(installed, "vdtgw-console@.service"))
    assert service["ExecStart"].endswith("/vdtgw-session --transport console")
    assert service["User"] == "vdtgw-console"
    assert service["RestrictAddressFamilies"] == "AF_UNIX"
    socket = dict(settings(installed, "vdtgw-supervisor-console.socket"))
    assert (socket["SocketUser"], socket["SocketGroup"], socket["SocketMode"]) == ("root", "vdtgw-console", "0660")
    supervisor = settings(installed, "vdtgw-supervisor.service")
    for key in ("Sockets", "Also"):
        names = next(value for name, value in supervisor if name == key).split()
        assert names == ["vdtgw-supervisor.socket", "vdtgw-admin.socket", "vdtgw-supervisor-console.socket"]


@pytest.mark.parametrize(
    "unit", ["vdtgw-supervisor.service", "vdtgw-teletel.service", "vdtgw-console@.service"]
)
def test_long_lived_and_console_services_are_tight(installed, unit):
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=15", unit_folder(installed) / unit],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make users and give folders away")
def test_users_and_folders_can_be_made(installed, tmp_path):
    (tmp_path / "etc").mkdir()
    shutil.copytree(installed / PREFIX.lstrip("/") / "lib", tmp_path / "usr/lib")
    for command in (["systemd-sysusers"], ["systemd-tmpfiles", "--create"]):
        done = subprocess.run([*command, f"--root={tmp_path}", "vdtgw.conf"], capture_output=True, text=True)
        assert done.returncode == 0 and "vdtgw.conf" not in done.stderr, done.stderr
    users = re.findall(r"^(vdtgw[\w-]*):", (tmp_path / "etc/passwd").read_text(), re.M)
    assert sorted(users) == ["vdtgw", "vdtgw-console", "vdtgw-supervisor", "vdtgw-teletel"]
    assert stat.S_IMODE((tmp_path / "run/vdtgw").stat().st_mode) == 0o755


def test_installing_again_keeps_the_configuration(installed):
    configuration = installed / "etc/vdtgw/vdtgw.conf"
    before = configuration.read_bytes()
    try:
        configuration.write_text("// mine\n")
        install(installed)
        assert configuration.read_text() == "// mine\n"
    finally:
        configuration.write_bytes(before)
