"""The order of the links: route metrics in NetworkManager's profiles.

Several links are up at the same time, each with a default route; the kernel uses the one with the lowest metric and,
when that link goes, the next one at once. ``autoconnect-priority`` is not the means: it chooses among the profiles of
one device. NetworkManager's own metrics are in the right order already, so a profile is touched only where somebody
has set another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from terminal.network import names
from terminal.network.bus import Bus, unwrapped
from terminal.network.state import Kind

__all__ = ["disordered", "metric_of", "set_metric", "wanted_metric"]

_FAMILIES = ("ipv4", "ipv6")
_KEY, _DEFAULT, _INT64 = "route-metric", -1, "x"


def wanted_metric(kind: Kind, order: Sequence[Kind]) -> int:
    """The metric of a kind: NetworkManager's own numbers, in the order that is wanted."""
    return sorted(names.DEFAULT_METRICS.values())[order.index(kind)]


def disordered(metrics: Sequence[tuple[Kind, int]], order: Sequence[Kind]) -> bool:
    """Whether a link that should come later would be used before, or beside, one that should come first."""
    known = sorted((order.index(kind), metric) for kind, metric in metrics if kind in order)
    return any(first[0] < second[0] and first[1] >= second[1] for first, second in pairwise(known))


async def metric_of(bus: Bus, profile: str, kind: Kind) -> int:
    """The metric of a profile, its default resolved. Raises BusFault."""
    found = [
        unwrapped(values[_KEY])
        for family in _FAMILIES
        if _KEY in (values := (await _settings(bus, profile)).get(family, {}))
    ]
    metric = int(found[0]) if found else _DEFAULT
    return names.DEFAULT_METRICS[kind] if metric == _DEFAULT else metric


async def set_metric(bus: Bus, device: str, profile: str, metric: int) -> None:
    """Write the metric into a profile and use it at once; nothing is disconnected by it. Raises BusFault."""
    settings = await _settings(bus, profile)
    for family in _FAMILIES:
        settings.setdefault(family, {"method": ("s", "auto")})[_KEY] = (_INT64, metric)
    # Secrets are not in what was read; NetworkManager keeps those it has when an update brings none.
    await bus.call(names.NM, profile, names.PROFILE, "Update", "a{sa{sv}}", settings)
    await bus.call(names.NM, device, names.DEVICE, "Reapply", "a{sa{sv}}tu", {}, 0, 0)


async def _settings(bus: Bus, profile: str) -> dict[str, Any]:
    (settings,) = await bus.call(names.NM, profile, names.PROFILE, "GetSettings")
    found: dict[str, Any] = settings
    return found
