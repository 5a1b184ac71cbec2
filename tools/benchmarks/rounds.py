"""Contenders in turn, round after round, so that what else the machine does hits all of them."""

from __future__ import annotations

import timeit
from collections.abc import Callable, Mapping

__all__ = ["in_turn"]

_FEWEST = 10
_PARTS = 8


def in_turn(contenders: Mapping[str, Callable[[], object]], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Microseconds a call, the best of each round; ``seconds`` go to one contender in one round."""
    counts = {name: max(_FEWEST, int(seconds / _PARTS / _time_s(call, 20))) for name, call in contenders.items()}
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, call in contenders.items():
            times[name].append(min(_time_s(call, counts[name]) for _ in range(_PARTS)) * 1e6)
    return times


def _time_s(call: Callable[[], object], count: int) -> float:
    """Seconds a call, over so many."""
    return timeit.timeit(call, number=count) / count  # without garbage collection, as usual
