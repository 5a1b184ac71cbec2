"""Amounts: typed from right to left, shown with the currency's own decimals, never a float."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.domain.money import CURRENCIES, format_amount, push_digit, to_element_4

CNY, JPY, KWD = CURRENCIES["156"], CURRENCIES["392"], CURRENCIES["414"]


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [
        (0, CNY, "RMB 0.00"),
        (1, CNY, "RMB 0.01"),
        (12850, CNY, "RMB 128.50"),
        (500, JPY, "JPY 500"),
        (1234, KWD, "KWD 1.234"),
        (-250, CNY, "RMB -2.50"),
    ],
)
def test_an_amount_is_shown_with_the_decimals_of_its_currency(minor, currency, shown):
    assert format_amount(minor, currency) == shown


def test_digits_enter_from_the_right():
    amount = 0
    for key in ("1", "2", "8", "5", "0"):
        amount = push_digit(amount, key, 10**11)
    assert amount == 12850
    assert push_digit(1, "00", 10**11) == 100


@given(st.integers(0, 10**12), st.sampled_from([*"0123456789", "00"]), st.integers(0, 10**12))
def test_no_key_takes_an_amount_beyond_the_maximum(amount, key, maximum):
    grown = push_digit(amount, key, maximum)
    assert grown == amount or grown <= maximum


@given(st.integers(0, 999_999_999_999))
def test_element_4_gives_the_amount_back(amount):
    text = to_element_4(amount)
    assert len(text) == 12
    assert int(text) == amount


@pytest.mark.parametrize("amount", [-1, 10**12])
def test_an_amount_that_does_not_fit_element_4_is_refused(amount):
    with pytest.raises(ValueError):
        to_element_4(amount)
