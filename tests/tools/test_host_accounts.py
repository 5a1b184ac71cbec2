"""The demonstration customers."""

import pytest

from tools.host.accounts import DEMO_ACCOUNTS, DEMO_CODES, stripe, valid_luhn


@pytest.mark.parametrize("account", DEMO_ACCOUNTS, ids=lambda account: account.name)
def test_every_demo_card_is_a_number_that_a_reader_accepts_and_unionpays_unless_it_is_foreign(account):
    assert account.pan.startswith("62") is (account.organisation == "CUP")
    assert valid_luhn(account.pan)
    assert len(stripe(account)) <= 37
    assert stripe(account).startswith(f"{account.pan}={account.expiry}{account.service_code}")


def test_the_luhn_check_refuses_a_changed_digit():
    pan = DEMO_ACCOUNTS[0].pan
    assert not valid_luhn(pan[:-1] + str((int(pan[-1]) + 1) % 10))


@pytest.mark.parametrize("code", DEMO_CODES, ids=lambda code: code.code)
def test_every_demo_code_is_a_unionpay_payment_code_of_a_known_customer(code):
    assert code.code.startswith("62")
    assert len(code.code) == 19
    assert code.account in {account.name for account in DEMO_ACCOUNTS}
