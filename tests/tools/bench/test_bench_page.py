"""The counter in a real browser: what a merchant, an operator and a newcomer do at it."""

import asyncio

SLIPS = "document.querySelectorAll('.slip[data-whole]').length"


async def pay(page, amount, card, pin=None):
    """Everything up to the last key; ``pin`` is None for a code, which needs none, and "" for green at once."""
    await page.screen("idle")
    await page.key("1")
    await page.screen("sale.amount")
    for digit in amount:
        await page.key(digit)
    await page.key("Enter")
    await page.screen("sale.present")
    await page.click(f"[data-name={card}]")
    if pin is not None:
        await page.screen("sale.pin")
        for digit in pin:
            await page.key(digit)
        await page.key("Enter")


async def equal_books(page):
    await page.click("#books")
    await page.until("document.querySelector('#books-say').textContent")
    return await page.run("document.querySelector('#books-say').classList.contains('equal')")


def test_a_first_sale_by_mouse_and_a_dragged_card(at_the_bench, look):
    async def story(bench, page):
        await page.screen("idle")
        await page.click("[data-key=enter]")
        await page.screen("menu.main")
        await page.click("[data-key='1']")
        await page.screen("sale.amount")
        for digit in "12850":
            await page.click(f"[data-key='{digit}']")
        await page.until("document.querySelector('#spoken').textContent.includes('RMB 128.50')")
        await page.until("document.querySelector('#customer').textContent.includes('RMB 128.50')")
        await page.click("[data-key=enter]")
        await page.screen("sale.present")
        await page.drag("[data-name=good]", "#slot")
        await page.screen("sale.pin")
        for digit in "123456":
            await page.click(f"[data-key='{digit}']")
        await page.click("[data-key=enter]")
        await page.screen("outcome.approved")
        await page.until(f"{SLIPS} === 2")
        await page.until("document.querySelector('#screen').dataset.name === 'outcome.approved'")
        await page.until("document.querySelector('#ledger tbody td')?.parentElement.textContent.includes('128.50')")
        assert await equal_books(page)
        await page.size(1440, 900)
        await look(page, "docs/gallery/bench.png")
        # The messages are there, masked: neither the card's number nor the PIN is anywhere on the page.
        told = await page.run("document.body.textContent")
        assert "0200" in told and "0210" in told
        assert "6212340000000000012" not in told and "3512120" not in told
        await page.click("#tear")
        await page.until("document.querySelectorAll('.slip').length === 0")

    at_the_bench(story)


def test_a_decline_and_cards_that_cannot_be_used(at_the_bench, look):
    async def story(bench, page):
        await page.screen("idle")
        await page.key("1")
        await page.screen("sale.amount")
        for digit in "4560":
            await page.key(digit)
        await page.key("Enter")
        await page.screen("sale.present")
        for card in ("worn", "half", "expired", "layout", "stopped"):
            before = await page.run("document.querySelector('#spoken').textContent")
            await page.click(f"[data-name={card}]")
            if card == "worn":
                await page.until(
                    f"document.querySelector('#spoken').textContent !== {before!r}".replace("\\n", "\\\\n")
                )
            else:
                await asyncio.sleep(0.4)
            assert await page.run("document.body.dataset.screen") == "sale.present", card
        await page.click("[data-name=wifi]")
        await asyncio.sleep(0.3)
        assert await page.run("document.body.dataset.screen") == "sale.present", "a Wi-Fi code pays nothing"
        await page.click("[data-name=low]")
        await page.screen("sale.pin")
        for digit in "111111":
            await page.key(digit)
        await page.key("Enter")
        await page.screen("outcome.declined")
        assert await page.run(SLIPS) == 0
        assert await equal_books(page)
        await look(page, "tests/golden/bench/decline.png")

    at_the_bench(story)


def test_paper_that_ends_in_the_middle_of_a_slip(at_the_bench, look):
    async def story(bench, page):
        await page.click("#ending")
        await pay(page, "100", "code")
        await page.screen("outcome.approved")
        await page.until("document.querySelector('#paper').getAttribute('aria-pressed') === 'false'")
        assert await page.run("document.querySelectorAll('.slip').length") == 1
        assert await page.run(SLIPS) == 0, "half a slip"
        await page.until("document.querySelector('#screen').alt.includes('Voucher')")
        await look(page, "tests/golden/bench/paper-out.png")
        await page.click("#paper")
        await page.until(f"{SLIPS} === 2", 40.0)
        assert await equal_books(page)

    at_the_bench(story)


def test_a_network_that_loses_the_answer(at_the_bench, look):
    async def story(bench, page):
        await page.screen("idle")
        await page.until("document.querySelector('#story').textContent.includes('Signed on')")
        await page.click("[name=network][value=silent]")
        await pay(page, "7700", "signature", "")
        await page.screen("processing")
        await page.screen("outcome.undoing")
        await page.click("[name=network][value=ok]")
        await page.screen("outcome.not-charged")
        await page.until(f"{SLIPS} >= 1")
        assert await equal_books(page)
        await look(page, "tests/golden/bench/lost-answer.png")

    at_the_bench(story, response_s=2.0)


def test_a_power_cut_after_the_payment_has_left(at_the_bench, look):
    async def story(bench, page):
        await page.screen("idle")
        await page.until("document.querySelector('#story').textContent.includes('Signed on')")
        await page.choose("#fault", "no-answer")
        await page.until("document.querySelector('#story').textContent.includes('no-answer')")
        await pay(page, "20000", "good", "123456")
        await page.screen("processing")
        await page.until("document.querySelector('#ledger').textContent.includes('200.00')")
        await page.click("#power")
        await page.screen("dark")
        assert await page.run("document.querySelector('#spoken').textContent") == "No power"
        await page.click("#power")
        await page.screen("outcome.not-charged")
        await page.until(f"{SLIPS} >= 1")
        assert await equal_books(page)
        await look(page, "tests/golden/bench/power-cut.png")

    at_the_bench(story)


def test_a_phone_a_finger_and_a_screen_reader(at_the_bench, look):
    async def story(bench, page):
        await page.size(390, 844, mobile=True)
        await page.screen("idle")
        assert await page.run("document.documentElement.scrollWidth <= innerWidth"), "nothing is wider than the phone"
        await page.tap("[data-key='1']")
        await page.screen("sale.amount")
        await page.tap("[data-key='5']")
        await page.until("document.querySelector('#spoken').textContent.includes('RMB 0.05')")
        live = "document.querySelector('#spoken').getAttribute('aria-live')"
        assert await page.run(live) == "polite"
        unnamed = "[...document.querySelectorAll('button')].filter(b => !(b.ariaLabel || b.textContent.trim())).length"
        assert await page.run(unnamed) == 0
        small = (
            "[...document.querySelectorAll('button, select')].filter(b => b.offsetParent &&"
            " b.getBoundingClientRect().height < 36).length"
        )
        assert await page.run(small) == 0, "a finger needs room"
        await look(page, "tests/golden/bench/phone.png")
        await page.run("document.querySelector('[data-key=cancel]').click()")
        await page.screen("idle")

    at_the_bench(story)


def test_chinese_screens_and_a_page_opened_later(at_the_bench):
    async def story(bench, page):
        await pay(page, "100", "code")
        await page.until("document.querySelector('#spoken').textContent.includes('交易成功')")
        await page.until(f"{SLIPS} === 2")
        await page.ask("Page.reload")
        await page.until(f"document.body?.dataset.connected && {SLIPS} === 2")
        await page.until("document.querySelector('#spoken').textContent.includes('交易成功')")
        await page.until("document.querySelector('#story').textContent.includes('0210')")

        # A machine without a Chinese font is given the terminal's.
        assert await page.run("document.fonts.load('15px Han', '请').then(faces => faces.length)") == 1
        await page.until("document.querySelector('#customer').textContent.includes('RMB 1.00')")

    at_the_bench(story, language="zh")


def test_cables_that_are_pulled_and_put_back(at_the_bench):
    async def story(bench, page):
        await page.screen("idle")
        await page.click("[data-plug=keypad]")
        await page.until("document.querySelector('[data-plug=keypad]').getAttribute('aria-pressed') === 'false'")
        await page.until("document.querySelector('#story').textContent.includes('keypad: lost')")
        await page.key("1")
        await asyncio.sleep(0.3)
        assert await page.run("document.body.dataset.screen") == "idle"
        await page.click("[data-plug=keypad]")
        await page.until("document.querySelector('#story').firstChild.textContent.includes('keypad: open')")
        await page.key("1")
        await page.screen("sale.amount")

    at_the_bench(story)


def test_show_me_plays_the_whole_story(at_the_bench):
    async def story(bench, page):
        await page.screen("idle")
        await page.until("document.querySelector('#story').textContent.includes('Signed on')")
        await page.click("#show-me")
        await page.until("document.body.dataset.showing")
        await page.until("!document.body.dataset.showing", 60.0)
        caption = await page.run("document.querySelector('#caption').textContent")
        assert caption.startswith("That was it"), [
            caption,
            await page.run("document.querySelector('#trouble').textContent"),
        ]
        await page.until("document.querySelector('#books-say').textContent")
        assert await page.run("document.querySelector('#books-say').classList.contains('equal')")

    at_the_bench(story)
