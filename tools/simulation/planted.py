"""Bugs to plant into the terminal, to show that the campaign finds each of them.

The product has no switch for any of this: a bug is put over its classes and modules for as long as a hunt lasts,
and taken away again. One row a bug; what it does, in the words of whoever would have written it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

__all__ = ["PLANTED", "Bug", "Patch", "bug", "planted"]

_MISSING = object()


class Patch:
    """Puts attributes over others, and takes them away again."""

    def __init__(self) -> None:
        self._undone: list[tuple[Any, str, Any]] = []
        self._items: list[tuple[dict[str, Any], str, Any]] = []

    def over(self, owner: Any, name: str, value: Any) -> Any:
        """Replace an attribute; what was there. The bug has to move when the name is no longer there."""
        assert hasattr(owner, name), f"{owner} has no {name} any more: plant this bug elsewhere"
        raw = vars(owner).get(name, _MISSING)
        self._undone.append((owner, name, raw))
        before = getattr(owner, name)
        setattr(owner, name, value)
        return before

    def item(self, table: dict[str, Any], key: str, value: Any) -> None:
        """Replace a row of a table."""
        self._items.append((table, key, table[key]))
        table[key] = value

    def undo(self) -> None:
        """Everything as it was."""
        for owner, name, raw in reversed(self._undone):
            if raw is _MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, raw)
        for table, key, value in reversed(self._items):
            table[key] = value
        self._undone.clear()
        self._items.clear()


@dataclass(frozen=True, slots=True)
class Bug:
    """One row of the table."""

    name: str
    what: str
    plant: Callable[[Patch], None]
    overrides: tuple[tuple[str, str], ...] = ()
    """Keys of the profile without which the bug does not matter."""
    printer_trouble: bool = False
    """Whether it shows only when the printer has troubles."""
    stormy: bool = False
    """Whether it shows only when most messages are lost."""
    unbalanced: bool = False
    """Whether it shows only when the host finds other totals."""


PLANTED: dict[str, Bug] = {}
"""Every bug by its name; filled by the modules that plant them."""


def bug(
    name: str,
    what: str,
    *,
    printer_trouble: bool = False,
    stormy: bool = False,
    unbalanced: bool = False,
    **overrides: str,
) -> Callable[[Callable[[Patch], None]], Callable[[Patch], None]]:
    """Enter a bug into the table."""

    def enter(plant: Callable[[Patch], None]) -> Callable[[Patch], None]:
        assert name not in PLANTED, f"two bugs are called {name}"
        PLANTED[name] = Bug(name, what, plant, tuple(overrides.items()), printer_trouble, stormy, unbalanced)
        return plant

    return enter


@contextmanager
def planted(name: str) -> Iterator[Bug]:
    """The terminal with one bug."""
    found = PLANTED[name]
    patch = Patch()
    try:
        found.plant(patch)
        yield found
    finally:
        patch.undo()
