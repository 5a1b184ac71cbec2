"""``[ecr]``: the link on which a till asks for payments."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct, structs

__all__ = ["Ecr", "absolute"]


class Ecr(Struct, frozen=True, forbid_unknown_fields=True):
    """``[ecr]``: the link to a till (docs/integrator/ecr.md). Without this section no till is heard."""

    address: Annotated[
        str,
        Meta(
            pattern=r"^(tcp:([0-9.]+|\[[0-9a-fA-F:]+\]):[1-9]\d{0,4}|serial:/.+)$",
            title="tcp:ADDRESS:PORT with an IP address of this machine, or serial:/dev/…?baud=9600",
            description="Where tills are heard: a TCP port, or a serial line. TCP is for the loopback or a cable of its"
            " own; on any address but the loopback key_file is required.",
            examples=["tcp:127.0.0.1:7300", "serial:/dev/ttyS0?baud=115200"],
        ),
    ]
    key_file: Annotated[
        Annotated[str, Meta(min_length=1)] | None,
        Meta(
            title="the path of a file",
            description="A key that each till proves to know before it is heard: 32 bytes as 64 hexadecimal digits,"
            " mode 0600. Relative to this file.",
            examples=["/etc/countertop/till.key"],
        ),
    ] = None
    lease_s: Annotated[
        int,
        Meta(
            ge=10,
            le=86400,
            title="seconds from 10 to 86400",
            description="So long a silent till keeps the terminal, with money under way until that has ended.",
            examples=[120],
        ),
    ] = 120

    loyalty_cards: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[01789]\d{0,5}$")], ...],
        Meta(
            title="first digits, one to six of them, that no bank's card begins with: 0, 1, 7, 8 or 9 at the front",
            description="Numbers that begin so are the shop's loyalty cards: one that is pulled through while a till's"
            " request waits for the customer's card is told to that till, and the payment card is asked for.",
            examples=[["9826", "7"]],
        ),
    ] = ()

    @property
    def endpoint(self) -> tuple[str, int] | None:
        """Host and port, IPv6 without its brackets; None for a serial line."""
        if not self.address.startswith("tcp:"):
            return None
        host, _, port = self.address.removeprefix("tcp:").rpartition(":")
        return host.strip("[]"), int(port)

    @property
    def reaches_out(self) -> bool:
        """Whether others than programs of this machine can connect over a network."""
        if self.endpoint is None:
            return False
        from ipaddress import ip_address  # not in the memory of those who have no till

        try:
            return not ip_address(self.endpoint[0]).is_loopback
        except ValueError:
            return True


def absolute(ecr: Ecr | None, folder: Path) -> Ecr | None:
    """The section with its path made absolute against the configuration's folder."""
    return ecr and structs.replace(ecr, key_file=None if ecr.key_file is None else str(folder / ecr.key_file))
