"""Changing a terminal's parameters: proposed, checked as a whole, recorded, and taken into force when it is safe.

The way of a change is the same whoever makes it – a command, the technician's menu, a signed bundle, the acquirer's
host: it is checked against the schema together with everything else that stands and waits, written into the history,
and waits for its moment. Then a whole new set goes into force as a trial; a terminal that does not reach its idle
screen with it falls back to the set before.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config import ConfigError, Settings, load
from config.overlay import Effect
from terminal.service.parameters.change import Change, ChangeState, Refusal, Refused, Source, Values, Waits, taken_back
from terminal.service.parameters.store import PARAMETERS_NAME, Connect, Present, Store, connect_parameters

if TYPE_CHECKING:
    from terminal.service.parameters.bundle import Bundle

__all__ = ["Parameters", "Standing"]


@dataclass(frozen=True, slots=True)
class Standing:
    """What is in force, what waits, and why."""

    content: Mapping[str, Any]
    """The changed values in force, by key."""
    trial: bool
    """Whether the terminal has yet to start with them."""
    bundle: int
    """The version below which no bundle is taken; 0 before the first."""
    waiting: tuple[tuple[Change, Waits], ...]


class Parameters:
    """The parameters of the terminal that a configuration file describes. Everything here may wait for the disk."""

    def __init__(
        self, file: Path | str, now: Callable[[], datetime] = datetime.now, connect: Connect = connect_parameters
    ) -> None:
        self.file = Path(file)
        self._now = now
        self.base = load(self.file)  # by itself: what is laid over a file that is wrong proves nothing
        """What the file says, without changes: also who may sign bundles."""
        self._lived = self.base
        self.store = Store(Path(self.base.terminal.state_dir) / PARAMETERS_NAME, connect)

    # --- what stands -----------------------------------------------------------------------

    def standing(self) -> Standing:
        """What is in force and what waits. Raises ParametersError."""
        if not self.store.exists:
            return Standing({}, False, 0, ())
        with self.store.opened() as database:
            present = self.store.present(database)
            waiting = self.store.changes(database, "state = 'waiting'")
        waits = [(change, self._waits(change, waiting, present)) for change in waiting]
        return Standing(present.content, present.trial, present.bundle, tuple(waits))

    def waiting(self) -> bool:
        """Whether a change waits. Raises ParametersError."""
        return bool(self.standing().waiting)

    def stamp(self) -> tuple[int, int] | None:
        """What differs when the file of changes has been written: its size and time; None when it is not there."""
        try:
            status = self.store.path.stat()
        except OSError:
            return None
        return status.st_size, status.st_mtime_ns

    def history(self) -> list[Change]:
        """Every change that was ever made, oldest first. Raises ParametersError."""
        if not self.store.exists:
            return []
        with self.store.opened() as database:
            return self.store.changes(database)

    def settings(self) -> Settings:
        """The file with the changes that are in force. Raises ConfigError, ParametersError."""
        return load(self.file, self.standing().content)

    def ahead(self) -> Settings:
        """The same when everything that waits will be in force. Raises ConfigError, ParametersError."""
        if not self.store.exists:
            return self.base
        with self.store.opened() as database:
            return load(self.file, self.store.ahead(database))

    def check(self, values: Values) -> None:
        """Whether a change would be valid. Raises UnknownParameter, ConfigError, ParametersError."""
        _check_names(values)
        with self.store.opened() as database:
            self._check(self.store.ahead(database), values)

    # --- changing --------------------------------------------------------------------------

    def change(
        self, values: Values, who: str, source: Source, *, note: str = "", bundle: int | None = None,
        effective: str = "",
    ) -> Change:  # fmt: skip
        """Record a change; it waits for its moment.

        Raises UnknownParameter, ConfigError when the whole would not be valid, Refused when nothing would change,
        ParametersError. Then nothing has changed.
        """
        _check_names(values)
        with self.store.opened() as database:
            if bundle is not None:
                self._refuse_older(database, bundle)
            ahead = self.store.ahead(database)
            fresh = {key: value for key, value in values.items() if ahead.get(key) != value}
            if not fresh and bundle is None:
                raise Refused(
                    Refusal.SAME, "Nothing would change: it is so already.", f"See: countertop config show {self.file}"
                )
            self._check(ahead, fresh)
            number = self.store.record(
                database, self._stamp(), who, source, fresh, _texts(ahead, fresh),
                note=note, bundle=bundle, effective=effective,
            )  # fmt: skip
            return self.store.changes(database, "number = ?", number)[0]

    def install(self, data: bytes, who: str) -> Change:
        """Record the parameters of a signed bundle; they wait for its moment.

        Raises Refused when it is not for this terminal, not signed, or older than one that is known; ConfigError,
        ParametersError. A bundle that failed, was withdrawn or was taken back may be installed again.
        """
        bundle = self.opened_bundle(data)
        return self.change(
            bundle.parameters, who, Source.BUNDLE, note=bundle.note, bundle=bundle.version, effective=bundle.effective
        )

    def opened_bundle(self, data: bytes) -> Bundle:
        """What a bundle for this terminal says. Raises Refused."""
        key = bytes.fromhex(self.base.acquirer_profile.bundle_key)
        if not key:
            raise Refused(
                Refusal.NO_KEY,
                "This terminal takes no bundles: its profile names no bundle_key.",
                "Write the author's key into the profile's file: bundle_key, 64 hexadecimal digits.",
            )
        from terminal.service.parameters.bundle import open_bundle  # not on the way of a start

        bundle = open_bundle(data, key)
        terminal = self.settings().terminal.id
        if not bundle.is_for(terminal):
            raise Refused(
                Refusal.SCOPE,
                f"Bundle {bundle.version} is not for terminal {terminal}.",
                "Install it at the terminals that it names, or ask its author to name this one.",
            )
        return bundle

    def revert(self, number: int, who: str) -> Change:
        """Take a change back: one that waits is withdrawn, one in force is followed by its opposite.

        Raises Refused when there is no such change, when it has ended, or when a later one changed the same keys;
        ConfigError, ParametersError.
        """
        with self.store.opened() as database:
            changes = {change.number: change for change in self.store.changes(database)}
            target = changes.get(number)
            if target is None:
                raise Refused(
                    Refusal.UNKNOWN, f"There is no change {number}.", f"See: countertop config history {self.file}"
                )
            back = taken_back(list(changes.values()))
            if not target.counts or number in back:
                how = f"change {back[number]} took it back" if number in back else str(target.state)
                raise Refused(
                    Refusal.ENDED, f"Change {number} is not in force: {how}.", "There is nothing to take back."
                )
            gone = {*back, *back.values()} - {number}  # a change and its opposite leave things as they were
            later = [
                change.number
                for change in changes.values()
                if change.number > number
                and change.number not in gone
                and change.counts
                and change.new.keys() & target.new.keys()
            ]
            if later:
                raise Refused(
                    Refusal.CONFLICT,
                    f"Change {later[-1]} changed the same after change {number}.",
                    f"Take that back first: countertop config revert {self.file} {later[-1]}",
                )
            if target.state is ChangeState.WAITING:
                # What stays behind must be valid without it.
                content = self.store.present(database).content
                for change in changes.values():
                    if change.state is ChangeState.WAITING and change.number != number:
                        content = change.laid_over(content)
                self._check(content, {})
                self.store.decide(database, [number], ChangeState.WITHDRAWN, self._stamp())
                return self.store.changes(database, "number = ?", number)[0]
            ahead = self.store.ahead(database)
            values = {key: json.loads(text) if text else None for key, text in target.old.items()}
            self._check(ahead, values)
            reverting = self.store.record(
                database, self._stamp(), who, Source.REVERT, values, _texts(ahead, values), reverts=number
            )
            return self.store.changes(database, "number = ?", reverting)[0]

    # --- taking into force -----------------------------------------------------------------

    def begin(self, settled: Callable[[], bool], *, starting: bool) -> Settings:
        """A life of the terminal begins: what it is to live by.

        A new set that has had its tries is left for the one before it. With ``starting`` the whole program starts,
        and so does what waits for that. ``settled`` says whether nothing about money is open; it is asked only when
        a change depends on it. A file that was edited since the start is read at the next one. Raises ConfigError,
        ParametersError.
        """
        if not starting and self._edited():
            return self._lived
        self._lived = self._begin(settled, starting=starting)
        return self._lived

    def _begin(self, settled: Callable[[], bool], *, starting: bool) -> Settings:
        if not self.store.exists:
            return self.base
        with self.store.opened() as database:
            if self.store.exhausted(database):
                self.store.fall_back(database, self._stamp())
        self.apply_due(settled, starting=starting)
        with self.store.opened() as database:
            self.store.begin(database)
        standing = self.standing()
        try:
            return load(self.file, standing.content)
        except ConfigError:
            if not standing.trial:
                raise
        with self.store.opened() as database:
            self.store.fall_back(database, self._stamp())
        return self.settings()

    def apply_due(self, settled: Callable[[], bool], *, starting: bool) -> list[int]:
        """Take into force whatever may be now, as one new set; the numbers of the changes. Raises ParametersError.

        Nothing, while the file is not what it was at the start: the two together have not been seen to work.
        """
        if not self.store.exists or self._edited():
            return []
        with self.store.opened() as database:
            present = self.store.present(database)
            waiting = self.store.changes(database, "state = 'waiting'")
            if present.trial or not waiting:
                return []
            content, taken, kept = dict(present.content), [], set[str]()
            nothing_open: bool | None = None
            for change in waiting:
                due = self._due(change) and not kept & change.new.keys()
                due = due and (starting or Effect.RESTART not in change.needs)
                if due and Effect.SETTLED in change.needs:
                    nothing_open = settled() if nothing_open is None else nothing_open
                    due = nothing_open
                if due and self._valid(laid := change.laid_over(content)):
                    content = laid
                    taken.append(change.number)
                else:
                    kept |= change.new.keys()
            if taken:
                self.store.install(database, content, taken)
                self.store.decide(database, taken, ChangeState.APPLIED, self._stamp())
            return taken

    def confirm(self) -> None:
        """The terminal has reached its idle screen with what is in force."""
        if self.store.exists:
            with self.store.opened() as database:
                self.store.confirm(database)

    def untold(self) -> list[Change]:
        """Changes that have ended or come into force since the terminal's own log heard of them."""
        if not self.store.exists:
            return []
        with self.store.opened() as database:
            return self.store.changes(database, "told = 0 AND state != 'waiting'")

    def told(self, changes: list[Change]) -> None:
        """The terminal's log has these."""
        with self.store.opened() as database:
            for change in changes:
                database.execute("UPDATE change SET told = 1 WHERE number = ?", (change.number,))

    def keep_floor(self, known: int) -> int:
        """The version below which no bundle is taken, from what is known here and elsewhere; kept in both."""
        if not known and not self.store.exists:
            return 0
        with self.store.opened() as database:
            self.store.raise_floor(database, known)
            return self.store.present(database).bundle

    # --- within ----------------------------------------------------------------------------

    def _refuse_older(self, database: sqlite3.Connection, version: int) -> None:
        changes = self.store.changes(database)
        back = taken_back(changes)
        known = {
            change.bundle: change.state
            for change in changes
            if change.bundle and change.counts and change.number not in back
        }
        newest = max([self.store.present(database).bundle, *known])
        if version < newest:
            raise Refused(
                Refusal.OLDER,
                f"Bundle {version} is older than bundle {newest}, which this terminal has had.",
                "Parameters never go back by a bundle: ask its author for the old values under a new version.",
            )
        if version in known:
            how = "waits already" if known[version] is ChangeState.WAITING else "is in force already"
            raise Refused(
                Refusal.PRESENT, f"Bundle {version} {how}.", "Other values need a bundle with a higher version."
            )

    def _waits(self, change: Change, waiting: list[Change], present: Present) -> Waits:
        if not self._due(change):
            return Waits.TIME
        if any(other.number < change.number and other.new.keys() & change.new.keys() for other in waiting):
            return Waits.ORDER
        if not self._valid(change.laid_over(present.content)):
            return Waits.ORDER
        if Effect.RESTART in change.needs:
            return Waits.RESTART
        if Effect.SETTLED in change.needs:
            return Waits.SETTLED
        return Waits.TRIAL if present.trial else Waits.IDLE

    def _due(self, change: Change) -> bool:
        if not change.effective:
            return True
        moment, now = datetime.fromisoformat(change.effective), self._now()
        return (now.astimezone() if moment.tzinfo else now) >= moment

    def _edited(self) -> bool:
        try:
            return load(self.file) != self.base
        except ConfigError:
            return True

    def _check(self, content: Mapping[str, Any], values: Values) -> None:
        """The whole with the values on top. Raises ConfigError."""
        load(self.file, _with(content, values))

    def _valid(self, content: Mapping[str, Any]) -> bool:
        try:
            load(self.file, content)
        except ConfigError:
            return False
        return True

    def _stamp(self) -> str:
        return self._now().astimezone().isoformat(timespec="seconds")


def _check_names(values: Values) -> None:
    from config.parameters import check_parameter  # not on the way of a start

    for key in values:
        check_parameter(key)


def _with(content: Mapping[str, Any], values: Values) -> dict[str, Any]:
    laid = {**content, **values}
    return {key: value for key, value in laid.items() if value is not None}


def _texts(content: Mapping[str, Any], keys: Values) -> dict[str, str]:
    return {key: json.dumps(content[key], ensure_ascii=False) if key in content else "" for key in keys}
