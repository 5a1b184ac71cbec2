"""Why it does not work: from the journal to the host, step by step, each with what to do (facts/product.md §1)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from terminal.acquirer.link import LinkDown
from terminal.acquirer.sign_on import echo, sign_on
from terminal.acquirer.wire import MAC_SLOT
from terminal.desk import Desk
from terminal.flows.waiting import waiting_lines
from terminal.screens.screen import Screen, Tone

__all__ = ["diagnosis"]

_TITLE = "menu.manage.diagnosis"
_OK, _WRONG = "✓", "×"


async def diagnosis(desk: Desk) -> None:
    """The first step that fails ends it: what comes after could not work."""
    texts = desk.texts
    desk.show(Screen("diagnosis.busy", texts.text(_TITLE), texts.text("processing.instruction"), tone=Tone.BUSY))
    lines, reason = [], ""
    async with desk.acquirer.turn:
        for name, step in _STEPS:
            reason = await step(desk)
            lines.append(f"{_WRONG if reason else _OK} {texts.text(f'diagnosis.{name}')}")
            if reason:
                break
    screen = Screen(
        "diagnosis.failed" if reason else "diagnosis.done",
        texts.text(_TITLE),
        texts.text(reason) if reason else texts.text("diagnosis.done"),
        lines=(*lines, *await waiting_lines(desk)),
        tone=Tone.BAD if reason else Tone.GOOD,
    )
    await desk.tell(screen, desk.settings.timeouts.outcome_s)


async def _journal(desk: Desk) -> str:
    return "" if await desk.journal.has_space() else "reason.storage-full"


async def _link(desk: Desk) -> str:
    try:
        async with desk.acquirer.link.open():
            return ""
    except LinkDown:
        return "diagnosis.no-link"


async def _echo(desk: Desk) -> str:
    result = await echo(desk.acquirer)
    return "" if result.done else result.reason


async def _keys(desk: Desk) -> str:
    slot = desk.acquirer.profile.master_key_slot
    return "" if desk.acquirer.vault.has(slot) else "diagnosis.no-master-key"


async def _sign_on(desk: Desk) -> str:
    if desk.acquirer.signed_on and desk.acquirer.vault.has(MAC_SLOT):
        return ""
    result = await sign_on(desk.acquirer)
    return "" if result.done else result.reason


_STEPS: tuple[tuple[str, Callable[[Desk], Awaitable[str]]], ...] = (
    ("journal", _journal),
    ("link", _link),
    ("echo", _echo),
    ("keys", _keys),
    ("sign-on", _sign_on),
)
"""Name and step; a step gives the catalogue key of what is wrong, or nothing."""
