"""``[network]``: the links of the machine, as NetworkManager has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta, Struct

__all__ = ["Network", "twice"]

LinkKind = Literal["ethernet", "wifi", "mobile"]


class Network(Struct, frozen=True, forbid_unknown_fields=True):
    """``[network]``: Ethernet, Wi-Fi and mobile through NetworkManager. Without this section they are not looked at."""

    order: Annotated[
        tuple[LinkKind, ...],
        Meta(
            max_length=3,
            title='a list of "ethernet", "wifi" and "mobile"',
            description="Which link is used while several are up, the first one first; the route metrics of the"
            " profiles are set so at a quiet moment. Empty: they are left as they are.",
            examples=[["ethernet", "wifi", "mobile"]],
        ),
    ] = ("ethernet", "wifi", "mobile")
    bus: Annotated[
        Annotated[str, Meta(pattern=r"^unix:(path|abstract)=[^,;]+$")] | None,
        Meta(
            title="unix:path=PATH",
            description="Address of the message bus; when absent, the system's.",
            examples=["unix:path=/run/dbus/system_bus_socket"],
        ),
    ] = None


def twice(network: Network | None) -> Iterator[str]:
    """Kinds of links that stand twice in the order."""
    order = network.order if network is not None else ()
    yield from sorted({kind for kind in order if order.count(kind) > 1})
