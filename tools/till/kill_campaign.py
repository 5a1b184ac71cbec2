"""Kill the real terminal at random points of a till's payment; the till repeats its request; the books are compared.

One request, one effect: however often the terminal dies and the till asks again, the amount stands at the host once
when the till is told that it is paid, and never otherwise. It counts only because it finds a planted fault too:
``--planted``.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import socket
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from drivers.once import SAME_S
from tools.rig import Comparison, Rig, RigError, TerminalOptions
from tools.rig.patience import PATIENCE
from tools.rig.planted import PLANTED
from tools.rig.terminal import TERMINAL
from tools.till.till import Till

__all__ = ["MOMENTS", "Plan", "Report", "campaign", "main", "plan_of"]

MOMENTS = ("sent", "present", "first-byte", "received", "decided", "answered", "outcome")
"""What the kill waits for: the till has sent the request, the card is asked for, a step at the host, the result."""
FAULTS = ("", "", "no-answer", "late", "close", "wrong-mac")
QUIET_S = 60.0 * PATIENCE
MOMENT_S = 4.0 * PATIENCE
LOOK_S = 0.05
_OPTIONS: dict[str, str | float | bool | list[str]] = {
    "pin": "never", "response_s": 2, "reversal_retry_first_s": 0.2, "reversal_retry_max_s": 0.5, "undo_shown_s": 3,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """One kill point."""

    amount_minor: int
    """Different for every point: by it a charge is known."""
    moment: str
    delay_s: float
    """How long after the moment."""
    fault: str
    """What happens to the payment at the host; empty for nothing."""
    starts_killed: tuple[float, ...]
    """After so many seconds each of the following starts is killed too, before one is left alone."""


@dataclass(slots=True)
class Report:
    """What was done and found."""

    points: int = 0
    kills: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    """What tills were told in the end."""
    divergences: list[str] = field(default_factory=list)

    def text(self) -> str:
        """For people."""
        told = ", ".join(f"{outcome} {count}" for outcome, count in self.outcomes.most_common())
        lines = [
            f"{self.points} payments asked for by a till, {self.kills} SIGKILLs.",
            f"The till was told: {told}.",
            f"Told otherwise than the host's book has it: {len(self.divergences)}.",
        ]
        return "\n".join(lines + [f"  {one}" for one in self.divergences])


def plan_of(seed: int, point: int, moments: Sequence[str] = MOMENTS) -> Plan:
    """The plan of a point; the same for the same numbers. Every moment comes in turn."""
    chance = random.Random(f"{seed}/{point}")  # noqa: S311 - a plan, not a secret
    moment = moments[point % len(moments)]
    starts: list[float] = []
    while chance.random() < 0.3 and len(starts) < 3:
        starts.append(chance.uniform(0.0, 0.6))
    return Plan(
        amount_minor=100 + point,
        moment=moment,
        delay_s=chance.uniform(0.0, 0.06 if moment == "sent" else 0.03),
        # A payment that stands when the power fails is the one that a forgetful terminal would take twice.
        fault="" if moment == "outcome" else chance.choice(FAULTS),
        starts_killed=tuple(starts),
    )


async def campaign(points: int, seed: int, planted: str = "", moments: Sequence[str] = MOMENTS) -> Report:
    """Kill at ``points`` points; with a planted fault until it is found. Raises RigError."""
    report = Report()
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        address = f"tcp:127.0.0.1:{one.getsockname()[1]}"
    options = TerminalOptions(overrides=_OPTIONS, timeouts={"outcome_s": 30}, more={"ecr": {"address": address}})
    async with Rig(options, "--quiet", "--no-amount-faults") as rig:
        rig.terminal.plant(planted)
        await rig.terminal.start()
        till = Till(address, "KASSA-1", TERMINAL, patience=PATIENCE)
        customer = asyncio.create_task(_customer(rig))
        try:
            for point in range(points):
                await _point(rig, till, plan_of(seed, point, moments), f"seed {seed}, point {point}", report)
                if planted and report.divergences:
                    break
        finally:
            customer.cancel()
            await asyncio.gather(customer, return_exceptions=True)
            await till.close()
    return report


async def _customer(rig: Rig) -> None:
    """Swipes as long as the terminal asks for a card; the plan's kill may come first."""
    while True:
        await asyncio.sleep(LOOK_S)
        if rig.terminal.monitor.screen.get("name") == "sale.present":
            rig.swipe("signature")
            await asyncio.sleep(SAME_S + LOOK_S)  # the same card earlier than that is a double swipe


async def _point(rig: Rig, till: Till, plan: Plan, name: str, report: Report) -> None:
    await rig.until_input_devices()
    await _free(rig, till)
    if plan.fault:
        await rig.host.do("next-answer", fault=plan.fault, mti="0200", seconds=0.1)
    position, told = len(rig.host.events.told), rig.terminal.monitor.position
    body = {"PaymentTransaction": {"AmountsReq": {"Currency": "CNY", "RequestedAmountMinor": plan.amount_minor}}}
    service = f"p{plan.amount_minor}"
    asking = asyncio.create_task(till.ask("Payment", service, body, QUIET_S))
    await _moment(rig, plan, position, told)
    await rig.terminal.kill()
    # What may have been answered is lost on the line: the till knows nothing, and asks again.
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await till.close()
    report.kills += 1
    for delay_s in plan.starts_killed:
        await rig.terminal.start(watch=False)
        await asyncio.sleep(delay_s)
        await rig.terminal.kill()
        report.kills += 1
    await rig.terminal.start()
    # A terminal that knows the request answers at once; only one that has forgotten it can be too busy for it.
    while (await till.carry_out("Payment", service, body, QUIET_S))["Response"].get("ErrorCondition") == "Busy":
        await rig.press("cancel")
        await asyncio.sleep(LOOK_S)
    await rig.host.do("clear-faults")
    comparison, outcome = await _quiet(rig, till, service)
    report.points += 1
    report.outcomes[outcome] += 1
    ledger = await rig.host.ask("ledger")
    charged = sum(row["state"] == "approved" and row["amount_minor"] == plan.amount_minor for row in ledger)
    if charged != (outcome == "approved"):
        report.divergences.append(f"{name}: the till was told {outcome}; the host has charged {charged} times.")
    report.divergences += [f"{name}: {fault}" for fault in comparison.faults]


async def _moment(rig: Rig, plan: Plan, position: int, told: int) -> None:
    """Wait for the moment to kill; what a fault swallowed is not waited for long."""
    with suppress(RigError):
        if plan.moment == "present":
            await rig.terminal.monitor.until_screen("sale.present", MOMENT_S, after=told)
        elif plan.moment == "outcome":
            await rig.terminal.monitor.until_screen("outcome.", MOMENT_S, after=told)
        elif plan.moment != "sent":
            await rig.host.event(plan.moment, MOMENT_S, after=position)
    await asyncio.sleep(plan.delay_s)


async def _free(rig: Rig, till: Till) -> None:
    """Wait until the terminal takes a payment, as a till would; what a restart has to tell is read and put away."""
    async with asyncio.timeout(QUIET_S):
        for number in range(10_000_000):
            told = await till.carry_out("Diagnosis", f"d{number}", {}, QUIET_S)
            if told["POIStatus"]["GlobalStatus"] == "OK" and rig.terminal.monitor.screen.get("name") == "idle":
                return
            await rig.press("cancel")  # at the idle screen it does nothing
            await asyncio.sleep(LOOK_S)


async def _quiet(rig: Rig, till: Till, service: str) -> tuple[Comparison, str]:
    """Wait until nothing is open; the books, and what the till is told then."""
    loop = asyncio.get_running_loop()
    deadline, number = loop.time() + QUIET_S, 0
    while True:
        number += 1
        reference = {"MessageReference": {"ServiceID": service}}
        told = await till.carry_out("TransactionStatus", f"{service}-s{number}", reference, QUIET_S)
        repeated = told.get("RepeatedMessageResponse")
        outcome = "unknown"
        if repeated is not None:
            outcome = repeated["RepeatedResponseMessageBody"]["PaymentResponse"]["Response"]["Outcome"]
        comparison = await rig.compare()
        settled = outcome not in ("undoing", "in-progress") and not comparison.faults
        if settled or loop.time() > deadline:
            return comparison, outcome
        await asyncio.sleep(LOOK_S)


_EXAMPLES = """examples:
  python -m tools.till.kill_campaign --points 70 --seed 1
  python -m tools.till.kill_campaign --points 70 --planted till-forgotten     must find a divergence
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a campaign; 0 when the books were equal every time (with a planted fault: when they were not)."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.till.kill_campaign",
        description="SIGKILL the real terminal during a till's payments; the till repeats each under its name.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--points", type=int, default=70, help="how many kill points (70)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same plans (1)")
    parser.add_argument("--planted", choices=sorted(PLANTED), default="", help="a fault to put into the terminal")
    arguments = parser.parse_args(argv)
    try:
        report = asyncio.run(campaign(arguments.points, arguments.seed, arguments.planted))
    except RigError as error:
        print(f"kill campaign: {error}\n    {error.remedy}", file=sys.stderr)
        return 2
    print(report.text())
    return int(bool(report.divergences) != bool(arguments.planted))


if __name__ == "__main__":
    sys.exit(main())
