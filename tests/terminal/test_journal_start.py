"""What is asserted before the first payment: an ordered file system, counters that did not go back."""

import asyncio
import sqlite3
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from terminal.domain.record import Intent
from terminal.journal import InlineWriter, Journal, JournalError
from terminal.journal.database import LOCAL_STORAGE, open_database
from terminal.journal.startup import require_mount

NOW = datetime(2026, 11, 24, 12, 0, 0)
SALE = Intent("sale", 12850, "156", "021", "622848******1234")
MOUNTS = (
    "20 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n"
    "30 20 8:2 / /var/lib rw,noatime shared:2 - ext4 /dev/sda2 rw,{options}\n"
)


@pytest.mark.parametrize("options", ["data=writeback", "commit=5,data=writeback"])
def test_an_unordered_file_system_is_refused_by_name(options):
    with pytest.raises(JournalError, match=r"/var/lib .*data=writeback") as refusal:
        require_mount(Path("/var/lib/countertop/journal.db"), MOUNTS.format(options=options))
    assert "data=ordered" in refusal.value.remedy


@pytest.mark.parametrize(
    ("path", "options"), [("/var/lib/x", "data=ordered"), ("/srv/x", "data=writeback"), ("/x", "")]
)
def test_an_ordered_file_system_is_taken(path, options):
    require_mount(Path(path), MOUNTS.format(options=options))


def test_the_file_system_is_looked_at_before_the_file_is_made(tmp_path):
    storage = replace(LOCAL_STORAGE, mounts=lambda: "20 1 8:1 / / rw - ext4 /dev/sda1 rw,data=writeback")
    with pytest.raises(JournalError):
        open_database(tmp_path / "journal.db", storage)
    assert not (tmp_path / "journal.db").exists()


@pytest.mark.parametrize(("name", "value"), [("stan", "1"), ("stan", "0"), ("batch", "6")])
def test_a_counter_that_went_back_is_refused(tmp_path, name, value):
    path = tmp_path / "journal.db"

    async def play():
        journal = await Journal.open(path, InlineWriter(), lambda: NOW)
        await journal.set(batch="7", stan="1")
        await journal.begin(SALE)
        await journal.close()

    asyncio.run(play())
    database = sqlite3.connect(path)
    database.execute("UPDATE setting SET value = ? WHERE name = ?", (value, name))
    database.commit()
    database.close()
    with pytest.raises(JournalError, match=name):
        open_database(path)


def test_counters_that_have_wrapped_are_right(tmp_path):
    path = tmp_path / "journal.db"

    async def play():
        journal = await Journal.open(path, InlineWriter(), lambda: NOW)
        await journal.set(stan="999998")
        await journal.begin(SALE)
        await journal.next_stan()
        await journal.close()

    asyncio.run(play())
    open_database(path).close()


def test_open_rows_are_found_without_walking_through_the_closed_ones(tmp_path):
    database = open_database(tmp_path / "journal.db")
    for where in ("state = 'reversing'", "state = 'advising'", "state = 'sent'"):
        query = f"SELECT * FROM txn WHERE state IN ('sent', 'reversing', 'advising') AND {where} ORDER BY id"
        plan = " ".join(row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {query}"))
        assert "txn_open" in plan, plan
    database.close()
