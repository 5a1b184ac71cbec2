"""The key ceremony: how a key comes into a terminal under dual control, as a state machine without I/O.

Rules of this file, which stays whole:

1. Everything that decides what may follow what is in the table ``TRANSITIONS`` (``ceremony_states.py``). A step that is
   not in the table for the present state ends the ceremony: a sensitive service is left on anything unexpected.
2. Nobody has a clock here: every step brings the monotonic time at which it happened.
3. Components and keys are Secrets that the machine takes over, and wipes on every way out.
4. Nothing is stored here and nobody is asked for a password: whoever drives the machine (``loading.py``) does both
   and says how it went.

Two custodians sign in, each with a password of their own. Then each component is typed by a custodian who is not the
one of the component before, and who has proven again to be there. Its check value is compared with the paper form; in
the end the check value of the whole is compared with the expected one, or agreed to by both. A key that comes from a
key-loading device takes the same way without typing, a key that comes enciphered needs one person who answers for it
(PCI PIN Security, requirements 6, 8, 12 and 13; limits as PTS devices have them, facts/keys.md §1 and §6).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from keys.ceremony_plan import ATTEMPTS_MAX, IDLE_S, TOTAL_S, Plan
from keys.ceremony_states import ENDS, TRANSITIONS, State, Step, View
from keys.components import combine
from keys.errors import CeremonyRefused, KcvMismatch, KeysError, TestKeyRefused
from keys.kcv import DEFAULT_METHOD, kcv_matches
from keys.records import Kcv
from keys.secret import Secret
from keys.vault_intake import kcv_of

__all__ = ["Ceremony", "reason_of"]


@dataclass(slots=True, repr=False)
class Ceremony:
    """One key on its way in. Every method is a step; ``at`` is monotonic time in seconds."""

    plan: Plan
    began_at: float
    state: State = State.FIRST_CUSTODIAN
    custodians: list[str] = field(default_factory=list)
    notice: str = ""
    reason: str = ""
    detail: str = ""
    _components: list[Secret] = field(default_factory=list)
    _typed: Secret | None = None
    _kcvs: list[Kcv] = field(default_factory=list)
    _key: Secret | None = None
    _key_kcv: Kcv | None = None
    _failures: int = 0
    _last_at: float = 0.0

    def __post_init__(self) -> None:
        self._last_at = self.began_at

    # -- who

    def proven(self, number: str, at: float) -> None:
        """The password of this custodian was right."""
        if self._late(at):
            return
        if self.state is State.HAND_OVER:
            if number != self.turn:
                self._fail_proof("other-person", at)
            else:
                self._go(Step.PROVEN, at)
            return
        if number in self.custodians:
            self._fail_proof("same-person", at)
            return
        self.custodians.append(number)
        step = Step.PROVEN
        if self.state is State.FIRST_CUSTODIAN and self.plan.way.custodians == 1:
            step = Step.PROVEN_ALONE
        elif self.state is State.SECOND_CUSTODIAN and not self.plan.way.typed:
            step = Step.PROVEN_DELIVERED
        self._go(step, at)

    def not_proven(self, at: float) -> None:
        """It was wrong, or the number is nobody's."""
        if not self._late(at):
            self._fail_proof("wrong-password", at)

    def locked_out(self, at: float) -> None:
        """The custodian has failed too often, now or before."""
        if not self._late(at):
            self.reason = "locked"
            self._go(Step.LOCKED_OUT, at)

    @property
    def turn(self) -> str:
        """Whose component it is: the custodians take turns, so that nobody has two in a row."""
        if self.state in (State.HAND_OVER, State.COMPONENT, State.COMPONENT_CHECK):
            return self.custodians[len(self._components) % len(self.custodians)]
        return ""

    # -- what

    def typed(self, component: Secret, at: float) -> None:
        """A component of the key; it is taken over."""
        if self._late(at):
            component.wipe()
            return
        if self.state is not State.COMPONENT:
            component.wipe()
        fault = self._component_fault(component)
        if fault:
            component.wipe()
            self.mistyped(at, fault)
            return
        self._typed = component
        self._go(Step.TYPED, at)

    def mistyped(self, at: float, notice: str = "mistyped") -> None:
        """What was typed is no component of this key."""
        if not self._late(at):
            self._fail_typing(Step.MISTYPED, notice, at)

    def retype(self, at: float) -> None:
        """The check value is not that of the form: the component is typed again."""
        if not self._late(at):
            self._forget_typed()
            self._fail_typing(Step.RETYPE, "retype", at)

    def agree(self, at: float) -> None:
        """The check value is the right one."""
        if self._late(at):
            return
        if self.state is State.COMPONENT_CHECK and self._typed is not None:
            self._take_typed(at)
        else:
            self._go(Step.AGREED, at)

    def delivered(self, component: Secret, at: float) -> None:
        """A component, or the whole key, from a key-loading device; it is taken over."""
        if self._late(at):
            component.wipe()
            return
        if self.state is not State.DELIVERY or self._component_fault(component):
            component.wipe()
            self.unfit("component", "The device delivered what is no part of this key.", at)
            return
        self._components.append(component)
        self._kcvs.append(kcv_of(component, self.plan.algorithm, self.plan.kcv_method))
        if len(self._components) < self.plan.components:
            self._go(Step.DELIVERED, at)
        elif self._combine(at):
            self._go(Step.DELIVERED_LAST, at)

    def delivered_sealed(self, kcv: Kcv, at: float) -> None:
        """A key that stays enciphered: only its check value is known here."""
        if not self._late(at):
            self._key_kcv = kcv
            if self._expected_fault():
                self._refuse_kcv(at)
            else:
                self._go(Step.DELIVERED_LAST, at)

    def unfit(self, reason: str, detail: str, at: float) -> None:
        """The key cannot be used, or cannot be stored."""
        self.reason, self.detail = reason, detail
        self._go(Step.UNFIT, at)

    def inspect(self, judge: Callable[[Secret], None], at: float) -> None:
        """Have the whole key judged before anybody agrees to it; ``judge`` raises KeysError for an unfit one."""
        if self.state is State.KEY_CHECK and self._key is not None:
            try:
                judge(self._key)
            except KeysError as fault:
                self.unfit(reason_of(fault), str(fault), at)

    def key(self) -> Secret | None:
        """The whole key while it is being stored, to be taken over; None for one that stayed enciphered."""
        if self.state is not State.STORING:
            raise CeremonyRefused("There is no key to store now.")
        key, self._key = self._key, None
        return key

    def stored(self, at: float) -> None:
        """The key is in its slot, durable."""
        self._go(Step.STORED, at)

    # -- time

    def touch(self, at: float) -> None:
        """Somebody is there: a key was pressed."""
        if not self._late(at):
            self._last_at = at

    def cancel(self, at: float, reason: str = "") -> None:
        """The red key, or why there is no going on. While the key is being stored it does nothing: the disk decides."""
        if (self.state, Step.CANCEL) in TRANSITIONS and not self._late(at):
            self.reason = reason
            self._go(Step.CANCEL, at)

    def tick(self, at: float) -> None:
        """Time has passed."""
        self._late(at)

    def seconds_left(self, at: float) -> float:
        """Until the ceremony ends by itself."""
        return max(0.0, min(self._last_at + IDLE_S, self.began_at + TOTAL_S) - at)

    # -- what it looks like

    @property
    def view(self) -> View:
        """For whoever shows it."""
        shown = self.state in (State.HAND_OVER, State.COMPONENT, State.COMPONENT_CHECK, State.DELIVERY)
        typed = self._typed
        return View(
            self.state,
            self.plan,
            tuple(self.custodians),
            self.turn,
            len(self._components) + 1 if shown else 0,
            kcv_of(typed, self.plan.algorithm, self.plan.kcv_method) if typed is not None else None,
            tuple(self._kcvs),
            self._key_kcv,
            self.notice,
            self.reason,
            self.detail,
        )

    def __repr__(self) -> str:
        return f"Ceremony({self.state})"

    # -- inside

    def _go(self, step: Step, at: float) -> None:
        """The only place where the state changes."""
        target = TRANSITIONS.get((self.state, step))
        if target is None:
            before = self.state
            if before not in ENDS:
                self.reason, self.detail = "unexpected", f"{step} while it waits for {before}."
                self._enter(State.REFUSED)
            raise CeremonyRefused(f"The ceremony waits for {before}; it was {step}.")
        if target is not self.state or step in (Step.TYPED, Step.DELIVERED):
            self.notice = ""
        if step in (Step.PROVEN, Step.AGREED):
            self._failures = 0
        self._last_at = at
        self._enter(target)

    def _enter(self, state: State) -> None:
        self.state = state
        if state in ENDS:
            self._wipe()

    def _late(self, at: float) -> bool:
        """Whether the ceremony is over, at the latest because of the time."""
        if self.state not in ENDS and (self.state, Step.EXPIRE) in TRANSITIONS and self.seconds_left(at) <= 0:
            self.reason = "idle" if at - self.began_at < TOTAL_S else "total"
            self._go(Step.EXPIRE, at)
        return self.state in ENDS

    def _fail_proof(self, notice: str, at: float) -> None:
        self._failures += 1
        again = self._failures >= ATTEMPTS_MAX
        if again:
            self.reason = notice
        self._go(Step.NOT_PROVEN_AGAIN if again else Step.NOT_PROVEN, at)
        self.notice = "" if again else notice

    def _fail_typing(self, step: Step, notice: str, at: float) -> None:
        self._failures += 1
        again = self._failures >= ATTEMPTS_MAX
        if again:
            self.reason = "mistyped"
        self._go(Step.MISTYPED_AGAIN if again else step, at)
        self.notice = "" if again else notice

    def _component_fault(self, component: Secret) -> str:
        if len(component) != self.plan.length_bytes:
            return "mistyped"
        with component.open() as part:
            return "" if any(part) else "zero"

    def _take_typed(self, at: float) -> None:
        assert self._typed is not None
        self._kcvs.append(kcv_of(self._typed, self.plan.algorithm, self.plan.kcv_method))
        self._components.append(self._typed)
        self._typed = None
        if len(self._components) < self.plan.components:
            self._go(Step.AGREED, at)
        elif self._combine(at):
            self._go(Step.AGREED_LAST, at)

    def _combine(self, at: float) -> bool:
        """Make the key of its components; whether it is the expected one."""
        try:
            if self.plan.components == 1:
                self._key = self._components.pop()
            else:
                self._key = combine(self._components)
        except KeysError as fault:
            self.unfit("component", str(fault), at)
            return False
        finally:
            self._forget_components()
        self._key_kcv = kcv_of(self._key, self.plan.algorithm, self.plan.kcv_method)
        if self._expected_fault():
            self._refuse_kcv(at)
            return False
        return True

    def _expected_fault(self) -> bool:
        """Over the whole length that was expected, where the key itself is here."""
        expected = self.plan.expected_kcv.upper()
        if not expected or self._key_kcv is None:
            return False
        if self._key is not None:
            method = self.plan.kcv_method or DEFAULT_METHOD[self.plan.algorithm]
            with self._key.open() as clear:
                return not kcv_matches(clear, self.plan.algorithm, bytes.fromhex(expected), method)
        return not (expected.startswith(self._key_kcv.value) or self._key_kcv.value.startswith(expected))

    def _refuse_kcv(self, at: float) -> None:
        self.unfit("kcv", "The check value of the key is not the expected one.", at)

    def _forget_typed(self) -> None:
        if self._typed is not None:
            self._typed.wipe()
            self._typed = None

    def _forget_components(self) -> None:
        for component in self._components:
            component.wipe()
        self._components.clear()

    def _wipe(self) -> None:
        self._forget_typed()
        self._forget_components()
        if self._key is not None:
            self._key.wipe()
            self._key = None


def reason_of(fault: KeysError) -> str:
    """The catalogue's word for a fault: ``test-key``, ``kcv`` or ``key``."""
    return {TestKeyRefused: "test-key", KcvMismatch: "kcv"}.get(type(fault), "key")
