"""A day at the counter, act by act. Every claim is checked; the exit code says whether all of them held."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from terminal.domain.money import CURRENCIES, format_amount
from tools.demo.stage import Stage
from tools.rig import ACCOUNTS, Rig, TerminalOptions, read_journal
from tools.rig.rig import SCREEN_S

__all__ = ["play"]

GOOD_CODE = "6220001234567890018"
SALE_MINOR, CODE_SALE_MINOR, DECLINED_MINOR, CUT_MINOR = 12_850, 990, 4_560, 20_000
RESPONSE_S = 10
HOST_S = 10.0
_CUSTOMER_LANGUAGES = {"en": "zh", "zh": "en", "fi": "en"}


async def play(language: str, output: Path) -> bool:
    """Play the story; whether every claim held. Raises RigError when the world does not come up."""
    options = TerminalOptions(
        language=language,
        customer_language=_CUSTOMER_LANGUAGES[language],
        overrides={"response_s": RESPONSE_S},
    )
    async with Rig(options) as rig:
        stage = Stage(rig, output)
        stage.prepare()
        for act in _ACTS:
            await act(rig, stage)
        return stage.finish()


async def opening(rig: Rig, stage: Stage) -> None:
    """The terminal signs on by itself, and both sides hold the same keys."""
    stage.act("The shop opens: terminal and bank start as two processes")
    await rig.terminal.start()
    signed = await rig.terminal.monitor.line("sign-on", SCREEN_S)
    await rig.until("idle")
    await rig.until_input_devices()
    await stage.follow()
    stage.claim(signed["done"], "The terminal has signed on.")
    ours = {slot: value[:8] for slot, value in signed["check_values"]}
    theirs = {row["key"]: row["check_value"] for row in await rig.host.ask("check-values")}
    for slot, value in ours.items():
        stage.claim(theirs.get(slot) == value, f"Key check value of the {slot} key, terminal and bank: {value}")


async def card_sale(rig: Rig, stage: Stage) -> None:
    """A customer swipes and types a PIN."""
    stage.act("A customer swipes a card and types the PIN")
    outcome = await _sale(rig, SALE_MINOR, lambda: rig.swipe("good"), ACCOUNTS["good"].pin)
    await stage.follow()
    stage.claim(outcome["name"] == "outcome.approved", f"{_money(SALE_MINOR)} is charged.")
    await _charged(rig, stage, SALE_MINOR, SALE_MINOR)
    await stage.slips(2)
    await rig.press("enter")


async def code_sale(rig: Rig, stage: Stage) -> None:
    """A customer shows a payment code."""
    stage.act("A customer shows a payment code on a phone")
    outcome = await _sale(rig, CODE_SALE_MINOR, lambda: rig.scan(GOOD_CODE))
    await stage.follow()
    stage.claim(outcome["name"] == "outcome.approved", f"{_money(CODE_SALE_MINOR)} is charged.")
    await _charged(rig, stage, CODE_SALE_MINOR, CODE_SALE_MINOR)
    await stage.slips(2)
    await rig.press("enter")


async def declined(rig: Rig, stage: Stage) -> None:
    """A customer has not enough money."""
    stage.act("A customer has not enough money")
    outcome = await _sale(rig, DECLINED_MINOR, lambda: rig.swipe("low"), ACCOUNTS["low"].pin)
    await stage.follow()
    stage.claim(outcome["name"] == "outcome.declined", "The bank declines (51), and the screen says why.")
    await _charged(rig, stage, DECLINED_MINOR, 0)
    await rig.press("enter")


async def power_cut(rig: Rig, stage: Stage) -> None:
    """The terminal dies right after a 0200 has left; the bank has charged; nobody loses money."""
    stage.act("The power fails right after a 0200 has left")
    await rig.host.do("next-answer", fault="no-answer", mti="0200")
    position = len(rig.host.events.told)
    await _present(rig, CUT_MINOR, lambda: rig.swipe("good"), ACCOUNTS["good"].pin)
    await rig.host.event("withheld", HOST_S, after=position, mti="0200")
    pid = rig.terminal.pid
    await rig.terminal.kill()
    await stage.follow()
    stage.say(f"SIGKILL to process {pid}. The request has left; no answer has come.")
    await _charged(rig, stage, CUT_MINOR, CUT_MINOR)
    states = [row.state for row in read_journal(rig.terminal.journal) if row.amount_minor == CUT_MINOR]
    stage.claim(states == ["sent"], "The journal on the disk knows that a request may have left.")

    stage.act("The power is back")
    position = len(rig.host.events.told)
    await rig.terminal.start()
    await rig.until("outcome.not-charged")
    await rig.host.event("answered", HOST_S, after=position, mti="0400", code="00")
    await stage.follow()
    stage.claim(True, "The terminal reversed by itself; the bank acknowledged (00); the screen says: not charged.")
    await _charged(rig, stage, CUT_MINOR, 0)
    await rig.until_input_devices()
    await stage.slips(1)
    await rig.press("enter")


async def totals(rig: Rig, stage: Stage) -> None:
    """Both books side by side."""
    stage.act("The day is over: terminal and bank compare their books")
    await rig.until("idle")
    await rig.press("6")
    await rig.until("menu.print")
    await rig.press("4")
    await rig.until("totals")
    await stage.follow()
    await stage.slips(1)
    comparison = await rig.compare()
    stage.say(f"              {'count':>5}   {'amount':>14}")
    stage.say(f"terminal      {comparison.terminal_count:>5}   {_money(comparison.terminal_minor):>14}")
    stage.say(f"bank          {comparison.host_count:>5}   {_money(comparison.host_minor):>14}")
    for fault in comparison.faults:
        stage.claim(False, fault)
    expected = SALE_MINOR + CODE_SALE_MINOR
    stage.claim(
        (comparison.terminal_minor, comparison.host_minor) == (expected, expected) and not comparison.faults,
        "The terminal's totals and the bank's ledger are equal.",
    )


_ACTS: tuple[Callable[[Rig, Stage], Awaitable[None]], ...] = (
    opening,
    card_sale,
    code_sale,
    declined,
    power_cut,
    totals,
)


async def _present(rig: Rig, amount_minor: int, pay: Callable[[], None], pin: str = "") -> None:
    """Everything the cashier and the customer do, up to the moment the terminal asks the bank."""
    await rig.until("idle")
    await rig.until_card_wanted(amount_minor)
    pay()
    if pin:
        await rig.until("sale.pin")
        await rig.type(pin)


async def _sale(rig: Rig, amount_minor: int, pay: Callable[[], None], pin: str = "") -> dict[str, Any]:
    await _present(rig, amount_minor, pay, pin)
    return await rig.until("outcome.")


async def _charged(rig: Rig, stage: Stage, amount_minor: int, expected_minor: int) -> None:
    """Compare what the bank has really charged for one amount with what it should have."""
    rows = [row for row in await rig.host.ask("ledger") if row["amount_minor"] == amount_minor]
    charged = sum(row["charged_minor"] for row in rows)
    stage.claim(charged == expected_minor, f"Charged at the bank: {_money(charged)}")


def _money(amount_minor: int) -> str:
    return format_amount(amount_minor, CURRENCIES["156"])
