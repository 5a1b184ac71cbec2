"""Sign-on, sign-off, echo test, downloads, status (facts/unionpay.md §3.4, §3.5)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from terminal.acquirer import downloads
from terminal.acquirer.acquirer import Acquirer
from terminal.acquirer.sign_on import ManagementResult, echo, sign_off, sign_on
from terminal.desk import Desk
from terminal.screens.screen import Screen, Tone

__all__ = [
    "echo_test",
    "load_ca_keys",
    "load_chip",
    "load_lists",
    "load_parameters",
    "report_status",
    "sign_off_flow",
    "sign_on_flow",
]

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


async def load_parameters(desk: Desk) -> None:
    """Fetch the terminal parameters."""
    await _load(desk, "parameters")


async def load_chip(desk: Desk) -> None:
    """Fetch the applications of chip cards."""
    await _load(desk, "chip")


async def load_ca_keys(desk: Desk) -> None:
    """Fetch the CA keys of chip cards."""
    await _load(desk, "ca-keys")


async def load_lists(desk: Desk) -> None:
    """Fetch the stop list and the BIN table."""
    await _load(desk, "lists")


async def report_status(desk: Desk) -> None:
    """Tell the host what this terminal has."""
    await _ask_host(desk, "status", downloads.report_status)


async def _load(desk: Desk, name: str) -> None:
    await desk.journal.note("download asked for", f"{name} by {desk.acquirer.operator}")
    await _ask_host(desk, "download", downloads.DOWNLOADS[name])


async def _ask_host(desk: Desk, name: str, ask: _Ask) -> None:
    texts = desk.texts
    desk.show(Screen(f"{name}.busy", texts.text(f"{name}.title"), texts.text("processing.instruction"), tone=Tone.BUSY))
    async with desk.acquirer.turn:
        result = await ask(desk.acquirer)
    outcome = "done" if result.done else "failed"
    lines = [texts.text("key.check-value", slot=slot, kcv=kcv) for slot, kcv in result.check_values]
    lines += [result.detail] if result.detail else []
    lines += [texts.text(result.effect)] if result.effect else []
    link = desk.acquirer.link
    if result.done and name == "echo" and link.endpoint is not None:
        lines.append(texts.text("echo.backup" if link.on_backup else "echo.host", host=str(link.endpoint)))
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
