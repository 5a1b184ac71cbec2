"""The journal's table of requests: each name once, one end, and nothing begun after it."""

import asyncio
import sqlite3
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from terminal.domain.record import HostAnswer, Intent, State, UndoCause
from terminal.journal import Asked, BeginRefused, InlineWriter, Journal, JournalError, RequestState
from terminal.journal.database import JOURNAL_NAME, LOCAL_STORAGE

SALE = Intent("sale", 1234, "156", "022", "622848******1234")
ASKED = Asked("KASSA-1", "1", b"d" * 32, "Payment", "sale", 1234, "A17")
NOW = datetime(2026, 8, 7, 12, 0)


def with_journal(folder, story):
    async def go():
        journal = await Journal.open(folder / JOURNAL_NAME, InlineWriter(), lambda: NOW)
        try:
            return await story(journal)
        finally:
            await journal.close()

    return asyncio.run(go())


def test_a_name_is_written_down_once_and_found_again_after_a_restart(tmp_path):
    async def first(journal):
        row, new = await journal.till_requests.ask(ASKED)
        assert new
        again, new = await journal.till_requests.ask(replace(ASKED, digest=b"e" * 32))
        assert not new
        assert again == row

    async def second(journal):
        found = await journal.till_requests.find("KASSA-1", "1")
        assert found.asked == ASKED
        assert await journal.till_requests.last("KASSA-1") == found
        assert await journal.till_requests.find("KASSA-2", "1") is None

    with_journal(tmp_path, first)
    with_journal(tmp_path, second)


def test_the_row_of_a_payment_and_its_link_are_one_write(tmp_path):
    async def story(journal):
        row, _ = await journal.till_requests.ask(ASKED)
        await journal.till_requests.end(row.id, "till.aborted")
        with pytest.raises(JournalError):
            await journal.begin(replace(SALE, till_request=row.id))

    async def after(journal):
        assert await journal.last() is None

    with_journal(tmp_path, story)
    with_journal(tmp_path, after)


def test_after_a_power_cut_a_request_without_a_payment_has_begun_nothing(tmp_path):
    async def before(journal):
        await journal.till_requests.ask(ASKED)

    async def after(journal):
        await journal.recover()
        found = await journal.till_requests.find("KASSA-1", "1")
        assert (found.state, found.reason, found.record) == (RequestState.ENDED, "till.interrupted", None)

    with_journal(tmp_path, before)
    with_journal(tmp_path, after)


def test_after_a_power_cut_a_request_tells_what_the_recovery_made_of_its_payment(tmp_path):
    async def before(journal):
        row, _ = await journal.till_requests.ask(ASKED)
        await journal.begin(replace(SALE, till_request=row.id))

    async def after(journal):
        await journal.recover()
        found = await journal.till_requests.find("KASSA-1", "1")
        assert (found.state, found.reason, found.record.state) == (RequestState.ENDED, "", State.REVERSING)
        await journal.reversed(found.record.id, "00", ())
        found = await journal.till_requests.find("KASSA-1", "1")
        assert found.record.state is State.REVERSED
        assert await journal.till_requests.behind(found.record.id) == found

    with_journal(tmp_path, before)
    with_journal(tmp_path, after)


def test_on_a_full_disk_nothing_is_written_down_and_the_journal_lives_on(tmp_path):
    async def story():
        storage = replace(LOCAL_STORAGE, free_bytes=lambda folder: 1000)
        journal = await Journal.open(tmp_path / JOURNAL_NAME, InlineWriter(), lambda: NOW, storage)
        with pytest.raises(BeginRefused):
            await journal.till_requests.ask(ASKED)
        assert await journal.till_requests.find("KASSA-1", "1") is None
        await journal.close()

    asyncio.run(story())


def test_a_journal_of_before_tills_gets_the_tables(tmp_path):
    async def story(journal):
        await journal.begin(SALE)

    with_journal(tmp_path, story)
    database = sqlite3.connect(tmp_path / JOURNAL_NAME)
    for table in ("till_payment", "till_request"):
        database.execute(f"DROP TABLE {table}")
    database.close()

    async def later(journal):
        assert (await journal.till_requests.ask(ASKED))[1]
        assert (await journal.last()).amount_minor == 1234

    with_journal(tmp_path, later)


NAMES = st.tuples(st.sampled_from(["KASSA-1", "KASSA-2"]), st.sampled_from(["1", "2", "3"]))


class Shop(RuleBasedStateMachine):
    """Tills, payments and power cuts in any order, against a model that is a dictionary."""

    def __init__(self):
        super().__init__()
        import tempfile
        from pathlib import Path

        self.folder = tempfile.TemporaryDirectory()
        self.loop = asyncio.new_event_loop()
        self.path = Path(self.folder.name) / JOURNAL_NAME
        self.journal = self.do(Journal.open(self.path, InlineWriter(), lambda: NOW))
        self.model = {}
        """Name → digest, ended, payments (row → state)."""

    def do(self, work):
        return self.loop.run_until_complete(work)

    def teardown(self):
        self.do(self.journal.close())
        self.loop.close()
        self.folder.cleanup()

    def row(self, name):
        return self.do(self.journal.till_requests.find(*name))

    @rule(name=NAMES, digest=st.sampled_from([b"a" * 32, b"b" * 32]))
    def ask(self, name, digest):
        row, new = self.do(self.journal.till_requests.ask(Asked(*name, digest, "Payment", "sale", 1234, "")))
        assert new == (name not in self.model)
        self.model.setdefault(name, [digest, False, {}])
        assert row.asked.digest == self.model[name][0]

    @precondition(lambda self: any(not ended for _, ended, _ in self.model.values()))
    @rule(data=st.data())
    def begin(self, data):
        name = data.draw(st.sampled_from([name for name, (_, ended, _) in self.model.items() if not ended]))
        record = self.do(self.journal.begin(replace(SALE, till_request=self.row(name).id)))
        self.model[name][2][record.id] = record.state

    @precondition(lambda self: self.open_rows())
    @rule(data=st.data(), approved=st.sampled_from([True, False, None]))
    def answered(self, data, approved):
        name, id = data.draw(st.sampled_from(self.open_rows()))
        if approved is None:
            record = self.do(self.journal.undo(id, UndoCause.NO_ANSWER, "98", None))
        else:
            record = self.do((self.journal.approve if approved else self.journal.decline)(id, HostAnswer("00"), ()))
        self.model[name][2][id] = record.state

    def open_rows(self):
        return [(n, id) for n, (_, _, rows) in self.model.items() for id, state in rows.items() if state == "sent"]

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def end(self, data):
        name = data.draw(st.sampled_from(sorted(self.model)))
        self.do(self.journal.till_requests.end(self.row(name).id, "till.cancelled"))
        self.model[name][1] = True

    @rule()
    def power_cut(self):
        self.do(self.journal.close())
        self.journal = self.do(Journal.open(self.path, InlineWriter(), lambda: NOW))
        self.do(self.journal.recover())
        for entry in self.model.values():
            entry[1] = True
            for id, state in entry[2].items():
                entry[2][id] = State.REVERSING if state == "sent" else state

    @invariant()
    def every_request_tells_its_newest_payment_and_never_another(self):
        for name, (digest, ended, rows) in self.model.items():
            found = self.row(name)
            assert found.asked.digest == digest
            assert found.state is (RequestState.ENDED if ended else RequestState.ASKED)
            if rows:
                newest = max(rows)
                assert (found.record.id, found.record.state, found.reason) == (newest, rows[newest], "")
            else:
                assert found.record is None
                assert bool(found.reason) == ended


TestShop = Shop.TestCase
TestShop.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
