"""Every transaction of the menu, end to end: at the counter, over TCP, in the bank's books, on paper."""

import asyncio

import pytest
from msgspec.structs import replace

from terminal.domain.record import State
from terminal.flows.split import resume_split
from tools.host.faults import Fault

CODE = "6220001234567890018"


def test_a_sale_by_stripe_with_pin_is_charged_once(counter):
    async def story(c):
        await c.do("1", ("sale.amount", "12850"), ("sale.present", "$good"), ("sale.pin", "123456"))
        assert c.result == "outcome.approved"
        assert c.bank.balance("good") == 100_000_000 - 12_850
        return await c.books_agree()

    assert counter(story) == ((1, 12_850), (0, 0))


def test_a_sale_is_voided_by_its_voucher(counter):
    async def story(c):
        await c.sell("5000")
        stan = str((await c.last()).stan)
        await c.do("21", ("ask.voucher", stan), ("original.confirm", "!enter"), ("sale-void.present", "$signature"))
        assert c.result == "outcome.approved"
        await c.do("21", ("ask.voucher", stan))
        assert c.result == "refused", "a sale is voided once"
        assert c.bank.balance("signature") == 100_000_000
        return await c.books_agree()

    assert counter(story) == ((1, 5000), (1, 5000))


def test_a_void_with_another_card_is_refused_at_the_counter(counter):
    async def story(c):
        await c.sell("5000")
        stan = str((await c.last()).stan)
        await c.do("21", ("ask.voucher", stan), ("original.confirm", "!enter"), ("sale-void.present", "$good"))
        assert c.result == "refused"
        return await c.books_agree()

    assert counter(story) == ((1, 5000), (0, 0))


def test_a_refund_gives_back_a_part(counter):
    async def story(c):
        await c.sell("5000")
        sale = await c.last()
        await c.do(
            "31",
            ("ask.date", "1124"),
            ("ask.rrn", sale.rrn),
            ("refund.amount", "2000"),
            ("refund.present", "$signature"),
        )
        assert c.result == "outcome.approved"
        assert c.bank.balance("signature") == 100_000_000 - 3000
        return await c.books_agree()

    assert counter(story) == ((1, 5000), (1, 2000))


def test_pre_authorisation_and_completion(counter):
    async def story(c):
        await c.do("41", ("pre-auth.amount", "10000"), ("pre-auth.present", "$good"), ("sale.pin", "123456"))
        assert c.result == "outcome.approved"
        assert c.bank.held("good") == 10_000
        auth = (await c.last()).auth_code
        await c.do("43", ("ask.date", "1124"), ("ask.auth", auth), ("completion.amount", "9000"),
                   ("completion.present", "$good"), ("sale.pin", "123456"))  # fmt: skip
        assert c.result == "outcome.approved"
        assert (c.bank.held("good"), c.bank.balance("good")) == (0, 100_000_000 - 9_000)
        stan = str((await c.last()).stan)
        await c.do("45", ("ask.voucher", stan), ("original.confirm", "!enter"), ("completion-void.present", "$good"))
        assert c.result == "outcome.approved"
        return await c.books_agree()

    assert counter(story) == ((1, 9000), (1, 9000))


def test_additional_and_void_of_a_pre_authorisation(counter):
    async def story(c):
        await c.do("41", ("pre-auth.amount", "10000"), ("pre-auth.present", "$good"), ("sale.pin", "123456"))
        auth = (await c.last()).auth_code
        await c.do("46", ("ask.date", "1124"), ("ask.auth", auth), ("additional-pre-auth.amount", "500"),
                   ("additional-pre-auth.present", "$good"))  # fmt: skip
        assert c.result == "outcome.approved"
        assert c.bank.held("good") == 10_500
        await c.do("42", ("ask.date", "1124"), ("ask.auth", auth), ("pre-auth-void.amount", "10000"),
                   ("pre-auth-void.present", "$good"))  # fmt: skip
        assert c.result == "outcome.approved"
        assert c.bank.held("good") == 0
        return await c.books_agree()

    assert counter(story) == ((0, 0), (0, 0))


def test_a_completion_advice_stands_at_once(counter):
    async def story(c):
        await c.do("41", ("pre-auth.amount", "10000"), ("pre-auth.present", "$good"), ("sale.pin", "123456"))
        auth = (await c.last()).auth_code
        await c.do("44", ("ask.date", "1124"), ("ask.auth", auth), ("completion-advice.amount", "9000"),
                   ("completion-advice.present", "$good"))  # fmt: skip
        assert c.result == "outcome.approved"
        return await c.books_agree()

    assert counter(story) == ((1, 9000), (0, 0))


def test_a_balance_is_shown_and_kept_nowhere(counter):
    async def story(c):
        shown = await c.do("5", ("balance.present", "$low"), ("sale.pin", "111111"))
        assert [s.amount for s in shown if s.name == "balance.shown"] == ["RMB 10.00"]
        return await c.books_agree()

    assert counter(story) == ((0, 0), (0, 0))


def test_an_offline_sale_reaches_the_bank_exactly_once(counter):
    async def story(c):
        c.bank.order(Fault.NO_ANSWER, mti="0220")
        await c.do("81", ("offline-sale.amount", "3000"), ("ask.auth", "123456"), ("offline-sale.present", "$good"))
        assert c.result == "outcome.approved"
        return await c.books_agree()

    assert counter(story) == ((1, 3000), (0, 0))


def test_a_tip_is_added_to_a_sale(counter):
    async def story(c):
        await c.sell("5000")
        stan = str((await c.last()).stan)
        await c.do("82", ("ask.voucher", stan), ("original.confirm", "!enter"), ("tip.amount", "500"))
        assert c.result == "outcome.approved"
        return await c.books_agree()

    assert counter(story, tip_percent_max=20) == ((2, 5500), (0, 0))


def test_cash_is_written_down_and_asks_no_bank(counter):
    async def story(c):
        await c.do("83", ("cash.amount", "700"))
        assert (await c.last()).state is State.APPROVED
        assert c.bank.received("0200") == []
        return await c.books_agree()

    assert counter(story) == ((0, 0), (0, 0))


def test_a_payment_may_be_split_over_card_code_and_cash(counter):
    async def story(c):
        await c.do(
            "84",
            ("split.amount", "1000"),
            ("split-part.amount", "400"), ("split.method", "!2"),
            ("split-part.amount", "350"), ("split.method", "!1"), ("sale.present", "$signature"), ("sale.pin", ""),
            ("split-part.amount", "250"), ("split.method", "!1"), ("sale.present", f"@{CODE}"),
        )  # fmt: skip
        rows = [await c.journal.record(id) for id in (1, 2, 3)]
        assert [(row.kind, row.amount_minor) for row in rows] == [("cash", 400), ("sale", 350), ("qr-sale", 250)]
        assert len({row.tender for row in rows}) == 1
        return await c.books_agree()

    assert counter(story) == ((2, 600), (0, 0))


async def cut_off(c, screen, times, path, *script):
    """Begin a flow; the power fails when a screen has come so many times."""
    flow = asyncio.create_task(c.do(path, *script))
    await c.until(lambda: [shown.name for shown in c.shown].count(screen) == times)
    flow.cancel()
    await asyncio.wait([flow])


async def interrupted_split(c):
    """A payment of 10.00 in parts, of which 4.00 are paid in cash."""
    script = (("split.amount", "1000"), ("split-part.amount", "400"), ("split.method", "!2"))
    await cut_off(c, "split-part.amount", 2, "84", *script)


@pytest.mark.parametrize("answer", ["!enter", "!cancel"])
def test_after_a_power_cut_what_is_left_of_a_payment_in_parts_is_known(counter, answer):
    async def afterwards(c):
        more = [("split-part.amount", "600"), ("split.method", "!2")] if answer == "!enter" else []
        shown = await c.do("84", ("split.resume", answer), *more)
        resumed = next(screen for screen in shown if screen.name == "split.resume")
        assert "6.00" in resumed.instruction and "10.00" in resumed.lines[0]
        assert await c.journal.setting("split") == "", "it is not offered again"
        return await c.books_agree(), len({row.tender for row in await c.journal.of_batch()})

    totals, tenders = counter(interrupted_split, afterwards)
    assert tenders == 1
    assert totals == ((0, 0), (0, 0)), "cash is no matter of the host"


def test_parts_that_nobody_goes_on_with_are_offered_again(counter):
    async def nobody(c):
        c.desk.settings = replace(c.desk.settings, timeouts=replace(c.desk.settings.timeouts, menu_s=0.1))
        assert await resume_split(c.desk)
        assert (await c.journal.setting("split")).endswith(" 1000")

    counter(interrupted_split, nobody)


def test_a_payment_in_parts_of_which_nothing_was_paid_is_over(counter):
    async def begun(c):
        await cut_off(c, "split-part.amount", 1, "84", ("split.amount", "1000"))

    async def afterwards(c):
        assert not await resume_split(c.desk)
        assert await c.journal.setting("split") == ""

    counter(begun, afterwards)


@pytest.mark.parametrize("path", ["71", "74", "72"])
def test_sign_on_echo_and_sign_off(counter, path):
    async def story(c):
        shown = await c.do(path)
        assert shown[-1].name.endswith(".done")

    counter(story)


def test_a_script_result_reaches_the_host_once_and_leaves_no_paper(counter):
    async def story(c):
        await c.sell("500")
        owed = await c.journal.jobs.waiting()
        c.bank.order(Fault.NO_ANSWER, mti="0620")
        await c.desk._exchange.report_script(await c.last(), bytes.fromhex("9F5B0520123456788A023030"))
        told = await c.books_agree()
        assert await c.journal.jobs.waiting() == owed
        first, repeat = c.bank.received("0620")
        assert first.elements == repeat.elements and first[60].endswith("951")
        assert (await c.last()).state is State.APPROVED
        return told

    assert counter(story) == ((1, 500), (0, 0))


def test_a_completion_advice_beyond_what_is_held_is_refused_before_anything_leaves_the_counter(counter):
    async def story(c):
        await c.do("41", ("pre-auth.amount", "10000"), ("pre-auth.present", "$good"), ("sale.pin", "123456"))
        auth = (await c.last()).auth_code
        await c.do("44", ("ask.date", "1124"), ("ask.auth", auth), ("completion-advice.amount", "11501"))
        assert c.result == "refused"
        await c.do("44", ("ask.date", "1124"), ("ask.auth", auth), ("completion-advice.amount", "11500"),
                   ("completion-advice.present", "$good"))  # fmt: skip
        return await c.books_agree()

    assert counter(story) == ((1, 11_500), (0, 0))


def test_a_reference_of_another_day_is_another_payment(counter):
    async def story(c):
        await c.sell("5000")
        sale = await c.last()
        assert await c.journal.by_rrn(sale.rrn, "1124") == sale
        assert await c.journal.by_rrn(sale.rrn, "1123") is None

    counter(story)
