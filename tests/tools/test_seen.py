"""Waiting at the counter: for events, in their order, also for what has already passed."""

import asyncio

import pytest

from tools.counter.seen import SCREENS_KEPT, Seen
from tools.rig import RigError


def waited(story):
    async def all_of_it():
        async with asyncio.timeout(10):
            await story(Seen())

    asyncio.run(all_of_it())


def show(seen, *names):
    for name in names:
        seen.screen(name, signed_on=False)


def test_a_screen_that_has_already_gone_is_found_but_only_once_past_the_last():
    async def story(seen):
        show(seen, "idle", "sale.amount", "processing", "outcome.approved", "idle")
        await seen.until_screen("processing", 1)
        await seen.until_screen("outcome.", 1)
        await seen.until_screen("idle", 1)
        with pytest.raises(RigError, match=r"does not show processing; it shows idle"):
            await seen.until_screen("processing", 0.05)

    waited(story)


def test_a_new_story_does_not_take_the_screens_of_an_old_one():
    async def story(seen):
        show(seen, "idle", "sale.amount", "sale.present", "idle")
        seen.from_here()
        await seen.until_screen("idle", 1)
        with pytest.raises(RigError):
            await seen.until_screen("sale.present", 0.05)

    waited(story)


def test_what_comes_later_wakes_who_waits():
    async def story(seen):
        waiting = asyncio.create_task(seen.until_slips(2, 5))
        await asyncio.sleep(0)
        for _ in range(2):
            seen.slips += 1
            seen.changed()
            await asyncio.sleep(0)
        await waiting
        asyncio.get_running_loop().call_soon(show, seen, "idle")
        await seen.until_screen("idle", 5)

    waited(story)


def test_a_bench_that_stands_for_weeks_keeps_only_the_latest_screens():
    async def story(seen):
        for _ in range(3 * SCREENS_KEPT):
            show(seen, "idle", "menu.main")
        assert len(seen._screens) == SCREENS_KEPT
        await seen.until_screen("menu.main", 1)
        seen.from_here()
        show(seen, "sale.amount")
        await seen.until_screen("sale.amount", 1)

    waited(story)


@pytest.mark.parametrize(
    ("wait", "said"),
    [
        (lambda seen: seen.until_slips(1, 0.05), "0 of 1 slips"),
        (lambda seen: seen.until_roll_ended(0.05), "roll"),
        (lambda seen: seen.until_charged(100, 0.05), "has charged 0, not 100"),
        (lambda seen: seen.until_signed_on(0.05), "sign on"),
    ],
)
def test_what_does_not_come_is_said_with_what_came_instead(wait, said):
    async def story(seen):
        with pytest.raises(RigError) as caught:
            await wait(seen)
        assert said in str(caught.value) and caught.value.remedy

    waited(story)
