"""What the host has yet to hear of, and how much more may wait: never hidden, never dropped."""

from __future__ import annotations

from terminal.desk import Desk
from terminal.domain.record import TransactionRecord
from terminal.domain.transactions import TRANSACTIONS
from terminal.flows.steps import shown_amount
from terminal.prompts import Confirm
from terminal.screens.screen import Screen, Tone

__all__ = ["waiting", "waiting_lines"]

_TITLE = "menu.manage.waiting"


async def waiting(desk: Desk) -> None:
    """Counts, sums, ages and limits; green sends now."""
    texts = desk.texts
    while True:
        lines = await waiting_lines(desk)
        if not lines:
            await desk.tell(Screen("waiting.none", texts.text(_TITLE), texts.text("waiting.none"), tone=Tone.GOOD), 15)
            return
        screen = Screen("waiting.list", texts.text(_TITLE), texts.text("waiting.send"), lines=lines, tone=Tone.WARNING)
        await desk.ask(Confirm(screen), desk.settings.timeouts.menu_s)
        desk.show(Screen("waiting.busy", texts.text(_TITLE), texts.text("processing.instruction"), tone=Tone.BUSY))
        await desk.send_waiting()


async def waiting_lines(desk: Desk) -> tuple[str, ...]:
    """One line for what is being undone, two for what is to be forwarded; empty when nothing waits."""
    texts, profile = desk.texts, desk.acquirer.profile
    lines = []
    undone = await desk.journal.reversals()
    if undone:
        tries = max(record.reversal_tries for record in undone)
        lines.append(texts.text("waiting.reversals", count=len(undone), tries=tries))
        if tries >= profile.reversal_help_after:
            lines.append(f"{texts.text('reason.reversal-help')} {profile.help_desk}".strip())
    advised = await desk.journal.advices()
    standing = [record for record in advised if TRANSACTIONS[record.kind].stands]
    if standing:
        total = sum(record.amount_minor for record in standing)
        lines += [
            texts.text("waiting.offline", count=len(standing), most=profile.offline_count_max),
            texts.text(
                "waiting.sum", amount=shown_amount(desk, total), most=shown_amount(desk, profile.offline_sum_max_minor)
            ),
            texts.text("waiting.age", hours=_age_h(desk, standing[0]), most=profile.offline_age_max_h),
        ]
    if len(advised) > len(standing):
        lines.append(texts.text("waiting.refunds", count=len(advised) - len(standing)))
    return tuple(lines)


def _age_h(desk: Desk, record: TransactionRecord) -> int:
    return max(0, int((desk.acquirer.clock() - record.started_at).total_seconds()) // 3600)
