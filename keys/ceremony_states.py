"""The states of the key ceremony, what can happen in them, and the table of what follows.

::

    first-custodian ──▶ second-custodian ──▶ hand-over ──▶ component ──▶ component-check ──┐
                 │                 │             ▲                                │        │
                 │                 │             └──────────── more ──────────────┘        ▼ last
                 └── one enough ───┴── delivered ──▶ delivery ────────────────────────▶ key-check ──▶ storing ──▶ stored
    from everywhere: cancelled, expired, locked, refused
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from keys.ceremony_plan import Plan
from keys.records import Kcv

__all__ = ["ENDS", "TRANSITIONS", "State", "Step", "View"]


class State(StrEnum):
    """Where a ceremony stands, named by what it waits for."""

    FIRST_CUSTODIAN = "first-custodian"
    SECOND_CUSTODIAN = "second-custodian"
    HAND_OVER = "hand-over"
    """The custodian of the next component proves to be there."""
    COMPONENT = "component"
    COMPONENT_CHECK = "component-check"
    """The component's check value is compared with the form."""
    DELIVERY = "delivery"
    """The key comes from a key-loading device, a file or a host."""
    KEY_CHECK = "key-check"
    """The check value of the whole key is agreed to."""
    STORING = "storing"
    STORED = "stored"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    LOCKED = "locked"
    """A custodian is locked out."""
    REFUSED = "refused"


ENDS = frozenset({State.STORED, State.CANCELLED, State.EXPIRED, State.LOCKED, State.REFUSED})


class Step(StrEnum):
    """What can happen, with what it means for the way: the same event has one step for each meaning."""

    PROVEN = "proven"
    PROVEN_DELIVERED = "proven, the key is delivered"
    PROVEN_ALONE = "proven, one custodian is enough"
    NOT_PROVEN = "not proven"
    NOT_PROVEN_AGAIN = "not proven once too often"
    LOCKED_OUT = "locked out"
    TYPED = "typed"
    MISTYPED = "mistyped"
    MISTYPED_AGAIN = "mistyped once too often"
    RETYPE = "to be typed again"
    AGREED = "agreed"
    AGREED_LAST = "agreed, the last"
    DELIVERED = "delivered"
    DELIVERED_LAST = "delivered, the last"
    UNFIT = "unfit"
    STORED = "stored"
    CANCEL = "cancelled"
    EXPIRE = "expired"


def _transitions() -> dict[tuple[State, Step], State]:
    table = {
        (State.FIRST_CUSTODIAN, Step.PROVEN): State.SECOND_CUSTODIAN,
        (State.FIRST_CUSTODIAN, Step.PROVEN_ALONE): State.DELIVERY,
        (State.FIRST_CUSTODIAN, Step.NOT_PROVEN): State.FIRST_CUSTODIAN,
        (State.FIRST_CUSTODIAN, Step.NOT_PROVEN_AGAIN): State.REFUSED,
        (State.FIRST_CUSTODIAN, Step.LOCKED_OUT): State.LOCKED,
        (State.SECOND_CUSTODIAN, Step.PROVEN): State.HAND_OVER,
        (State.SECOND_CUSTODIAN, Step.PROVEN_DELIVERED): State.DELIVERY,
        (State.SECOND_CUSTODIAN, Step.NOT_PROVEN): State.SECOND_CUSTODIAN,
        (State.SECOND_CUSTODIAN, Step.NOT_PROVEN_AGAIN): State.REFUSED,
        (State.SECOND_CUSTODIAN, Step.LOCKED_OUT): State.LOCKED,
        (State.HAND_OVER, Step.PROVEN): State.COMPONENT,
        (State.HAND_OVER, Step.NOT_PROVEN): State.HAND_OVER,
        (State.HAND_OVER, Step.NOT_PROVEN_AGAIN): State.REFUSED,
        (State.HAND_OVER, Step.LOCKED_OUT): State.LOCKED,
        (State.COMPONENT, Step.TYPED): State.COMPONENT_CHECK,
        (State.COMPONENT, Step.MISTYPED): State.COMPONENT,
        (State.COMPONENT, Step.MISTYPED_AGAIN): State.REFUSED,
        (State.COMPONENT_CHECK, Step.RETYPE): State.COMPONENT,
        (State.COMPONENT_CHECK, Step.MISTYPED_AGAIN): State.REFUSED,
        (State.COMPONENT_CHECK, Step.AGREED): State.HAND_OVER,
        (State.COMPONENT_CHECK, Step.AGREED_LAST): State.KEY_CHECK,
        (State.COMPONENT_CHECK, Step.UNFIT): State.REFUSED,
        (State.DELIVERY, Step.DELIVERED): State.DELIVERY,
        (State.DELIVERY, Step.DELIVERED_LAST): State.KEY_CHECK,
        (State.DELIVERY, Step.UNFIT): State.REFUSED,
        (State.KEY_CHECK, Step.AGREED): State.STORING,
        (State.KEY_CHECK, Step.UNFIT): State.REFUSED,
        (State.STORING, Step.STORED): State.STORED,
        (State.STORING, Step.UNFIT): State.REFUSED,
    }
    for state in State:
        if state not in ENDS and state is not State.STORING:
            table |= {(state, Step.CANCEL): State.CANCELLED, (state, Step.EXPIRE): State.EXPIRED}
    return table


TRANSITIONS: Mapping[tuple[State, Step], State] = _transitions()
"""All that may happen. Once the key is being stored there is no way back: the disk decides, not the clock."""


@dataclass(frozen=True, slots=True)
class View:
    """What a screen, a console or a key-loading device may know of a ceremony: no secret in it."""

    state: State
    plan: Plan
    custodians: tuple[str, ...] = ()
    """Who has signed in, in order."""
    custodian: str = ""
    """Whose turn it is; empty while anybody may sign in."""
    component: int = 0
    """Number of the component at hand, from 1."""
    component_kcv: Kcv | None = None
    component_kcvs: tuple[Kcv, ...] = ()
    key_kcv: Kcv | None = None
    notice: str = ""
    """What was wrong with the last try: ``wrong-password``, ``same-person``, ``mistyped``."""
    reason: str = ""
    """Why it was refused: a word for a catalogue, such as ``kcv`` or ``test-key``."""
    detail: str = ""
    """The same as a sentence, without any secret."""

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ENDS
