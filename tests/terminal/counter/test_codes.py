"""Payments by code: the customer's code and ours, asked for until final, made void, refunded, closed."""

import asyncio

import pytest

from terminal.domain.emv_qr import parse_merchant_code
from terminal.domain.merchant_code import Order, merchant_code
from terminal.domain.money import CURRENCIES
from terminal.domain.record import State, UndoCause
from tools.host.faults import Fault

CODE, SLOW_CODE, NEVER_CODE, POOR_CODE = (
    "6220001234567890018", "6220001234567890059", "6220001234567890067", "6220001234567890075",
)  # fmt: skip
QUICK = {"qr_query_interval_s": 0.05, "qr_query_max_s": 1.0}


async def scan(c, code, amount="990"):
    await c.do("1", ("sale.amount", amount), ("sale.present", f"@{code}"))


async def pays(c, account="good"):
    """The customer scans the code on the screen."""
    order = await c.last()
    with c.bank.book.transaction():
        name = next(a for a in c.bank.book.accounts() if a.name == account)
        c.bank.switch.confirm(c.bank.book.open_order(order.rrn), name)


def test_a_scanned_code_is_charged_at_once(counter):
    async def story(c):
        await scan(c, CODE)
        row = await c.last()
        assert c.result == "outcome.approved" and row.code_voucher
        return await c.books_agree()

    assert counter(story, **QUICK) == ((1, 990), (0, 0))


def test_a_customer_who_confirms_on_the_telephone_is_waited_for(counter):
    async def story(c):
        await scan(c, SLOW_CODE)
        assert c.result == "outcome.approved"
        assert [m.mti for m in c.bank.received("0200", "0400")] == ["0200"] * 3
        return await c.books_agree()

    assert counter(story, **QUICK) == ((1, 990), (0, 0))


def test_a_customer_who_never_confirms_is_not_charged(counter):
    async def story(c):
        await scan(c, NEVER_CODE)
        await c.quiet()
        row = await c.last()
        assert (row.state, row.undo_cause) == (State.REVERSED, UndoCause.NOT_PAID)
        return await c.books_agree()

    assert counter(story, qr_query_interval_s=0.05, qr_query_max_s=0.2) == ((0, 0), (0, 0))


def test_a_customer_whose_bank_declines_meanwhile_is_told(counter):
    async def story(c):
        await scan(c, POOR_CODE, "100000")
        row = await c.last()
        assert (c.result, row.state, row.response_code) == ("outcome.declined", State.DECLINED, "51")
        return await c.books_agree()

    assert counter(story, **QUICK) == ((0, 0), (0, 0))


@pytest.mark.parametrize("fault", [Fault.NO_ANSWER, Fault.DROP, Fault.GARBAGE, Fault.TRUNCATED])
def test_an_answer_that_is_lost_is_asked_for_instead_of_undone(counter, fault):
    async def story(c):
        c.bank.order(fault, mti="0200")
        await scan(c, CODE)
        assert c.result == "outcome.approved"
        return await c.books_agree()

    assert counter(story, **QUICK) == ((1, 990), (0, 0))


@pytest.mark.parametrize("fault", [Fault.WRONG_MAC, Fault.NO_MAC])
def test_a_forged_answer_is_undone_and_not_asked_for(counter, fault):
    async def story(c):
        c.bank.order(fault, mti="0200")
        await scan(c, CODE)
        await c.quiet()
        assert (await c.last()).state is State.REVERSED
        assert len(c.bank.received("0200")) == 1
        return await c.books_agree()

    assert counter(story, **QUICK) == ((0, 0), (0, 0))


@pytest.mark.parametrize("fault", [Fault.WRONG_MAC, Fault.OTHER_AMOUNT, Fault.OTHER_STAN, Fault.NO_MAC])
def test_a_forged_answer_to_the_question_is_no_result(counter, fault):
    async def story(c):
        c.bank.order(Fault.NO_ANSWER, mti="0200")
        c.bank.order(fault, mti="0200")
        await scan(c, CODE)
        assert c.result == "outcome.approved", "the next question brings the truth"
        return await c.books_agree()

    assert counter(story, **QUICK) == ((1, 990), (0, 0))


def test_a_request_that_never_came_is_undone_when_the_time_is_over(counter):
    async def story(c):
        c.bank.order(Fault.LOST, mti="0200")
        await scan(c, CODE)
        await c.quiet()
        assert (await c.last()).state is State.REVERSED
        return await c.books_agree()

    assert counter(story, qr_query_interval_s=0.05, qr_query_max_s=0.2) == ((0, 0), (0, 0))


def test_a_power_cut_while_the_customer_confirms_is_undone(counter):
    async def before(c):
        task = asyncio.create_task(scan(c, NEVER_CODE))
        await c.until(lambda: c.bank.received("0200"))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def after(c):
        await c.quiet()
        assert (await c.last()).state is State.REVERSED
        return await c.books_agree()

    assert counter(before, after, qr_query_interval_s=0.05, qr_query_max_s=60.0) == ((0, 0), (0, 0))


def test_a_code_payment_is_voided_with_its_voucher_number(counter):
    async def story(c):
        await scan(c, CODE)
        sale = await c.last()
        await c.do("21", ("ask.voucher", str(sale.stan)), ("original.confirm", "!enter"))
        assert c.result == "outcome.approved"
        assert c.bank.received("0200")[-1][59] == f"A4{len(sale.code_voucher):03d}{sale.code_voucher}"
        return await c.books_agree()

    assert counter(story, **QUICK) == ((1, 990), (1, 990))


def test_a_code_payment_is_refunded_in_parts_and_never_beyond(counter):
    async def story(c):
        await scan(c, CODE)
        sale = await c.last()
        for amount in ("400", "590"):
            await c.do("32", ("ask.date", "1124"), ("ask.rrn", sale.rrn), ("refund.amount", amount))
            assert c.result == "outcome.approved"
        await c.do("32", ("ask.date", "1124"), ("ask.rrn", sale.rrn))
        assert c.result == "refused"
        assert c.bank.received("0220")[-1][59].startswith("A4")
        return await c.books_agree()

    assert counter(story, **QUICK) == ((1, 990), (2, 990))


def test_the_customer_scans_our_code_and_pays(counter):
    async def story(c):
        flow = asyncio.create_task(c.do("85", ("qr-order.amount", "4200")))
        await c.until(lambda: any(s.name == "qr-order.code" for s in c.shown))
        shown = c.shown[-1]
        assert shown.qr.startswith("000201010212") and "540542.00" in shown.qr
        assert shown.countdown_s is not None
        await pays(c)
        await flow
        assert c.result == "outcome.approved"
        return await c.books_agree()

    assert counter(story, qr_query_interval_s=0.05, qr_order_shown_s=30.0) == ((1, 4200), (0, 0))


def test_an_order_that_nobody_pays_is_closed_at_the_host(counter):
    async def story(c):
        await c.do("85", ("qr-order.amount", "4200"))
        await c.quiet()
        row = await c.last()
        assert (row.state, row.undo_cause) == (State.REVERSED, UndoCause.NOT_PAID)
        assert c.bank.book.open_order(row.rrn) is None, "nobody can pay it any more"
        return await c.books_agree()

    assert counter(story, qr_query_interval_s=0.05, qr_order_shown_s=0.3) == ((0, 0), (0, 0))


def test_the_red_key_closes_an_order(counter):
    async def story(c):
        await c.do("85", ("qr-order.amount", "4200"), ("qr-order.code", "!cancel"))
        await c.quiet()
        assert (await c.last()).state is State.REVERSED
        return await c.books_agree()

    assert counter(story, qr_query_interval_s=0.05, qr_order_shown_s=60.0) == ((0, 0), (0, 0))


def test_an_order_paid_while_it_is_being_closed_is_given_back(counter):
    async def story(c):
        c.bank.order(Fault.LOST, mti="0400")
        await c.do("85", ("qr-order.amount", "4200"), ("qr-order.code", "!cancel"))
        await pays(c)
        assert c.bank.balance("good") == 100_000_000 - 4200
        await c.quiet()
        assert c.bank.balance("good") == 100_000_000
        return await c.books_agree()

    told = counter(story, qr_query_interval_s=0.05, qr_order_shown_s=60.0, undo_shown_s=0.05,
                   reversal_retry_first_s=30.0, reversal_retry_max_s=30.0)  # fmt: skip
    assert told == ((0, 0), (0, 0))


def test_an_order_is_voided_like_a_sale(counter):
    async def story(c):
        flow = asyncio.create_task(c.do("85", ("qr-order.amount", "4200")))
        await c.until(lambda: any(s.name == "qr-order.code" for s in c.shown))
        await pays(c)
        await flow
        await c.do("21", ("ask.voucher", str((await c.last()).stan)), ("original.confirm", "!enter"))
        assert c.result == "outcome.approved"
        return await c.books_agree()

    assert counter(story, qr_query_interval_s=0.05, qr_order_shown_s=30.0) == ((1, 4200), (1, 4200))


def test_the_shown_code_is_emvco_and_ends_with_its_checksum():
    shop = ("999290054110001", "示范商店 Corner Shop", "10000001")
    code = merchant_code(Order(1234, CURRENCIES["156"], *shop, "101236000002", "48310000", "SHANGHAI"))
    fields, rest = {}, code
    while rest:
        length = int(rest[2:4])
        fields[rest[:2]], rest = rest[4 : 4 + length], rest[4 + length :]
    assert list(fields) == ["00", "01", "15", "52", "53", "54", "58", "59", "60", "62", "64", "63"]
    assert fields["52"] == "5411" and fields["59"] == "Corner Shop"
    assert fields["64"].endswith("示范商店 Corner Shop")
    assert parse_merchant_code(code).amount_minor == 1234
