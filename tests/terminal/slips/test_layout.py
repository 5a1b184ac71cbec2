"""What stands on a slip, by copy, state and language."""

from dataclasses import replace

import pytest

from terminal.domain.record import State
from terminal.journal import Slip
from terminal.screens.texts import LANGUAGES, Translator
from terminal.slips.batch import settlement_slip
from terminal.slips.layout import Style, totals_slip, transaction_slip
from tools.gallery import samples

COPIES = (Slip.MERCHANT, Slip.CUSTOMER)


def slip(record=samples.PIN_SALE, copy=Slip.MERCHANT, language="en", **options):
    return transaction_slip(record, samples.MERCHANT, copy, Translator(language), **options)


def words(lines):
    return [f"{line.left}|{line.right}" if line.right else line.left for line in lines if line.style is not Style.RULE]


def marks(lines):
    return [line.left for line in lines if line.style is Style.MARK]


def test_a_sale_says_everything_an_acquirer_asks_for():
    said = words(slip())
    for expected in (
        "POS SALES SLIP", "MERCHANT COPY", "示范商店 Corner Shop", "MERCHANT NO|999290054110001",
        "TERMINAL NO|10000001", "OPERATOR|01", "ISSUER|01020000", "ACQUIRER|48310000",
        "6212 34** **** 0012 /S", "TYPE|Sale", "BATCH NO|000001",
        "VOUCHER NO|000002", "AUTH NO|205362", "REF NO|101236000002", "DATE/TIME|2026/11/24 10:12:36",
        "AMOUNT|RMB 128.50",
    ):  # fmt: skip
        assert expected in said


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("copy", COPIES)
def test_amount_references_and_masked_card_stand_on_every_copy(copy, language):
    flat = "\n".join(words(slip(copy=copy, language=language)))
    for expected in ("RMB 128.50", "205362", "101236000002", "000002", "6212 34** **** 0012", "2026/11/24 10:12:36"):
        assert expected in flat


@pytest.mark.parametrize("language", LANGUAGES)
def test_merchant_and_customer_copies_are_told_apart(language):
    merchant, customer = (words(slip(copy=copy, language=language))[1] for copy in COPIES)
    assert merchant != customer


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_signature_is_asked_for_where_no_pin_was_given_and_of_the_merchants_copy_only(language):
    say = Translator(language).text
    signed = say("slip.signature")
    assert signed in words(slip(samples.SIGNATURE_SALE, language=language))
    assert signed not in words(slip(samples.SIGNATURE_SALE, Slip.CUSTOMER, language))
    assert signed not in words(slip(samples.PIN_SALE, language=language))
    assert signed not in words(slip(samples.CODE_SALE, language=language))
    assert say("slip.pin-verified") in words(slip(samples.PIN_SALE, language=language))


def test_a_fresh_slip_has_no_mark():
    assert marks(slip()) == marks(slip(copy=Slip.CUSTOMER)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_reprint_is_marked_as_a_duplicate(language):
    assert marks(slip(duplicate=True, language=language)) == [Translator(language).text("slip.duplicate")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_training_is_marked_as_worthless_before_anything_else(language):
    say = Translator(language).text
    lines = slip(replace(samples.PIN_SALE, training=True), language=language, duplicate=True)
    assert marks(lines) == [say("slip.training"), say("slip.duplicate")]
    assert [line.style for line in lines[:3]] == [Style.TITLE, Style.MARK, Style.MARK]


@pytest.mark.parametrize("state", [State.REVERSED, State.REVERSING, State.DECLINED])
def test_what_was_not_charged_says_so_and_asks_for_no_signature(state):
    lines = slip(replace(samples.SIGNATURE_SALE, state=state))
    assert marks(lines) == ["NOT CHARGED"]
    assert "SIGNATURE" not in words(lines)


def test_a_line_whose_value_is_unknown_is_left_out():
    said = words(slip(samples.NOT_CHARGED))
    assert not [line for line in said if line.startswith(("AUTH NO", "REF NO", "ISSUER", "ACQUIRER"))]


def test_the_way_the_account_was_read_stands_behind_its_number():
    assert "6212 34** **** 0012 /S" in words(slip())
    assert words(slip(samples.CODE_SALE)).count("**** **** **** ***0 018 /Q") == 1


def test_the_date_is_the_hosts_and_without_one_the_terminals():
    answered = replace(samples.PIN_SALE, host_date="1231", host_time="235959")
    assert "DATE/TIME|2026/12/31 23:59:59" in words(slip(answered))
    assert "DATE/TIME|2026/11/24 10:12:36" in words(slip(samples.NOT_CHARGED))


def test_what_the_host_says_to_the_cardholder_is_printed():
    assert "Thank you" in words(slip(replace(samples.PIN_SALE, host_message="Thank you")))


def test_currencies_have_their_own_number_of_decimals():
    def amount(currency, minor):
        lines = slip(replace(samples.PIN_SALE, currency=currency, amount_minor=minor))
        return next(line.right for line in lines if line.style is Style.AMOUNT)

    assert [amount("392", 1500), amount("414", 1500), amount("978", 1500)] == ["JPY 1500", "KWD 1.500", "EUR 15.00"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_totals_name_each_kind_with_count_and_sum(language):
    say = Translator(language).text
    lines = totals_slip(samples.TOTALS, samples.MERCHANT, "156", samples.WHEN, Translator(language))
    said = words(lines)
    assert f"{say('kind.sale')} × 2|RMB 257.00" in said
    assert f"{say('kind.qr-sale')} × 1|RMB 9.90" in said
    assert [line.right for line in lines if line.style is Style.AMOUNT] == ["RMB 266.90"]


def test_totals_without_a_transaction_say_so():
    lines = totals_slip(samples.EMPTY_TOTALS, samples.MERCHANT, "156", samples.WHEN, Translator("en"))
    assert "No transactions" in words(lines)


def test_totals_take_refunds_off():
    totals = replace(samples.TOTALS, domestic=replace(samples.TOTALS.domestic, credit_count=1, credit_minor=6_690))
    lines = totals_slip(totals, samples.MERCHANT, "156", samples.WHEN, Translator("en"))
    assert [line.right for line in lines if line.style is Style.AMOUNT] == ["RMB 200.00"]


def test_totals_put_foreign_cards_under_a_heading_of_their_own():
    lines = totals_slip(samples.TOTALS_WITH_FOREIGN, samples.MERCHANT, "156", samples.WHEN, Translator("en"))
    said = words(lines)
    at = said.index("Domestic cards")
    assert said[at : at + 6] == [
        "Domestic cards", "Sale × 2|RMB 257.00", "QR sale × 1|RMB 9.90",
        "Foreign cards", "Refund × 1|RMB 88.00", "Sale × 1|RMB 188.00",
    ]  # fmt: skip
    assert [line.right for line in lines if line.style is Style.AMOUNT] == ["RMB 366.90"]


@pytest.mark.parametrize(
    ("result", "said"), [("1", "Totals agree"), ("2", "Totals differ"), ("3", "Host could not compare")]
)
def test_the_settlement_says_what_the_host_found_of_foreign_cards(result, said):
    settled = replace(samples.SETTLEMENT_WITH_FOREIGN, foreign=result)
    lines = settlement_slip(settled, samples.MERCHANT, "156", Translator("en"))
    assert "Domestic cards|Totals agree" in words(lines) and f"Foreign cards|{said}" in words(lines)
    assert "Debit × 1|RMB 188.00" in words(lines) and "Credit × 1|RMB 88.00" in words(lines)
    assert lines[-1].left == ("Totals agree" if result == "1" else "Totals differ")


def test_a_host_that_compares_no_foreign_cards_does_not_balance_a_batch_that_has_some():
    assert not replace(samples.SETTLEMENT_WITH_FOREIGN, foreign="0").balanced
    assert samples.SETTLEMENT.foreign == "0" and samples.SETTLEMENT.balanced
