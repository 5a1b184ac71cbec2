"""Parameters: single keys of a configuration whose values change while a terminal is in service.

A parameter is named as ``countertop config explain`` names it: ``host.address`` for a key of the terminal's file,
``response_s`` without a section for a key of the acquirer's profile. A changed value is laid over the file, which
itself stays as it was written, comments and all; taking the change back lets the file speak again.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

__all__ = ["NO_CHANGES", "Effect", "effect_of", "laid_value", "overlaid"]

NO_CHANGES: Mapping[str, Any] = MappingProxyType({})


class Effect(StrEnum):
    """When a changed parameter takes effect."""

    IDLE = "idle"
    """At the next idle moment: no payment, no message and no slip is under way."""
    SETTLED = "settled"
    """At the first idle moment at which nothing about money is open: no payment, reversal, offline transaction,
    settlement, and no transaction in the batch."""
    RESTART = "restart"
    """At the next start of the program."""
    FIXED = "fixed"
    """Never: it stands in the file alone."""


_EFFECTS: dict[str, Effect] = {
    # Who the terminal is: vouchers, reversals and the settlement of one batch must say the same.
    "terminal.id": Effect.SETTLED,
    "terminal.merchant_id": Effect.SETTLED,
    "terminal.serial_number": Effect.SETTLED,
    "terminal.training": Effect.SETTLED,
    "terminal.merchant_name": Effect.IDLE,
    "terminal.operators": Effect.IDLE,
    "terminal.customer_language": Effect.IDLE,
    "acquirer.profile": Effect.SETTLED,
    "host": Effect.IDLE,
    "timeouts": Effect.IDLE,
    "devices.keypad": Effect.IDLE,
    "devices.msr": Effect.IDLE,
    "devices.scanner": Effect.IDLE,
    "devices.pin_pad": Effect.IDLE,
    "devices.printer": Effect.IDLE,
    # Where the state lies and what opens the keys: a change that is kept there cannot say where it is.
    "terminal.state_dir": Effect.FIXED,
    "terminal.environment": Effect.FIXED,
    "acquirer.overrides": Effect.FIXED,
    "keys": Effect.FIXED,
    "monitor": Effect.FIXED,
    # Who may sign what this terminal takes: no signed file says so of itself.
    "list_key": Effect.FIXED,
    "bundle_key": Effect.FIXED,
    "host_parameters": Effect.FIXED,
}
"""Keys and sections. Everything else of the terminal's file waits for a restart."""

_PROFILE_IDLE = frozenset({
    "tpdu", "header", "connect_s", "response_s", "answer_s", "sign_on_at_start", "sign_on_daily",
    "pin_tries_max", "pin_bypass", "card_check_digit", "card_accept_track1", "card_refuse_expired",
    "card_refused_bins", "qr_query_interval_s", "qr_query_max_s", "qr_order_shown_s", "qr_city",
    "reversal_retry_first_s", "reversal_retry_max_s", "reversal_help_after", "help_desk", "undo_shown_s",
})  # fmt: skip
"""Keys of the profile that only say where to, how long, how often, or which cards are let in. Every other key of the
profile touches money – amounts, limits, messages, codes – and waits until the batch is settled."""


def effect_of(key: str) -> Effect:
    """When a change of this key takes effect; an unknown key waits for the most."""
    if "." not in key:
        return _EFFECTS.get(key) or (Effect.IDLE if key in _PROFILE_IDLE else Effect.SETTLED)
    while key:
        if key in _EFFECTS:
            return _EFFECTS[key]
        key = key.rpartition(".")[0]
    return Effect.RESTART


def overlaid(document: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a terminal's document with the changes laid over it; profile keys become overrides."""
    result = dict(document)
    for key, value in changes.items():
        *sections, name = _path(key)
        table = result
        for section in sections:
            inner = table.get(section, {})
            if not isinstance(inner, Mapping):
                break  # the check says that a table is expected there
            table[section] = dict(inner)
            table = table[section]
        else:
            table[name] = value
    return result


def laid_value(document: Mapping[str, Any], key: str) -> Any:
    """What a document says of a parameter; None when it says nothing."""
    found: Any = document
    for name in _path(key):
        if not isinstance(found, Mapping) or name not in found:
            return None
        found = found[name]
    return found


def _path(key: str) -> list[str]:
    return key.split(".") if "." in key else ["acquirer", "overrides", key]
