"""An administrator who is locked out is let in again by whoever has the machine, and the log says so."""

import asyncio
import sqlite3
from datetime import datetime

import pytest

from terminal.journal import InlineWriter, Journal
from terminal.journal.operators import FAILURES_MAX
from terminal.screens.texts import Translator
from tools.cli import main
from tools.rig import Rig, TerminalOptions
from tools.rig.patience import PATIENCE

STEP_S = 30.0 * PATIENCE


@pytest.fixture
def terminal(tmp_path):
    """A configuration whose terminal has a locked administrator."""
    from config import default_file

    text = default_file().read_text("utf-8")
    config = tmp_path / "terminal.toml"
    lines = [f'state_dir = "{tmp_path}"' if line.startswith("state_dir") else line for line in text.splitlines()]
    config.write_text("\n".join(lines), "utf-8")

    async def lock():
        journal = await Journal.open(tmp_path / "journal.db", InlineWriter(), lambda: datetime(2026, 11, 24))
        await journal.operators.set_password("99", b"990099", "99")
        for _ in range(FAILURES_MAX):
            await journal.operators.check("99", b"0000")
        await journal.close()

    asyncio.run(lock())
    return config, tmp_path / "journal.db"


def test_a_locked_administrator_is_listed_and_unlocked(terminal, capsys):
    config, journal = terminal
    assert main(["operators", "--config", str(config)]) == 0
    assert "99  administrator  locked" in capsys.readouterr().out
    assert main(["operators", "--config", str(config), "--unlock", "99"]) == 0
    capsys.readouterr()
    main(["operators", "--config", str(config)])
    assert "locked" not in capsys.readouterr().out
    with sqlite3.connect(journal) as database:
        (detail,) = database.execute("SELECT detail FROM event ORDER BY id DESC LIMIT 1").fetchone()
    database.close()
    assert "99 unlocked by" in detail


def test_a_number_that_nobody_has_is_said(terminal, capsys):
    assert main(["operators", "--config", str(terminal[0]), "--unlock", "55"]) == 1
    assert "Enrolled: 99" in capsys.readouterr().out


def test_a_new_terminal_signs_on_by_itself_while_its_first_passwords_are_chosen():
    texts = Translator("en")

    async def play():
        async with Rig(TerminalOptions(operators=True), "--quiet") as rig:
            await rig.terminal.start()
            story = rig.terminal.monitor.story

            async def answer(name, digits, instruction):
                await story.until(
                    lambda line: (
                        line["type"] == "screen" and (line["name"], line["instruction"]) == (name, instruction)
                    ),
                    STEP_S,
                    what=f"{name}: {instruction}",
                )
                await rig.press(*digits, "enter")

            signed_on = await story.until(lambda line: line["type"] == "sign-on", STEP_S, what="the sign-on")
            await rig.until_input_devices()
            for number, password in (("99", "990099"), ("00", "000111")):
                await answer(f"operator.new.{number}", password, texts.text("operator.new"))
                await answer(f"operator.new.{number}", password, texts.text("operator.again"))
                await rig.until("operator.saved")
                await rig.press("enter")
            await rig.until("ask.operator")
            await rig.press(*"00", "enter")
            await rig.until("operator.password")
            await rig.press(*"000111", "enter")
            await rig.until("idle")
            return signed_on, rig.terminal.running

    signed_on, running = asyncio.run(play())
    assert signed_on["done"] and running
