"""The one command: what it lists exists, and what fails it tells without a traceback."""

import subprocess
import sys
from types import ModuleType

import pytest

from config import default_file
from tools import cli
from tools.cli import COMMANDS, available, main


@pytest.fixture
def command(monkeypatch):
    """Put a command of the test's own into the table."""

    def install(function):
        module = ModuleType("tools_test_command")
        module.main = function
        monkeypatch.setitem(sys.modules, "tools_test_command", module)
        monkeypatch.setattr(cli, "COMMANDS", (cli.Command("try", "tools_test_command", "a test"),))
        monkeypatch.setattr(cli, "_exists", lambda module: module == "tools_test_command")

    return install


def test_only_commands_that_exist_are_listed(capsys):
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    for entry in COMMANDS:
        assert (f"  {entry.name} " in shown) == (entry in available())


def test_without_a_command_help_is_shown_and_the_exit_code_says_so(capsys):
    assert main([]) == 2
    assert "usage: countertop" in capsys.readouterr().out


@pytest.mark.parametrize("entry", available(), ids=lambda entry: entry.name)
def test_every_listed_command_explains_itself_with_examples(entry):
    told = subprocess.run(
        [sys.executable, "-m", "tools", entry.name, "--help"], capture_output=True, text=True, timeout=60
    )
    assert told.returncode == 0, told.stderr
    assert f"usage: countertop {entry.name}" in told.stdout
    assert "countertop " + entry.name in told.stdout.partition("usage:")[2]


def test_the_version_is_told(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("countertop ")


def test_a_misspelt_command_is_recognised(capsys):
    assert main(["confg"]) == 2
    assert "Did you mean: countertop config" in capsys.readouterr().err


def test_an_unknown_command_points_to_the_list(capsys):
    assert main(["xyzzy"]) == 2
    assert "countertop --help" in capsys.readouterr().err


def test_a_command_that_this_installation_lacks_is_unknown(monkeypatch, capsys):
    monkeypatch.setattr(cli, "COMMANDS", (cli.Command("ghost", "tools.no_such_module", "a ghost"),))
    assert main(["ghost"]) == 2


def test_arguments_and_exit_code_pass_through(command):
    seen = []
    command(lambda argv: seen.append(argv) or 7)
    assert main(["try", "--flag", "x"]) == 7
    assert seen == [["--flag", "x"]]


def test_a_fault_with_a_remedy_is_told_in_two_lines(command, capsys):
    class Fault(Exception):
        remedy = "Start the host first."

    def fail(argv):
        raise Fault("No host answers.")

    command(fail)
    assert main(["try"]) == 1
    assert capsys.readouterr().err == "countertop try: No host answers.\n    Start the host first.\n"


def test_a_fault_of_ours_keeps_its_traceback(command):
    def fail(argv):
        raise ValueError("a bug")

    command(fail)
    with pytest.raises(ValueError, match="a bug"):
        main(["try"])


def test_stopping_from_the_keyboard_is_no_traceback(command):
    def stop(argv):
        raise KeyboardInterrupt

    command(stop)
    assert main(["try"]) == 130


def test_no_command_is_loaded_before_it_is_asked_for():
    code = (
        "import sys, tools.cli; sys.exit(any(m in sys.modules for m in ('msgspec', 'asyncio', 'PIL', 'cryptography')))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_a_configuration_is_checked_from_the_command_line(tmp_path, capsys):
    path = tmp_path / "t.toml"
    assert main(["config", "new"]) == 0
    path.write_text(capsys.readouterr().out, "utf-8")
    assert main(["config", "check", str(path)]) == 0
    assert "usable" in capsys.readouterr().out
    path.write_text("[terminal]\n", "utf-8")
    assert main(["config", "check", str(path)]) == 1
    assert "terminal.id" in capsys.readouterr().err


def test_a_key_is_explained_from_the_command_line(capsys):
    assert main(["config", "explain", "terminal.id"]) == 0
    assert "element 41" in capsys.readouterr().out
    assert main(["config", "explain", "pin_s"]) == 2
    assert "timeouts.pin_s" in capsys.readouterr().err


def test_a_check_of_a_configuration_also_asks_the_drivers(tmp_path, capsys):
    text = default_file().read_text("utf-8")
    path = tmp_path / "terminal.toml"
    section = '[devices.msr]\ndriver = "evdev-msr"\naddress = "unix:msr.sock"\nkeys = ["KEY_NOTHING=x"]\n'
    path.write_text(text.replace("[devices.display]", section + "[devices.display]", 1), "utf-8")
    assert main(["config", "check", str(path)]) == 1
    said = capsys.readouterr().err
    assert "[devices.msr]" in said and "KEY_102ND" in said and "Traceback" not in said
