"""Ceremonies on a real vault: the key room, and one loading in it from the first sign-in to the durable key.

The state machine (``ceremony.py``) decides; this file proves passwords, judges and stores keys, and writes every turn
into the audit log. Keypad, console, key-loading device, key block and TR-34 all drive it by the same methods, in the
thread that writes the vault.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from keys.audit import AuditLog, audit_path
from keys.backends.disk import Disk
from keys.backends.protectors import Protector
from keys.ceremony import Ceremony, reason_of
from keys.ceremony_plan import Plan
from keys.ceremony_states import State, View
from keys.components import from_digits
from keys.custodians import Custodians, Proof
from keys.errors import CeremonyRefused, KeysError
from keys.records import KeyRecord
from keys.secret import Secret
from keys.vault import Vault
from keys.vault_arrivals import Received
from keys.vault_intake import Incoming
from keys.vault_open import create_vault, open_vault

__all__ = ["KeyRoom", "Loading", "create_key_room", "furnished", "open_key_room"]

_OPEN_CEREMONY = "ceremony"
"""Kept in the vault while a ceremony runs: whoever finds it at opening knows that one was cut off."""


@dataclass(frozen=True, slots=True)
class KeyRoom:
    """A vault with its audit log and its custodians: everything that loading a key takes."""

    vault: Vault
    audit: AuditLog
    custodians: Custodians
    monotonic: Callable[[], float]

    def begin(self, plan: Plan) -> Loading:
        """Begin a ceremony. Raises CeremonyRefused, UsageRefused, AuditBroken or AuditFull."""
        return Loading(self, plan)

    def close(self) -> None:
        """Write what was left for the log, and let another process open the vault."""
        try:
            self.audit.flush()
        finally:
            self.vault.close()


def open_key_room(
    path: Path,
    protector: Protector,
    environment: str,
    now: Callable[[], datetime],
    monotonic: Callable[[], float],
    *,
    disk: Disk | None = None,
) -> KeyRoom:
    """Open an existing vault for writing, with what belongs to it. Raises as ``open_vault``."""
    return furnished(path, open_vault(path, protector, environment, disk=disk, now=now), now, monotonic, disk=disk)


def create_key_room(
    path: Path,
    protector: Protector,
    environment: str,
    now: Callable[[], datetime],
    monotonic: Callable[[], float],
    *,
    disk: Disk | None = None,
) -> KeyRoom:
    """A new vault without keys and custodians; an audit log of a former vault is kept aside."""
    return furnished(path, create_vault(path, protector, environment, disk=disk, now=now), now, monotonic, disk=disk)


def furnished(
    path: Path,
    vault: Vault,
    now: Callable[[], datetime],
    monotonic: Callable[[], float],
    *,
    random: Callable[[int], bytes] = os.urandom,
    disk: Disk | None = None,
) -> KeyRoom:
    """The room of a vault that is open for writing; what an interruption left is noted in the log."""
    try:
        audit = AuditLog(audit_path(path), vault, now, monotonic, random=random, disk=disk)
        for note in vault.notes:
            audit.note("vault-repaired", detail=note)
        interrupted = vault.kept(_OPEN_CEREMONY)
        if interrupted is not None:
            audit.note("ceremony-interrupted", **interrupted, present=[record.id for record in vault.list()])
            vault.keep(**{_OPEN_CEREMONY: None})
    except BaseException:
        vault.close()
        raise
    return KeyRoom(vault, audit, Custodians(vault, now, random), monotonic)


class Loading:
    """One ceremony. Every method takes a step and gives the view that follows.

    What people do wrong raises nothing: the view says it.
    """

    def __init__(self, room: KeyRoom, plan: Plan) -> None:
        plan.check()
        room.audit.check_ceremony()
        if not room.custodians.enough:
            raise CeremonyRefused(
                "Two key custodians are needed, and they are not enrolled yet.",
                "Enrol them: countertop keys custodians add",
            )
        self._room, self._plan = room, plan
        self._received: Received | None = None
        self.record: KeyRecord | None = None
        """The key's record, once it is stored."""
        self.audit_number = 0
        """Number of the line in the audit log that tells the whole; for the slip."""
        facts = {"slot": plan.slot, "way": plan.way.source, "rehearsal": plan.rehearsal}
        number = room.audit.note("ceremony-begun", **facts, usage=plan.usage, algorithm=plan.algorithm)
        room.vault.keep(**{_OPEN_CEREMONY: {"begun": number, **facts}})
        self._ceremony = Ceremony(plan, room.monotonic())

    # -- steps

    def sign_in(self, number: str, password: Secret) -> View:
        """A custodian's number and password, which is wiped. At a hand-over the number is known."""
        at = self._room.monotonic
        wanted = self._ceremony.turn or number
        self._ceremony.touch(at())
        if self._ceremony.view.over:
            password.wipe()
            return self._end()
        match self._room.custodians.prove(wanted, password):
            case Proof.RIGHT:
                self._step(lambda: self._ceremony.proven(wanted, at()))
            case Proof.WRONG:
                self._step(lambda: self._ceremony.not_proven(at()))
            case Proof.LOCKED:
                self._step(lambda: self._ceremony.locked_out(at()))
        return self._end()

    def component(self, digits: bytearray) -> View:
        """A component as its hexadecimal digits, which are wiped."""
        try:
            component = from_digits(digits)
        except KeysError:
            self._step(lambda: self._ceremony.mistyped(self._room.monotonic()))
        else:
            self._step(lambda: self._ceremony.typed(component, self._room.monotonic()))
        return self._end()

    def retype(self) -> View:
        """The component's check value is not that of the form."""
        self._step(lambda: self._ceremony.retype(self._room.monotonic()))
        return self._end()

    def agree(self) -> View:
        """The check value on the screen is the right one."""
        self._step(lambda: self._ceremony.agree(self._room.monotonic()))
        if self._ceremony.state is State.STORING:
            self._store()
        return self._end()

    def deliver(self, component: Secret) -> View:
        """A component, or the whole key, from a key-loading device; it is taken over."""
        self._step(lambda: self._ceremony.delivered(component, self._room.monotonic()))
        return self._end()

    def deliver_sealed(self, key: Received) -> View:
        """A key that came enciphered (``Vault.receive_key_block``, TR-34); it is taken over."""
        self._received = key
        try:
            self._room.vault.check([key.incoming])
        except KeysError as fault:
            return self.unfit(fault)
        self._step(lambda: self._ceremony.delivered_sealed(key.kcv, self._room.monotonic()))
        return self._end()

    def unfit(self, fault: KeysError) -> View:
        """What arrived cannot be used."""
        self._step(lambda: self._ceremony.unfit(reason_of(fault), str(fault), self._room.monotonic()))
        return self._end()

    def keep_alive(self) -> bool:
        """A key was pressed; whether the ceremony still goes on. Waits for no disk: ``tick`` writes the end down."""
        self._ceremony.touch(self._room.monotonic())
        return not self._ceremony.view.over

    def tick(self) -> View:
        """Time has passed."""
        self._ceremony.tick(self._room.monotonic())
        return self._end()

    def cancel(self, reason: str = "") -> View:
        """Leave; nothing has changed. ``reason`` where it was nobody's wish: a word for a catalogue."""
        self._ceremony.cancel(self._room.monotonic(), reason)
        return self._end()

    def abandon(self) -> None:
        """The process ends: wipe everything and wait for no disk. The next opening notes the interruption."""
        self._ceremony.cancel(self._room.monotonic())
        if self._received is not None:
            self._received.wipe()

    @property
    def view(self) -> View:
        """Where it stands."""
        return self._ceremony.view

    @property
    def seconds_left(self) -> float:
        """Until it ends by itself."""
        return self._ceremony.seconds_left(self._room.monotonic())

    # -- inside

    def _step(self, step: Callable[[], None]) -> None:
        try:
            step()
        except CeremonyRefused:
            return  # out of turn: the machine has ended, and says so
        self._ceremony.inspect(self._judge, self._room.monotonic())

    def _judge(self, key: Secret) -> None:
        self._room.vault.check([self._incoming(key)], erase_others=self._plan.erases_others)

    def _store(self) -> None:
        key = self._ceremony.key()
        try:
            if self._plan.rehearsal:
                if key is not None:
                    key.wipe()
            elif self._received is not None:
                self.record = self._received.install(tuple(self._ceremony.custodians))
            else:
                assert key is not None
                incoming = self._incoming(key)
                (self.record,) = self._room.vault.install([incoming], erase_others=self._plan.erases_others)
        except KeysError as fault:
            self.unfit(fault)
        else:
            self._step(lambda: self._ceremony.stored(self._room.monotonic()))

    def _incoming(self, key: Secret) -> Incoming:
        plan = self._plan
        return Incoming(
            plan.slot,
            plan.usage,
            key,
            plan.algorithm,
            plan.mode,
            plan.mac_algorithm,
            source=plan.way.source,
            loaded_by=tuple(self._ceremony.custodians),
            ksn=plan.ksn,
            label=plan.label,
            check_value=plan.expected_kcv,
            kcv_method=plan.kcv_method,
        )

    def _end(self) -> View:
        """Write the end into the log, once."""
        view = self._ceremony.view
        if view.over and self._received is not None:
            self._received.wipe()
        if view.over and not self.audit_number:
            audit, vault = self._room.audit, self._room.vault
            self.audit_number = audit.note("ceremony-ended", **_told(view, self.record)) or -1
            vault.keep(**{_OPEN_CEREMONY: None})
        return view


def _told(view: View, record: KeyRecord | None) -> dict[str, Any]:
    plan = view.plan
    return {
        "outcome": str(view.state),
        "reason": view.reason,
        "detail": view.detail,
        "way": plan.way.source,
        "rehearsal": plan.rehearsal,
        "by": list(view.custodians),
        "key": record.id if record is not None else plan.slot,
        "usage": record.usage if record is not None else plan.usage,
        "algorithm": record.algorithm if record is not None else plan.algorithm,
        "bits": 8 * (record.length_bytes if record is not None else plan.length_bytes),
        "component_kcvs": [str(kcv) for kcv in view.component_kcvs],
        "kcv": str(view.key_kcv) if view.key_kcv is not None else "",
        "erased_others": plan.erases_others and record is not None,
    }
