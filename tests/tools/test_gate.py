"""``countertop gate``: exit code, reason and remedy, for people and for programs."""

import asyncio
import json
import subprocess
import sys
import threading
from datetime import datetime

import pytest

from config import default_file
from terminal.domain.record import HostAnswer, Intent
from terminal.journal import InlineWriter, Journal, JournalError, JournalFault
from terminal.journal.database import JOURNAL_NAME
from tools.cli import main
from tools.rig import Rig, TerminalOptions

NOW = datetime(2026, 11, 24, 12, 0, 0)
SALE = Intent("sale", 12850, "156", "021", "622848******1234")


@pytest.fixture
def terminal(tmp_path):
    """A configuration, and its journal when a payment has begun."""
    text = default_file().read_text("utf-8")
    lines = [f'state_dir = "{tmp_path}"' if line.startswith("state_dir") else line for line in text.splitlines()]
    config = tmp_path / "terminal.toml"
    config.write_text("\n".join(lines), "utf-8")
    return config


def begin(folder):
    change(folder, lambda journal: journal.begin(SALE))


def decline(folder):
    change(folder, lambda journal: journal.decline(1, HostAnswer(response_code="51")))


def change(folder, story):
    async def play():
        journal = await Journal.open(folder / JOURNAL_NAME, InlineWriter(), lambda: NOW)
        await story(journal)
        await journal.close()

    asyncio.run(play())


def test_an_open_gate_says_so(terminal, capsys):
    assert main(["gate", "--config", str(terminal)]) == 0
    assert "may be updated" in capsys.readouterr().out


def test_a_closed_gate_names_what_is_open_and_how_it_ends(terminal, tmp_path, capsys):
    begin(tmp_path)
    assert main(["gate", "--state", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert "must not be updated" in told
    assert "A payment is under way." in told
    assert "Wait until" in told


def test_programs_get_one_json_object(terminal, tmp_path, capsys):
    assert main(["gate", "--config", str(terminal), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"allowed": True, "open": []}
    begin(tmp_path)
    assert main(["gate", "--config", str(terminal), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["allowed"], told["open"][0]["what"], told["open"][0]["count"]) == (False, "payment", 1)


def test_a_journal_that_cannot_tell_keeps_the_gate_closed(tmp_path, capsys):
    (tmp_path / JOURNAL_NAME).write_bytes(b"no database" * 100)
    assert main(["gate", "--state", str(tmp_path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["open"][0]["what"] == "journal"


def test_a_missing_configuration_is_a_fault_with_a_remedy(tmp_path):
    told = subprocess.run(
        [sys.executable, "-m", "tools", "gate", "--config", str(tmp_path / "none.toml")], capture_output=True, text=True
    )
    assert told.returncode == 1
    assert "countertop config new" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_gate_that_opens_while_somebody_waits_lets_them_through(tmp_path, capsys):
    begin(tmp_path)
    later = threading.Timer(0.5, decline, (tmp_path,))
    later.start()
    assert main(["gate", "--state", str(tmp_path), "--wait", "600"]) == 0
    later.join()
    assert "waiting: A payment is under way." in capsys.readouterr().err


def test_a_gate_that_stays_closed_is_told_at_the_end_of_the_wait(tmp_path):
    begin(tmp_path)
    assert main(["gate", "--state", str(tmp_path), "--wait", "0.2"]) == 1


def test_a_journal_too_busy_to_be_read_is_waited_for(tmp_path, monkeypatch, capsys):
    looks = iter([JournalError(JournalFault.HELD, "Busy.", "Ask again."), ()])

    def look(_):
        found = next(looks)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr("tools.gate.obstacles", look)
    monkeypatch.setattr("tools.gate.LOOK_AGAIN_S", 0)
    assert main(["gate", "--state", str(tmp_path), "--wait", "600"]) == 0
    assert "waiting: Busy." in capsys.readouterr().err


def test_a_journal_that_waiting_does_not_mend_is_told_at_once(tmp_path, monkeypatch, capsys):
    (tmp_path / JOURNAL_NAME).write_bytes(b"no database" * 100)
    monkeypatch.setattr("tools.gate.time.sleep", lambda _: pytest.fail("waited"))
    monkeypatch.setattr("terminal.journal.beside.time.sleep", lambda _: None)
    assert main(["gate", "--state", str(tmp_path), "--wait", "600"]) == 1
    assert "damaged" in capsys.readouterr().err


@pytest.mark.parametrize("wait", ["-1", "nan", "1e9", "soon"])
def test_a_wait_that_is_no_time_is_refused(tmp_path, wait):
    with pytest.raises(SystemExit) as told:
        main(["gate", "--state", str(tmp_path), f"--wait={wait}"])
    assert told.value.code == 2


def test_the_gate_is_asked_beside_a_running_terminal():
    async def play():
        async with Rig(TerminalOptions(overrides={"pin": "never"})) as rig:
            await rig.terminal.start()
            await rig.until("idle")
            before = await asyncio.to_thread(ask, rig.terminal.state)
            await rig.until_input_devices()
            await rig.until_card_wanted()
            rig.swipe("signature")
            await rig.until("outcome.approved")
            after = await asyncio.to_thread(ask, rig.terminal.state)
            return before, after

    before, after = asyncio.run(play())
    assert before == {"allowed": True, "open": []}
    assert "batch" in [found["what"] for found in after["open"]]


def ask(state):
    told = subprocess.run(
        [sys.executable, "-m", "tools", "gate", "--state", str(state), "--json"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    return json.loads(told.stdout)
