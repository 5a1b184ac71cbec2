"""Kill the real terminal at random points of a sale and of its own start, and compare the books each time.

SIGKILL leaves the page cache alone: this proves the recovery code of the real process over real TCP, not the
durability of the disk (facts/reliability-security-emv.md §A3.3). It counts only because it finds planted
faults too: see ``--planted``.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tools.rig import ACCOUNTS, Comparison, Rig, RigError, TerminalOptions, read_journal
from tools.rig.planted import PLANTED

__all__ = ["Plan", "Report", "campaign", "main", "plan_of"]

QUIET_S = 20.0
LOOK_S = 0.05
MOMENT_S = 2.0
RESPONSE_S = 0.8
PIN_FREE_MAX_MINOR = 20_000
GOOD_CODE = "6220001234567890018"
FAULTS = (
    "late", "late", "held", "no-answer", "drop", "lost", "close", "wrong-mac", "no-mac", "garbage", "other-stan",
)  # fmt: skip
WIRE_MOMENTS = ("first-byte", "received", "decided", "answered")
_OPTIONS = TerminalOptions(
    overrides={
        "pin": "above-limit",
        "pin_free_max_minor": PIN_FREE_MAX_MINOR,
        "response_s": RESPONSE_S,
        "reversal_retry_first_s": 0.2,
        "reversal_retry_max_s": 0.5,
        "undo_shown_s": 3,
        "qr_query_interval_s": 0.2,
        "qr_query_max_s": 1.0,
    },
    timeouts={"outcome_s": 30},
)


@dataclass(frozen=True, slots=True)
class Plan:
    """One kill point: what is sold how, what goes wrong besides, and when the power fails."""

    amount_minor: int
    """Different for every point: by it a charge is known, whatever numbers the terminal gives it."""
    payer: str
    """``code``, ``card`` or ``pin``."""
    fault: str
    """What happens to the 0200 or to the 0400, a fault of the host simulator; empty for nothing."""
    fault_mti: str
    fault_s: float
    """How late a late answer or a held request comes: within the terminal's patience or after it."""
    moment: str
    """What the kill waits for: ``time``, ``outcome`` or an event at the host."""
    delay_s: float
    """How long after that."""
    starts_killed: tuple[float, ...]
    """After so many seconds each of the following starts is killed too, before one is left alone."""
    new_keys: bool
    """Whether the host asks for a new sign-on with its answer."""


@dataclass(slots=True)
class Report:
    """What a campaign did and what it found."""

    points: int = 0
    kills: int = 0
    start_kills: int = 0
    charges: int = 0
    """Charges that stand at the host, summed over the rigs."""
    hits: Counter[str] = field(default_factory=Counter)
    """State of the sale's row on the disk at the moment of the kill."""
    divergences: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def text(self) -> str:
        """The report for people."""
        hits = ", ".join(f"{state} {count}" for state, count in self.hits.most_common())
        lines = [
            f"{self.points} kill points in {self.seconds:.0f} s.",
            f"{self.kills} SIGKILLs, {self.start_kills} of them during start-up.",
            f"The sale's row at the kill: {hits}.",
            f"{self.charges} charges stand at the host; divergences from the journal: {len(self.divergences)}.",
        ]
        return "\n".join(lines + [f"  {divergence}" for divergence in self.divergences])


def plan_of(seed: int, point: int) -> Plan:
    """The plan of a point; the same for the same numbers."""
    chance = random.Random(f"{seed}/{point}")  # noqa: S311 - a plan, not a secret
    payer = chance.choice(("code", "code", "card", "card", "pin"))
    fault = chance.choice(FAULTS) if chance.random() < 0.5 else ""
    moment = chance.choice(("time", "time", "outcome", *WIRE_MOMENTS))
    spread = {"time": chance.choice((0.03, 0.06, 0.5)), "outcome": 0.4}.get(moment, 0.02)
    starts: list[float] = []
    while chance.random() < 0.4 and len(starts) < 4:
        starts.append(chance.uniform(0.0, 0.6))
    return Plan(
        amount_minor=(2 * PIN_FREE_MAX_MINOR if payer == "pin" else 1) + point,
        payer=payer,
        fault=fault,
        fault_mti=chance.choice(("0200", "0200", "0400")) if fault else "",
        fault_s=chance.uniform(0.02, 1.5 * RESPONSE_S),
        moment=moment,
        delay_s=chance.uniform(0.0, spread),
        starts_killed=tuple(starts),
        new_keys=chance.random() < 0.1,
    )


async def campaign(points: int, seed: int, jobs: int = 1, planted: str = "", *, stop_early: bool = False) -> Report:
    """Kill at ``points`` points on ``jobs`` counters at a time. Raises RigError when a counter does not come up."""
    report = Report()
    started = time.monotonic()
    waiting = list(reversed(range(points)))

    async def counter() -> None:
        async with Rig(_OPTIONS, "--quiet", "--no-amount-faults") as rig:
            rig.terminal.plant(planted)
            await rig.terminal.start()
            while waiting and not (stop_early and report.divergences):
                point = waiting.pop()
                name = f"seed {seed}, point {point}"
                try:
                    await _point(rig, plan_of(seed, point), name, report)
                except RigError as error:
                    raise RigError(f"{name}: {error}") from None
            report.charges += (await rig.compare()).host_count

    try:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(jobs):
                tasks.create_task(counter())
    except ExceptionGroup as group:
        raise group.exceptions[0] from None
    report.seconds = time.monotonic() - started
    return report


async def _point(rig: Rig, plan: Plan, name: str, report: Report) -> None:
    await _to_present(rig, plan)
    await rig.host.do("wish", digit="3" if plan.new_keys else "0")
    if plan.fault:
        await rig.host.do("next-answer", fault=plan.fault, mti=plan.fault_mti, seconds=plan.fault_s)
    position = len(rig.host.events.told)
    paying = asyncio.create_task(_pay(rig, plan))
    await _moment(rig, plan, position)
    await rig.terminal.kill()
    await paying
    report.points += 1
    report.kills += 1
    rows = await asyncio.to_thread(read_journal, rig.terminal.journal)
    states = [row.state for row in rows if row.amount_minor == plan.amount_minor]
    report.hits[states[-1] if states else "none yet"] += 1
    for delay_s in plan.starts_killed:
        await rig.terminal.start(watch=False)
        await asyncio.sleep(delay_s)
        await rig.terminal.kill()
        report.kills += 1
        report.start_kills += 1
    await rig.terminal.start()
    comparison = await _quiet(rig, position)
    report.divergences += [f"{name}: {fault}" for fault in comparison.faults]
    await rig.host.do("clear-faults")


async def _to_present(rig: Rig, plan: Plan) -> None:
    """From whatever the last restart left on the screen to the question for a card."""
    await rig.until_input_devices()
    loop = asyncio.get_running_loop()
    deadline = loop.time() + QUIET_S
    while rig.terminal.monitor.screen.get("name") != "idle":
        if loop.time() > deadline:
            shown = rig.terminal.monitor.screen.get("name")
            raise RigError(f"The terminal does not come to rest; it shows {shown} (process {rig.terminal.pid}).")
        await rig.press("cancel")
        await asyncio.sleep(LOOK_S)
    await rig.until_card_wanted(plan.amount_minor)
    if plan.payer == "pin":
        rig.swipe("good")
        await rig.until("sale.pin")
        await rig.press(*ACCOUNTS["good"].pin)


async def _pay(rig: Rig, plan: Plan) -> None:
    if plan.payer == "pin":
        await rig.press("enter")
    elif plan.payer == "card":
        rig.swipe("signature")
    else:
        rig.scan(GOOD_CODE)


async def _moment(rig: Rig, plan: Plan, position: int) -> None:
    """Wait for the moment to kill; what does not come (a fault swallowed it) is not waited for long."""
    try:
        if plan.moment == "outcome":
            await rig.until("outcome.", MOMENT_S)
        elif plan.moment in WIRE_MOMENTS:
            await rig.host.event(plan.moment, MOMENT_S, after=position)
    except RigError:
        pass
    await asyncio.sleep(plan.delay_s)


async def _quiet(rig: Rig, position: int) -> Comparison:
    """Wait until nothing is under way any more; the books as they stand then."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + QUIET_S
    while True:
        comparison = await rig.compare()
        if loop.time() > deadline:
            return comparison
        if not comparison.faults and _all_arrived(rig, position) and rig.terminal.monitor.screen:
            return comparison
        await asyncio.sleep(LOOK_S)


def _all_arrived(rig: Rig, position: int) -> bool:
    """Whether every message that was held up on its way has come by now."""
    events = rig.host.events.told[position:]
    held = sum(event["event"] == "received" and event["fault"] == "held" for event in events)
    return bool(held == sum(event["event"] == "arrived-late" for event in events))


_EXAMPLES = """examples:
  python -m tools.kill_campaign --points 200 --seed 1
  python -m tools.kill_campaign --points 40 --planted no-recovery     must find divergences
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a campaign; 0 when the books were equal every time (with a planted fault: when they were not)."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.kill_campaign",
        description="SIGKILL the real terminal at random points of a sale; after each restart compare the books.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--points", type=int, default=200, help="how many kill points (200)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same plans (1)")
    parser.add_argument("--jobs", type=int, default=1, help="counters at a time (1)")
    parser.add_argument("--planted", choices=sorted(PLANTED), default="", help="a fault to put into the terminal")
    arguments = parser.parse_args(argv)
    try:
        report = asyncio.run(
            campaign(
                arguments.points,
                arguments.seed,
                arguments.jobs,
                arguments.planted,
                stop_early=bool(arguments.planted),
            )
        )
    except RigError as error:
        print(f"kill campaign: {error}\n    {error.remedy}", file=sys.stderr)
        return 2
    print(report.text())
    return int(bool(report.divergences) != bool(arguments.planted))


if __name__ == "__main__":
    sys.exit(main())
