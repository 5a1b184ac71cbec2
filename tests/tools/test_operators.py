"""An administrator who is locked out is let in again by whoever has the machine, and the log says so."""

import asyncio
import sqlite3
from datetime import datetime

import pytest

from terminal.journal import InlineWriter, Journal
from terminal.journal.operators import FAILURES_MAX
from tools.cli import main


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
