"""From a seed to a scenario: a terminal's profile, what the counter does, and everything that goes wrong."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tools.simulation.faults import ALL_FAULTS, Fault

__all__ = ["Cut", "Operation", "Scenario", "parts_of", "scenario_of"]

WITH_PIN = (
    "signature", "signature", "good", "good", "second", "second", "low", "lost", "limited", "foreign", "foreign",
)  # fmt: skip
WITHOUT_PIN = ("signature",) * 7 + ("foreign",) * 2 + ("good", "lost")
"""Without a PIN only the first two are charged."""
CODES = (
    "6220001234567890018", "6220001234567890018", "6220001234567890042", "6220001234567890026", "6220001234567890059",
    "6220001234567890075", "6220001234567890067",
)  # fmt: skip
"""At once, at once, at once, too poor; confirmed at the second question, too poor at the first, never confirmed."""
MISCHIEF = (
    "cancel", "double", "impatient", "walk-away", "wrong-pin", "bad-swipe", "swipe-twice", "lost-events", "unplugged",
)  # fmt: skip
PRINTER_TROUBLES = ("paper", "cover", "mute", "absent", "stalled", "reset", "runs-out")


@dataclass(frozen=True, slots=True)
class Cut:
    """The power goes, perhaps again while the terminal starts, and comes back."""

    after: int
    """Machine operations (writes, syncs, prints) from the beginning of the counter's operation."""
    at_s: float | None = None
    """Or so many seconds after it, when no operation is due (a kill at an await)."""
    platter: str = "none"
    starts: tuple[int, ...] = ()
    """Each of the following starts is cut after so many operations, before one is left alone."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing a person does at the counter."""

    name: str
    """Function of the flow that the menu leads to."""
    amount_minor: int = 0
    """Unique in the scenario where money moves: the oracle's sale id."""
    payer: str = "signature"
    """Account of the card, or digits of a payment code."""
    refers_to: int | None = None
    """Index of the operation it is about."""
    mischief: str = ""
    cut: Cut | None = None
    disk_fault: tuple[int, str] | None = None
    """Machine operation from its beginning, and what the disk answers to it."""
    printer: str = ""
    """Trouble of the printer while it lasts."""
    clock_s: int = 0
    """Somebody moves the machine's clock before it."""
    pause_s: float = 0.0
    """How long the counter is quiet before it."""
    typed: bool = False
    """Whether the card's number is typed, where the terminal takes that."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything that a run depends on."""

    seed: int
    overrides: dict[str, str] = field(default_factory=dict)
    operations: tuple[Operation, ...] = ()
    fault_probability: float = 0.0
    faults: tuple[Fault, ...] = ALL_FAULTS
    sign_declines: bool = True
    settles_at_end: bool = True
    connection: str = "transaction"
    """Of ``[host]``: each conversation its own, or one that is kept."""

    @property
    def printer_model(self) -> str:
        """A printer that has troubles can say so; one that has none need not be asked, which is quicker."""
        return "generic" if any(operation.printer for operation in self.operations) else "silent"


_WEIGHTS = {
    "sale": 30, "sale_code": 10, "order": 5, "void_sale": 10, "void_completion": 4, "refund": 4, "refund_code": 3,
    "pre_auth": 8, "void_pre_auth": 3, "complete": 6, "complete_by_advice": 4, "additional": 2, "balance": 2,
    "offline_sale": 7,
    "tip": 5, "cash_sale": 2, "split_sale": 2, "settle_flow": 5, "reprint_last": 3, "reprint_any": 2,
    "print_details": 1, "show_totals": 2, "print_last_batch": 1, "sign_on_flow": 2, "sign_off_flow": 1, "echo_test": 1,
    "query": 1,
}  # fmt: skip
_ABOUT = {
    "void_sale": ("sale", "sale_code", "order"), "void_completion": ("complete",), "refund": ("sale",),
    "refund_code": ("sale_code",), "void_pre_auth": ("pre_auth",), "complete": ("pre_auth",),
    "complete_by_advice": ("pre_auth",), "additional": ("pre_auth",), "tip": ("sale",), "reprint_any": ("sale",),
    "query": ("sale",),
}  # fmt: skip
_AS_ORIGINAL = frozenset({"void_sale", "void_completion", "void_pre_auth"})
"""These are about the same amount as what they undo."""
_LOWER = {"refund": 1, "refund_code": 1, "complete": 1, "complete_by_advice": 1, "tip": 6}
"""Below the original's amount, by this divisor."""
_MOVES_NOTHING = frozenset({
    "balance", "settle_flow", "reprint_last", "reprint_any", "print_details", "show_totals", "print_last_batch",
    "sign_on_flow", "sign_off_flow", "echo_test", "query",
})  # fmt: skip


def scenario_of(seed: int) -> Scenario:
    """The scenario of a seed; the same for the same number."""
    rng = random.Random(seed)  # noqa: S311 - a simulated world
    weather = rng.choices(("calm", "rough", "hell"), (2, 5, 3))[0]
    probability = {"calm": 0.0, "rough": 0.12, "hell": 0.35}[weather]
    faults = ALL_FAULTS if rng.random() < 0.5 else tuple(rng.sample(ALL_FAULTS, rng.randint(2, 8)))
    overrides = _overrides(rng)
    sign_declines = rng.random() < 0.8
    if not sign_declines:
        # A host that does not seal "original not found" either: the terminal has to believe it.
        overrides["reversal_answer_needs_mac"] = "false"
        overrides["decline_without_mac"] = '"accept"'
        faults = tuple(fault for fault in faults if fault not in (Fault.FORGED_NO_MAC, Fault.NO_MAC))
    if overrides["decline_without_mac"] == '"accept"':
        # Who believes a decline without a seal can be lied to; that is the acquirer's choice.
        faults = tuple(fault for fault in faults if fault not in (Fault.DENIED, Fault.FORGED_REPEATED))
    builder = _Builder(rng, weather, WITHOUT_PIN if overrides["pin"] == '"never"' else WITH_PIN)
    for _ in range(rng.randint(5, 40)):
        builder.add()
    return Scenario(
        seed=seed,
        overrides=overrides,
        operations=tuple(builder.operations),
        fault_probability=probability,
        faults=faults,
        sign_declines=sign_declines,
        settles_at_end=rng.random() < 0.7,
        connection=rng.choice(("transaction", "persistent")),
    )


def _overrides(rng: random.Random) -> dict[str, str]:
    return {
        "pin": rng.choice(('"never"', '"never"', '"always"', '"above-limit"')),
        "pin_free_max_minor": "5000",
        "response_s": rng.choice(("60.0", "20.0")),
        "decline_without_mac": rng.choice(('"reverse"', '"reverse"', '"accept"')),
        "upload_pan": rng.choice(('"full"', '"truncated"')),
        "void_needs_card": rng.choice(("true", "false")),
        "tip_percent_max": "20",
        "offline_count_max": rng.choice(("50", "3")),
        "offline_sum_max_minor": rng.choice(("5000000", "20000")),
        "batch_rows_max": rng.choice(("500", "500", "9")),
        "manual_entry": rng.choice(("true", "false")),
        "manual_entry_kinds": '["sale", "refund", "pre-auth", "pre-auth-void", "completion", "additional-pre-auth", '
        '"completion-advice", "offline-sale"]',
        "sign_on_at_start": rng.choice(("true", "true", "false")),
    }


class _Builder:
    def __init__(self, rng: random.Random, weather: str, cards: tuple[str, ...]) -> None:
        self._rng = rng
        self._cards = cards
        self._weather = weather
        self._used: set[int] = set()
        self.operations: list[Operation] = []

    def add(self) -> None:
        """One more operation, about an earlier one where its kind wants that."""
        rng = self._rng
        name = rng.choices(tuple(_WEIGHTS), tuple(_WEIGHTS.values()))[0]
        refers_to = None
        if name in _ABOUT:
            candidates = [index for index, each in enumerate(self.operations) if each.name in _ABOUT[name]]
            if not candidates:
                name = _ABOUT[name][0]
            else:
                refers_to = rng.choice(candidates)
        original = None if refers_to is None else self.operations[refers_to]
        payer = rng.choice(CODES if name == "sale_code" else self._cards)
        if original is not None and rng.random() < 0.95:
            payer = original.payer
        self.operations.append(
            Operation(
                name=name,
                amount_minor=self._amount(name, original),
                payer=payer,
                refers_to=refers_to,
                mischief=rng.choice(MISCHIEF) if rng.random() < 0.1 else "",
                cut=self._cut(),
                disk_fault=(rng.randrange(60), rng.choice(("full", "io-error"))) if self._happens(0.02) else None,
                printer=rng.choice(PRINTER_TROUBLES) if self._happens(0.05) else "",
                clock_s=rng.choice((86_400, -86_400, 3600, -3600, 40 * 86_400)) if self._happens(0.02) else 0,
                pause_s=rng.choice((0.0, 0.0, 0.0, 30.0, 400.0)),
                typed=rng.random() < 0.1,
            )
        )

    def _happens(self, probability: float) -> bool:
        return self._rng.random() < probability and self._weather != "calm"

    def _cut(self) -> Cut | None:
        rng = self._rng
        if not self._happens(0.15):
            return None
        starts: list[int] = []
        while rng.random() < 0.25 and len(starts) < 4:
            starts.append(rng.randrange(40))
        at_s = rng.uniform(0.0, 6.0) if rng.random() < 0.25 else None
        platter = rng.choice(("none", "all", "random", "random"))
        return Cut(rng.randrange(90), at_s, platter, tuple(starts))

    def _amount(self, name: str, original: Operation | None) -> int:
        if name in _MOVES_NOTHING:
            return 0
        if original is not None and name in _AS_ORIGINAL:
            return original.amount_minor
        if original is not None and name in _LOWER:
            amount = max(original.amount_minor // _LOWER[name] - self._rng.randint(1, 9), 1)
        else:
            amount = self._rng.randint(200, 9900)
        while self._used & set(parts_of(name, amount)):
            amount += 1
        self._used.update(parts_of(name, amount))
        return amount


def parts_of(name: str, amount_minor: int) -> tuple[int, ...]:
    """The amounts that are asked of the host: a split payment is two of them."""
    if name != "split_sale":
        return (amount_minor,)
    first = amount_minor // 3
    return amount_minor - first, first
