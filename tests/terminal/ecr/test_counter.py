"""A till at a real terminal with a real host: one request, one effect."""

import asyncio

import pytest

from .conftest import payment


@pytest.mark.parametrize("serial", [False, True], ids=["tcp", "serial"])
def test_a_till_is_paid_by_a_card_at_the_terminal_and_repeating_the_request_charges_nothing(shop, serial):
    async def story(shop):
        till = shop.till()
        paying = asyncio.create_task(till.ask("Payment", "1", payment(1234), 60))
        present = await shop.rig.until("sale.present")
        assert any("KASSA-1 A17" in line for line in present["lines"])
        shop.rig.swipe("signature")
        told = await paying
        assert told["Response"]["Result"] == "Success"
        assert told["PaymentResult"]["AmountsResp"]["AuthorizedAmountMinor"] == 1234
        assert await till.ask("Payment", "1", payment(1234)) == told
        assert await shop.charges() == [1234]
        await shop.books_agree()

    shop(story, serial=serial)
