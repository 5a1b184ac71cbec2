"""Tests against real kernel devices. They run inside the guest of ``make hardware-bench`` and nowhere else."""

import os

import pytest

IN_THE_GUEST = os.environ.get("COUNTERTOP_BENCH") == "1"
REASON = "needs real kernel devices: make hardware-bench"


def pytest_collection_modifyitems(items):
    for item in items:
        if "tests/hardware/" in item.path.as_posix():
            item.add_marker(pytest.mark.hardware)
            if not IN_THE_GUEST:
                item.add_marker(pytest.mark.skip(reason=REASON))
