"""``countertop doctor``: exit code, sentences for people, one object for programs."""

import json
import os
import socket
import zipfile

import pytest

from tools.cli import main
from tools.rig import TerminalOptions, TerminalProcess


@pytest.fixture
def configuration(tmp_path):
    (tmp_path / "tmk.hex").write_text(os.urandom(16).hex(), "ascii")
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    TerminalProcess(tmp_path, TerminalOptions()).prepare(port, tmp_path / "tmk.hex")
    return str(tmp_path / "terminal.toml")


def test_a_fault_ends_in_its_code_and_one_instruction(configuration, capsys):
    assert main(["doctor", "--config", configuration, "--only", "host"]) == 1
    shown = capsys.readouterr().out
    assert "× Connection to the host: N04" in shown
    assert shown.rstrip().endswith("Correct the port in [host]; if it is right, call the acquirer.")


def test_codes_are_the_same_in_every_language_and_words_are_not(configuration, capsys):
    shown = {}
    for language in ("zh", "en", "fi"):
        assert main(["doctor", "--config", configuration, "--language", language]) == 1
        shown[language] = capsys.readouterr().out
    assert all("N04" in text for text in shown.values())
    assert len(set(shown.values())) == 3


def test_one_tree_alone_can_be_asked_and_is_well(configuration, capsys):
    assert main(["doctor", "--config", configuration, "--only", "keys"]) == 0
    assert "Nothing is wrong." in capsys.readouterr().out


def test_programs_get_one_object_with_code_cause_and_instruction(configuration, capsys):
    assert main(["doctor", "--config", configuration, "--json", "--only", "host"]) == 1
    told = json.loads(capsys.readouterr().out)
    (fault,) = [step for step in told["steps"] if step["state"] == "fault"]
    assert (told["healthy"], fault["code"], fault["step"]) == (False, "N04", "connect")
    assert fault["cause"] and fault["instruction"]


def test_a_configuration_that_cannot_be_used_is_a_fault_like_any_other(tmp_path, capsys):
    assert main(["doctor", "--config", str(tmp_path / "absent.toml"), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["steps"][0]["code"] == "F01"


def test_a_bundle_names_itself_as_the_findings_do_and_says_what_it_could_not_hold(configuration, tmp_path, capsys):
    file = tmp_path / "found.zip"
    assert main(["doctor", "--config", configuration, "--only", "host", "--json", "--bundle", str(file)]) == 1
    captured = capsys.readouterr()
    reference = json.loads(captured.out)["reference"]
    assert reference in captured.err
    with zipfile.ZipFile(file) as bundle:
        assert json.loads(bundle.read("findings.json"))["reference"] == reference
        assert bundle.comment.decode().split()[-2:] == ["N04", reference]
        assert bundle.read("events.jsonl").startswith(b"not available")


def test_a_bundle_that_cannot_be_written_is_said_and_leaves_nothing_behind(configuration, tmp_path, capsys):
    assert (
        main(["doctor", "--config", configuration, "--only", "files", "--bundle", str(tmp_path / "no" / "b.zip")]) == 1
    )
    assert "No such file or directory" in capsys.readouterr().err
