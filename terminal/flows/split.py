"""A payment in several parts: the till's total may be met by cards, codes and cash together.

What is left is the total less the parts that the journal has as approved: never a number of this flow's own. So it is
right after a power cut too, whatever became of the part that was under way.
"""

from __future__ import annotations

from terminal.desk import Desk
from terminal.domain.record import State
from terminal.flows.cash import cash_of
from terminal.flows.sale import sale_of
from terminal.flows.steps import ask_amount, shown_amount
from terminal.prompts import Cancelled, Confirm, MenuPrompt, TimedOut
from terminal.screens.screen import Screen, Tone

__all__ = ["resume_split", "split_sale"]

_KEPT = "split"
"""The journal's setting that holds tender and total while parts are missing."""
_CARD_OR_CODE, _CASH = "1", "2"
_METHODS = ((_CARD_OR_CODE, "split.card"), (_CASH, "split.cash"))


async def split_sale(desk: Desk) -> None:
    """Part by part until nothing is left. Each part is a payment of its own; the red key ends before the next one.

    What has been paid stands; what is left is said, so that nobody has to reckon.
    """
    if await resume_split(desk):
        return
    total_minor = await ask_amount(desk, "split.title")
    first = await desk.journal.next_stan()
    tender = f"{desk.today():%Y%m%d}-{first:06d}"
    await desk.journal.set(**{_KEPT: f"{tender} {total_minor}"})
    await _parts(desk, tender, total_minor)


async def resume_split(desk: Desk) -> bool:
    """Offer to go on with a payment of which parts are missing; whether there was one.

    Green goes on; red ends it, and what is paid stands. Without an answer it is offered again by 8 4.
    """
    kept = await desk.journal.setting(_KEPT)
    if not kept:
        return False
    tender, _, total = kept.partition(" ")
    total_minor = int(total)
    left_minor = await _left(desk, tender, total_minor)
    if not 0 < left_minor < total_minor:
        await _forget(desk)  # nothing is paid, or all of it
        return False
    texts = desk.texts
    screen = Screen(
        "split.resume",
        texts.text("split.title"),
        texts.text("split.left", amount=shown_amount(desk, left_minor)),
        lines=(texts.text("split.resume", amount=shown_amount(desk, total_minor)),),
        tone=Tone.WARNING,
    )
    try:
        await desk.ask(Confirm(screen), desk.settings.timeouts.menu_s)
    except TimedOut:
        return True
    except Cancelled:
        await _forget(desk)
        return True
    await _parts(desk, tender, total_minor)
    return True


async def _parts(desk: Desk, tender: str, total_minor: int) -> None:
    desk.till.doing = "in-parts"  # no till comes in between, not even while a part's result is on the screen
    while (left_minor := await _left(desk, tender, total_minor)) > 0:
        try:
            await _part(desk, left_minor, tender)
        except (Cancelled, TimedOut):
            await _forget(desk)
            await desk.refuse("split.title", "split.left", amount=shown_amount(desk, left_minor))
            return
    await _forget(desk)


async def _part(desk: Desk, left_minor: int, tender: str) -> None:
    amount_minor = await ask_amount(desk, "split-part.title", left_minor)
    method = await desk.ask(MenuPrompt("split.method", "split.title", _METHODS), desk.settings.timeouts.menu_s)
    await (cash_of if method == _CASH else sale_of)(desk, amount_minor, tender)


async def _left(desk: Desk, tender: str, total_minor: int) -> int:
    parts = (row for row in await desk.journal.of_batch() if row.tender == tender and row.state is State.APPROVED)
    return total_minor - sum(row.amount_minor for row in parts)


async def _forget(desk: Desk) -> None:
    await desk.journal.set(**{_KEPT: ""})
