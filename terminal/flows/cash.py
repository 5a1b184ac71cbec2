"""Cash, and a payment in several parts: the till's total may be met by cards, codes and cash together."""

from __future__ import annotations

from terminal.desk import Desk
from terminal.domain.outcome import Outcome, Result
from terminal.domain.record import Intent
from terminal.flows.outcome import tell_outcome
from terminal.flows.sale import sale_of
from terminal.flows.steps import ask_amount, shown_amount
from terminal.prompts import Cancelled, MenuPrompt, TimedOut

__all__ = ["cash_sale", "split_sale"]

_CARD_OR_CODE, _CASH = "1", "2"
_METHODS = ((_CARD_OR_CODE, "split.card"), (_CASH, "split.cash"))


async def cash_sale(desk: Desk) -> Outcome:
    """Note a payment in cash, so that slips and totals are whole."""
    return await _cash(desk, await ask_amount(desk, "cash.title"), "")


async def split_sale(desk: Desk) -> None:
    """Part by part until nothing is left. Each part is a payment of its own; the red key ends before the next one.

    What has been paid stands; what is left is said, so that nobody has to reckon.
    """
    left_minor = await ask_amount(desk, "split.title")
    first = await desk.journal.next_stan()
    tender = f"{desk.today():%Y%m%d}-{first:06d}"
    while left_minor:
        try:
            left_minor -= await _part(desk, left_minor, tender)
        except (Cancelled, TimedOut):
            await desk.refuse("split.title", "split.left", amount=shown_amount(desk, left_minor))
            return


async def _part(desk: Desk, left_minor: int, tender: str) -> int:
    """One part; how much of the total it has met."""
    amount_minor = await ask_amount(desk, "split-part.title", left_minor)
    method = await desk.ask(MenuPrompt("split.method", "split.title", _METHODS), desk.settings.timeouts.menu_s)
    if method == _CASH:
        outcome = await _cash(desk, amount_minor, tender)
    else:
        outcome = await sale_of(desk, amount_minor, tender)
    return amount_minor if outcome.result is Result.APPROVED else 0


async def _cash(desk: Desk, amount_minor: int, tender: str) -> Outcome:
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
