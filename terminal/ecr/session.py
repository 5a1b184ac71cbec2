"""Who has the terminal: one till at a time, for as long as it speaks. Nobody has to restart anything to get it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

__all__ = ["Owner", "Session"]


@dataclass(frozen=True, slots=True)
class Owner:
    """The till that has the terminal."""

    sale_id: str
    since: datetime
    heard_s: float
    """When it last spoke, by a clock that only goes forward."""


class Session:
    """A lease that each word of its owner renews; it does not run out while ``held()``, with money under way."""

    def __init__(
        self, lease_s: float, wall: Callable[[], datetime], monotonic_s: Callable[[], float], held: Callable[[], bool]
    ) -> None:
        self._lease_s = lease_s
        self._wall, self._monotonic_s, self._held = wall, monotonic_s, held
        self._owner: Owner | None = None

    @property
    def owner(self) -> Owner | None:
        """Who has the terminal now; None when it is anybody's."""
        if self._owner is not None and not self._held() and self.left_s <= 0:
            self._owner = None
        return self._owner

    @property
    def left_s(self) -> float:
        """Seconds until the terminal is anybody's, if its owner stays silent."""
        if self._owner is None:
            return 0.0
        return max(0.0, self._owner.heard_s + self._lease_s - self._monotonic_s())

    def other_than(self, sale_id: str) -> Owner | None:
        """The owner when it is another till."""
        owner = self.owner
        return owner if owner is not None and owner.sale_id != sale_id else None

    def heard(self, sale_id: str) -> None:
        """A till has spoken: its lease begins anew if it has one."""
        owner = self.owner
        if owner is not None and owner.sale_id == sale_id:
            self._owner = Owner(sale_id, owner.since, self._monotonic_s())

    def take(self, sale_id: str) -> None:
        """From now on this till has the terminal."""
        owner = self.owner
        since = owner.since if owner is not None and owner.sale_id == sale_id else self._wall()
        self._owner = Owner(sale_id, since, self._monotonic_s())

    def leave(self, sale_id: str) -> None:
        """This till needs it no more."""
        if self._owner is not None and self._owner.sale_id == sale_id:
            self._owner = None

    def renew(self) -> None:
        """The owner's payment has ended: it has the whole lease to come for its result."""
        if self._owner is not None:
            self._owner = Owner(self._owner.sale_id, self._owner.since, self._monotonic_s())
