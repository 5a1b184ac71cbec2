"""The running terminal's hold on its parameters: told when it has started, asked at every idle moment."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from config import ConfigError, Settings
from config.overlay import Effect
from keys import KeyRoom, KeysError
from terminal.journal import Journal, Writer
from terminal.service.gate import settled_in
from terminal.service.parameters.change import Change, ParametersError, Source, Values
from terminal.service.parameters.host import take_from_host
from terminal.service.parameters.parameters import Parameters, Standing

__all__ = ["NewParameters", "ParameterKeeper", "effect_text"]

_LOG = logging.getLogger("countertop")
_FLOOR = "parameter_bundle"
"""Setting of the journal: the version of the newest bundle, beside the one in the file of parameters."""
_LISTED_MAX = 1500
"""Characters of one change in a log."""
T = TypeVar("T")


class NewParameters(Exception):
    """This life ends at an idle moment, for one with other parameters."""


@dataclass(slots=True)
class ParameterKeeper:
    """What a life of the terminal does about parameters; all disk work runs in the journal's writer."""

    parameters: Parameters
    journal: Journal
    writer: Writer
    turn: asyncio.Lock
    """Held by whoever speaks to the host."""
    room: KeyRoom | None = None
    """Whose audit log hears of changes."""
    held: bool = False
    """A change may be due, and something is under way just now: the next idle moment should come soon."""
    _seen: tuple[int, int] | None = None
    _waiting: bool = True

    async def begun(self) -> None:
        """The terminal is up with what is in force: that set is good."""
        try:
            await self._run(self.parameters.confirm)
            await self._tell()
            known = int(await self.journal.setting(_FLOOR, "0"))
            floor = await self._run(lambda: self.parameters.keep_floor(known))
            if floor > known:
                await self.journal.set(**{_FLOOR: str(floor)})
        except ParametersError as error:
            _LOG.warning("%s %s", error, error.remedy)

    async def at_idle(self) -> None:
        """Nobody is being served. Raises NewParameters when a change has come into force."""
        stamp = self.parameters.stamp()
        self.held = self.turn.locked() and (stamp != self._seen or self._waiting)
        if self.held or (stamp == self._seen and not self._waiting):
            return
        async with self.turn:
            try:
                self.held = await self.journal.settlements.asked(_printing)
                if self.held:
                    return
                self._seen = stamp
                if await self.journal.settlements.asked(self._apply):
                    raise NewParameters
                self._waiting = await self._run(self.parameters.waiting)
                await self._tell()
            except (ParametersError, ConfigError) as error:
                self._waiting = True
                _LOG.warning("%s %s", error, error.remedy)

    async def change(self, values: Values, who: str, source: Source) -> Change:
        """Record a change. Raises as ``Parameters.change``."""
        change = await self._run(lambda: self.parameters.change(values, who, source))
        await self._log(change, "recorded")
        return change

    async def revert(self, number: int, who: str) -> Change:
        """Take a change back. Raises as ``Parameters.revert``."""
        change = await self._run(lambda: self.parameters.revert(number, who))
        if change.number != number:
            await self._log(change, "recorded")
        await self._tell()
        return change

    async def standing(self) -> Standing:
        """What is in force and what waits."""
        return await self._run(self.parameters.standing)

    async def ahead(self) -> Settings:
        """The settings when everything that waits will be in force."""
        return await self._run(self.parameters.ahead)

    def lines(self, change: Change) -> tuple[str, ...]:
        """What it changed, a line each, secrets masked."""
        return tuple(f"{key}: {_text(key, change.old[key])} → {_text(key, new)}" for key, new in change.new.items())

    async def history(self) -> list[Change]:
        """Every change."""
        return await self._run(self.parameters.history)

    async def take(self, given: Mapping[str, str]) -> str:
        """Record what the host gives; a catalogue key that says when it takes effect."""
        try:
            change, refused = await self._run(lambda: take_from_host(self.parameters, given))
        except (ParametersError, ConfigError) as error:
            _LOG.warning("%s %s", error, error.remedy)
            return "parameters.not-taken"
        if refused:
            await self.journal.note("parameters", f"of the host, not valid here: {', '.join(refused)}")
        return effect_text(change) if change is not None else "parameters.same"

    def _apply(self, database: sqlite3.Connection) -> bool:
        return bool(self.parameters.apply_due(lambda: settled_in(database), starting=False))

    async def _tell(self) -> None:
        """Journal and audit log hear of every change that has come into force or failed, at least once."""
        changes = await self._run(self.parameters.untold)
        for change in changes:
            await self._log(change, str(change.state))
        if changes:
            await self._run(lambda: self.parameters.told(changes))

    async def _log(self, change: Change, what: str) -> None:
        """A line in the journal's event log and one in the keys' audit log."""
        listed = _listed(change)[:_LISTED_MAX]
        text = f"change {change.number} {what}, by {change.who} ({change.source}): {listed}"
        await self.journal.note("parameters", text)
        if self.room is not None:
            audit = self.room.audit
            fields = {"change": change.number, "state": what, "by": change.who, "way": str(change.source)}
            try:
                await self._run(lambda: audit.note("parameters", **fields, what=listed))
            except KeysError as fault:
                _LOG.warning("%s %s", fault, fault.remedy)

    async def _run(self, work: Callable[[], T]) -> T:
        return await self.writer.run(work)


def effect_text(change: Change) -> str:
    """Catalogue key of when a change takes effect."""
    for effect in (Effect.RESTART, Effect.SETTLED):
        if effect in change.needs:
            return f"parameters.effect.{effect}"
    return "parameters.effect.idle"


def _printing(database: sqlite3.Connection) -> bool:
    return database.execute("SELECT 1 FROM print_job WHERE state = 'started'").fetchone() is not None


def _listed(change: Change) -> str:
    return ", ".join(f"{key} {_text(key, change.old[key])} to {_text(key, new)}" for key, new in change.new.items())


def _text(key: str, value: str) -> str:
    from config.parameters import masked  # not on the way of a start

    return masked(key, json.loads(value)) if value else "the file's"
