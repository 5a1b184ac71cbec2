"""Wi-Fi: what is in reach, and joining it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from keys import Secret
from terminal.network import names
from terminal.network.bus import Bus, BusFault, unwrapped
from terminal.network.look import Found, devices
from terminal.network.order import wanted_metric
from terminal.network.state import ACCESS_POINTS_MAX, AccessPoint, Kind, Scan, Security, Trouble

__all__ = ["join", "scan", "security_of"]

SCAN_S, JOIN_S = 10.0, 45.0
"""A scan takes some seconds; joining takes as long as the supplicant and DHCP have patience."""
LOOK_S = 0.5
_PRIVACY = 0x1
"""NM80211ApFlags."""
_PSK, _SAE, _OWE = 0x100, 0x400, 0x800
"""NM80211ApSecurityFlags of the key management."""
_NOTHING = "/"
_ACTIVATED, _DEACTIVATED = 2, 4
"""NMActiveConnectionState."""
_WIRELESS, _PROTECTION = "802-11-wireless", "802-11-wireless-security"
_KEY_MANAGEMENT = {Security.PERSONAL: "wpa-psk", Security.SAE: "sae", Security.OWE: "owe"}
Settings = dict[str, dict[str, tuple[str, Any]]]


async def scan(bus: Bus) -> Scan:
    """Every network in reach, each once with its strongest access point. Raises BusFault."""
    wifi, trouble = await _adapters(bus)
    if trouble is not None:
        return Scan(trouble=trouble)
    strongest: dict[tuple[bytes, Security], AccessPoint] = {}
    for one in wifi:
        await _refresh(bus, one.path)
        joined = await _joined(bus, one)
        for _, point in await _points(bus, one.path):
            key = (point.ssid, point.security)
            point = AccessPoint(point.ssid, point.signal, point.security, point.ssid == joined)
            if key not in strongest or strongest[key].signal < point.signal:
                strongest[key] = point
    points = sorted(strongest.values(), key=lambda point: (not point.joined, -point.signal, point.ssid))
    return Scan(tuple(points[:ACCESS_POINTS_MAX]))


async def join(bus: Bus, point: AccessPoint, password: Secret | None, order: Sequence[Kind]) -> Trouble | None:
    """Connect with a new profile and keep it; one that fails is removed again. Raises BusFault."""
    wifi, trouble = await _adapters(bus)
    if trouble is not None:
        return trouble
    seen = [
        (found.signal, one, path)
        for one in wifi
        for path, found in await _points(bus, one.path)
        if (found.ssid, found.security) == (point.ssid, point.security)
    ]
    if not seen:
        return Trouble.NOT_FOUND
    _, device, path = max(seen, key=lambda one: one[0])
    reasons: list[int] = []

    def hear(source: str, member: str, body: tuple[Any, ...]) -> None:
        changed.set()
        if source == device.path and member == "StateChanged" and body[0] == names.DEVICE_FAILED:
            reasons.append(body[2])

    changed = asyncio.Event()
    bus.listeners.append(hear)
    try:
        settings = _settings(point, password, order)
        profile, active = await bus.call(
            names.NM, names.ROOT, names.NM, "AddAndActivateConnection", "a{sa{sv}}oo", settings, device.path, path
        )
        settings.clear()
        trouble = await _connected(bus, active, changed, reasons)
    finally:
        bus.listeners.remove(hear)
    if trouble is None:
        await _forget_others(bus, point.ssid, profile)
    else:
        with suppress(BusFault):
            await bus.call(names.NM, profile, names.PROFILE, "Delete")
    return trouble


def security_of(flags: int, wpa: int, rsn: int) -> Security:
    """The protection of an access point, from its flags."""
    offered = wpa | rsn
    for mask, security in ((_PSK, Security.PERSONAL), (_SAE, Security.SAE), (_OWE, Security.OWE)):
        if offered & mask:
            return security
    if not flags & _PRIVACY:
        return Security.OPEN
    return Security.ENTERPRISE if offered else Security.WEP  # whatever else manages keys has accounts: 802.1X, suite B


async def _adapters(bus: Bus) -> tuple[list[Found], Trouble | None]:
    manager = await bus.properties(names.NM, names.ROOT, names.NM)
    wifi = [one for one in await devices(bus, manager) if one.link.kind is Kind.WIFI]
    if not wifi:
        return [], Trouble.NO_WIFI
    on = manager.get("WirelessEnabled", True) and manager.get("WirelessHardwareEnabled", True)
    return wifi, None if on else Trouble.WIFI_OFF


async def _refresh(bus: Bus, device: str) -> None:
    """Ask for a new scan and wait for it; where it is refused or not told, what is known has to do."""
    before = (await bus.properties(names.NM, device, names.WIRELESS)).get("LastScan")
    try:
        await bus.call(names.NM, device, names.WIRELESS, "RequestScan", "a{sv}", {})
    except BusFault as fault:
        if not fault.name:
            raise
        return
    for _ in range(round(SCAN_S / LOOK_S)):
        now = (await bus.properties(names.NM, device, names.WIRELESS)).get("LastScan")
        if now is None or now != before:
            return
        await asyncio.sleep(LOOK_S)


async def _points(bus: Bus, device: str) -> list[tuple[str, AccessPoint]]:
    """Path and what is known of every access point that tells its name."""
    (paths,) = await bus.call(names.NM, device, names.WIRELESS, "GetAllAccessPoints")
    found = []
    for path in paths:
        values = await bus.properties(names.NM, path, names.ACCESS_POINT)
        if ssid := bytes(values.get("Ssid", b"")):
            security = security_of(values.get("Flags", 0), values.get("WpaFlags", 0), values.get("RsnFlags", 0))
            found.append((path, AccessPoint(ssid, min(int(values.get("Strength", 0)), 100), security)))
    return found


async def _joined(bus: Bus, one: Found) -> bytes:
    """Name of the network that a device is in."""
    if one.active == _NOTHING:
        return b""
    wireless = await bus.properties(names.NM, one.path, names.WIRELESS)
    active = await bus.properties(names.NM, one.active, names.ACTIVE)
    point = wireless.get("ActiveAccessPoint", _NOTHING)
    point = active.get("SpecificObject", _NOTHING) if point == _NOTHING else point
    if point == _NOTHING:
        return b""
    return bytes((await bus.properties(names.NM, point, names.ACCESS_POINT)).get("Ssid", b""))


def _settings(point: AccessPoint, password: Secret | None, order: Sequence[Kind]) -> Settings:
    addresses: dict[str, tuple[str, Any]] = {"method": ("s", "auto")}
    if Kind.WIFI in order:
        addresses["route-metric"] = ("x", wanted_metric(Kind.WIFI, order))
    settings: Settings = {
        "connection": {
            "id": ("s", point.ssid.decode("utf-8", "replace")),
            "type": ("s", _WIRELESS),
            "autoconnect": ("b", True),
        },
        _WIRELESS: {"ssid": ("ay", point.ssid), "mode": ("s", "infrastructure")},
        "ipv4": addresses,
        "ipv6": dict(addresses),
    }
    if point.security in _KEY_MANAGEMENT:
        settings[_PROTECTION] = {"key-mgmt": ("s", _KEY_MANAGEMENT[point.security])}
    if password is not None:
        with password.open() as letters:
            settings[_PROTECTION]["psk"] = ("s", letters.decode("ascii"))
    return settings


async def _connected(bus: Bus, active: str, changed: asyncio.Event, reasons: list[int]) -> Trouble | None:
    """Wait for the end of an activation."""
    try:
        async with asyncio.timeout(JOIN_S):
            while True:
                changed.clear()
                try:
                    found = await bus.properties(names.NM, active, names.ACTIVE)
                except BusFault as fault:
                    return fault.trouble
                state = found.get("State", _DEACTIVATED)
                if reasons or state == _DEACTIVATED:
                    return _trouble(reasons, found)
                if state == _ACTIVATED:
                    return None
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await changed.wait()
    except TimeoutError:
        return Trouble.NOT_JOINED


def _trouble(reasons: list[int], active: Mapping[str, Any]) -> Trouble:
    if reasons:
        return names.JOIN_TROUBLES.get(reasons[0], Trouble.NOT_JOINED)
    return names.ACTIVE_TROUBLES.get(active.get("StateReason", 0), Trouble.NOT_JOINED)


async def _forget_others(bus: Bus, ssid: bytes, kept: str) -> None:
    """Remove former profiles of the same network: their passwords are out of date."""
    with suppress(BusFault):
        (profiles,) = await bus.call(names.NM, names.PROFILES_PATH, names.PROFILES, "ListConnections")
        for profile in profiles:
            if profile == kept:
                continue
            with suppress(BusFault):
                (settings,) = await bus.call(names.NM, profile, names.PROFILE, "GetSettings")
                if bytes(unwrapped(settings.get(_WIRELESS, {}).get("ssid", ("ay", b"")))) == ssid:
                    await bus.call(names.NM, profile, names.PROFILE, "Delete")
