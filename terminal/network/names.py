"""Names and numbers of NetworkManager and ModemManager, as tables (their D-Bus references, ``nm-dbus-types``)."""

from __future__ import annotations

from terminal.network.state import Kind, LinkState, SimState, Trouble

__all__ = [
    "ACCESS_POINT", "ACTIVE", "ACTIVE_TROUBLES", "DEFAULT_METRICS", "DEVICE", "DEVICE_FAILED", "JOIN_TROUBLES", "KINDS",
    "MODEM", "MODEM_3GPP", "MODEM_FAILED", "MODEM_MANAGER", "NM", "PROFILE", "PROFILES", "PROFILES_PATH", "ROOT", "SIM",
    "SIM_FAULTS", "SIM_STATES", "WIRELESS", "link_state",
]  # fmt: skip

NM, ROOT = "org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager"
DEVICE, WIRELESS = f"{NM}.Device", f"{NM}.Device.Wireless"
ACCESS_POINT, ACTIVE = f"{NM}.AccessPoint", f"{NM}.Connection.Active"
PROFILES, PROFILES_PATH, PROFILE = f"{NM}.Settings", f"{ROOT}/Settings", f"{NM}.Settings.Connection"
MODEM_MANAGER = "org.freedesktop.ModemManager1"
MODEM, MODEM_3GPP, SIM = f"{MODEM_MANAGER}.Modem", f"{MODEM_MANAGER}.Modem.Modem3gpp", f"{MODEM_MANAGER}.Sim"

KINDS = {1: Kind.ETHERNET, 2: Kind.WIFI, 8: Kind.MOBILE}
"""NMDeviceType."""
DEFAULT_METRICS = {Kind.ETHERNET: 100, Kind.WIFI: 600, Kind.MOBILE: 700}
"""What a route-metric of -1 stands for (NetworkManager.conf(5), nm-settings(5))."""
DEVICE_FAILED = 120
_LINK_STATES = (
    (20, LinkState.UNMANAGED),
    (30, LinkState.UNAVAILABLE),
    (40, LinkState.READY),
    (100, LinkState.CONNECTING),
    (110, LinkState.UP),
    (DEVICE_FAILED, LinkState.READY),
)
"""NMDeviceState below a number."""
_AUTHENTICATION = dict.fromkeys((7, 8, 9, 10, 11), Trouble.WRONG_PASSWORD)
_ADDRESS = dict.fromkeys((5, 6, 15, 16, 17, 64), Trouble.NO_ADDRESS)
JOIN_TROUBLES = {**_AUTHENTICATION, **_ADDRESS, 53: Trouble.NOT_FOUND}
"""NMDeviceStateReason of a device that failed: secrets and the supplicant, DHCP, the name."""
ACTIVE_TROUBLES = {9: Trouble.WRONG_PASSWORD, 10: Trouble.WRONG_PASSWORD, 5: Trouble.NO_ADDRESS}
"""NMActiveConnectionStateReason, where the device itself said nothing."""
MODEM_FAILED = -1
SIM_STATES = {2: SimState.LOCKED, 3: SimState.SEARCHING, 5: SimState.SEARCHING, 6: SimState.SEARCHING,
              7: SimState.SEARCHING, **dict.fromkeys((8, 9, 10, 11), SimState.REGISTERED)}  # fmt: skip
"""MMModemState."""
SIM_FAULTS = {2: SimState.MISSING}
"""MMModemStateFailedReason."""


def link_state(number: int) -> LinkState:
    """A device's state as the terminal tells it."""
    return next((state for below, state in _LINK_STATES if number < below), LinkState.FAILED)
