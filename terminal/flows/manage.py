"""Sign-on, sign-off, echo test, and what the terminal is (facts/unionpay.md §3.4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from terminal.acquirer.acquirer import Acquirer
from terminal.acquirer.sign_on import ManagementResult, echo, sign_off, sign_on
from terminal.desk import Desk
from terminal.screens.screen import Screen, Tone

__all__ = ["echo_test", "sign_off_flow", "sign_on_flow"]

_Ask = Callable[[Acquirer], Awaitable[ManagementResult]]


async def sign_on_flow(desk: Desk) -> None:
    """Fetch working keys, batch and clock; show the check values."""
    await _ask_host(desk, "sign-on", sign_on)


async def sign_off_flow(desk: Desk) -> None:
    """End the shift at the host."""
    await _ask_host(desk, "sign-off", sign_off)


async def echo_test(desk: Desk) -> None:
    """Ask the host for a sign of life."""
    await _ask_host(desk, "echo", echo)


async def _ask_host(desk: Desk, name: str, ask: _Ask) -> None:
    texts = desk.texts
    desk.show(Screen(f"{name}.busy", texts.text(f"{name}.title"), texts.text("processing.instruction"), tone=Tone.BUSY))
    async with desk.acquirer.turn:
        result = await ask(desk.acquirer)
    outcome = "done" if result.done else "failed"
    lines = [texts.text("key.check-value", slot=slot, kcv=kcv) for slot, kcv in result.check_values]
    if not result.done:
        lines = [texts.text(result.reason), *([result.detail] if result.detail else [])]
    screen = Screen(
        f"{name}.{outcome}",
        texts.text(f"{name}.title"),
        texts.text(f"{name}.{outcome}"),
        lines=tuple(lines),
        tone=Tone.GOOD if result.done else Tone.BAD,
    )
    await desk.tell(screen, desk.settings.timeouts.outcome_s)
