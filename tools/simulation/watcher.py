"""What is noticed while the world goes on: findings, screens, what leaves, what a life leaves behind."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from terminal.screens.screen import Screen
from tools.simulation.canaries import CARD_FORMS, QUICK_FORMS, found_in, key_forms
from tools.simulation.faults import Fault
from tools.simulation.machine import MASTER_KEY, Machine
from tools.simulation.power import PowerCut
from tools.simulation.trace import Trace
from tools.simulation.wire_watch import WireWatch, integer

__all__ = ["Finding", "Result", "Watcher"]

_VOUCHER = re.compile(r"\b(\d{6})\b")
_FINDINGS_MAX = 20
_GRACE_S = 5.0
"""Screens and paper are not part of the deadline."""
_SHOWN_STATES = {
    "outcome.approved": ("approved", "advising"),
    "outcome.declined": ("declined", "reversing", "reversed"),
    "outcome.undoing": ("reversing", "reversed"),
    "outcome.not-charged": ("reversed", "dropped", "reversing", "declined"),
    "outcome.delivering": ("advising", "approved", "declined"),
}
"""States that a row may have behind what a screen says of it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An invariant that did not hold."""

    invariant: str
    text: str
    at_s: float


@dataclass(slots=True)
class Result:
    """What a scenario came to."""

    seed: int
    findings: list[Finding] = field(default_factory=list)
    digest: str = ""
    transactions: int = 0
    """Financial requests and advices that were begun: rows of the journal."""
    cuts: int = 0
    messages: int = 0
    lives: int = 0
    virtual_s: float = 0.0
    met: frozenset[Fault] = frozenset()
    operations: int = 0
    """Machine operations of all lives."""
    lines: list[str] = field(default_factory=list)


class Watcher:
    """Keeps the findings of one world; sees the terminal only from outside."""

    def __init__(self, seed: int, trace: Trace, now: Callable[[], float]) -> None:
        self.result = Result(seed)
        self.wire = WireWatch(trace.note, self.wrong)
        self.machine: Machine | None = None
        self.see: Callable[[Screen], None] = lambda screen: None
        """Told of every screen after it has been looked at."""
        self.shown = "off"
        """Name of the screen, as people see it."""
        self._trace = trace
        self._now = now
        self._processing_since: float | None = None
        self._logged = _Logged()
        self._errors: list[str] = []

    def wrong(self, invariant: str, text: str) -> None:
        """An invariant does not hold."""
        self._trace.note(f"WRONG {invariant}: {text}")
        if len(self.result.findings) < _FINDINGS_MAX:
            self.result.findings.append(Finding(invariant, text, self._now()))

    def begin(self) -> None:
        """Listen to the log."""
        logging.getLogger().addHandler(self._logged)

    def end(self) -> None:
        """Nothing was unhandled, and the log is silent about cards (I9, I15)."""
        logging.getLogger().removeHandler(self._logged)
        for text in self._errors:
            self.wrong("I15", f"unhandled: {text}")
        for text in self._logged.texts:
            self.canaries(text.encode("utf-8"), "the log")

    def unhandled(self, loop: Any, context: dict[str, Any]) -> None:
        """The loop's exception handler; what the cut itself breaks off is no fault."""
        if not isinstance(context.get("exception"), PowerCut):
            self._errors.append(f"{context.get('message')} {context.get('exception')!r}")

    def sent(self, data: bytes) -> bool:
        """A frame leaves; False: there is no power to send it."""
        assert self.machine is not None and self.machine.disk is not None
        if self.machine.power.dead:
            return False
        self.wire.left(data, self.machine.disk)
        return True

    def seen(self, screen: Screen) -> None:
        """A screen is put up."""
        name = screen.name
        if name != self.shown:
            self.shown = name
            self._timed(name)
            if name.startswith("outcome."):
                self._proven(screen)
            texts = "\n".join((screen.title, screen.instruction, *screen.lines, screen.entry or ""))
            self.canaries(texts.encode("utf-8"), f"screen {name}", quick=True)
        self.see(screen)

    def dark(self) -> None:
        """The power has gone: nobody waits for an answer any more."""
        self.shown = "off"
        self._processing_since = None

    def canaries(self, data: bytes, where: str, *, quick: bool = False) -> None:
        """I9, in some bytes."""
        for name in found_in(data, QUICK_FORMS if quick else CARD_FORMS):
            self.wrong("I9", f"{name} in {where}")

    def after_life(self, working_keys: Iterable[bytes], *, thorough: bool = False) -> None:
        """What a life leaves behind: its files without canaries, no exception of its own."""
        machine = self.machine
        assert machine is not None and machine.disk is not None
        if machine.ended is not None:
            error, machine.ended = machine.ended, None
            self.wrong("I15", f"a life ended by {type(error).__name__}: {error}")
        for name, image in machine.disk.images():
            self.canaries(image, f"file {name}", quick=not thorough)
        if not thorough:
            return
        forms = key_forms("master key", MASTER_KEY)
        for key in working_keys:
            forms |= key_forms("working key", key)
        for name, content in {**machine.files.journal, **machine.files.vault}.items():
            for form in found_in(content, forms):
                self.wrong("I9", f"{form} in file {name}")

    def _timed(self, name: str) -> None:
        """I17: from "processing" to a word about the money; what is older may have to be undone first."""
        assert self.machine is not None
        profile = self.machine.settings.acquirer_profile
        if name == "processing":
            self._processing_since = self._now()
        elif self._processing_since is not None:
            took, self._processing_since = self._now() - self._processing_since, None
            if took > profile.answer_s + profile.qr_query_max_s + _GRACE_S:
                self.wrong("I17", f"the answer screen took {took:.0f} s")

    def _proven(self, screen: Screen) -> None:
        """I3, for people: what the screen says of a voucher is on the platter already."""
        assert self.machine is not None and self.machine.disk is not None
        disk = self.machine.disk
        vouchers = [found for line in screen.lines for found in _VOUCHER.findall(line)]
        states = _SHOWN_STATES.get(screen.name, ())
        if vouchers and not any(disk.holds(state.encode("ascii") + integer(int(vouchers[-1]))) for state in states):
            self.wrong("I3", f"{screen.name} of voucher {vouchers[-1]} is shown and is not on the platter")


class _Logged(logging.Handler):
    """Keeps what is logged, to look for canaries in it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if len(self.texts) < 1000:
            self.texts.append(self.format(record))
