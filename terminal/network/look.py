"""One look at NetworkManager, and at ModemManager where it runs: which links there are and which one is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from terminal.network import names
from terminal.network.bus import Bus, BusFault
from terminal.network.order import disordered, metric_of
from terminal.network.state import Kind, Link, LinkState, Network, Sim, SimState, masked_iccid, shown_name

__all__ = ["Found", "devices", "look"]

DEVICES_MAX = 32
_STEP = 10
"""Signals are told in steps of so many per cent: a bar that trembles is drawn again and again."""
_NOTHING = "/"


@dataclass(frozen=True, slots=True)
class Found:
    """A link with what it was found by."""

    path: str
    link: Link
    active: str
    """Path of the active connection."""
    profile: str
    """Path of its profile; both are ``/`` for none."""


async def look(bus: Bus, order: Sequence[Kind]) -> Network:
    """All links. Raises BusFault."""
    manager = await bus.properties(names.NM, names.ROOT, names.NM)
    found = await devices(bus, manager)
    found.sort(key=lambda one: (_place(one.link.kind, order), one.link.interface))
    up = [one for one in found if one.link.state is LinkState.UP]
    primary = manager.get("PrimaryConnection", _NOTHING)
    using = next((one for one in up if one.active == primary), up[0] if up else None)
    metrics = [(one.link.kind, await metric_of(bus, one.profile, one.link.kind)) for one in up if one.profile]
    return Network(
        tuple(one.link for one in found),
        using.link.interface if using is not None else "",
        disordered=disordered(metrics, order),
    )


async def devices(bus: Bus, manager: Mapping[str, Any]) -> list[Found]:
    """Every device of a kind that a terminal uses. Raises BusFault."""
    found = []
    for path in list(manager.get("Devices", ()))[:DEVICES_MAX]:
        device = await bus.properties(names.NM, path, names.DEVICE)
        kind = names.KINDS.get(device.get("DeviceType", 0))
        if kind is not None:
            found.append(await _found(bus, path, kind, device))
    return found


async def _found(bus: Bus, path: str, kind: Kind, device: Mapping[str, Any]) -> Found:
    state = names.link_state(device.get("State", 0))
    active = device.get("ActiveConnection", _NOTHING)
    connection = await bus.properties(names.NM, active, names.ACTIVE) if active != _NOTHING else {}
    name, signal, sim = shown_name(str(connection.get("Id", ""))), None, None
    if kind is Kind.WIFI:
        name, signal = await _wifi(bus, path, connection)
    elif kind is Kind.MOBILE:
        signal, sim = await _modem(bus, str(device.get("Udi", "")))
    link = Link(kind, str(device.get("Interface", "")), state, name, signal, sim)
    return Found(path, link, active, str(connection.get("Connection", "")).rstrip("/"))


async def _wifi(bus: Bus, path: str, connection: Mapping[str, Any]) -> tuple[str, int | None]:
    """Name and signal of the network that a device is in."""
    wireless = await bus.properties(names.NM, path, names.WIRELESS)
    point = wireless.get("ActiveAccessPoint", _NOTHING)
    if point == _NOTHING:
        point = connection.get("SpecificObject", _NOTHING)
    if point == _NOTHING:
        return shown_name(str(connection.get("Id", ""))), None
    found = await bus.properties(names.NM, point, names.ACCESS_POINT)
    return shown_name(bytes(found.get("Ssid", b""))), _stepped(found.get("Strength"))


async def _modem(bus: Bus, path: str) -> tuple[int | None, Sim | None]:
    """Signal and SIM, from ModemManager; nothing where it does not run."""
    if not path.startswith("/"):
        return None, None
    try:
        modem = await bus.properties(names.MODEM_MANAGER, path, names.MODEM)
        home = await bus.properties(names.MODEM_MANAGER, path, names.MODEM_3GPP)
        slot = modem.get("Sim", _NOTHING)
        sim = await bus.properties(names.MODEM_MANAGER, slot, names.SIM) if slot != _NOTHING else {}
    except BusFault:
        return None, None
    number = modem.get("State", 0)
    state = names.SIM_STATES.get(number, SimState.UNKNOWN)
    if number == names.MODEM_FAILED:
        state = names.SIM_FAULTS.get(modem.get("StateFailedReason", 0), SimState.FAILED)
    operator = shown_name(str(home.get("OperatorName") or sim.get("OperatorName") or ""))
    quality = modem.get("SignalQuality", (None, False))[0]
    return _stepped(quality), Sim(state, masked_iccid(str(sim.get("SimIdentifier", ""))), operator)


def _stepped(signal: int | None) -> int | None:
    return None if signal is None else min(max(round(signal / _STEP) * _STEP, 0), 100)


def _place(kind: Kind, order: Sequence[Kind]) -> int:
    return order.index(kind) if kind in order else len(order) + list(Kind).index(kind)
