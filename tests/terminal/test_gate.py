"""The update gate sees everything that is open, beside the terminal that has the journal, and changes nothing."""

import asyncio
import sqlite3
from datetime import datetime

import pytest

from terminal.domain.record import HostAnswer, Intent, UndoCause
from terminal.journal import InlineWriter, Journal, JournalError, JournalFault, Slip
from terminal.journal.beside import reading
from terminal.journal.database import JOURNAL_NAME
from terminal.service.gate import CONDITIONS, obstacles

NOW = datetime(2026, 11, 24, 12, 0, 0)
SALE = Intent("sale", 12850, "156", "021", "622848******1234")
TIP = Intent("offline-sale", 500, "156", "012", "622848******1234")
APPROVAL = HostAnswer(response_code="00", rrn="123456789012", auth_code="654321")


@pytest.fixture
def path(tmp_path):
    return tmp_path / JOURNAL_NAME


def after(path, *stories):
    """What the gate sees while the journal is still held, after these stories have been played on it."""

    async def play():
        journal = await Journal.open(path, InlineWriter(), lambda: NOW)
        try:
            for story in stories:
                await story(journal)
            return {found.what: found.count for found in obstacles(path)}
        finally:
            await journal.close()

    return asyncio.run(play())


async def pay(journal):
    await journal.begin(SALE)


async def undo(journal):
    await journal.undo((await journal.last()).id, UndoCause.NO_ANSWER, "98", None)


async def undone(journal):
    await journal.reversed((await journal.last()).id, "00", ())


async def approve(journal):
    await journal.approve((await journal.last()).id, APPROVAL, ())


async def decline(journal):
    await journal.decline((await journal.last()).id, HostAnswer(response_code="51"))


async def store(journal):
    await journal.store(TIP, "123456", ())


async def owe_a_slip(journal):
    await journal.jobs.queue_slip((await journal.last()).id, Slip.MERCHANT, reprint=True)


async def begin_settlement(journal):
    await journal.settlements.begin()


async def settle(journal):
    batch = (await journal.settlements.begin()).batch
    await journal.settlements.compared(batch, "1", "1")
    await journal.settlements.delivered(batch)
    await journal.settlements.finished(batch, ())


@pytest.mark.parametrize(
    ("stories", "seen"),
    [
        ((), {}),
        ((pay,), {"payment": 1}),
        ((pay, decline), {}),
        ((pay, undo), {"reversal": 1}),
        ((pay, undo, undone), {}),
        ((pay, approve), {"batch": 1}),
        ((pay, approve, pay, approve), {"batch": 2}),
        ((store,), {"offline": 1, "batch": 1}),
        ((pay, decline, owe_a_slip), {"slip": 1}),
        ((pay, approve, begin_settlement), {"settlement": 1, "batch": 1}),
        ((pay, approve, settle), {}),
        ((pay, approve, settle, pay), {"payment": 1}),
    ],
)
def test_the_gate_is_closed_exactly_while_something_is_open(path, stories, seen):
    assert after(path, *stories) == seen


def test_every_condition_was_met_above():
    met = {"payment", "reversal", "offline", "batch", "settlement", "slip"}
    assert {condition.name for condition in CONDITIONS} == met
    for condition in CONDITIONS:
        assert condition.one.endswith(".") and "{count}" in condition.many and condition.remedy.endswith(".")


def test_a_terminal_that_never_took_a_payment_may_be_updated(path):
    assert obstacles(path) == ()
    path.touch()
    assert obstacles(path) == ()


def test_looking_leaves_the_journal_as_it_was(path):
    after(path, pay, approve)
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    assert obstacles(path)
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == before


def test_what_was_committed_a_moment_ago_is_seen_before_any_checkpoint(path):
    async def play():
        journal = await Journal.open(path, InlineWriter(), lambda: NOW)
        seen = []
        for _ in range(5):
            await journal.begin(SALE)
            seen.append(obstacles(path)[0].count)
        await journal.close()
        return seen

    assert asyncio.run(play()) == [1, 2, 3, 4, 5]


def test_a_damaged_journal_does_not_open_the_gate(path):
    path.write_bytes(b"no database" * 100)
    with pytest.raises(JournalError, match="damaged") as told:
        obstacles(path)
    assert told.value.remedy


def test_a_journal_of_another_version_does_not_open_the_gate(path):
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version=999")
    database.close()
    with pytest.raises(JournalError, match="format 999"):
        obstacles(path)


def test_a_journal_that_is_written_without_a_pause_is_told_as_that(path, monkeypatch):
    path.touch()
    states = iter(range(10_000))
    monkeypatch.setattr("terminal.journal.beside._state", lambda _: next(states))
    monkeypatch.setattr("terminal.journal.beside.PAUSE_S", 0)
    with pytest.raises(JournalError, match="without a pause") as told, reading(path):
        pass
    assert told.value.fault is JournalFault.HELD
