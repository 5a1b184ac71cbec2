"""Who has the terminal, what may be broken off, what a lost line does: told truthfully, never a reason to restart."""

import asyncio
import json
import os

import pytest

from tools.rig.terminal import TERMINAL
from tools.till.till import LineLost, TillError

from .conftest import CODE, payment

STATUS = {"MessageReference": {"ServiceID": "1"}}


def reason(told):
    return told["Response"].get("Reason")


def outcome(told):
    return told["Response"].get("Outcome")


async def settled(till, service="1"):
    """What the till is told of a request once it has ended."""
    for number in range(10_000):
        told = await till.ask("TransactionStatus", f"s{number}", {"MessageReference": {"ServiceID": service}})
        if "RepeatedMessageResponse" in told:
            return next(iter(told["RepeatedMessageResponse"]["RepeatedResponseMessageBody"].values()))
        await asyncio.sleep(0.05)
    raise AssertionError


def test_a_payment_can_be_broken_off_until_the_host_is_asked_and_not_after(shop):
    async def story(shop):
        till, host = shop.till(), shop.rig.host
        paying = await shop.asked(till, "1", payment(1000))
        assert (await till.ask("Abort", "a1", STATUS))["Response"]["Result"] == "Success"
        assert (reason(await paying), outcome(await paying)) == ("till.aborted", "not-begun")
        assert reason(await till.ask("Abort", "a2", STATUS)) == "ended"
        assert reason(await till.ask("Abort", "a3", {"MessageReference": {"ServiceID": "9"}})) == "unknown"
        await host.do("next-answer", fault="late", mti="0200", seconds=6)
        asked = len(host.events.told)
        paying = await shop.asked(till, "2", payment(2000))
        shop.rig.swipe("signature")
        await host.event("received", 30, after=asked, mti="0200")
        assert reason(await till.ask("Abort", "a4", {"MessageReference": {"ServiceID": "2"}})) == "host-asked"
        assert outcome(await paying) == "approved"
        assert await shop.charges() == [2000]
        await shop.books_agree()

    shop(story)


def test_what_the_operator_cancels_is_told_as_such_and_nothing_is_charged(shop):
    async def story(shop):
        till = shop.till()
        paying = await shop.asked(till, "1", payment(1000))
        await shop.rig.press("cancel")
        assert (await paying)["Response"]["ErrorCondition"] == "Cancel"
        assert outcome(await till.ask("Payment", "1", payment(1000))) == "not-begun"
        assert await shop.charges() == []

    shop(story)


def test_a_till_that_goes_away_finds_its_result_when_it_comes_back(shop):
    async def story(shop):
        till = shop.till()
        paying = await shop.asked(till, "1", payment(1000))
        await till.close()
        with pytest.raises(LineLost):
            await paying
        shop.rig.swipe("signature")
        await shop.rig.until("outcome.approved")
        assert outcome(await settled(till)) == "approved"
        assert outcome(await till.ask("Payment", "1", payment(1000))) == "approved"
        assert await shop.charges() == [1000]

    shop(story)


def test_a_payment_that_is_being_undone_is_told_so_and_then_as_undone(shop):
    async def story(shop):
        till, host = shop.till(), shop.rig.host
        await host.do("next-answer", fault="no-answer", mti="0200")
        paying = await shop.asked(till, "1", payment(1000))
        shop.rig.swipe("signature")
        assert outcome(await paying) in ("undoing", "not-charged")
        await shop.books_agree()
        assert outcome(await till.ask("Payment", "1", payment(1000))) == "not-charged"
        assert await shop.charges() == []

    shop(story, overrides={"response_s": 3})


def test_the_next_sale_need_not_wait_for_the_last_result_to_leave_the_screen(shop):
    async def story(shop):
        till = shop.till()
        for number, account in enumerate(("signature", CODE)):
            assert outcome(await shop.paid(till, str(number), payment(1000 + number), account)) == "approved"
        assert sorted(await shop.charges()) == [1000, 1001]

    shop(story)


def test_another_till_hears_who_has_the_terminal_and_takes_it_over_when_no_money_is_under_way(shop):
    async def story(shop):
        one, other = shop.till("KASSA-1"), shop.till("KASSA-2")
        await one.ask("Login", "1", {})
        told = await other.ask("Payment", "1", payment(500))
        assert reason(told) == "other-till"
        assert told["Owner"]["SaleID"] == "KASSA-1"
        assert told["Owner"]["LeaseSecondsLeft"] <= 61
        paying = await shop.asked(one, "2", payment(1000))
        told = await other.ask("TakeOver", "2", {})
        assert reason(told) == "under-way"
        assert told["Owner"]["Doing"]["TransactionType"] == "sale"
        shop.rig.swipe("signature")
        await paying
        assert (await other.ask("TakeOver", "3", {}))["Response"]["Result"] == "Success"
        assert reason(await one.ask("Payment", "4", payment(1))) == "other-till"
        await other.ask("Logout", "5", {})
        assert (await one.ask("Login", "6", {}))["Response"]["Result"] == "Success"

    shop(story)


def test_a_silent_till_loses_the_terminal_by_itself(shop):
    async def story(shop):
        one, other = shop.till("KASSA-1"), shop.till("KASSA-2")
        await one.ask("Login", "1", {})
        told = await other.ask("Login", "1", {})
        assert reason(told) == "other-till"
        while reason(told) == "other-till":
            await asyncio.sleep(0.5)
            told = await other.ask("Login", "2", {})
        assert told["Response"]["Result"] == "Success"

    shop(story, ecr={"lease_s": 10})


def test_somebody_at_the_keys_is_told_as_such(shop):
    async def story(shop):
        till = shop.till()
        await shop.rig.press("enter")
        await shop.rig.until("menu.main")
        told = await till.ask("Payment", "1", payment(1000))
        assert (reason(told), told["Owner"]["Doing"]["Phase"]) == ("attended", "attended")
        assert (await till.ask("Diagnosis", "2", {}))["POIStatus"]["GlobalStatus"] == "Busy"
        await shop.rig.press("cancel")
        await shop.rig.until("idle")
        assert outcome(await shop.paid(till, "1", payment(1000))) == "approved"  # was not written down: the same name

    shop(story)


def test_a_void_and_a_refund_of_a_till_are_those_of_the_keypad(shop):
    async def story(shop):
        till = shop.till()

        second = await shop.paid(till, "2", payment(2000))
        first = await shop.paid(till, "1", payment(1000), CODE)
        voucher = first["POIData"]["POITransactionID"]["TransactionID"]
        body = {"OriginalPOITransaction": {"POITransactionID": {"TransactionID": voucher}}}
        voiding = await shop.asked(till, "3", body, "original.confirm", "Reversal")
        await shop.rig.press("enter")
        told = await voiding
        assert outcome(told) == "approved"
        assert told["PaymentResult"]["TransactionType"] == "sale-void"
        again = await till.ask("Payment", "1", payment(1000))
        assert again["PaymentResult"]["VoidedBy"] == told["POIData"]["POITransactionID"]["TransactionID"]
        host = second["PaymentResult"]["PaymentAcquirerData"]["HostTransactionID"]
        refund = payment(500, PaymentData={"PaymentType": "Refund"})
        refund["PaymentTransaction"]["OriginalPOITransaction"] = {"HostTransactionID": host}
        giving = await shop.asked(till, "4", refund, "refund.present")
        while not giving.done():  # the same card, not within two seconds
            shop.rig.swipe("signature")
            await asyncio.wait({giving}, timeout=2.5)
        assert outcome(await giving) in ("approved", "delivering")
        await shop.rig.until("outcome.")
        refund["PaymentTransaction"]["AmountsReq"]["RequestedAmountMinor"] = 1501
        too_much = await shop.asked(till, "5", refund, "refused")
        await shop.rig.press("enter")
        assert reason(await too_much) == "refund.too-much"
        await shop.books_agree()

    shop(story, overrides={"void_needs_card": False})


def test_a_pre_authorisation_is_asked_for_by_a_till(shop):
    async def story(shop):
        till = shop.till()
        body = payment(3000, PaymentData={"PaymentType": "FirstReservation"})
        told = await shop.paid(till, "1", body, "good", "pre-auth.present")
        assert (outcome(told), told["PaymentResult"]["TransactionType"]) == ("approved", "pre-auth")

    shop(story, overrides={"pin": "above-limit"})


@pytest.mark.parametrize(
    ("body", "condition"),
    [
        (payment(1000, PaymentData={"PaymentType": "Refund"}), "MessageFormat"),
        ({"PaymentTransaction": {"AmountsReq": {"Currency": "EUR", "RequestedAmountMinor": 5}}}, "PaymentRestriction"),
        (payment(999_999_999_999), "PaymentRestriction"),
    ],
)
def test_what_this_terminal_does_not_do_is_refused_before_it_is_written_down(shop, body, condition):
    async def story(shop):
        till = shop.till()
        told = await till.ask("Payment", "1", body)
        assert told["Response"]["ErrorCondition"] == condition
        assert reason(await till.ask("TransactionStatus", "2", STATUS)) == "unknown"
        other = await till.ask("Login", "3", {})
        assert other["Response"]["Result"] == "Success"

    shop(story)


def test_a_request_for_another_terminal_is_refused(shop):
    async def story(shop):
        till = shop.till()
        till.poi_id = "10000002"
        assert reason(await till.ask("Payment", "1", payment(5))) == "other-terminal"

    shop(story)


def test_with_operators_a_take_over_needs_the_supervisor_and_nobody_sells_before_signing_in(shop):
    async def story(shop):
        rig, one, other = shop.rig, shop.till("KASSA-1"), shop.till("KASSA-2")

        async def password(screen, digits):
            await rig.until(screen)
            await rig.type(digits)

        await rig.until_input_devices()
        for _ in range(2):
            await password("operator.new.99", "123456")
        await rig.until("operator.saved")
        await rig.press("enter")
        for _ in range(2):
            await password("operator.new.00", "654321")
        await rig.until("operator.saved")
        await rig.press("enter")
        await rig.until("ask.operator")
        assert reason(await one.ask("Payment", "1", payment(500))) == "signed-out"
        await rig.type("99")
        await password("operator.password", "123456")
        await rig.until("idle")
        await one.ask("Login", "2", {})
        refused = await shop.asked(one, "3", payment(500), "refused")
        await rig.press("enter")
        assert reason(await refused) == "operator.no-trade"
        taking = await shop.asked(other, "4", {}, "operator.password", "TakeOver")
        shown = rig.terminal.monitor.screen
        assert any("KASSA-2" in line for line in shown["lines"])
        assert reason(await one.ask("Payment", "5", payment(500))) == "under-way"
        await rig.press("cancel")
        assert reason(await taking) == "till.cancelled"
        taking = await shop.asked(other, "6", {}, "operator.password", "TakeOver")
        await rig.type("654321")
        assert (await taking)["Response"]["Result"] == "Success"
        assert reason(await one.ask("Login", "7", {})) == "other-till"

    shop(story, operators=True)


def test_with_a_key_only_a_till_that_knows_it_is_heard(shop, tmp_path):
    key = os.urandom(32)
    file = tmp_path / "till.key"
    file.touch(0o600)
    file.write_text(key.hex(), "ascii")

    async def story(shop):
        stranger, thief, till = shop.till("KASSA-9"), shop.till("KASSA-8", os.urandom(32)), shop.till("KASSA-1", key)
        assert reason(await stranger.ask("Payment", "1", payment(5))) == "login-first"
        with pytest.raises(TillError, match="another key"):
            await thief.ask("Payment", "1", payment(5))
        assert outcome(await shop.paid(till, "1", payment(1000))) == "approved"
        assert not any(key.hex().encode() in line for _, line in shop.lines)
        assert await shop.charges() == [1000]

    shop(story, ecr={"key_file": str(file)})


def test_a_port_that_is_taken_keeps_no_terminal_from_serving(shop):
    async def story(shop):
        await shop.rig.terminal.monitor.story.until(
            lambda line: line["type"] == "device" and line["device"] == "till" and line["state"] == "refused", 60.0
        )
        await shop.rig.until_card_wanted(700)

    async def nobody(reader, writer):
        writer.close()

    async def taken():
        return await asyncio.start_server(nobody, "127.0.0.1", 0)

    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        shop(story, ecr={"address": f"tcp:127.0.0.1:{one.getsockname()[1]}"})


RUBBISH = (
    b"\n\r\n\n", b"{" * 5000, b"[" * 4000 + b"\n", b'{"a":1e999}\n', bytes(range(256)) + b"\n", b"x" * 100_000 + b"\n",
    b"\x00" * 70_000, b'{"SaleToPOIRequest":{"MessageHeader":5}}\n' * 3, b'"\\ud800"\n', b"GET / HTTP/1.1\r\n\r\n",
)  # fmt: skip


def test_rubbish_from_several_sides_stops_no_payment(shop):
    async def story(shop):
        host, _, port = shop.address.removeprefix("tcp:").rpartition(":")
        till = shop.till()
        paying = await shop.asked(till, "1", payment(1000))
        for rubbish in RUBBISH:
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(rubbish)
            writer.write_eof()
            async with asyncio.timeout(60):
                answers = (await reader.read()).splitlines()  # until it hangs up
            assert all(json.loads(line) for line in answers)
            assert len(answers) <= 4
            writer.close()
        idle = [await asyncio.open_connection(host, int(port)) for _ in range(12)]
        shop.rig.swipe("signature")
        await shop.rig.until("outcome.approved")
        assert outcome(await settled(shop.till())) == "approved"
        for _, writer in idle:
            writer.close()
        paying.cancel()
        await asyncio.gather(paying, return_exceptions=True)

    shop(story)


def test_no_line_and_no_log_holds_a_card_number(shop):
    async def story(shop):
        from tools.rig import ACCOUNTS

        till = shop.till()
        told = await shop.paid(till, "1", payment(1000))
        pan = ACCOUNTS["signature"].pan
        masked = told["PaymentResult"]["PaymentInstrumentData"]["CardData"]["MaskedPAN"]
        assert masked == pan[:6] + "*" * (len(pan) - 10) + pan[-4:]
        logs = b"".join(path.read_bytes() for path in shop.rig.folder.glob("*.log"))
        assert pan.encode() not in b"".join(line for _, line in shop.lines) + logs
        assert TERMINAL.encode() in b"".join(line for _, line in shop.lines)

    shop(story)
