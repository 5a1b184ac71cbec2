"""Why nothing may begin now: a state of the journal that the merchant is told, not a fault."""

from __future__ import annotations

__all__ = ["BeginRefused"]


class BeginRefused(Exception):
    """Nothing has begun. ``reason`` is the catalogue key of the text that says why and what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
