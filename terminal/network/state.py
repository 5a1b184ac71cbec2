"""What there is to say about the network: links, access points, and what is wrong. Values only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from keys import Secret

__all__ = [
    "ACCESS_POINTS_MAX",
    "AccessPoint",
    "Kind",
    "Link",
    "LinkState",
    "Network",
    "Networking",
    "Scan",
    "Security",
    "Sim",
    "SimState",
    "Trouble",
    "bars_of",
    "masked_iccid",
    "shown_name",
]

BARS = 4
ACCESS_POINTS_MAX = 64
"""The strongest ones; nobody pages through more."""
NAME_MAX = 32
"""Bytes of a network's name (IEEE 802.11), and characters that are shown of any."""


class Kind(StrEnum):
    """What a link goes over."""

    ETHERNET = "ethernet"
    WIFI = "wifi"
    MOBILE = "mobile"


class LinkState(StrEnum):
    """How far a link is."""

    UP = "up"
    CONNECTING = "connecting"
    READY = "ready"
    """It could be used, and nothing is connected."""
    UNAVAILABLE = "unavailable"
    """No cable, radio off, no SIM."""
    FAILED = "failed"
    UNMANAGED = "unmanaged"
    """NetworkManager leaves it alone."""


class SimState(StrEnum):
    """The SIM, and whether it is in a network."""

    REGISTERED = "registered"
    SEARCHING = "searching"
    LOCKED = "locked"
    MISSING = "missing"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Security(StrEnum):
    """How an access point is protected."""

    OPEN = "open"
    PERSONAL = "personal"
    """WPA or WPA2 with a password."""
    SAE = "sae"
    """WPA3 alone, with a password."""
    OWE = "owe"
    """Enciphered without a password."""
    ENTERPRISE = "enterprise"
    """802.1X: certificates or accounts; not joined from the screen."""
    WEP = "wep"
    """Broken since 2001; PCI DSS forbids it."""

    @property
    def password(self) -> bool:
        """Whether it asks for one."""
        return self in (Security.PERSONAL, Security.SAE)


class Trouble(StrEnum):
    """What keeps the network from being looked at, or a Wi-Fi network from being joined.

    Each has ``network.trouble.…`` and ``network.remedy.…`` in the catalogue.
    """

    NO_BUS = "no-bus"
    NO_MANAGER = "no-manager"
    NO_ANSWER = "no-answer"
    NOT_ALLOWED = "not-allowed"
    NO_WIFI = "no-wifi"
    WIFI_OFF = "wifi-off"
    WRONG_PASSWORD = "wrong-password"  # noqa: S105 -- a reason
    NOT_FOUND = "not-found"
    NO_ADDRESS = "no-address"
    NOT_JOINED = "not-joined"
    ENTERPRISE = "enterprise"
    WEP = "wep"
    OPEN = "open"
    """No password, and the line to the host is not enciphered either."""
    BUSY = "busy"
    """Money is under way."""


@dataclass(frozen=True, slots=True)
class Sim:
    """A modem's SIM."""

    state: SimState
    iccid: str = ""
    """Its number, masked."""
    operator: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """One device that NetworkManager knows."""

    kind: Kind
    interface: str
    state: LinkState
    name: str = ""
    """Of the Wi-Fi network, or of the profile that is active."""
    signal: int | None = None
    """Per cent in steps of ten; None where there is nothing to measure."""
    sim: Sim | None = None


@dataclass(frozen=True, slots=True)
class Network:
    """All links; the empty one is what is known before the first look."""

    links: tuple[Link, ...] = ()
    """In the order in which they are to be used."""
    using: str = ""
    """Interface over which the world is reached; empty for none."""
    trouble: Trouble | None = None
    """Why nothing is known."""
    disordered: bool = False
    """Two links are up, and the wrong one would be used."""

    @property
    def link(self) -> Link | None:
        """The link in use."""
        return next((link for link in self.links if link.interface == self.using), None)


@dataclass(frozen=True, slots=True)
class AccessPoint:
    """A Wi-Fi network in reach: the strongest of its access points."""

    ssid: bytes
    signal: int
    """Per cent."""
    security: Security
    joined: bool = False
    """The terminal is in it."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What a look around has found, the strongest first, or why there was none."""

    points: tuple[AccessPoint, ...] = field(default=())
    trouble: Trouble | None = None
    open_allowed: bool = False
    """Whether a network without a password may be joined: only where the line to the host is enciphered."""


class Networking(Protocol):
    """What the terminal may ask of the network. Nothing here raises or hangs: a reason comes instead."""

    def start(self, tell: Callable[[Network], None]) -> None:
        """Look, tell, and tell again whenever something has changed."""

    async def close(self) -> None:
        """Stop looking."""

    async def scan(self) -> Scan:
        """Look for Wi-Fi networks."""

    async def join(self, point: AccessPoint, password: Secret | None) -> Trouble | None:
        """Join one and keep it; None when it is connected. The former password stays until the new one has worked."""

    async def arrange(self) -> Trouble | None:
        """Give the links their order."""


def bars_of(signal: int | None) -> int:
    """Bars of a signal in per cent, 0 to 4; full for a link that has none to measure."""
    return BARS if signal is None else min(max(signal, 0) * BARS // 100 + (signal > 5), BARS)


def masked_iccid(iccid: str) -> str:
    """The number of a SIM without its middle: issuer and last four digits."""
    return f"{iccid[:6]}…{iccid[-4:]}" if len(iccid) > 10 else "…" * bool(iccid)


def shown_name(name: bytes | str, most: int = NAME_MAX) -> str:
    """A network's name as it may be shown: whoever runs an access point chose it, so nothing that is not printed."""
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else name
    text = "".join(character if character.isprintable() else "�" for character in text)
    return text if len(text) <= most else text[: most - 1] + "…"
