"""The heart of the ECR link: the terminal dies at any point, the till asks again, and the effect is one."""

import asyncio

from tools.till.kill_campaign import MOMENTS, campaign


def test_a_terminal_that_is_killed_at_every_step_charges_what_the_till_is_told_and_nothing_twice():
    report = asyncio.run(campaign(len(MOMENTS), seed=1))
    assert report.divergences == []
    assert report.points == len(MOMENTS)
    assert report.outcomes["unknown"] == 0


def test_a_terminal_that_forgets_what_tills_have_asked_is_found_out():
    """A planted fault: without it the test above could not fail."""
    assert asyncio.run(campaign(4, 1, "till-forgotten", ("outcome",))).divergences
