"""Whoever stands at the counter: looks at the screen and presses keys, swipes and scans, as a person would."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from terminal.flows.menu import MAIN, Menu
from terminal.screens.screen import Screen
from tools.host.accounts import DEMO_ACCOUNTS, stripe
from tools.simulation.devices import strokes, typed
from tools.simulation.loop import SimulatedLoop
from tools.simulation.machine import Machine
from tools.simulation.scenario import Operation, parts_of

__all__ = ["Clerk", "Reference", "menu_path"]

ACCOUNTS = {account.name: account for account in DEMO_ACCOUNTS}
_LOOK_S = 0.25
_PATIENCE_S = 6.0
_TRIES_MAX = 4
_BUSY = ("processing", "settle.busy", "sign-on.busy", "sign-off.busy", "echo.busy", "outcome.undoing")
_DONE = ("outcome.", "refused", "settle.", "sign-on.", "sign-off.", "echo.", "totals", "details.", "last-batch.")
_CODE_FLOW = {"sale_code": "sale"}
_WRONG_PIN = "999999"


@dataclass(frozen=True, slots=True)
class Reference:
    """What stands on the slip of an earlier transaction."""

    stan: str = "999999"
    rrn: str = "999999999999"
    auth: str = "999999"
    date: str = "0101"
    """MMDD."""


@lru_cache(maxsize=64)
def menu_path(flow: str) -> tuple[str, ...]:
    """Digits from the idle screen to a flow, by the name of its function. Raises KeyError."""

    def search(menu: Menu) -> tuple[str, ...] | None:
        for item in menu.items:
            if isinstance(item.leads_to, Menu):
                below = search(item.leads_to)
                if below is not None:
                    return (item.digit, *below)
            elif item.leads_to.__name__ == flow:
                return (item.digit,)
        return None

    found = search(MAIN)
    if found is None:
        raise KeyError(flow)
    return found


class Clerk:
    """Works the terminal through its devices; knows of it only what the screen says."""

    def __init__(self, loop: SimulatedLoop, rng: random.Random, note: Callable[[str], None]) -> None:
        self._loop = loop
        self._rng = rng
        self._note = note
        self.machine: Machine | None = None
        self.pays: Callable[[int], None] = lambda amount_minor: None
        """A customer scans the code on the screen and pays."""
        self.name = "off"
        """Of the screen that is shown."""
        self._changed = asyncio.Event()

    def see(self, screen: Screen) -> None:
        """A screen is put up."""
        if screen.name != self.name:
            self.name = screen.name
            self._note(f"screen: {screen.name}")
            self._changed.set()

    def gone(self) -> None:
        """The screen is dark."""
        self.name = "off"
        self._changed.set()

    async def until_idle(self, timeout_s: float) -> bool:
        """Press what leads back until the terminal is at rest."""
        deadline = self._loop.time() + timeout_s
        while self.name != "idle":
            if self._loop.time() > deadline or not self._alive():
                return False
            if self.name not in _BUSY:
                self.press("enter" if self.name.startswith(_DONE) and self.name != "settle.confirm" else "cancel")
            await self._until_other(self.name, _PATIENCE_S)
        return True

    async def perform(self, operation: Operation, reference: Reference) -> bool:
        """Do one thing from the idle screen back to it; False when the machine died or never came back."""
        if not await self.until_idle(600.0):
            return False
        for digit in menu_path(_CODE_FLOW.get(operation.name, operation.name)):
            shown = self.name
            self.press(digit)
            await self._until_other(shown, _PATIENCE_S)
        answers = _answers(operation, reference)
        parts = list(parts_of(operation.name, operation.amount_minor))
        tries: Counter[str] = Counter()
        steps = 0
        while self._alive():
            name = self.name
            if name == "idle":
                return True
            if name == "outcome.approved" and len(parts) > 1:
                del parts[0]
            answers["split-part.amount"] = str(parts[0])
            steps += 1
            tries[name] += 1
            if name == "qr-order.code":
                if tries[name] == 1 and operation.amount_minor % 4:
                    self._loop.call_later(float(operation.amount_minor % 100), self.pays, operation.amount_minor)
                if operation.mischief == "cancel":
                    self.press("cancel")
            elif name in _BUSY:
                if operation.mischief == "impatient" and tries[name] < 3:
                    self.press("cancel", "enter")
                    self._swipe("second")
            elif operation.mischief == "walk-away" and steps >= 2:
                pass
            elif (operation.mischief == "cancel" and steps >= 2) or tries[name] > _TRIES_MAX:
                self.press("cancel")
            else:
                self._answer(name, answers, operation, tries[name])
            if steps > 80:
                return await self.until_idle(900.0)
            await self._until_other(name, _PATIENCE_S if operation.mischief != "walk-away" else 40.0)
        return False

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        assert self.machine is not None
        self.machine.inputs["keypad"].send(strokes(keys, self._loop.time()))

    def _answer(self, name: str, answers: Mapping[str, str], operation: Operation, attempt: int) -> None:
        answer = answers.get(name)
        if name == "sale.pin":
            pin = ACCOUNTS[operation.payer].pin if operation.payer in ACCOUNTS else ""
            if operation.mischief == "wrong-pin":
                pin = _WRONG_PIN
            self.press(*pin, "enter")
        elif name.endswith(".present"):
            self._present(operation, attempt)
        elif name.endswith(".amount") and answer:
            self.press(*(("clear",) * 8 if attempt > 1 else ()), *answer)
            self._loop.call_later(_LOOK_S / 2, self._enter_if_right, name, int(answer))
        elif answer is not None:
            keys = (*answer, "enter") if answer else ("enter",)
            self.press(*(("clear",) * 8 if attempt > 1 else ()), *keys)
        elif name == "split.method":
            self.press("2" if attempt % 2 else "1")
        elif name.startswith(_DONE) or name == "balance.shown":
            self.press("enter")
        else:
            self.press("cancel")
        if operation.mischief == "double":
            self.press("enter")

    def _enter_if_right(self, name: str, amount_minor: int) -> None:
        """A person looks at the amount before the green key: digits beyond the most that is allowed do nothing."""
        if self.name == name and self.machine is not None:
            digits = "".join(character for character in self.machine.shown.amount if character.isdecimal())
            self.press("enter" if int(digits or "0") == amount_minor else "cancel")

    def _present(self, operation: Operation, attempt: int) -> None:
        assert self.machine is not None
        msr = self.machine.inputs["msr"]
        mischief = operation.mischief if attempt == 1 else ""
        if operation.payer not in ACCOUNTS:
            if attempt % 2:
                self.machine.inputs["scanner"].send(typed(operation.payer))
            else:
                self._swipe("signature")
            return
        if operation.typed and attempt == 1:
            # Where no number is typed the digits do nothing, and the next try is a swipe.
            self.press(*ACCOUNTS[operation.payer].pan, "enter")
        elif mischief == "bad-swipe":
            msr.send(typed(";E?"))
        elif mischief == "lost-events":
            msr.lose_events()
            self._swipe(operation.payer)
        elif mischief == "unplugged":
            msr.send(typed(f";{stripe(ACCOUNTS[operation.payer])}?")[:1200])
            msr.unplug()
            self._loop.call_later(1.0, self._replug)
        else:
            self._swipe(operation.payer)
            if mischief == "swipe-twice":
                self._swipe(operation.payer)

    def _replug(self) -> None:
        if self._alive() and self.machine is not None:
            self.machine.inputs["msr"].plug()

    def _swipe(self, account: str) -> None:
        assert self.machine is not None
        self.machine.inputs["msr"].send(typed(f";{stripe(ACCOUNTS[account])}?"))

    def _alive(self) -> bool:
        return self.machine is not None and self.machine.running

    async def _until_other(self, name: str, patience_s: float) -> None:
        """Until another screen is shown, or patience ends."""
        await asyncio.sleep(_LOOK_S)
        deadline = self._loop.time() + patience_s
        while self.name == name and self._alive():
            left = deadline - self._loop.time()
            if left <= 0:
                return
            self._changed.clear()
            try:
                async with asyncio.timeout(left):
                    await self._changed.wait()
            except TimeoutError:
                return


def _answers(operation: Operation, reference: Reference) -> dict[str, str]:
    """What is typed on each screen that may come; the rest is enter, or the way back."""
    amount = str(operation.amount_minor)
    card = ACCOUNTS.get(operation.payer)
    screens = {
        f"{title}.amount": amount
        for title in (
            "sale", "refund", "pre-auth", "pre-auth-void", "completion", "completion-advice", "additional-pre-auth",
            "offline-sale", "tip", "cash", "split", "qr-order",
        )
    }  # fmt: skip
    return screens | {
        "ask.voucher": reference.stan.lstrip("0") or "1",
        "ask.rrn": reference.rrn,
        "ask.auth": reference.auth,
        "ask.date": reference.date,
        "reprint.number": reference.stan.lstrip("0") or "1",
        "original.confirm": "",
        "settle.confirm": "",
        **({"ask.card-number": card.pan, "ask.expiry": f"{card.expiry[2:]}{card.expiry[:2]}"} if card else {}),
    }
