"""How long a thing may take: what is promised of a device where the bench is strict, more where it is emulated."""

from __future__ import annotations

import os

from tools.rig.patience import PATIENCE

__all__ = ["REPLUG_S", "STRICT"]

STRICT = os.environ.get("COUNTERTOP_BENCH_STRICT") == "1"
REPLUG_S = 3.0 * (1 if STRICT else PATIENCE)
"""From the cable that is put in to the terminal that has the device."""
