"""Cash: noted, so that slips and totals are whole."""

from __future__ import annotations

from terminal.desk import Desk
from terminal.domain.outcome import Outcome
from terminal.domain.record import Intent
from terminal.flows.outcome import tell_outcome
from terminal.flows.steps import ask_amount

__all__ = ["cash_of", "cash_sale"]


async def cash_sale(desk: Desk) -> Outcome:
    """Note a payment in cash."""
    return await cash_of(desk, await ask_amount(desk, "cash.title"))


async def cash_of(desk: Desk, amount_minor: int, tender: str = "") -> Outcome:
    """Note an amount in cash; ``tender`` when it is a part of a payment."""
    intent = Intent(
        kind="cash",
        amount_minor=amount_minor,
        currency=desk.acquirer.profile.currency,
        entry_mode="",
        account="",
        operator=desk.acquirer.operator,
        training=desk.settings.terminal.training,
        tender=tender,
    )
    outcome = await desk.take(intent)
    desk.print_waiting()
    return await tell_outcome(desk, outcome)
