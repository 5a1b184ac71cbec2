"""The board: what the status bar shows, gathered from those who know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from drivers.events import DeviceChanged, DeviceState, PrinterChanged
from terminal.acquirer.acquirer import Acquirer
from terminal.acquirer.advice import Advices
from terminal.acquirer.link import HostLink
from terminal.acquirer.reversal import Reversals
from terminal.network.state import Network, bars_of
from terminal.screens.screen import Status

__all__ = ["Board"]

_LINK = {None: "unknown", True: "up", False: "down"}


class Board:
    """Present state of link, sign-on, reversals and devices."""

    def __init__(
        self, acquirer: Acquirer, link: HostLink, reversals: Reversals, advices: Advices, training: bool
    ) -> None:
        self._acquirer = acquirer
        self._link = link
        self._reversals = reversals
        self._advices = advices
        self._training = training
        self._alerts: dict[str, str] = {}
        self.network: Callable[[], Network | None] = lambda: None
        """What is known of the links; None without ``[network]``."""
        self.changed: Callable[[], None] = lambda: None
        """Called when the bar should be drawn again."""

    def status(self) -> Status:
        """The bar as it stands."""
        return replace(self.state(), clock=self._acquirer.clock().strftime("%H:%M"))

    def state(self) -> Status:
        """The bar without its clock, for whoever looks on: to read the clock is an input, which a recorder keeps."""
        network, bars = self._symbol()
        return Status(
            network=network,
            bars=bars,
            link="backup" if self._link.up and self._link.on_backup else _LINK[self._link.up],
            signed_on=self._acquirer.signed_on,
            operator=self._acquirer.operator,
            reversals=self._reversals.pending,
            offline=self._advices.pending,
            training=self._training,
            alerts=tuple(sorted(set(self._alerts.values()))),
        )

    def _symbol(self) -> tuple[str, int]:
        """Kind of the link in use and its bars."""
        network = self.network()
        if network is None or network.trouble is not None:
            return "", 0
        link = network.link
        return (str(link.kind), bars_of(link.signal)) if link is not None else ("none", 0)

    def device(self, event: DeviceChanged) -> None:
        """A device has come, gone or been refused."""
        if event.state is DeviceState.OPEN:
            self._alerts.pop(event.device, None)
        else:
            self._alerts[event.device] = event.device
        self.changed()

    def printer(self, event: PrinterChanged) -> None:
        """The printer has told its state, whether or not a slip is due."""
        if event.paper_low:
            self._alerts["paper-low"] = "paper-low"
        else:
            self._alerts.pop("paper-low", None)
        self.paper(event.trouble)

    def paper(self, trouble: str | None) -> None:
        """The printer's trouble (``paper``, ``cover`` …), or None when it prints."""
        if trouble is None:
            self._alerts.pop("paper-path", None)
        else:
            self._alerts["paper-path"] = trouble
        self.changed()
