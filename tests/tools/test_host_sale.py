"""Sales at the host simulator, as a customer and a merchant meet them (facts/unionpay.md §3, §7)."""

import sqlite3
from datetime import datetime

import pytest

from tools.host.accounts import DEMO_ACCOUNTS
from tools.host.book import Book

GOOD_CODE, LOW_CODE, ONCE_CODE = "6220001234567890018", "6220001234567890026", "6220001234567890034"


@pytest.mark.parametrize("network_code", ["001", "003", "004"])
def test_a_terminal_that_signs_on_gets_keys_that_it_can_use_at_once(fresh_till, network_code):
    reply = fresh_till.sign_on(network_code)
    assert reply.mti == "0810"
    assert (reply[12], reply[13], reply[32]) == ("101236", "1124", "48310000")
    assert fresh_till.sale("good", 12_850)[39] == "00"


def test_each_sign_on_brings_other_keys_and_the_old_ones_end(bank, till):
    old = till.mac_key
    till.sign_on()
    assert till.mac_key != old
    till.mac_key, fresh = old, till.mac_key
    body = till.sealed("0200", {**till.elements(100), **till.card("good")})
    till.mac_key = fresh
    assert not bank.security.verify("10000001", body)


def test_a_sale_with_the_right_pin_charges_the_customer_once(bank, till):
    before = bank.balance("good")
    reply = till.sale("good", 12_850)
    assert (reply.mti, reply[39], reply[4]) == ("0210", "00", "000000012850")
    assert len(reply[37]) == 12
    assert len(reply[38]) == 6
    assert reply[44] == "01020000   48310000   "
    assert bank.balance("good") == before - 12_850


@pytest.mark.parametrize("with_pan", [True, False])
def test_pin_blocks_with_and_without_the_card_number_are_understood(till, with_pan):
    reply = till.ask("0200", {**till.elements(100), **till.card("good", "123456", with_pan=with_pan)})
    assert reply[39] == "00"


def test_a_pin_of_four_digits_and_a_card_of_sixteen_are_understood(till):
    assert till.sale("short", 100)[39] == "00"


def test_a_wrong_pin_charges_nothing_and_the_third_one_locks_the_card(bank, till):
    before = bank.balance("good")
    assert [till.sale("good", 100, "654321")[39] for _ in range(3)] == ["55", "55", "75"]
    assert till.sale("good", 100)[39] == "75"
    assert bank.balance("good") == before


def test_a_right_pin_forgives_the_wrong_ones_before_it(till):
    assert [till.sale("good", 100, pin)[39] for pin in ("000000", "000001", "123456", "000002")] == [
        "55", "55", "00", "55",
    ]  # fmt: skip


def test_a_pin_under_another_key_asks_for_a_new_sign_on(till):
    till.pin_key = bytes(range(16))
    assert till.sale("good", 100)[39] == "99"


def test_a_card_that_wants_a_pin_is_refused_without_one_and_a_signature_card_is_not(till):
    assert till.sale("good", 100, "")[39] == "55"
    assert till.sale("signature", 100, "")[39] == "00"


@pytest.mark.parametrize(
    ("name", "amount_minor", "code"),
    [
        ("low", 1_000, "00"), ("low", 1_001, "51"), ("lost", 100, "41"), ("stolen", 100, "43"),
        ("restricted", 100, "62"), ("expired", 100, "54"), ("limited", 50_000, "00"), ("limited", 50_001, "61"),
        ("good", 0, "13"),
    ],
)  # fmt: skip
def test_each_demo_customer_meets_what_the_table_says(bank, till, name, amount_minor, code):
    before = bank.balance(name)
    reply = till.sale(name, amount_minor)
    assert reply[39] == code
    assert (38 in reply) == (code == "00")
    assert bank.balance(name) == before - (amount_minor if code == "00" else 0)


def test_a_card_of_no_bank_and_a_stripe_with_another_expiry_are_refused(till):
    card = till.card("good", "123456")
    unknown = card[35].replace("6212340000000000012", "6212349999999999993")
    other = card[35].replace("D3512", "D3511")
    assert till.ask("0200", {**till.elements(100), **card, 35: unknown})[39] == "14"
    assert till.ask("0200", {**till.elements(100), **card, 35: other})[39] == "59"


def test_a_scanned_code_charges_its_customer_without_a_pin(bank, till):
    before = bank.balance("good")
    reply = till.code_sale(GOOD_CODE, 990)
    assert reply[39] == "00"
    assert 2 not in reply
    assert bank.balance("good") == before - 990


def test_codes_that_cannot_pay_are_refused(till):
    assert till.code_sale(LOW_CODE, 1_001)[39] == "51"
    assert till.code_sale("6220009999999999999", 100)[39] == "14"
    assert [till.code_sale(ONCE_CODE, 100)[39] for _ in range(2)] == ["00", "94"]


def test_the_balance_is_what_may_be_spent(till):
    elements = till.elements(0, "01", e3="310000")
    del elements[4]
    reply = till.ask("0200", {**elements, **till.card("low", "111111")})
    assert (reply[39], reply[54]) == ("00", "1002156C000000001000")


def test_a_message_that_comes_twice_is_charged_once(bank, till):
    before = bank.balance("good")
    elements = {**till.elements(100), **till.card("good", "123456")}
    assert [till.ask("0200", elements)[39] for _ in range(2)] == ["00", "94"]
    assert bank.balance("good") == before - 100


def test_without_a_valid_mac_nothing_is_done(bank, till):
    before = bank.balance("good")
    elements = {**till.elements(100), **till.card("good", "123456")}
    assert till.ask("0200", elements, mac=False)[39] == "A0"
    till.mac_key, right = b"\x01" * 8, till.mac_key
    body = till.sealed("0200", elements)
    till.mac_key = right
    assert not bank.security.verify("10000001", body)
    assert bank.balance("good") == before


def test_before_the_first_sign_on_and_after_a_sign_off_no_sale_is_taken(fresh_till):
    till = fresh_till
    assert till.ask("0200", {**till.elements(100), **till.card("signature")})[39] == "A0"
    till.sign_on()
    assert till.ask("0820", till.management("002"), mac=False)[39] == "00"
    assert till.sale("good", 100)[39] == "77"


def test_strangers_are_refused(till):
    elements = {**till.elements(100), **till.card("good")}
    assert till.ask("0200", {**elements, 41: "99999999"})[39] == "97"
    assert till.ask("0200", {**elements, 42: "999290054119999"})[39] == "03"
    assert till.ask("0800", {**till.management("003"), 41: "99999999"}, mac=False)[39] == "97"


@pytest.mark.parametrize("missing", [3, 11, 22, 25, 49])
def test_a_message_without_a_mandatory_element_is_a_format_error(till, missing):
    elements = {**till.elements(100), **till.card("good", "123456")}
    del elements[missing]
    assert till.ask("0200", elements)[39] == "30"


def test_what_the_host_does_not_know_is_refused_by_name(till):
    assert till.ask("0200", {**till.elements(100, "64"), **till.card("good")})[39] == "12"
    assert till.ask("0820", till.management("777"), mac=False)[39] == "40"


def test_an_echo_and_the_downloads_are_answered(till):
    assert till.ask("0820", till.management("301"), mac=False)[39] == "00"
    assert till.ask("0820", {**till.management("372"), 62: b"100"}, mac=False)[62].startswith(b"2\x9f\x06\x05")
    assert till.ask("0820", {**till.management("372"), 62: b"102"}, mac=False)[62] == b"0"
    assert till.ask("0800", {**till.management("390"), 62: b"none00000000"}, mac=False)[62] == b"0"
    assert till.ask("0800", till.management("360"), mac=False)[39] == "00"


def test_an_answer_is_never_answered(bank, till):
    assert till.ask("0210", {**till.elements(100), 39: "00"}) is None
    assert till.ask("0830", {**till.management("301"), 39: "00"}, mac=False) is None


def test_no_answer_and_no_repr_shows_a_card(bank):
    pans = [account.pan for account in DEMO_ACCOUNTS]
    shown = repr(bank.book.accounts())
    assert not any(pan in shown for pan in pans)


def test_the_answer_names_the_organisation_of_the_card_and_the_totals_keep_foreign_cards_apart(bank, till):
    assert till.sale("signature", 700)[63] == "CUP"
    assert till.sale("foreign", 900)[63] == "VIS"
    totals = bank.book.totals("10000001", till.batch)
    assert (totals.debit_count, totals.debit_minor) == (1, 700)
    assert (totals.foreign_debit_count, totals.foreign_debit_minor) == (1, 900)


def test_a_book_of_the_version_before_foreign_cards_is_opened_with_domestic_customers(tmp_path):
    path = tmp_path / "book.db"
    Book.open(path, datetime.now, DEMO_ACCOUNTS[:2], ()).close()
    old = sqlite3.connect(path)
    old.execute("ALTER TABLE account DROP COLUMN organisation")
    old.close()
    book = Book.open(path, datetime.now, DEMO_ACCOUNTS[:2], ())
    assert [account.organisation for account in book.accounts()] == ["CUP", "CUP"]
    book.close()
