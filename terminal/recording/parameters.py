"""Parameters that are changed in service, behind the seam: their file is another input of a life."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from config.parameters import is_secret
from terminal.recording.seam import NOTHING, Codec, Plain, Seam
from terminal.service.parameters.change import Change

if TYPE_CHECKING:
    from terminal.service.parameters.parameters import Parameters

__all__ = ["RecordedParameters", "without_secrets"]

_HIDDEN = "x"
_STAMP: Codec[tuple[int, int] | None] = Codec(
    lambda stamp: stamp and list(stamp), lambda plain: plain and (plain[0], plain[1])
)


class RecordedParameters:
    """What ``terminal.service.parameters.keeper`` asks; whatever else is asked ends the recording of this life."""

    def __init__(self, seam: Seam, parameters: Parameters | None) -> None:
        """``parameters`` None: a replay."""
        self._seam = seam
        self._parameters = parameters
        self.file = parameters.file if parameters is not None else None
        """For what is looked at outside the life."""

    def stamp(self) -> tuple[int, int] | None:
        return self._seam.reading("parameters' file", lambda: self._there().stamp(), _STAMP)

    def confirm(self) -> None:
        self._seam.reading("confirm parameters", lambda: self._there().confirm(), NOTHING)

    def keep_floor(self, known: int) -> int:
        return self._seam.reading("bundle's floor", lambda: self._there().keep_floor(known))

    def untold(self) -> list[Change]:
        return self._seam.reading("changed parameters", lambda: self._there().untold(), _CHANGES)

    def told(self, changes: list[Change]) -> None:
        self._seam.reading("told of parameters", lambda: self._there().told(changes), NOTHING)

    def waiting(self) -> bool:
        return self._seam.reading("parameters wait", lambda: self._there().waiting())

    def apply_due(self, settled: Callable[[], bool], *, starting: bool) -> list[int]:
        return self._seam.reading("due parameters", lambda: self._there().apply_due(settled, starting=starting))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self._seam.leave("parameters are changed at the terminal, which is not recorded")
        return getattr(self._there(), name)

    def _there(self) -> Parameters:
        assert self._parameters is not None, "only a life that is recorded has a file of parameters"
        return self._parameters


def _encoded(changes: list[Change]) -> Plain:
    plain: list[dict[str, Any]] = msgspec.to_builtins(changes)
    for change in plain:
        for side in ("old", "new"):
            change[side] = {
                key: json.dumps(_HIDDEN) if value and is_secret(key) else value for key, value in change[side].items()
            }
    return plain


_CHANGES: Codec[list[Change]] = Codec(_encoded, lambda plain: msgspec.convert(plain, list[Change]))


def without_secrets(values: Any, key: str = "") -> Any:
    """A configuration without its secrets; their lengths are theirs."""
    if isinstance(values, dict):
        return {name: without_secrets(value, f"{key}.{name}" if key else name) for name, value in values.items()}
    return _HIDDEN * len(values) if isinstance(values, str) and is_secret(key) else values
