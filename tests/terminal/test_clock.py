"""The host's clock has no year: the nearest one is meant, and nonsense is no time."""

from datetime import datetime

import pytest

from terminal.clock import TerminalClock


@pytest.mark.parametrize(
    ("wall", "date", "time", "expected"),
    [
        (datetime(2026, 11, 24, 12, 0, 0), "1124", "120130", datetime(2026, 11, 24, 12, 1, 30)),
        (datetime(2026, 12, 31, 23, 59, 0), "0101", "000100", datetime(2027, 1, 1, 0, 1, 0)),
        (datetime(2027, 1, 1, 0, 1, 0), "1231", "235900", datetime(2026, 12, 31, 23, 59, 0)),
        (datetime(2028, 2, 29, 10, 0, 0), "0229", "100000", datetime(2028, 2, 29, 10, 0, 0)),
    ],
)
def test_the_host_clock_is_adopted_with_the_nearest_year(wall, date, time, expected):
    clock = TerminalClock(lambda: wall)
    assert clock.adopt(date, time) is not None
    assert clock() == expected


@pytest.mark.parametrize(("date", "time"), [("1332", "120000"), ("", ""), ("1124", "250000"), ("abcd", "120000")])
def test_nonsense_leaves_the_clock_alone(date, time):
    wall = datetime(2026, 11, 24, 12, 0, 0)
    clock = TerminalClock(lambda: wall, offset_s=5)
    assert clock.adopt(date, time) is None
    assert clock.offset_s == 5
