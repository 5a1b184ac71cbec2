"""Digits that somebody reads from a slip or a card."""

from __future__ import annotations

from collections.abc import Callable

from terminal.desk import Desk
from terminal.prompts import DigitsPrompt

__all__ = ["ask_digits"]


async def ask_digits(
    desk: Desk,
    title: str,
    what: str,
    digits: int,
    *,
    exactly: bool = True,
    right: Callable[[str], bool] = lambda typed: True,
    about: str = "",
) -> str:
    """Digits: ``what`` is ``voucher``, ``rrn``, ``auth``, ``date`` or ``expiry``; ``about`` stands above them."""
    prompt = DigitsPrompt(f"ask.{what}", title, f"ask.{what}", digits, digits if exactly else 1, right, about=about)
    return await desk.ask(prompt, desk.settings.timeouts.menu_s)
