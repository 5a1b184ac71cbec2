"""The links of the terminal on its screen: which one is used, signal and SIM (facts/product.md §1 row 31)."""

from __future__ import annotations

from terminal.desk import Desk
from terminal.flows.wifi import trouble_screen
from terminal.network.state import Link, Network
from terminal.screens.screen import Screen, Tone
from terminal.screens.texts import Translator

__all__ = ["network_screen", "network_status"]

_TITLE = "menu.settings.network"
_USED, _OTHER = "✓", "·"


async def network_status(desk: Desk) -> None:
    """Everything that is known of the links."""
    if desk.network is None:
        await desk.refuse(_TITLE, "network.not-configured")
        return
    network = desk.network.network or Network()
    await desk.tell(network_screen(desk.texts, network), desk.settings.timeouts.outcome_s)


def network_screen(texts: Translator, network: Network) -> Screen:
    """One line a link, the one in use marked."""
    if network.trouble is not None:
        return trouble_screen(texts, network.trouble, _TITLE)
    using = network.link
    return Screen(
        "network.status",
        texts.text(_TITLE),
        texts.text(f"network.using.{using.kind}") if using is not None else texts.text("network.using.none"),
        lines=tuple(line for link in network.links for line in _lines(texts, link, link is using)),
        tone=Tone.GOOD if using is not None else Tone.WARNING,
    )


def _lines(texts: Translator, link: Link, used: bool) -> list[str]:
    signal = "" if link.signal is None else f"{link.signal} %"
    parts = [link.interface, texts.text(f"network.link.{link.state}"), link.name, signal]
    lines = [f"{_USED if used else _OTHER} {' '.join(part for part in parts if part)}"]
    if link.sim is not None:
        sim = [texts.text(f"network.sim.{link.sim.state}"), link.sim.operator, link.sim.iccid]
        lines.append(" ".join(part for part in sim if part))
    return lines
