"""A key-loading device at the terminal: the line's questions on one side, the ceremony on the other.

People come first: they compare the line's number, then sign in; only then is a component taken. Whoever shows this
(console, terminal) looks at ``number``, ``plan`` and ``loading`` in turn. Called in the thread that writes the vault.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from keys.ceremony_plan import Plan
from keys.ceremony_states import State
from keys.errors import CeremonyRefused
from keys.loading import KeyRoom, Loading
from keys.secret import Secret

__all__ = ["LoaderService"]

WAITING = "waiting"
"""What the device is told until people at the terminal have begun the ceremony."""


class LoaderService:
    """One line's worth of loading: one key."""

    def __init__(self, room: KeyRoom, *, rehearsal: bool = False) -> None:
        self._room, self._rehearsal = room, rehearsal
        self.number = ""
        """To be compared with the device's; empty until the line is sealed."""
        self.plan: Plan | None = None
        """What the device wants to load."""
        self.loading: Loading | None = None
        self.gone = False
        """Whether the device has given up, or its cable is out: a line plugged in again is a new one."""

    def begin(self) -> Loading:
        """The numbers are the same: the custodians may sign in. Raises as ``KeyRoom.begin``."""
        assert self.plan is not None, "the device has said what it loads"
        self.loading = self._room.begin(self.plan)
        if self.gone:
            self.left()
        return self.loading

    # -- what the device asks (LoaderDesk)

    def paired(self, number: str) -> None:
        """See LoaderDesk. A second pairing ends what was begun: somebody else may be on the line."""
        if self.loading is not None:
            self.loading.cancel()
            raise CeremonyRefused("The line was paired anew in the middle of a ceremony.")
        self.number, self.plan = number, None

    def offered(self, plan: Plan) -> Mapping[str, Any]:
        """See LoaderDesk."""
        if self.plan is not None:
            raise CeremonyRefused("One key is loaded at a time.", "Begin again for the next key.")
        self.plan = replace(plan, rehearsal=self._rehearsal)
        return self.state()

    def arrived(self, component: Secret) -> Mapping[str, Any]:
        """See LoaderDesk."""
        if self.loading is None or self.loading.view.state is not State.DELIVERY:
            component.wipe()
            raise CeremonyRefused("The custodians have not signed in yet.", "Ask for the state until it is: delivery.")
        self.loading.deliver(component)
        return self.state()

    def state(self) -> Mapping[str, Any]:
        """See LoaderDesk."""
        if self.loading is None:
            return {"state": WAITING}
        view = self.loading.view
        told: dict[str, Any] = {"state": str(view.state), "components": [str(kcv) for kcv in view.component_kcvs]}
        if view.key_kcv is not None:
            told["kcv"] = str(view.key_kcv)
        if view.reason:
            told["reason"] = view.reason
        return told

    def left(self) -> Mapping[str, Any]:
        """See LoaderDesk. Nothing is stored, unless it already is: the device would not learn of it."""
        self.gone = True
        if self.loading is not None:
            self.loading.cancel("gone")
        return self.state()
