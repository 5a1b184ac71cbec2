"""The whole terminal on real devices: sales while cables are pulled, and a process that is stopped in mid-pass.

How often each device is pulled is set from outside: ``make hardware-bench ARGS="--unplugs 100 …"``.
"""

import asyncio
import os
import random
import signal

import pytest

from tools.hardware_bench.counter import DEVICES, Counter
from tools.hardware_bench.limits import REPLUG_S
from tools.rig.operator import SALE_S, slips_on
from tools.unplug_campaign import paper_faults

UNPLUGS = int(os.environ.get("COUNTERTOP_BENCH_UNPLUGS", "3"))
SEED = int(os.environ.get("COUNTERTOP_BENCH_SEED", "1"))
OUT_MAX_S = 0.5
SLIP_PACE_S = 0.1
"""After each packet of a slip: long enough to be pulled in two."""
STOPS_S = (0.05, 0.3, 1.0)


@pytest.fixture(scope="module")
def counter():
    """One counter for all of this; ``counter.run(story)`` is given it."""
    with asyncio.Runner() as runner:
        counter = runner.run(Counter().__aenter__())
        counter.run = lambda story: runner.run(story(counter.operator))
        try:
            yield counter
        finally:
            runner.run(counter.close())


@pytest.fixture(scope="module")
def sale_s(counter):
    """How long a sale takes, with its slips: the second one, for the first loads what slips are drawn with."""

    async def story(operator):
        await operator.sell(998)
        await operator.until_printed()
        counter.printer.pace_s = SLIP_PACE_S
        began = asyncio.get_running_loop().time()
        await operator.sell(999)
        await operator.until_printed()
        return asyncio.get_running_loop().time() - began

    return counter.run(story)


@pytest.mark.parametrize("name", DEVICES)
def test_a_device_pulled_out_at_any_moment_of_a_sale_costs_neither_money_nor_paper(
    counter, sale_s, name, record_property
):
    chance = random.Random(f"{SEED} {name}")

    async def story(operator):
        counter.by_code = name == "scanner"
        counter.replugs_s.clear()
        before = operator.outcomes.copy()
        for number in range(UNPLUGS):
            selling = asyncio.create_task(operator.sell(1001 + number))
            await asyncio.sleep(chance.uniform(0, sale_s))
            await counter.replug(name, chance.uniform(0, OUT_MAX_S))
            await selling
        await operator.until_printed()
        assert not (await counter.compare()).faults
        assert not paper_faults(counter.printer.paper, operator.outcomes["outcome.approved"])
        marked = sum(count for (_, _, duplicate), count in slips_on(counter.printer.paper).items() if duplicate)
        record_property(
            f"{name} pulled out during a sale of {sale_s:.1f} s",
            f"{UNPLUGS} times; {dict(operator.outcomes - before)}; back after {max(counter.replugs_s):.2f} s at most; "
            f"so far {marked} slips say DUPLICATE",
        )
        assert max(counter.replugs_s) < REPLUG_S

    counter.run(story)


@pytest.mark.parametrize("stop_s", STOPS_S)
def test_a_terminal_that_stands_still_in_mid_pass_never_takes_half_a_card(counter, sale_s, stop_s, record_property):
    """Either the kernel kept the whole pass, or it must be done again."""

    async def story(operator):
        counter.by_code = False
        terminal = counter.terminal
        await operator.until_asked_for_a_card(2000)
        after = terminal.monitor.position
        counter.swipe()
        await asyncio.sleep(0.02)
        os.kill(terminal.pid, signal.SIGSTOP)
        await asyncio.sleep(stop_s)
        os.kill(terminal.pid, signal.SIGCONT)
        line = await terminal.monitor.story.until(
            lambda line: line["type"] == "screen", SALE_S, after=after, what="an answer to the pass"
        )
        record_property(f"stopped for {stop_s} s in mid-pass", f"{line['name']}: {line['instruction']}")
        assert await operator.sell(2000) == "outcome.approved"
        assert not (await counter.compare()).faults

    counter.run(story)
