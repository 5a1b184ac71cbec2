"""What a page may ask for: one row a command, every value from a list. Nothing else is taken."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from drivers.simulated import SIMULATED_KEYS
from tools.counter.counter import Counter
from tools.counter.network import MODES
from tools.counter.tray import CARDS, CODES

__all__ = ["COMMANDS", "FAULTS", "Refused", "do"]

_DEVICES = ("keypad", "reader", "scanner", "printer")
_PAPER = ("out", "ending", "new", "open", "closed")
FAULTS = ("none", "decline", "no-answer", "late", "drop", "lost", "wrong-mac", "no-mac", "garbage", "other-amount")
_ANSWER_CODE = re.compile(r"^[0-9A-Z]{2}$")


class Refused(ValueError):
    """A line that is no command, or a value that is not on its list."""

    remedy = "Reload the page; it may be older than the bench."


@dataclass(frozen=True, slots=True)
class Command:
    """What it does, and for each value the list it is chosen from."""

    do: Callable[..., Awaitable[object]]
    values: Mapping[str, tuple[Any, ...] | re.Pattern[str]]


COMMANDS: dict[str, Command] = {
    "press": Command(Counter.press, {"key": tuple(sorted(SIMULATED_KEYS))}),
    "swipe": Command(Counter.swipe, {"card": tuple(CARDS)}),
    "scan": Command(Counter.scan, {"code": tuple(CODES)}),
    "plug": Command(Counter.plug, {"device": _DEVICES, "plugged": (True, False)}),
    "paper": Command(Counter.paper, {"what": _PAPER}),
    "tear": Command(Counter.tear, {}),
    "network": Command(Counter.network, {"mode": tuple(MODES)}),
    "power": Command(Counter.power, {"on": (True, False)}),
    "next-answer": Command(Counter.next_answer, {"fault": FAULTS, "code": _ANSWER_CODE}),
    "books": Command(Counter.books, {}),
}
_OPTIONAL = frozenset({"code"})


async def do(counter: Counter, asked: Any) -> None:
    """Do what a line asks. Raises Refused."""
    if not isinstance(asked, dict) or not isinstance(asked.get("do"), str) or asked["do"] not in COMMANDS:
        raise Refused("This is no command.")
    command = COMMANDS[asked["do"]]
    values: dict[str, Any] = {}
    for name, allowed in command.values.items():
        value = asked.get(name)
        if value is None and name in _OPTIONAL and asked["do"] == "next-answer":
            continue
        if not _allowed(value, allowed):
            raise Refused(f"{asked['do']}: {name} is not one of the values that are known.")
        values[name] = value
    await command.do(counter, **values)


def _allowed(value: Any, allowed: tuple[Any, ...] | re.Pattern[str]) -> bool:
    if isinstance(allowed, re.Pattern):
        return isinstance(value, str) and bool(allowed.match(value))
    # bool is an int and 1 == True: the kind must be the same as well.
    return any(type(value) is type(item) and value == item for item in allowed)
