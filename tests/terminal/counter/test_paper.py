"""Paper of every transaction, reprints, and terminals without a printer."""

import asyncio

import pytest

from terminal.journal import Slip
from terminal.screens.texts import Translator
from terminal.slips.keeper import SlipKeeper, slip_text
from terminal.slips.layout import Merchant
from terminal.slips.paper import SlipWriter
from terminal.slips.profile import PrinterProfile

SHOP = Merchant("示范商店 Corner Shop", "999290054110001", "10000001")


def writer_of(c, merchant=SHOP):
    async def facts():
        return [("response_s", "60"), ("qr_query_codes", "0200 330000 00 22")]

    return SlipWriter(c.journal, merchant, "156", PrinterProfile(), ("en", "zh"), c.acquirer.clock, facts=facts)


async def keep(c, kept):
    """Run the keeper of files until nothing is owed."""
    keeper = SlipKeeper(c.folder, c.journal.jobs, writer_of(c).lines, c.acquirer.writer, kept.append)
    task = asyncio.create_task(keeper.run())
    async with asyncio.timeout(10):
        while await c.journal.jobs.waiting():
            keeper.wake()
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return sorted((c.folder / "slips").iterdir())


def test_without_a_printer_each_slip_is_a_file_and_there_is_one_of_each(counter):
    kept = []

    async def story(c):
        await c.sell("500")
        await c.sell("700")
        files = await keep(c, kept)
        assert len(files) == len(kept) == 4
        text = files[0].read_text("utf-8")
        assert "RMB 5.00" in text and "6212 34" in text and "000002" in text

    async def again(c):
        assert len(await keep(c, kept)) == 4, "a restart keeps nothing twice"
        await c.do("61")
        files = await keep(c, kept)
        assert len(files) == 5 and any("DUPLICATE" in f.read_text("utf-8") for f in files), "a further copy says so"

    counter(story, again)


def test_a_power_cut_before_the_job_is_done_writes_the_same_file_again(counter):
    async def story(c):
        await c.sell("500")
        first = [f.name for f in await keep(c, [])]
        c.journal._database.execute("UPDATE print_job SET state = 'waiting'")
        assert [f.name for f in await keep(c, [])] == first

    counter(story)


def test_a_customer_without_paper_scans_the_receipt(counter):
    async def story(c):
        c.desk.paper = False
        shown = await c.sell("500")
        (receipt,) = [s for s in shown if s.name == "receipt"]
        row = await c.last()
        assert row.rrn in receipt.qr and "RMB 5.00" in receipt.qr
        assert "6212340000000000020" not in receipt.qr, "never the whole card number"

    counter(story)


def test_a_refused_sale_gives_no_receipt(counter):
    async def story(c):
        c.desk.paper = False
        shown = await c.do("1", ("sale.amount", "100"), ("sale.present", "$lost"), ("sale.pin", "222222"))
        assert c.result == "outcome.declined" and not any(s.name == "receipt" for s in shown)

    counter(story)


def test_a_slip_of_an_older_batch_is_reprinted_by_its_number(counter):
    async def story(c):
        await c.sell("500")
        stan = str((await c.last()).stan)
        await c.do("76", ("settle.confirm", "!enter"))
        await keep(c, [])
        await c.do("62", ("reprint.number", stan), ("reprint.batch", "1"))
        assert c.shown[-1].name == "reprint.queued"
        job = await c.journal.jobs.next_job()
        assert job.reprint and job.record.amount_minor == 500

    counter(story)


@pytest.mark.parametrize("path", ["63", "64", "66"])
def test_details_totals_and_settings_are_printed_and_marked_in_training(counter, path):
    async def story(c):
        await c.sell("500")
        await keep(c, [])
        await c.do(path)
        job = await c.journal.jobs.next_job()
        trained = Merchant(SHOP.name, SHOP.merchant_id, SHOP.terminal_id, training=True)
        text = slip_text(await writer_of(c, trained).lines(job, False))
        assert Translator("en").text("slip.training") in text

    counter(story)


def test_the_last_batch_can_be_printed_again(counter):
    async def story(c):
        await c.sell("500")
        await c.do("76", ("settle.confirm", "!enter"))
        await keep(c, [])
        await c.do("65")
        job = await c.journal.jobs.next_job()
        text = slip_text(await writer_of(c).lines(job, True))
        assert job.what == Slip.SETTLEMENT and "DUPLICATE" in text and "RMB 5.00" in text

    counter(story)


def test_a_small_amount_needs_neither_pin_nor_signature_and_says_so(counter):
    async def story(c):
        await c.do("1", ("sale.amount", "900"), ("sale.present", "$signature"))
        assert (await c.last()).cvm == "none"
        job = await c.journal.jobs.next_job()
        text = slip_text(await writer_of(c).lines(job, False))
        assert "NO PIN, NO SIGNATURE NEEDED" in text and "SIGNATURE\n" not in text

    counter(story, pin="above-limit", pin_free_max_minor=1000, signature_free_max_minor=1000)


def test_a_passed_over_pin_is_signed_for(counter):
    async def story(c):
        await c.sell("900")
        job = await c.journal.jobs.next_job()
        text = slip_text(await writer_of(c).lines(job, False))
        assert "PIN BYPASSED" in text and "\nSIGNATURE" in text

    counter(story)


def test_waiting_slips_can_be_given_up_and_nothing_else(counter):
    async def story(c):
        await c.sell("500")
        await c.do("95", ("technician.clear", "!enter"))
        assert await c.journal.jobs.waiting() == 0
        return await c.books_agree()

    assert counter(story) == ((1, 500), (0, 0))


def test_the_customers_slip_is_in_the_language_that_the_customer_chose_and_the_merchants_is_not(counter):
    async def story(c):
        chosen = ("sale.amount", "1200"), ("sale.present", "!hash", "$good"), ("sale.pin", "123456")  # en to fi
        c.desk.next_customer()
        await c.do("1", *chosen)
        c.desk.next_customer()
        await c.sell("700")
        texts = [f.read_text("utf-8") for f in await keep(c, [])]
        told = {
            (whose, language): sum(Translator(language).text(f"slip.copy.{whose}") in text for text in texts)
            for whose in ("merchant", "customer")
            for language in ("en", "fi")
        }
        assert told == {("merchant", "en"): 2, ("merchant", "fi"): 0, ("customer", "en"): 1, ("customer", "fi"): 1}

    counter(story)
