"""A till at a real terminal with a real host: one request, one effect."""

import asyncio

import pytest

from terminal.screens.texts import Translator

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


LOYALTY = "9826111122223333444"
CUSTOMERS = Translator("zh")


def test_a_loyalty_card_is_told_to_the_till_that_asks_and_the_payment_goes_on(shop):
    async def story(shop):
        till, told = shop.till(), []
        till.loyalty = told.append
        asking = await shop.asked(till, "1", payment(1234))
        shop.rig.reader.swipe(track2=LOYALTY)
        taken = await shop.rig.terminal.monitor.story.until(
            lambda line: CUSTOMERS.text("card.loyalty") in line.get("lines", ()), 60, what="a word"
        )
        assert taken["name"] == "sale.present"
        shop.rig.swipe("signature")
        assert (await asking)["Response"]["Result"] == "Success"
        assert told == [LOYALTY]
        assert await shop.charges() == [1234]

    shop(story, ecr={"loyalty_cards": ["9826"]})


def test_without_a_till_that_asks_a_loyalty_card_is_no_payment_card(shop):
    async def story(shop):
        await shop.rig.until_card_wanted(1234)
        shop.rig.reader.swipe(track2=LOYALTY)
        refused = await shop.rig.terminal.monitor.story.until(
            lambda line: CUSTOMERS.text("card.not-payment") in line.get("lines", ()), 60, what="a word"
        )
        assert refused["name"] == "sale.present"

    shop(story, ecr={"loyalty_cards": ["9826"]})
