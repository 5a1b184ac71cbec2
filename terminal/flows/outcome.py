"""How an outcome is told: never unknown, always with the reason and what happens next."""

from __future__ import annotations

from terminal.desk import Desk
from terminal.domain.money import CURRENCIES, format_amount
from terminal.domain.outcome import Outcome, Result
from terminal.domain.transactions import TRANSACTIONS, Total
from terminal.flows.receipt import offer_receipt
from terminal.screens.screen import Screen, Tone
from terminal.screens.texts import Translator

__all__ = ["outcome_screen", "processing", "tell_outcome"]

_TONES = {
    Result.APPROVED: Tone.GOOD,
    Result.DECLINED: Tone.BAD,
    Result.UNDOING: Tone.WARNING,
    Result.NOT_CHARGED: Tone.BAD,
    Result.DELIVERING: Tone.WARNING,
}


def processing(texts: Translator, amount: str) -> Screen:
    """While the host is asked; the red key has no meaning now, and none is offered."""
    return Screen(
        "processing",
        texts.text("processing.title"),
        texts.text("processing.instruction"),
        amount=amount,
        tone=Tone.BUSY,
    )


def outcome_screen(texts: Translator, outcome: Outcome) -> Screen:
    """The screen of an outcome: what, how much, why, and what to do."""
    record = outcome.record
    amount = format_amount(record.amount_minor, CURRENCIES[record.currency]) if record and record.amount_minor else ""
    told = outcome.result is not Result.APPROVED or not outcome.reason.startswith("response.")
    lines = [texts.text(outcome.reason)] if told else []
    lines += [outcome.detail] if outcome.detail else []
    if record:
        lines.append(texts.text("outcome.voucher", stan=f"{record.stan:06d}"))
    return Screen(
        f"outcome.{outcome.result}",
        texts.text(f"outcome.{outcome.result}.title"),
        texts.text(_instruction(outcome)),
        lines=tuple(lines),
        amount=amount,
        tone=_TONES[outcome.result],
    )


def _instruction(outcome: Outcome) -> str:
    """What has happened to the money, in the words of this kind of transaction."""
    kind = outcome.record.kind if outcome.record else ""
    if outcome.result is Result.APPROVED:
        return f"done.{kind}"
    if kind and TRANSACTIONS[kind].total is not Total.DEBIT and outcome.result in _UNCHANGED:
        return _UNCHANGED[outcome.result]
    return f"outcome.{outcome.result}.instruction"


_UNCHANGED = {
    Result.DECLINED: "outcome.unchanged",
    Result.NOT_CHARGED: "outcome.unchanged",
    Result.UNDOING: "outcome.unchanged.waiting",
}
"""For what is no charge: "not charged" would be true and mean nothing."""


async def tell_outcome(desk: Desk, outcome: Outcome) -> Outcome:
    """Show an outcome; one that is being undone is followed until the host has acknowledged it."""
    if outcome.result is Result.UNDOING:
        desk.show(outcome_screen(desk.texts, outcome))
        outcome = await desk.undone(outcome)
        desk.print_waiting()
    await desk.told("" if outcome.record is not None else outcome.reason)
    await desk.tell(outcome_screen(desk.texts, outcome), desk.settings.timeouts.outcome_s, passing=True)
    await offer_receipt(desk, outcome)
    return outcome
