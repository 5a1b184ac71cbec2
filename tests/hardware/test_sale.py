"""The whole terminal on real devices: sales while cables are pulled, and a process that is stopped in mid-pass.

How often each device is pulled is set from outside: ``make hardware-bench ARGS="--unplugs 100 …"``.
"""

import asyncio
import collections
import os
import random
import signal

import pytest

from keys import KeysError
from keys.kcv import kcv
from terminal.screens.texts import Translator
from tools.hardware_bench.counter import Counter
from tools.hardware_bench.equipment import COUNTERS
from tools.hardware_bench.limits import REPLUG_S
from tools.hardware_bench.pin_pad import TYPING_S
from tools.hardware_bench.technician import Technician, deliver
from tools.rig.operator import SALE_S, slips_on
from tools.unplug_campaign import paper_faults

UNPLUGS = int(os.environ.get("COUNTERTOP_BENCH_UNPLUGS", "3"))
SEED = int(os.environ.get("COUNTERTOP_BENCH_SEED", "1"))
OUT_MAX_S = 0.5
SLIP_PACE_S = 0.1
"""After each packet of a slip: long enough to be pulled in two."""
STOPS_S = (0.05, 0.3, 1.0)

PAID_BY = {"wedge-scanner": "code", "hid-scanner": "code", "serial-scanner": "code", "pin-pad": "PIN"}
USUAL_S = {}
GONE = Translator("en").text("ceremony.reason.gone")
STANDS = {kind: name for name, kinds in reversed(COUNTERS.items()) for kind in kinds}
"""On which counter a kind of device is pulled out."""


@pytest.fixture(scope="module")
def counter(request):
    """One counter for each of ``COUNTERS``; ``counter.run(story)`` is given its operator."""
    with asyncio.Runner() as runner:
        counter = runner.run(Counter(COUNTERS[request.param]).__aenter__())
        counter.run = lambda story: runner.run(story(counter.operator))
        try:
            yield counter
        finally:
            runner.run(counter.close())


@pytest.fixture(scope="module")
def sale_s(counter):
    """How long a sale takes, with its slips, by how customers pay; the same on every counter."""
    warm = []

    async def measured(operator):
        if not warm:
            await operator.sell(998)  # the first loads what slips are drawn with
            await operator.until_printed()
            counter.printer.pace_s = SLIP_PACE_S
            warm.append(counter)
        if counter.paid_by not in USUAL_S:
            began = asyncio.get_running_loop().time()
            await operator.sell(999)
            await operator.until_printed()
            USUAL_S[counter.paid_by] = asyncio.get_running_loop().time() - began
        return USUAL_S[counter.paid_by]

    return measured


def pulled(*kinds):
    """Run for each kind of device, on the counter where it stands; named by the device."""
    return pytest.mark.parametrize(
        ("counter", "kind"), [(STANDS[kind], kind) for kind in kinds], indirect=["counter"], ids=kinds, scope="module"
    )


@pulled(*(kind for kind in STANDS if kind != "key-loader"))
def test_a_device_pulled_out_at_any_moment_of_a_sale_costs_neither_money_nor_paper(
    counter, kind, sale_s, record_property
):
    chance = random.Random(f"{SEED} {kind}")

    async def story(operator):
        counter.paid_by = PAID_BY.get(kind, "card")
        usual_s = await sale_s(operator)
        counter.replugs_s.clear()
        pad = counter.devices.get("pin-pad")
        before, began = operator.outcomes.copy(), asyncio.get_running_loop().time()
        for number in range(UNPLUGS):
            selling = asyncio.create_task(operator.sell(1001 + number))
            if kind == "pin-pad" and number % 2:  # every other time while the customer types
                await asyncio.to_thread(pad.asking.wait, SALE_S)
                await asyncio.sleep(chance.uniform(0, TYPING_S))
            else:
                await asyncio.sleep(chance.uniform(0, usual_s))
            await counter.replug(kind, chance.uniform(0, OUT_MAX_S))
            await selling
        await operator.until_printed()
        took_s = asyncio.get_running_loop().time() - began
        assert not (await counter.compare()).faults
        assert not paper_faults(counter.printer.paper, operator.outcomes["outcome.approved"])
        marked = sum(count for (_, _, duplicate), count in slips_on(counter.printer.paper).items() if duplicate)
        entries = f"{pad.pulled_in_mid_entry} times while a PIN was typed; " if kind == "pin-pad" else ""
        record_property(
            f"{kind} pulled out during a sale of {usual_s:.1f} s",
            f"{UNPLUGS} times in {took_s:.0f} s; {entries}{dict(operator.outcomes - before)}; "
            f"back after {max(counter.replugs_s):.2f} s at most; so far {marked} slips say DUPLICATE",
        )
        assert max(counter.replugs_s) < REPLUG_S

    counter.run(story)


@pulled("key-loader")
def test_a_key_loader_pulled_out_at_any_moment_leaves_the_old_key_or_the_whole_new_one(counter, kind, record_property):
    chance = random.Random(f"{SEED} {kind}")

    async def story(operator):
        key, port = counter.master_key, str(counter.devices[kind].gadget.nodes[0])
        check_value = kcv(key, "tdes").hex().upper()
        technician = Technician(lambda: counter.terminal.monitor, counter)
        ends, loop = collections.Counter(), asyncio.get_running_loop()

        async def pull(after_s):
            await asyncio.sleep(after_s)
            await counter.unplug(kind)
            await asyncio.sleep(chance.uniform(0, OUT_MAX_S))
            await counter.plug(kind)

        async def loading(pulled_after_s=None):
            """One loading; how long it took from the device's first word."""
            await technician.begin()
            began = loop.time()
            device = asyncio.create_task(asyncio.to_thread(deliver, port, key, check_value))
            pulling = asyncio.create_task(pull(pulled_after_s)) if pulled_after_s is not None else None
            end, shown = await technician.finish()
            took_s = loop.time() - began
            if pulling is not None:
                await pulling
            try:
                delivered = await device
            except (OSError, KeysError) as error:
                delivered, shown = False, f"{shown} {error!r}"
            ends[end] += 1
            assert end == "ceremony.stored" or (pulling is not None and not delivered and GONE in shown), shown
            return took_s

        usual_s = await loading()
        began = loop.time()
        for _ in range(UNPLUGS):
            await loading(chance.uniform(0, usual_s))
        record_property(
            f"{kind} pulled out during a loading of {usual_s:.1f} s",
            f"{UNPLUGS} times in {loop.time() - began:.0f} s; {dict(ends)}",
        )
        records, noted = await asyncio.to_thread(counter.vault)
        assert [record.kcv.value for record in records if record.slot == "tmk"] == [check_value[:6]]
        assert noted == {end.removeprefix("ceremony."): count for end, count in ends.items() if end != "refused"}
        counter.paid_by = "card"
        assert await operator.sell(3000) == "outcome.approved"
        assert not (await counter.compare()).faults

    counter.run(story)


@pytest.mark.parametrize("counter", ["typing"], indirect=True, scope="module")
@pytest.mark.parametrize("stop_s", STOPS_S)
def test_a_terminal_that_stands_still_in_mid_pass_never_takes_half_a_card(counter, sale_s, stop_s, record_property):
    """Either the kernel kept the whole pass, or it must be done again."""

    async def story(operator):
        counter.paid_by = "card"
        await sale_s(operator)
        terminal = counter.terminal
        await operator.until_asked_for_a_card(2000)
        after = terminal.monitor.position
        await counter.show()
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
