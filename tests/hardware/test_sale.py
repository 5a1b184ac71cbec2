"""The whole terminal on real devices: sales while cables are pulled, and a process that is stopped in mid-pass.

How often each device is pulled is set from outside: ``make hardware-bench ARGS="--unplugs 100 tests/hardware/test_sale.py"``.
"""

import asyncio
import os
import random
import signal

import pytest

from tools.hardware_bench.counter import Counter, slips_on
from tools.hardware_bench.devices import text_reports
from tools.host.accounts import stripe
from tools.rig.rig import ACCOUNTS

UNPLUGS = int(os.environ.get("COUNTERTOP_BENCH_UNPLUGS", "3"))
SEED = int(os.environ.get("COUNTERTOP_BENCH_SEED", "1"))
REPLUG_S = 3.0
SALE_ABOUT_S = 4.0
KNOWN = {"outcome.approved", "outcome.declined", "outcome.not-charged", "outcome.reversed"}
STOPS_S = (0.05, 0.3, 1.0)
WAIT_S = 60.0


def told(story):
    """Run a story of a counter."""

    async def whole():
        async with Counter() as counter:
            await story(counter)

    asyncio.run(whole())


@pytest.mark.parametrize("name", ["keypad", "msr", "printer"])
def test_a_device_pulled_out_at_any_moment_of_a_sale_costs_neither_money_nor_paper(name, record_property):
    chance = random.Random(f"{SEED} {name}")

    async def story(counter):
        counter.printer.pace_s = 0.01  # a slip takes its time, so that it can be pulled in two
        for number in range(UNPLUGS):
            selling = asyncio.create_task(counter.sell(1000 + number))
            await asyncio.sleep(chance.uniform(0, SALE_ABOUT_S))
            await counter.replug(name, chance.uniform(0, 0.5))
            assert await selling in KNOWN
        await counter.paper_is_quiet()
        comparison = await counter.compare()
        assert not comparison.faults
        slips = slips_on(counter.printer.paper)
        for voucher in {voucher for voucher, _, _ in slips}:
            for merchant in (True, False):
                clean, marked = slips[voucher, merchant, False], slips[voucher, merchant, True]
                assert clean <= 1, f"{voucher} came out twice without saying so"
                assert clean + marked >= 1, f"{voucher} never came out whole"
        assert len({voucher for voucher, _, _ in slips}) >= UNPLUGS
        assert max(counter.replugs_s) < REPLUG_S, f"back after {max(counter.replugs_s):.1f} s"
        record_property(
            f"{name} pulled out during a sale",
            f"{UNPLUGS} times; {dict(counter.outcomes)}; back after {max(counter.replugs_s):.2f} s at most; "
            f"{sum(count for (_, _, marked), count in slips.items() if marked)} slips say DUPLICATE",
        )

    told(story)


def test_a_terminal_that_stands_still_in_mid_pass_asks_for_another_one_and_never_takes_half_a_card(record_property):
    async def story(counter):
        terminal, seen = counter.terminal, []
        for number, stop_s in enumerate(STOPS_S):
            while (name := await counter._settled()) != "sale.present":
                await counter._act(name, 2000 + number)
                await counter._changed()
            after = terminal.monitor.position
            counter.reader.type(text_reports(f"{'0' * 0};{stripe(ACCOUNTS['signature'])}?"), 0.001)
            await asyncio.sleep(0.02)
            os.kill(terminal.pid, signal.SIGSTOP)
            await asyncio.sleep(stop_s)
            os.kill(terminal.pid, signal.SIGCONT)
            line = await terminal.monitor.story.until(
                lambda line: line["type"] == "screen" and line["name"] != "processing",
                WAIT_S,
                after=after,
                what="an answer to the pass",
            )
            seen.append(line["name"])
            assert await counter.sell(2000 + number) == "outcome.approved"
        assert not (await counter.compare()).faults
        record_property("stopped in mid-pass", f"{STOPS_S} s: {seen}")

    told(story)
