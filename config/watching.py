"""``[log]`` and ``[metrics]``: what the terminal tells of itself to whoever looks after it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

__all__ = ["Log", "Metrics", "absolute"]


class Log(Struct, frozen=True, forbid_unknown_fields=True):
    """``[log]``: a file of events. Without this section they go to the system's journal, under a service manager."""

    file: Annotated[
        str,
        Meta(
            min_length=1,
            title="the path of a file",
            description="Lines of JSON, one for each event; only the terminal's user reads it. Relative to this file.",
            examples=["/var/log/countertop/events.log"],
        ),
    ]
    size_kib: Annotated[
        int,
        Meta(ge=16, le=102400, title="kibibytes from 16 to 102400", description="A file of this size is set aside.",
             examples=[1024]),
    ] = 1024  # fmt: skip
    keep: Annotated[
        int,
        Meta(ge=1, le=100, title="a number from 1 to 100", description="How many of those are kept.", examples=[5]),
    ] = 5


class Metrics(Struct, frozen=True, forbid_unknown_fields=True):
    """``[metrics]``: numbers in Prometheus' text format, for this machine only. Off without this section."""

    address: Annotated[
        str,
        Meta(
            pattern=r"^tcp:(127\.0\.0\.1|\[::1\]):[1-9]\d{0,4}$",
            title="tcp:127.0.0.1:PORT or tcp:[::1]:PORT",
            description="Where GET /metrics is answered; no other address than the loopback.",
            examples=["tcp:127.0.0.1:9464"],
        ),
    ]

    @property
    def endpoint(self) -> tuple[str, int]:
        """Host and port; IPv6 without its brackets."""
        host, _, port = self.address.removeprefix("tcp:").rpartition(":")
        return host.strip("[]"), int(port)


def absolute(log: Log | None, folder: Path) -> Log | None:
    """The section with its path made absolute against the configuration's folder."""
    return log and Log(str(folder / log.file), log.size_kib, log.keep)
