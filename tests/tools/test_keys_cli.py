"""``countertop keys``: every action explains itself, has an example and a dry run, and fails in two lines."""

import subprocess
import sys

import pytest

from tools.keys_cli.cli import ACTIONS, _parser, main


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_every_action_has_a_dry_run_and_examples_that_can_be_typed(action, capsys):
    with pytest.raises(SystemExit) as left:
        main([action.name, "--help"])
    told = capsys.readouterr().out
    assert left.value.code == 0
    assert "--dry-run" in told and "examples:" in told
    for line, purpose in action.examples:
        assert purpose in told
        rest = line.removeprefix(action.name).split()
        parsed = _parser().parse_args([action.name, "--config", "terminal.toml", *rest])
        assert parsed.action is action


def test_the_actions_of_the_manual_are_there():
    names = {action.name for action in ACTIONS}
    assert {"list", "load", "import", "kcv", "destroy", "zeroise", "audit", "serve-loader"} <= names


def test_without_a_vault_every_action_says_what_to_do(tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "tools", "keys", "list", "--config", str(tmp_path / "absent.toml")],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert run.returncode == 1
    assert "Traceback" not in run.stderr and len(run.stderr.strip().splitlines()) >= 2
