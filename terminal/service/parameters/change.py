"""What a change of parameters is, and why one is refused."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from config.overlay import Effect, effect_of

__all__ = [
    "Change",
    "ChangeState",
    "ParametersError",
    "ParametersFault",
    "Refusal",
    "Refused",
    "Source",
    "Values",
    "Waits",
    "needs_of",
    "taken_back",
]

Values = Mapping[str, Any]
"""Keys and their new values; None gives the word back to the file."""


class Source(StrEnum):
    """By which way a change came."""

    COMMAND = "command"
    MENU = "menu"
    BUNDLE = "bundle"
    HOST = "host"
    REVERT = "revert"


class ChangeState(StrEnum):
    """Where a change stands. Only ``waiting`` and ``applied`` ones count."""

    WAITING = "waiting"
    APPLIED = "applied"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"
    """The terminal did not start with it."""


@dataclass(frozen=True, slots=True)
class Change:
    """One numbered change, with everything it changed."""

    number: int
    at: str
    who: str
    source: Source
    note: str
    reverts: int | None
    bundle: int | None
    """Version of the bundle that it came with."""
    effective: str
    """ISO 8601; before this moment it waits. Empty: at once."""
    state: ChangeState
    decided_at: str
    old: dict[str, str]
    new: dict[str, str]
    """JSON by key; an empty text stands for the file's own value."""

    @property
    def counts(self) -> bool:
        """Whether it is in force or will be."""
        return self.state in (ChangeState.WAITING, ChangeState.APPLIED)

    @property
    def needs(self) -> frozenset[Effect]:
        """What its keys wait for; it takes effect as a whole."""
        return needs_of(self.new)

    def laid_over(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """The changed values with this change on top."""
        return _laid(content, self.new)

    def taken_off(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """The changed values as they were before this change."""
        return _laid(content, self.old)


class Waits(StrEnum):
    """Why a change is not in force yet."""

    TIME = "time"
    """Its moment has not come."""
    SETTLED = "settled"
    """Something about money is open."""
    IDLE = "idle"
    RESTART = "restart"
    TRIAL = "trial"
    """The terminal has yet to start with the set before it."""
    ORDER = "order"
    """An earlier change of the same key waits, or the whole would not be valid without another one that waits."""


class Refusal(StrEnum):
    """Why a change is not taken."""

    SAME = "same"
    UNKNOWN = "unknown"
    CONFLICT = "conflict"
    ENDED = "ended"
    UNSIGNED = "unsigned"
    NO_KEY = "no-key"
    UNREADABLE = "unreadable"
    SCOPE = "scope"
    OLDER = "older"
    PRESENT = "present"


class Refused(Exception):
    """A change that is not taken; nothing has changed."""

    def __init__(self, refusal: Refusal, text: str, remedy: str) -> None:
        super().__init__(text)
        self.refusal, self.remedy = refusal, remedy


class ParametersFault(StrEnum):
    """What is wrong with the file of changes."""

    UNUSABLE = "unusable"
    BUSY = "busy"
    DAMAGED = "damaged"
    VERSION = "version"


class ParametersError(Exception):
    """The changed parameters cannot be read or written."""

    def __init__(self, fault: ParametersFault, text: str, remedy: str) -> None:
        super().__init__(text)
        self.fault, self.remedy = fault, remedy


def taken_back(changes: Sequence[Change]) -> dict[int, int]:
    """Changes that were taken back and stay so, each with the change that did it. ``changes`` in their order."""
    found: dict[int, int] = {}
    for change in reversed(changes):
        # A change that took another one back, and was taken back itself, has no say any more.
        if change.counts and change.reverts is not None and change.number not in found:
            found[change.reverts] = change.number
    return found


def needs_of(keys: Iterable[str]) -> frozenset[Effect]:
    """What a change of these keys waits for."""
    return frozenset(effect_of(key) for key in keys)


def _laid(content: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    result = {key: value for key, value in content.items() if key not in values}
    return dict(sorted({**result, **{key: json.loads(text) for key, text in values.items() if text}}.items()))
