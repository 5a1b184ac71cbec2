"""``[host]`` and ``[host.tls]``: the way to the acquirer."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

__all__ = ["SINGLE", "Host", "Tls"]

SINGLE = "single"
"""Mark of a list that may be written as its only item. A union of a text with a pattern and a list would say
the same, but msgspec 0.22 crashes when such a type is freed."""

HostAddress = Annotated[
    str,
    Meta(
        pattern=r"^tcp:(\[[0-9a-fA-F:]+\]|[^\s:\[\]]+):[1-9]\d{0,4}$",
        title="tcp:HOST:PORT",
        examples=["tcp:127.0.0.1:8583"],
    ),
]


class Tls(Struct, frozen=True, forbid_unknown_fields=True):
    """``[host.tls]``: TLS 1.2 or 1.3 to the acquirer. Without this section the line is plain."""

    ca: Annotated[
        str,
        Meta(
            min_length=1,
            title="the path of a PEM file",
            description="The acquirer's certificate authority; no other is trusted. Relative to this file.",
            examples=["/etc/countertop/acquirer-ca.pem"],
        ),
    ]
    certificate: Annotated[
        Annotated[str, Meta(min_length=1)] | None,
        Meta(
            title="the path of a PEM file",
            description="This terminal's certificate, where the host asks for one.",
            examples=["/etc/countertop/terminal.pem"],
        ),
    ] = None
    key: Annotated[
        Annotated[str, Meta(min_length=1)] | None,
        Meta(
            title="the path of a PEM file",
            description="The private key of the certificate, mode 0600; when absent, it is in the certificate's file.",
            examples=["/etc/countertop/terminal.key"],
        ),
    ] = None
    name: Annotated[
        Annotated[str, Meta(min_length=1)] | None,
        Meta(
            title="a host name",
            description="The name in the host's certificate; when absent, the host of the address.",
            examples=["pos.example.com"],
        ),
    ] = None
    pins: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[A-Za-z0-9+/]{43}=$")], ...],
        Meta(
            max_length=4,
            title="a list of SHA-256 fingerprints of public keys in base64",
            description="Public keys the host may have, the present one and the next; empty: any that the CA signed.",
            examples=[["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="]],
        ),
    ] = ()


class Host(Struct, frozen=True, forbid_unknown_fields=True):
    """``[host]``: where the acquirer answers."""

    address: Annotated[
        tuple[HostAddress, ...],
        Meta(
            min_length=1,
            max_length=4,
            title="tcp:HOST:PORT, or a list of 1 to 4 of them",
            description="The acquirer's host; of a list, the first that answers is used.",
            examples=["tcp:127.0.0.1:8583", ["tcp:10.0.0.1:8583", "tcp:10.0.0.2:8583"]],
            extra={SINGLE: True},
        ),
    ]
    transport: Annotated[
        Literal["tcp", "http"],
        Meta(
            description="Frames on the connection itself, or each in an HTTP request; over TLS with [host.tls].",
            examples=["http"],
        ),
    ] = "tcp"
    path: Annotated[
        str,
        Meta(
            pattern=r"^/[!-~]{0,199}$",
            title="a path from / on, without blanks",
            description="With http: what requests are for.",
            examples=["/unp/webtrans/WPOS"],
        ),
    ] = "/"
    connection: Annotated[
        Literal["transaction", "persistent"],
        Meta(
            description="One connection for each conversation, or one that is kept for the next.",
            examples=["persistent"],
        ),
    ] = "transaction"
    idle_s: Annotated[
        float,
        Meta(
            ge=1,
            le=3600,
            title="seconds from 1 to 3600",
            description="With persistent: how long a connection is kept that nobody uses.",
            examples=[60],
        ),
    ] = 60
    backup_s: Annotated[
        float,
        Meta(
            ge=0,
            le=86_400,
            title="seconds from 0 to 86400",
            description="How long a host that did not answer is tried last; 0: the first of the list is always tried"
            " first.",
            examples=[300],
        ),
    ] = 300
    tls: Tls | None = None

    @property
    def endpoints(self) -> tuple[tuple[str, int], ...]:
        """Host and port of each address, primary first; IPv6 without its brackets."""
        pairs = (address.removeprefix("tcp:").rpartition(":") for address in self.address)
        return tuple((host.strip("[]"), int(port)) for host, _, port in pairs)
