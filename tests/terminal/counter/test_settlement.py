"""Settlement end to end: balanced or not, in the order of the specification, resumed wherever it is cut off."""

import pytest

from terminal.domain.record import Uploaded
from terminal.journal import SettlementState, SideTotals
from tools.host.faults import Fault

TERMINAL = "10000001"


async def a_day(c):
    """Some of everything: sales, a void, a refund, a completion by advice, an offline sale."""
    for amount in range(101, 111):
        await c.sell(str(amount))
    sale = await c.last()
    await c.do(
        "21", ("ask.voucher", str(sale.stan)), ("original.confirm", "!enter"), ("sale-void.present", "$signature")
    )
    first = await c.journal.record(1)
    await c.do(
        "31", ("ask.date", "1124"), ("ask.rrn", first.rrn), ("refund.amount", "50"), ("refund.present", "$signature")
    )
    await c.do("41", ("pre-auth.amount", "10000"), ("pre-auth.present", "$good"), ("sale.pin", "123456"))
    auth = (await c.last()).auth_code
    await c.do(
        "44",
        ("ask.date", "1124"),
        ("ask.auth", auth),
        ("completion-advice.amount", "9000"),
        ("completion-advice.present", "$good"),
    )
    await c.do("81", ("offline-sale.amount", "3000"), ("ask.auth", "123456"), ("offline-sale.present", "$good"))
    await c.books_agree()


def unbalance(c):
    """The host has one charge more than the terminal."""
    c.bank.book._database.execute("UPDATE txn SET amount_minor = amount_minor + 1 WHERE id = 1")
    c.bank.book._database.execute("UPDATE entry SET amount_minor = amount_minor - 1 WHERE txn = 1")


async def settle(c):
    await c.do("76", ("settle.confirm", "!enter"))


def uploads(c):
    """What came in 0320s: the type code of a record of its own, the number of records of a group, or the end."""
    told = []
    for message in c.bank.received("0320"):
        network = message[60][8:11]
        if network in ("202", "207"):
            told.append(f"end {network}")
        elif 48 in message:
            told.append(f"group {int(message[48][:2])}")
        else:
            told.append(message[60][:2])
    return told


def test_a_batch_that_balances_uploads_only_what_was_advised(counter):
    async def story(c):
        await a_day(c)
        await settle(c)
        assert c.shown[-1].name == "settle.done"
        assert uploads(c) == ["30", "25", "24", "end 207"]
        assert (await c.journal.totals()).batch == 2
        return await c.books_agree()

    assert counter(story) == ((0, 0), (0, 0))


async def a_foreign_guest(c):
    """Two sales, one of them void, and a refund of the other in part."""
    await c.sell("7000", "foreign")
    await c.sell("800", "foreign")
    sale = await c.last()
    await c.do("21", ("ask.voucher", str(sale.stan)), ("original.confirm", "!enter"), ("sale-void.present", "$foreign"))
    first = next(row for row in await c.journal.of_batch() if row.amount_minor == 7000)
    await c.do(
        "31", ("ask.date", "1124"), ("ask.rrn", first.rrn), ("refund.amount", "1500"), ("refund.present", "$foreign")
    )


def test_foreign_cards_are_settled_on_their_own_side(counter):
    async def story(c):
        await a_day(c)
        home = (await c.journal.totals()).domestic
        await a_foreign_guest(c)
        await c.quiet()
        assert {message.get(63) for message in c.bank.received("0220") if message[60][:2] == "25"} == {"CUP", "VIS"}
        totals = await c.journal.totals()
        assert totals.domestic == home and totals.foreign == SideTotals(2, 7800, 2, 2300)
        await settle(c)
        (told,) = c.bank.received("0500")
        assert told[48][31:] == "0000000078000020000000023000020"
        settled = await c.journal.settlements.last()
        assert settled.balanced and (settled.domestic, settled.foreign) == ("1", "1")
        assert settled.foreign_totals == totals.foreign
        assert uploads(c) == ["30", "25", "25", "24", "end 207"]

    counter(story)


def test_foreign_totals_alone_that_differ_upload_everything_and_each_record_says_which_card(counter):
    async def story(c):
        await c.sell("300")
        await a_foreign_guest(c)
        await c.quiet()
        c.bank.book._database.execute(
            "UPDATE txn SET amount_minor = amount_minor + 1 "
            "WHERE account = (SELECT id FROM account WHERE name = 'foreign')"
        )
        await settle(c)
        settled = await c.journal.settlements.last()
        assert (settled.domestic, settled.foreign, settled.balanced) == ("1", "2", False)
        assert uploads(c) == ["group 4", "25", "end 202"]
        group = next(message[48] for message in c.bank.received("0320") if len(message.get(48) or "") > 4)
        assert [group[2 + 40 * index :][:2] for index in range(4)] == ["00", "01", "01", "01"]

    counter(story)


def test_what_makes_a_card_foreign_is_the_acquirers_word(counter):
    async def story(c):
        await a_foreign_guest(c)
        await c.quiet()
        assert not (await c.journal.totals()).foreign

    counter(story, domestic_organisations=("CUP", "VIS"))


def test_a_batch_that_does_not_balance_uploads_everything_in_order(counter):
    async def story(c):
        await a_day(c)
        unbalance(c)
        await settle(c)
        assert uploads(c) == ["30", "group 8", "group 3", "25", "24", "end 202"]
        assert (await c.journal.settlements.last()).balanced is False

    counter(story)


MESSAGES = 7
"""Of the settlement of ``a_day``: comparison, six uploads, the end."""


@pytest.mark.parametrize(
    ("place", "fault"),
    [(place, Fault.DROP) for place in range(MESSAGES)]
    + [(place, Fault.CLOSE) for place in range(MESSAGES)]
    + [(0, Fault.NO_ANSWER), (MESSAGES - 1, Fault.NO_ANSWER), (3, Fault.GARBAGE)],
)
def test_a_settlement_goes_on_where_a_message_was_lost(counter, fault, place):
    async def before(c):
        await a_day(c)
        unbalance(c)
        mtis = ["0500", *["0320"] * (MESSAGES - 1)]
        for mti in mtis[:place]:
            c.bank.order(Fault.SPLIT, mti=mti)
        c.bank.order(fault, mti=mtis[place])
        await settle(c)
        assert c.shown[-1].name == "settle.unfinished"
        refused = await c.sell("100")
        assert any(s.name == "outcome.not-charged" for s in refused), "nothing is sold in between"

    async def after(c):
        from terminal.flows.settle import resume_settlement

        await resume_settlement(c.desk)
        assert (await c.journal.settlements.last()).state is SettlementState.DONE
        rows = c.bank.book.rows("SELECT trace FROM upload")
        assert len(rows) == len({row["trace"] for row in rows}) == 14, "each record once"
        await c.sell("100")
        return await c.books_agree()

    assert counter(before, after) == ((1, 100), (0, 0))


def test_a_record_that_the_host_refuses_is_printed_and_does_not_stop_the_day(counter):
    async def story(c):
        await a_day(c)
        c.bank.order(Fault.DECLINE, mti="0320", code="25")
        await settle(c)
        assert c.shown[-1].name == "settle.done"
        rows = await c.journal.of_batch(1)
        assert [row.kind for row in rows if row.uploaded == Uploaded.REFUSED] == ["offline-sale"]

    counter(story)


def test_a_record_that_the_host_refuses_stops_the_settlement_where_the_profile_wants_it(counter):
    async def story(c):
        await a_day(c)
        c.bank.order(Fault.DECLINE, mti="0320", code="25")
        await settle(c)
        assert c.shown[-1].name == "settle.unfinished"
        await settle(c)
        assert c.shown[-1].name == "settle.done"

    counter(story, upload_refused="stop")


def test_an_open_reversal_comes_before_the_settlement(counter):
    async def story(c):
        c.bank.order(Fault.NO_ANSWER, mti="0200")
        c.bank.order(Fault.NO_ANSWER, mti="0400", count=2)
        await c.sell("100")
        await settle(c)
        assert c.result == "settle.refused"
        await c.quiet()
        await settle(c)
        assert c.result == "settle.done"

    counter(story, undo_shown_s=0.05, reversal_retry_first_s=30.0, reversal_retry_max_s=30.0)


def test_a_full_batch_asks_for_the_settlement_and_sells_after_it(counter):
    async def story(c):
        await c.sell("100")
        await c.sell("100")
        assert c.result == "outcome.not-charged" and (await c.last()).id == 1
        await settle(c)
        await c.sell("100")
        assert c.result == "outcome.approved"
        return await c.books_agree()

    assert counter(story, batch_rows_max=1) == ((1, 100), (0, 0))
