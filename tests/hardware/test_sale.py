"""The whole terminal on real devices: sales while cables are pulled, and a process that is stopped in mid-pass.

How often each device is pulled is set from outside: ``make hardware-bench ARGS="--unplugs 100 …"``.
"""

import asyncio
import os
import random
import signal

import pytest

from tools.hardware_bench.counter import SALE_S, Counter, slips_on

UNPLUGS = int(os.environ.get("COUNTERTOP_BENCH_UNPLUGS", "3"))
SEED = int(os.environ.get("COUNTERTOP_BENCH_SEED", "1"))
REPLUG_S = 3.0
OUT_MAX_S = 0.5
KNOWN = {"outcome.approved", "outcome.declined", "outcome.not-charged", "outcome.reversed"}
STOPS_S = (0.05, 0.3, 1.0)


@pytest.fixture(scope="module")
def counter():
    """One counter for all of this; ``counter.run(story)`` is given it."""
    with asyncio.Runner() as runner:
        counter = runner.run(Counter().__aenter__())
        counter.run = lambda story: runner.run(story(counter))
        try:
            # The first sale is the longest: it loads what slips are drawn with. The next one tells how long one takes.
            runner.run(counter.sell(999))
            yield counter
        finally:
            runner.run(counter.close())


@pytest.mark.parametrize("name", ["keypad", "msr", "printer"])
def test_a_device_pulled_out_at_any_moment_of_a_sale_costs_neither_money_nor_paper(counter, name, record_property):
    chance = random.Random(f"{SEED} {name}")

    async def story(counter):
        loop = asyncio.get_running_loop()
        await counter.until_printed()
        began = loop.time()
        assert await counter.sell(1000) in KNOWN
        await counter.until_printed()
        sale_s = loop.time() - began
        counter.replugs_s.clear()
        for number in range(UNPLUGS):
            selling = asyncio.create_task(counter.sell(1001 + number))
            await asyncio.sleep(chance.uniform(0, sale_s))
            await counter.replug(name, chance.uniform(0, OUT_MAX_S))
            assert await selling in KNOWN
        await counter.until_printed()
        assert not (await counter.compare()).faults
        record_property(
            f"{name} pulled out during a sale of {sale_s:.1f} s",
            f"{UNPLUGS} times; {dict(counter.outcomes)}; back after {max(counter.replugs_s):.2f} s at most; "
            f"{duplicates(counter)} slips say DUPLICATE",
        )
        assert max(counter.replugs_s) < REPLUG_S

    counter.run(story)


def duplicates(counter):
    """Every slip is on the paper once, and once more only where it says so; how many say so."""
    slips = slips_on(counter.printer.paper)
    vouchers = {voucher for voucher, _, _ in slips}
    assert len(vouchers) >= counter.outcomes["outcome.approved"]
    for voucher in vouchers:
        for merchant in (True, False):
            clean, marked = slips[voucher, merchant, False], slips[voucher, merchant, True]
            assert clean <= 1, f"{voucher} came out twice without saying so"
            assert clean + marked >= 1, f"{voucher} never came out whole"
    return sum(count for (_, _, marked), count in slips.items() if marked)


@pytest.mark.parametrize("stop_s", STOPS_S)
def test_a_terminal_that_stands_still_in_mid_pass_never_takes_half_a_card(counter, stop_s, record_property):
    """Either the kernel kept the whole pass, or it must be done again."""

    async def story(counter):
        terminal = counter.terminal
        await counter.until_asked_for_a_card(2000)
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
        assert await counter.sell(2000) == "outcome.approved"
        assert not (await counter.compare()).faults

    counter.run(story)
