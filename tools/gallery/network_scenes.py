"""Screens of the network: the list of Wi-Fi networks, the password, the links and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from drivers.events import Key, KeyPress
from terminal.flows.network import network_screen
from terminal.flows.wifi import NetworksPrompt, joined_screen, password_prompt, trouble_screen
from terminal.network.state import AccessPoint, Kind, Link, LinkState, Network, Security, Sim, SimState, Trouble
from terminal.prompts import Confirm, Notice
from terminal.screens.screen import Screen, Status, Tone
from terminal.screens.texts import Translator

__all__ = ["network_scenes", "network_status_of"]

_SHOP = AccessPoint("示范商店 Corner Shop".encode(), 82, Security.PERSONAL)
_POINTS = (
    _SHOP,
    AccessPoint(b"Kauppakeskus-Vieras-5GHz-ext", 61, Security.SAE),
    AccessPoint(b"CafeOpen", 40, Security.OPEN),
    AccessPoint(b"corp", 22, Security.ENTERPRISE),
    AccessPoint(b"FRITZ!Box 7590", 9, Security.PERSONAL),
)
_WIRE = Link(Kind.ETHERNET, "eth0", LinkState.UNAVAILABLE)
_AIR = Link(Kind.WIFI, "wlan0", LinkState.UP, "Corner Shop", 80)
_MODEM = Link(Kind.MOBILE, "wwan0", LinkState.READY, "", 60, Sim(SimState.REGISTERED, "898600…1234", "Elisa"))
_STATUSES = {"wifi.joined": ("wifi", 4), "wifi.list": ("ethernet", 4), "network.status": ("wifi", 3),
             "network.status-mobile": ("mobile", 2), "network.trouble": ("none", 0)}  # fmt: skip
"""The symbol in the corner, by scene."""


def network_status_of(name: str, status: Status) -> Status:
    """The status bar of a scene."""
    network, bars = _STATUSES.get(name, ("", 0))
    return replace(status, network=network, bars=bars)


def network_scenes(texts: Translator) -> Iterator[tuple[str, Screen]]:
    """The pages of the Wi-Fi flow and of the network's state."""
    for what in ("looking", "joining"):
        lines = ("Corner Shop",) if what == "joining" else ()
        busy = Screen("wifi.busy", texts.text("menu.settings.wifi"), texts.text(f"wifi.{what}"), lines, tone=Tone.BUSY)
        yield f"wifi.{what}", busy
    yield "wifi.list", NetworksPrompt(_POINTS).screen(texts)
    yield "wifi.list-empty", NetworksPrompt(()).screen(texts)
    password = password_prompt(_SHOP)
    for place, key in enumerate((Key.STAR, Key.D7, Key.D3, Key.D2, Key.D8, Key.D3, Key.D8)):
        password.take(KeyPress(key, place * 2.0))
    yield "wifi.password", password.screen(texts)
    yield "wifi.password-wrong", password_prompt(_SHOP, "network.trouble.wrong-password").screen(texts)
    asked = Screen("wifi.open", texts.text("menu.settings.wifi"), texts.text("wifi.open"), ("CafeOpen",),
                   tone=Tone.WARNING)  # fmt: skip
    yield "wifi.open", Confirm(asked).screen(texts)
    yield "wifi.joined", Notice(joined_screen(texts, _SHOP)).screen(texts)
    for trouble in Trouble:
        name = "network.trouble" if trouble is Trouble.NO_BUS else f"network.trouble-{trouble}"
        yield name, Notice(trouble_screen(texts, trouble)).screen(texts)
    yield "network.status", Notice(network_screen(texts, Network((_WIRE, _AIR, _MODEM), "wlan0"))).screen(texts)
    alone = Network((_WIRE, replace(_MODEM, state=LinkState.UP)), "wwan0")
    yield "network.status-mobile", Notice(network_screen(texts, alone)).screen(texts)
