"""Transfer from one card to another 转账; only where the acquirer offers it."""

from __future__ import annotations

from terminal.desk import Desk
from terminal.domain.outcome import Outcome
from terminal.flows.payer import ask_card, pin_or_wipe
from terminal.flows.steps import Deal, ask_amount, pay, shown_amount
from terminal.prompts import Confirm
from terminal.screens.screen import Screen

__all__ = ["transfer"]

_TITLE = "transfer.title"


async def transfer(desk: Desk) -> Outcome | None:
    """Amount, the card that pays and its PIN, the card that receives, both confirmed by their last digits."""
    profile = desk.acquirer.profile
    if not profile.transfer:
        await desk.refuse(_TITLE, "reason.not-offered")
        return None
    amount_minor = await ask_amount(desk, _TITLE, profile.transfer_max_minor)
    amount = shown_amount(desk, amount_minor)
    payer = await ask_card(desk, _TITLE, amount, "transfer.from")
    try:
        target = await ask_card(desk, _TITLE, amount, "transfer.to")
        try:
            if target.masked == payer.masked:
                await desk.refuse(_TITLE, "transfer.same-card")
                return None
            await _confirm(desk, amount, payer.masked, target.masked)
            entry = await pin_or_wipe(desk, payer, amount)
            return await pay(desk, Deal("transfer", amount_minor, target=target), payer, entry)
        finally:
            target.wipe()
    finally:
        payer.wipe()


async def _confirm(desk: Desk, amount: str, payer: str, target: str) -> None:
    texts = desk.texts
    lines = (texts.text("transfer.debit", account=payer), texts.text("transfer.credit", account=target))
    screen = Screen("transfer.confirm", texts.text(_TITLE), texts.text("transfer.confirm"), lines, amount=amount)
    await desk.ask(Confirm(screen), desk.settings.timeouts.menu_s)
