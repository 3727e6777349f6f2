"""The manual pages say what the programs have, all of it and nothing else."""

import re
import subprocess

import processes
import pytest

ROOT = processes.ROOT
PAGES = sorted((ROOT / "man").glob("*.[1-8]"))
PROGRAMS = ["vdtgw-session", "vdtgw-supervisor", "vdtgw-teletel", "vdtgwctl"]


def page(name):
    return next(path for path in PAGES if path.stem == name).read_text()


def words(text, macro):
    """All that stands behind a macro, commas taken away: ".It Ic a , b" is a and b."""
    found = set()
    for line in re.findall(rf"^\.(?:It )?{macro} (.*)$", text, re.M):
        found.update(re.findall(r"[\w.-]*\w", line))
    return found


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_page_is_well_formed(path):
    done = subprocess.run(
        ["mandoc", "-Tlint", "-Wstyle", str(path)], capture_output=True, text=True, check=False
    )
    # What a page refers to need not be installed here.
    strange = ("referenced manual not found", "outdated mandoc.db")
    assert [line for line in done.stdout.splitlines() if not any(word in line for word in strange)] == []


def test_every_key_is_documented():
    rows = (ROOT / "common" / "config_rows.c").read_text()
    keys = set(re.findall(r'(?:[A-Z]+\(|\.path = )"([a-z_]+\.[a-z_]+)"', rows))
    documented = {
        word for word in words(page("vdtgw.conf"), "Ic") if re.fullmatch(r"[a-z_]+\.[a-z_]+", word)
    }
    assert len(keys) > 30
    assert documented == keys


def help_of(*command):
    path, *rest = command
    return subprocess.run(
        [str(processes.BIN / path), *rest, "--help"], capture_output=True, text=True, check=True
    ).stdout


def commands_of_vdtgwctl():
    return re.findall(r"^  ([a-z]+)  +", help_of("vdtgwctl"), re.M)


def test_every_command_is_documented():
    documented = set(re.findall(r"^\.It (?:Xo )?Cm ([a-z]+)", page("vdtgwctl"), re.M))
    assert len(documented) > 15
    assert documented == set(commands_of_vdtgwctl())


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_option_is_documented(program):
    usage = help_of(program)
    if program == "vdtgwctl":
        usage += "".join(help_of(program, command) for command in commands_of_vdtgwctl())
    options = {"help", "version"} | set(re.findall(r"(?<![\w-])--([a-z][a-z-]*)", usage))
    # Several in one macro: ".Fl -help | -version".
    flags = re.findall(r"\bFl ((?:-[a-z-]+|[ ,|])+)", page(program))
    documented = {word for flag in flags for word in re.findall(r"-([a-z][a-z-]*)", flag)}
    assert documented == options


@pytest.mark.parametrize("interface", ["Admin", "Session"])
def test_every_method_and_error_is_documented(interface):
    description = (ROOT / "vdtgw-supervisor" / "interfaces" / f"org.vdtgw.{interface}.varlink").read_text()
    text = page("vdtgw-varlink")
    part = next(part for part in text.split("\n.Ss ") if part.startswith(f"org.vdtgw.{interface}"))
    assert set(re.findall(r"^method (\w+)", description, re.M)) == words(part, "Ic")
    assert set(re.findall(r"^error (\w+)", description, re.M)) == words(part, "Er")


def test_every_page_that_is_referred_to_is_ours_or_debians():
    debians = {
        "systemd", "systemd-cgtop", "systemd.socket", "journalctl", "varlinkctl", "telnet", "nft",
        "xinetd", "inetd",
    }  # fmt: skip
    ours = {path.stem: path.suffix[1:] for path in PAGES}
    for path in PAGES:
        for name, section in re.findall(r"^\.Xr (\S+) (\d)", path.read_text(), re.M):
            assert ours.get(name, section if name in debians else None) == section, (path.name, name)


def test_every_unit_is_in_the_overview():
    text = page("vdtgw")
    for unit in (ROOT / "units").glob("vdtgw*.[s]*"):
        if unit.suffix in (".socket", ".service", ".slice"):
            assert unit.name in text, unit.name
