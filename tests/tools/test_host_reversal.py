"""Reversals at the host simulator: undone once, whatever the order in which messages come."""

import pytest

from tools.host.reports import REPORTS

GOOD_CODE = "6220001234567890018"


def stan_of(till) -> str:
    return f"{till.stan:06d}"


def test_a_reversed_sale_gives_the_money_back_once(bank, till):
    before = bank.balance("good")
    till.sale("good", 12_850)
    stan = stan_of(till)
    replies = [till.reverse(stan, 12_850) for _ in range(3)]
    assert [reply[39] for reply in replies] == ["00", "00", "00"]
    assert [reply.mti for reply in replies] == ["0410"] * 3
    assert bank.balance("good") == before


def test_a_reversed_code_sale_gives_the_money_back(bank, till):
    before = bank.balance("good")
    till.code_sale(GOOD_CODE, 700)
    stan = stan_of(till)
    assert till.reverse(stan, 700, e22="032")[39] == "00"
    assert bank.balance("good") == before


def test_a_reversed_sale_that_was_declined_has_nothing_to_undo(bank, till):
    before = bank.balance("low")
    till.sale("low", 5_000)
    assert till.reverse(stan_of(till), 5_000)[39] == "00"
    assert bank.balance("low") == before


def test_a_sale_that_arrives_after_its_reversal_is_refused(bank, till):
    before = bank.balance("good")
    elements = {**till.elements(100), **till.card("good", "123456")}
    assert till.reverse(str(elements[11]), 100)[39] == "25"
    assert till.ask("0200", elements)[39] == "94"
    assert bank.balance("good") == before
    assert [row["note"] for row in REPORTS["arrivals"](bank.book, {})] == ["", "reversed before"]


def test_a_reversal_with_another_amount_undoes_nothing(bank, till):
    till.sale("good", 12_850)
    after = bank.balance("good")
    assert till.reverse(stan_of(till), 12_851)[39] == "64"
    assert bank.balance("good") == after


def test_a_reversal_of_another_kind_undoes_nothing(bank, till):
    till.sale("good", 12_850)
    after = bank.balance("good")
    assert till.reverse(stan_of(till), 12_850, "20", e25="06")[39] == "12"
    assert bank.balance("good") == after


def test_a_reversal_without_a_valid_mac_undoes_nothing(bank, till):
    till.sale("good", 12_850)
    after = bank.balance("good")
    reply = till.ask("0400", {**till.elements(12_850), 11: stan_of(till), 39: "98"}, mac=False)
    assert reply[39] == "A0"
    assert bank.balance("good") == after


def test_a_reversal_is_taken_after_a_sign_off_and_after_new_keys(bank, till):
    before = bank.balance("good")
    till.sale("good", 100)
    stan = stan_of(till)
    till.sign_on()
    till.ask("0820", till.management("002"), mac=False)
    assert till.reverse(stan, 100)[39] == "00"
    assert bank.balance("good") == before


def test_reversing_a_void_charges_the_sale_again(bank, till):
    before = bank.balance("good")
    sale = till.sale("good", 100)
    sold = stan_of(till)
    void = till.ask(
        "0200", till.elements(100, "23", e3="200000", e37=sale[37], e38=sale[38], e61=f"{till.batch:06d}{sold}")
    )
    assert void[39] == "00"
    assert bank.balance("good") == before
    assert till.reverse(stan_of(till), 100, "23", e3="200000")[39] == "00"
    assert bank.balance("good") == before - 100


@pytest.mark.parametrize("name", ["good", "second"])
def test_after_any_of_it_the_book_adds_up(bank, till, name):
    opening = bank.balance(name)
    charged = 0
    for index in range(12):
        till.sale(name, 100 + index)
        stan = stan_of(till)
        if index % 3 == 0:
            till.reverse(stan, 100 + index)
        elif index % 3 == 1:
            till.reverse(stan, 1)
            charged += 100 + index
        else:
            charged += 100 + index
    assert bank.balance(name) == opening - charged
    assert REPORTS["check"](bank.book, {}) == []
    totals = bank.book.totals("10000001", till.batch)
    assert (totals.debit_count, totals.debit_minor) == (8, charged)
