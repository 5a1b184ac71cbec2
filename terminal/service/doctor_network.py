"""The doctor's look at the links, where the configuration has ``[network]``: is there one, and if not, why."""

from __future__ import annotations

from terminal.network.state import Network, SimState
from terminal.service.doctor import UNUSED, Found, NotTried, Patient, Step

__all__ = ["NETWORK_STEPS"]

_SIM_FAULTS = {SimState.LOCKED: "sim-locked", SimState.MISSING: "sim-missing"}


async def _links(patient: Patient) -> str:
    if patient.settings.network is None:
        raise NotTried(UNUSED)
    from terminal.network.watch import NetworkWatch  # not in the memory of those who do without

    network = await NetworkWatch.of(patient.settings).look()
    if network.trouble is not None:
        raise Found("network-unseen")
    if (link := network.link) is None:
        raise _without(network)
    return " ".join(part for part in (link.interface, link.name) if part)


def _without(network: Network) -> Found:
    """Why there is no link: the SIM card, where it alone is left, or the cable."""
    for link in network.links:
        if link.sim is not None and link.sim.state in _SIM_FAULTS:
            return Found(_SIM_FAULTS[link.sim.state], link.interface)
    return Found("no-link", ", ".join(link.interface for link in network.links) or "–")


NETWORK_STEPS = (Step("network", "links", _links),)
"""Before the way to the host, which begins here."""
