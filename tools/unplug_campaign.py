"""Pull each device out at random moments of sales, on the real terminal process, and judge money and paper.

Devices are the rig's: sockets with a device's bytes. ``make hardware-bench ARGS="--unplugs N"``
does the same with USB devices of a real kernel, many times slower.
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

from tools.rig import Rig, RigError, TerminalOptions
from tools.rig.operator import Operator, slips_on

__all__ = ["DEVICES", "Report", "campaign", "main", "paper_faults"]

DEVICES = ("keypad", "msr", "scanner", "printer")
GOOD_CODE = "6220001234567890018"
PRINTER_BYTES_S = 4000.0
"""A slip takes its time, so that it can be pulled in two."""
OUT_MAX_S = 0.5
REPLUG_S = 3.0
_OPTIONS = TerminalOptions(
    overrides={"pin": "never"},
    customer_language="en",
    merchant_name="Corner Shop",
    timeouts={"outcome_s": 60},
    devices={"printer": {"text": "cp437"}},
)


@dataclass(slots=True)
class Report:
    """What a campaign did and what it found."""

    pulls: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    back_s: dict[str, list[float]] = field(default_factory=dict)
    """From the cable that is put in to the terminal that has the device."""
    duplicates: int = 0
    """Slips that say DUPLICATE: something of them may have been on paper before."""
    faults: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    """Devices that were back later than promised; on a machine that is busy with other things that is no fault."""
    seconds: float = 0.0

    def text(self) -> str:
        """The report for people."""
        pulls = ", ".join(f"{name} {count}" for name, count in self.pulls.items())
        outcomes = ", ".join(f"{name} {count}" for name, count in self.outcomes.items())
        back = ", ".join(f"{name} {max(times):.2f} s" for name, times in self.back_s.items() if times)
        lines = [
            f"Pulled out during a sale: {pulls}; in {self.seconds:.0f} s.",
            f"Outcomes: {outcomes}.",
            f"Back after at most: {back}.",
            f"Slips that say DUPLICATE: {self.duplicates}.",
            f"Faults: {len(self.faults)}, late: {len(self.late)}.",
        ]
        return "\n".join(lines + [f"  {fault}" for fault in self.faults + self.late])


class _Hands:
    """The rig's devices; a person's next sale is paid by card or by code."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self.by_code = False

    async def press(self, *keys: str) -> None:
        await self._rig.press(*keys)

    async def present(self) -> None:
        if self.by_code:
            self._rig.scan(GOOD_CODE)
        else:
            self._rig.swipe("signature")


async def campaign(times: int, seed: int, devices: Sequence[str] = DEVICES) -> Report:
    """Pull each device out so many times. Raises RigError when the counter does not come up or a sale hangs."""
    report, began = Report(), time.monotonic()
    async with Rig(_OPTIONS, "--quiet", "--no-amount-faults") as rig:
        hands = _Hands(rig)
        operator = Operator(lambda: rig.terminal.monitor, hands)
        rig.printer.bytes_s = PRINTER_BYTES_S
        await rig.terminal.start()
        await operator.until_open(*DEVICES)
        ends = {"keypad": rig.keypad, "msr": rig.reader, "scanner": rig.scanner, "printer": rig.printer}
        sale_s = await _sale_s(operator)
        amount_minor = 1000
        for name in devices:
            chance = random.Random(f"{seed}/{name}")  # noqa: S311 - a plan, not a secret
            report.back_s[name] = []
            hands.by_code = name == "scanner"
            for _ in range(times):
                amount_minor += 1
                selling = asyncio.create_task(operator.sell(amount_minor))
                await asyncio.sleep(chance.uniform(0, sale_s))
                out_s = chance.uniform(0, OUT_MAX_S)
                try:
                    back_s = await operator.replug(name, ends[name].unplug, ends[name].replug, out_s)
                    await selling
                    await operator.until_printed()
                except TimeoutError:
                    raise RigError(f"A sale hangs after {name} was pulled out (seed {seed}).") from None
                finally:
                    selling.cancel()
                report.pulls[name] += 1
                report.back_s[name].append(back_s)
                if back_s > REPLUG_S:
                    report.late.append(f"The {name} was back only after {back_s:.1f} s.")
        report.outcomes = operator.outcomes
        report.faults += (await rig.compare()).faults
        report.faults += paper_faults(bytes(rig.printer.output), operator.outcomes["outcome.approved"])
        report.duplicates = sum(
            count for (_, _, marked), count in slips_on(bytes(rig.printer.output)).items() if marked
        )
    report.seconds = time.monotonic() - began
    return report


async def _sale_s(operator: Operator) -> float:
    """How long a sale takes, with its slips: the second one, for the first loads what slips are drawn with."""
    took_s = 0.0
    for amount_minor in (998, 999):
        began = time.monotonic()
        await operator.sell(amount_minor)
        await operator.until_printed()
        took_s = time.monotonic() - began
    return took_s


def paper_faults(paper: bytes, approved: int) -> list[str]:
    """What is wrong with the slips: each is there once, and once more only where it says so."""
    slips = slips_on(paper)
    vouchers = {voucher for voucher, _, _ in slips}
    faults = [] if len(vouchers) >= approved else [f"{approved} payments, {len(vouchers)} on paper."]
    for voucher in sorted(vouchers):
        for merchant, copy in ((True, "merchant's"), (False, "customer's")):
            clean, marked = slips[voucher, merchant, False], slips[voucher, merchant, True]
            if clean > 1:
                faults.append(f"Voucher {voucher}: the {copy} copy came out {clean} times without saying so.")
            if clean + marked == 0:
                faults.append(f"Voucher {voucher}: the {copy} copy never came out whole.")
    return faults


def main(argv: Sequence[str] | None = None) -> int:
    """Run a campaign; 0 when nothing was wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.unplug_campaign",
        description="Pull each device out at random moments of sales; compare books and paper.",
        epilog="examples:\n  python -m tools.unplug_campaign --times 100\n"
        "  python -m tools.unplug_campaign --times 20 --device printer --seed 7",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--times", type=int, default=100, help="pulls of each device (100)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same moments (1)")
    parser.add_argument("--device", choices=DEVICES, action="append", help="only this one; may be given again")
    arguments = parser.parse_args(argv)
    try:
        report = asyncio.run(campaign(arguments.times, arguments.seed, arguments.device or DEVICES))
    except RigError as error:
        print(f"unplug campaign: {error}\n    {error.remedy}", file=sys.stderr)
        return 2
    print(report.text())
    return int(bool(report.faults or report.late))


if __name__ == "__main__":
    sys.exit(main())
