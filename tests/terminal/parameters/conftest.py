"""A terminal's file in a folder of its own, and a clock that only the test moves."""

from datetime import datetime, timedelta

import pytest

from config import default_file
from terminal.service.parameters import Parameters

START = datetime(2026, 11, 25, 9, 0)


class Clock:
    def __init__(self):
        self.at = START

    def __call__(self):
        return self.at

    def forward(self, **by):
        self.at += timedelta(**by)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def file(tmp_path):
    """The default configuration; its state folder is there, as a terminal that has run leaves it."""
    (tmp_path / "state").mkdir(mode=0o700)
    path = tmp_path / "terminal.toml"
    path.write_text(default_file().read_text("utf-8"), "utf-8")
    return path


@pytest.fixture
def parameters(file, clock):
    return Parameters(file, clock)


def yes():
    """Nothing about money is open."""
    return True


def no():
    """Something is."""
    return False
