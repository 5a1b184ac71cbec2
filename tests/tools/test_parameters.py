"""``countertop config show|set|diff|history|revert``: what a person at the machine sees of parameters."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config import ConfigError, default_file
from config.explain import explain
from config.parameters import UnknownParameter, read_value
from terminal.service.parameters import Parameters
from tools.cli import main


@pytest.fixture
def file(tmp_path):
    (tmp_path / "state").mkdir(mode=0o700)
    path = tmp_path / "terminal.toml"
    path.write_text(default_file().read_text("utf-8"), "utf-8")
    return str(path)


@pytest.fixture
def config(file, capsys):
    """Run a command on the file: exit code and everything it said."""

    def run(command, *arguments):
        code = main(["config", command, file, *arguments])
        told = capsys.readouterr()
        return code, told.out + told.err

    return run


def test_a_change_is_recorded_shown_and_taken_back(config):
    code, told = config("set", "response_s=45", "host.address=tcp:10.0.0.2:8583", "--note", "new line")
    assert code == 0 and "Change 1 is recorded" in told and "idle moment" in told and "revert" in told
    code, told = config("diff")
    assert code == 0 and "waiting, change 1" in told and "response_s: (the file's) → 45" in told
    code, told = config("history")
    assert code == 0 and "new line" in told and "command" in told and "waiting" in told
    assert config("revert", "1")[0] == 0
    assert "withdrawn" in config("history")[1]


def test_what_is_shown_says_where_it_comes_from_and_when_a_change_takes_effect(config):
    code, told = config("show", "host.address", "response_s", "timeouts", "terminal.customer_language")
    assert code == 0
    assert 'host.address = "tcp:127.0.0.1:8583"   # file; changed at the next idle moment' in told
    assert "response_s = 60.0   # profile" in told
    assert "terminal.customer_language = (nothing)   # default" in told
    assert told.count("timeouts.") == 5
    assert len(config("show")[1].splitlines()) > 100


def test_a_terminal_without_changes_says_so(config):
    assert "No parameter was ever changed here" in config("history")[1]
    assert config("history", "--json") == (0, "")


def test_every_wrong_name_is_told_at_once_and_nothing_has_changed(config):
    code, told = config("set", "respnse_s=45", "foo=1", "response_s=45")
    assert code == 1 and "'respnse_s' is not a key" in told and "'foo' is not a key" in told
    assert "ever changed" in config("history")[1]


def test_a_value_out_of_bounds_is_told_as_such(config):
    code, told = config("set", "response_s=99999")
    assert code == 1 and "up to 300" in told and "outside these bounds" in told and "Nothing has changed" in told


def test_without_its_folder_the_remedy_names_the_folder(config, file):
    folder = Path(file).with_name("state")
    folder.rmdir()
    code, told = config("set", "response_s=45")
    assert code == 1 and f"no folder {folder}" in told and f"install -d -m 0700 {folder}" in told


def test_what_to_look_at_next_names_the_file(config, file):
    assert f"countertop config history {file}" in config("revert", "9")[1]
    config("set", "response_s=45")
    assert f"countertop config show {file}" in config("set", "response_s=45")[1]


def test_a_history_that_is_read_elsewhere_says_in_which_zone_its_times_are(config):
    config("set", "response_s=45")
    change = json.loads(config("history", "--json")[1])
    assert datetime.fromisoformat(change["at"]).tzinfo is not None


@pytest.mark.parametrize(
    ("pairs", "named"),
    [
        (("response_s=900",), "response_s"),
        (("nothing.there=1",), "nothing.there"),
        (("responce_s=9",), "response_s"),  # what was meant
        (("response_s",), "KEY=VALUE"),
        (("keys.path=x",), "file alone"),
        (("terminal.id=123", "host.address=3"), "host.address"),
        (("terminal.id=123", "host.address=3"), "terminal.id"),
        (("response_s=",), "Nothing would change"),
    ],
)
def test_a_mistake_is_named_with_a_remedy_and_nothing_is_changed(config, pairs, named):
    code, told = config("set", *pairs)
    assert code == 1 and named in told and "Traceback" not in told and "Change" not in told
    assert config("history", "--json") == (0, "")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("terminal.id=10000002", "10000002"),
        ('terminal.id="10000002"', "10000002"),
        ("terminal.merchant_name=Kulma Oy = hyvä", "Kulma Oy = hyvä"),
        ("response_s=45", 45),
        ("pin_bypass=false", False),
        ('host.address=["tcp:10.0.0.1:1","tcp:10.0.0.2:2"]', ["tcp:10.0.0.1:1", "tcp:10.0.0.2:2"]),
        ('approval_codes=["00"]', ["00"]),
        ("pin=never", "never"),
        ('dialect_changes={ "49" = "n3" }', {"49": "n3"}),
    ],
)
def test_a_value_is_understood_as_the_key_wants_it(config, written, meant):
    assert config("set", written)[0] == 0
    (line,) = config("history", "--json")[1].splitlines()
    assert json.loads(line)["values"][written.partition("=")[0]]["new"] == meant


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([entry.key for entry in explain()]), st.text(max_size=60))
def test_whatever_is_written_is_a_value_or_a_refusal_that_does_not_quote_it(key, text):
    said = ""
    try:
        json.dumps(read_value(key, text))
    except (ConfigError, UnknownParameter) as error:
        said = str(error)
    assert len(text) < 8 or text not in said


@pytest.mark.parametrize("text", ["[" * 5000, "nan", "inf", "1\nb = 2", "2026-01-01", "{ a = 1 }", "'", "\0"])
def test_odd_values_are_refused(text):
    with pytest.raises(ConfigError):
        read_value("response_s", text)


def test_a_secret_is_changed_and_never_shown(config, file, monkeypatch, capsys):
    """No key holds a secret yet; one that is named like one is masked all the same."""
    import config.parameters as room

    monkeypatch.setattr(room, "_SECRET_NAME", room.re.compile("help_desk"))
    config("set", "help_desk=canary-7")
    for command in (("diff",), ("history",), ("history", "--json"), ("show",), ("check",)):
        assert "canary" not in config(*command)[1]
    assert "(not shown)" in config("history")[1]
    assert "canary" not in str(config("set", "help_desk=canary" + "x" * 40))


def test_the_check_of_a_file_sees_the_changes_too(config, file):
    config("set", "response_s=75")
    assert "0 in force, 1 changes waiting" in config("check")[1]
    Parameters(file).begin(lambda: True, starting=True)
    assert "1 in force, 0 changes waiting" in config("check")[1]
    page = Path(file)
    page.write_text(
        page.read_text("utf-8").replace("# overrides = { response_s = 30 }", "overrides = { connect_s = 20 }")
    )
    code, told = config("check")
    assert code == 1 and "terminal.toml with its changes" in told and "answer_s" in told


def test_a_wrong_number_of_a_change_is_said(config):
    code, told = config("revert", "9")
    assert code == 1 and "no change 9" in told
