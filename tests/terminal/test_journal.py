"""The journal: what is committed stays, what is final stays final, and paper is owed exactly once."""

import asyncio
import os
import signal
import sqlite3
from datetime import datetime
from pathlib import Path

import pytest

from terminal.domain.record import HostAnswer, Intent, Referral, State, UndoCause
from terminal.journal import InlineWriter, Journal, JournalError, KindTotal, SideTotals, Slip, ThreadWriter
from terminal.journal.database import open_database

NOW = datetime(2026, 11, 24, 12, 0, 0)
SALE = Intent("sale", 12850, "156", "021", "622848******1234")
APPROVAL = HostAnswer(response_code="00", rrn="123456789012", auth_code="654321")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def run(path: Path, story):
    """Play a story on a journal that is opened afresh, as after a restart."""

    async def play():
        journal = await Journal.open(path, InlineWriter(), lambda: NOW)
        try:
            return await story(journal)
        finally:
            await journal.close()

    return asyncio.run(play())


def begin(path: Path):
    return run(path, lambda journal: journal.begin(SALE))


def test_an_intent_is_on_disk_before_begin_returns(path):
    record = begin(path)
    assert run(path, lambda journal: journal.record(record.id)) == record
    assert record.state is State.SENT


def test_stans_count_up_over_restarts_and_wrap_to_one(path):
    assert begin(path).stan == 1
    assert begin(path).stan == 2
    run(path, lambda journal: journal.set(stan="999998"))
    assert [begin(path).stan, begin(path).stan] == [999_999, 1]


def test_an_approval_queues_its_slips_in_the_same_commit(path):
    record = begin(path)

    async def story(journal):
        await journal.approve(record.id, APPROVAL, (Slip.MERCHANT, Slip.CUSTOMER))

    run(path, story)
    job = run(path, lambda journal: journal.jobs.next_job())
    assert (job.what, job.record.state, job.record.rrn) == (Slip.MERCHANT, State.APPROVED, "123456789012")


def test_what_was_sent_without_an_answer_is_undone_after_a_restart(path):
    record = begin(path)
    (undone,) = run(path, lambda journal: journal.recover())
    assert (undone.id, undone.state, undone.undo_cause, undone.reversal_reason) == (
        record.id,
        State.REVERSING,
        UndoCause.INTERRUPTED,
        "98",
    )
    assert [r.id for r in run(path, lambda journal: journal.recover())] == [record.id], "recovery is idempotent"


def test_a_late_approval_never_revives_a_reversed_sale(path):
    record = begin(path)

    async def story(journal):
        await journal.undo(record.id, UndoCause.NO_ANSWER, "98", None)
        await journal.approve(record.id, APPROVAL, ())

    with pytest.raises(JournalError):
        run(path, story)
    assert run(path, lambda journal: journal.record(record.id)).state is State.REVERSING


@pytest.mark.parametrize("final", ["approve", "decline", "reversed"])
def test_a_final_state_is_never_left(path, final):
    record = begin(path)

    async def conclude(journal):
        if final == "approve":
            await journal.approve(record.id, APPROVAL, ())
        elif final == "decline":
            await journal.decline(record.id, HostAnswer("51"))
        else:
            await journal.undo(record.id, UndoCause.NO_ANSWER, "98", None)
            await journal.reversed(record.id, "00", ())

    run(path, conclude)
    before = run(path, lambda journal: journal.record(record.id))
    for attack in ("approve", "decline", "undo"):

        async def leave(journal, attack=attack):
            if attack == "approve":
                await journal.approve(record.id, APPROVAL, ())
            elif attack == "decline":
                await journal.decline(record.id, HostAnswer("51"))
            else:
                await journal.undo(record.id, UndoCause.NO_ANSWER, "98", None)

        with pytest.raises(JournalError):
            run(path, leave)
    assert run(path, lambda journal: journal.record(record.id)) == before


def test_after_one_failed_write_no_payment_is_begun_in_this_process(path):
    async def story(journal):
        with pytest.raises(JournalError):
            await journal.set(batch=None)
        with pytest.raises(JournalError):
            await journal.begin(SALE)

    run(path, story)


def test_totals_are_the_sum_of_the_approved_rows_of_the_batch(path):
    async def story(journal):
        for amount, kind in ((100, "sale"), (250, "qr-sale"), (50, "sale")):
            record = await journal.begin(Intent(kind, amount, "156", "022", "x"))
            await journal.approve(record.id, APPROVAL, ())
        declined = await journal.begin(SALE)
        await journal.decline(declined.id, HostAnswer("51"))
        await journal.begin(SALE)
        return await journal.totals()

    totals = run(path, story)
    assert totals.domestic == SideTotals(debit_count=3, debit_minor=400)
    assert [(row.kind, row.count, row.amount_minor) for row in totals.kinds] == [("qr-sale", 1, 250), ("sale", 2, 150)]


def of(organisation, rrn="123456789012"):
    return HostAnswer(response_code="00", rrn=rrn, auth_code="654321", card_organisation=organisation)


def test_a_card_of_another_organisation_counts_on_the_foreign_side_with_its_void_and_its_refund(path):
    async def story(journal):
        sales = []
        for amount, organisation in ((100, "CUP"), (250, "VIS"), (70, "MCC"), (30, "")):
            record = await journal.begin(Intent("sale", amount, "156", "022", "x"))
            sales.append(await journal.approve(record.id, of(organisation, f"{amount:012d}"), ()))
        for kind, original, said in (("sale-void", sales[1], "CUP"), ("refund", sales[2], "")):
            about = Referral(original.id, original.batch, original.stan)
            record = await journal.begin(Intent(kind, original.amount_minor, "156", "022", "x", referral=about))
            assert record.card_organisation == original.card_organisation, "known before the host is asked"
            record = await journal.approve(record.id, of(said), ())
            assert record.card_organisation == original.card_organisation, "whatever the answer calls it"
        return await journal.totals()

    totals = run(path, story)
    assert totals.domestic == SideTotals(debit_count=2, debit_minor=130), "a card that nobody named is domestic"
    assert totals.foreign == SideTotals(2, 320, 2, 320)
    assert totals.net_minor == 130
    assert totals.kinds == (
        KindTotal("sale", 2, 130),
        KindTotal("refund", 1, 70, foreign=True),
        KindTotal("sale", 2, 320, foreign=True),
        KindTotal("sale-void", 1, 250, foreign=True),
    )
    assert [heading for heading, _ in totals.sections] == ["side.domestic", "side.foreign"]


def test_a_tip_stands_on_the_foreign_side_before_the_host_has_heard_of_it(path):
    async def story(journal):
        record = await journal.begin(Intent("sale", 1000, "156", "022", "x"))
        await journal.approve(record.id, of("VIS"), ())
        about = Referral(record.id, record.batch, record.stan)
        await journal.store(Intent("tip", 100, "156", "012", "x", referral=about), "654321", ())
        return await journal.totals()

    assert run(path, story).foreign == SideTotals(2, 1100)


def test_a_journal_of_the_version_before_foreign_cards_is_taken_over_with_its_settlement_under_way(path):
    async def settle(journal):
        record = await journal.begin(SALE)
        await journal.approve(record.id, of("CUP"), ())
        return await journal.settlements.begin()

    begun = run(path, settle)
    old = sqlite3.connect(path)
    for name in ("debit_count", "debit_minor", "credit_count", "credit_minor"):
        old.execute(f"ALTER TABLE settlement DROP COLUMN foreign_{name}")
    old.execute("ALTER TABLE txn DROP COLUMN language")
    old.close()
    assert run(path, lambda journal: journal.settlements.open()) == begun
    assert [row.language for row in run(path, lambda journal: journal.of_batch(begun.batch))] == [""]


def test_a_slip_is_owed_until_it_is_done(path):
    record = begin(path)

    async def story(journal):
        await journal.approve(record.id, APPROVAL, (Slip.MERCHANT,))
        job = await journal.jobs.next_job()
        await journal.jobs.started(job.id, 1000)
        await journal.jobs.progress(job.id, 400)

    run(path, story)
    job = run(path, lambda journal: journal.jobs.next_job())
    assert (job.started, job.bytes_done, job.total) == (True, 400, 1000)
    run(path, lambda journal: journal.jobs.done(job.id))
    assert run(path, lambda journal: journal.jobs.next_job()) is None


def test_a_second_process_on_the_same_journal_is_refused_with_the_remedy(path):
    held = open_database(path)
    with pytest.raises(JournalError, match="another process") as refusal:
        open_database(path)
    assert "only one" in refusal.value.remedy
    held.close()


def test_a_damaged_journal_is_refused_not_recreated(path):
    begin(path)
    path.write_bytes(b"not a database at all, but long enough to be read as one" * 100)
    with pytest.raises(JournalError, match="damaged") as refusal:
        open_database(path)
    assert "Keep the file" in refusal.value.remedy
    assert path.read_bytes().startswith(b"not a database")


def test_a_journal_of_a_newer_version_is_refused(path):
    database = open_database(path)
    database.execute("PRAGMA user_version=99")
    database.close()
    with pytest.raises(JournalError, match="format 99"):
        open_database(path)


def test_a_state_directory_that_is_not_there_is_named(tmp_path):
    with pytest.raises(JournalError) as refusal:
        open_database(tmp_path / "missing" / "journal.db")
    assert "install -d" in refusal.value.remedy


def test_the_journal_is_for_this_user_alone(path):
    begin(path)
    assert path.stat().st_mode & 0o077 == 0


def test_every_commit_is_synced(path):
    database = open_database(path)
    assert database.execute("PRAGMA synchronous").fetchone() == (2,)
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()


def test_a_killed_process_leaves_the_intents_it_was_told_of(path):
    """SIGKILL in the middle of work: every row whose begin returned is there."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:

            async def story():
                journal = await Journal.open(path, ThreadWriter(), lambda: NOW)
                while True:
                    record = await journal.begin(SALE)
                    os.write(writer, b"%d\n" % record.stan)

            asyncio.run(story())
        finally:
            os._exit(1)
    os.close(writer)
    seen = b""
    while seen.count(b"\n") < 20:
        seen += os.read(reader, 100)
    os.kill(child, signal.SIGKILL)
    while more := os.read(reader, 4096):
        seen += more
    os.waitpid(child, 0)
    told = [int(stan) for stan in seen.split()]
    open_records = run(path, lambda journal: journal.recover())
    assert {record.stan for record in open_records} >= set(told)
    assert run(path, lambda journal: journal.begin(SALE)).stan > max(told)


def test_the_event_log_cannot_be_rewritten(path):
    begin(path)
    database = open_database(path)
    with pytest.raises(sqlite3.IntegrityError):
        database.execute("UPDATE event SET what = 'nothing happened'")
    database.close()
