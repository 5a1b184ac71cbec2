"""The demonstration: a day at the counter as two real processes, or the terminal under your own fingers."""

from tools.demo.cli import main

__all__ = ["main"]
