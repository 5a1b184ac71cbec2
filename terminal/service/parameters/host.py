"""What the acquirer's host says of a terminal's parameters, in this terminal's own keys (facts/unionpay.md §3.5).

Only what the profile's ``host_parameters`` lets through takes effect: the download carries no MAC. What has no meaning
here – telephone numbers, redials, a table of transactions whose bits no public source explains – is
kept and printed, never guessed at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from config import AcquirerProfile, ConfigError, Settings
from terminal.service.parameters.change import Change, Source
from terminal.service.parameters.parameters import Parameters

__all__ = ["HOST_PARAMETERS", "WHO", "take_from_host"]

WHO = "the acquirer's host"
MERCHANT_NAME_MAX = 40


def _timeout(given: Mapping[str, str], profile: AcquirerProfile) -> dict[str, Any]:
    """Seconds from the request to its answer; the screen's own deadline moves with it where it must."""
    seconds = _number(given["timeout"])
    if not seconds:
        return {}
    least = seconds + profile.connect_s
    return {"response_s": seconds, **({"answer_s": least} if profile.answer_s < least else {})}


def _tip(given: Mapping[str, str], profile: AcquirerProfile) -> dict[str, Any]:
    """Tips allowed (0, 1), and the largest in percent of the sale."""
    allowed, percent = _number(given["tip"]), _number(given.get("tip-percent", ""))
    if allowed == 0:
        return {"tip_percent_max": 0}
    return {"tip_percent_max": percent} if allowed == 1 and percent is not None else {}


def _merchant_name(given: Mapping[str, str], profile: AcquirerProfile) -> dict[str, Any]:
    name = given["merchant-name"][:MERCHANT_NAME_MAX]
    return {"terminal.merchant_name": name} if name and name.isprintable() else {}


def _resend(given: Mapping[str, str], profile: AcquirerProfile) -> dict[str, Any]:
    """How often a reversal is repeated. Here none is dropped: after so many tries the screen names the help desk."""
    tries = _number(given["resend"])
    return {"reversal_help_after": tries} if tries else {}


def _manual_entry(given: Mapping[str, str], profile: AcquirerProfile) -> dict[str, Any]:
    """Whether card numbers may be typed (0, 1); for which transactions is the profile's."""
    allowed = {"0": False, "1": True}.get(given["manual-entry"])
    return {} if allowed is None else {"manual_entry": allowed}


HOST_PARAMETERS: dict[str, Callable[[Mapping[str, str], AcquirerProfile], dict[str, Any]]] = {
    "timeout": _timeout,
    "tip": _tip,
    "merchant-name": _merchant_name,
    "resend": _resend,
    "manual-entry": _manual_entry,
}
"""By the name of ``terminal/domain/parameters.py``."""


def take_from_host(parameters: Parameters, given: Mapping[str, str]) -> tuple[Change | None, list[str]]:
    """Record as one change whatever differs from what is in force or waits; the change, and what was not valid here.

    Raises ParametersError.
    """
    settings = parameters.ahead()
    profile = settings.acquirer_profile
    wanted: dict[str, Any] = {}
    refused: list[str] = []
    for name, meaning in HOST_PARAMETERS.items():
        if name not in given or name not in profile.host_parameters:
            continue
        values = {key: value for key, value in meaning(given, profile).items() if _said_by(settings, key) != value}
        try:
            parameters.check({**wanted, **values})
        except ConfigError:
            refused.append(name)
        else:
            wanted |= values
    return (parameters.change(wanted, WHO, Source.HOST) if wanted else None), refused


def _said_by(settings: Settings, key: str) -> Any:
    section, _, name = key.rpartition(".")
    return getattr(settings.terminal if section else settings.acquirer_profile, name)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() else None
