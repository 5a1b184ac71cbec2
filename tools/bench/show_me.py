"""Auto-play: a short story on the very counter that the page shows, with a sentence before each scene."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tools.bench.counter import Counter

__all__ = ["show_me"]

SCREEN_S = 15.0
LOOK_S = 0.7
"""How long a person needs to see what has changed."""
KEY_S = 0.18

Say = Callable[[str], None]


async def show_me(counter: Counter, say: Say) -> None:
    """A sale, a decline, a power cut in the middle of a payment. Raises RigError when the counter is not free."""
    await counter.power(True)
    await counter.network("ok")
    await counter.paper("new")
    await counter.next_answer("none")
    await _home(counter)
    for scene in (_sale, _decline, _power_cut):
        await scene(counter, say)
    say("That was it. The books of both sides agree; press Compare the books to see.")
    await counter.books()


async def _sale(counter: Counter, say: Say) -> None:
    say("A sale: amount, card, PIN. The slip comes from the printer's real bytes.")
    await _amount(counter, "12850")
    await counter.swipe("good")
    await counter.until_screen("sale.pin", SCREEN_S)
    await _type(counter, "123456")
    await counter.until_screen("outcome.approved", SCREEN_S)
    await asyncio.sleep(2 * LOOK_S)
    await counter.press("enter")


async def _decline(counter: Counter, say: Say) -> None:
    say("A declined sale: the reason is on the screen, nothing is charged.")
    await _amount(counter, "4560")
    await counter.swipe("low")
    await counter.until_screen("sale.pin", SCREEN_S)
    await _type(counter, "111111")
    await counter.until_screen("outcome.declined", SCREEN_S)
    await asyncio.sleep(2 * LOOK_S)
    await counter.press("enter")


async def _power_cut(counter: Counter, say: Say) -> None:
    say("The power fails after the payment has left: the bank has charged, the terminal does not know.")
    await counter.next_answer("no-answer")
    await _amount(counter, "20000")
    await counter.swipe("good")
    await counter.until_screen("sale.pin", SCREEN_S)
    await _type(counter, "123456")
    await counter.until_screen("processing", SCREEN_S)
    await asyncio.sleep(LOOK_S)
    await counter.power(False)
    await asyncio.sleep(2 * LOOK_S)
    say("The power is back: the terminal undoes the charge by itself and says so, on screen and paper.")
    await counter.power(True)
    await counter.until_screen("outcome.not-charged", SCREEN_S)
    await asyncio.sleep(3 * LOOK_S)
    await counter.press("enter")
    await counter.until_screen("idle", SCREEN_S)


async def _home(counter: Counter) -> None:
    """To the idle screen from wherever a visitor has left it."""
    for _ in range(8):
        if counter.screen.get("name") == "idle":
            return
        await counter.press("cancel")
        await asyncio.sleep(LOOK_S / 2)
    await counter.until_screen("idle", SCREEN_S)


async def _amount(counter: Counter, digits: str) -> None:
    await counter.until_screen("idle", SCREEN_S)
    await asyncio.sleep(LOOK_S)
    await counter.press("1")
    await counter.until_screen("sale.amount", SCREEN_S)
    await _type(counter, digits)
    await counter.until_screen("sale.present", SCREEN_S)
    await asyncio.sleep(LOOK_S)


async def _type(counter: Counter, digits: str) -> None:
    press: Callable[[str], Awaitable[None]] = counter.press
    for key in (*digits, "enter"):
        await press(key)
        await asyncio.sleep(KEY_S)
