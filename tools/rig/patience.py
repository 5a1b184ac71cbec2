"""How much slower than a machine the world under test is: 1, or many times that where a processor is emulated."""

from __future__ import annotations

import os

__all__ = ["PATIENCE"]

PATIENCE = float(os.environ.get("COUNTERTOP_PATIENCE", "1"))
"""Deadlines of the rig are multiplied by it."""
