"""What the settings slip says: who the terminal is, what the acquirer decides, what the host has given."""

from __future__ import annotations

from msgspec import structs

from config import Settings
from terminal.domain.parameters import parse_parameters
from terminal.journal import Journal

__all__ = ["facts_of"]

_SECRET_LOOKING = frozenset({"list_key", "bundle_key"})
"""Public, but long and of no use on paper."""


async def facts_of(settings: Settings, journal: Journal) -> list[tuple[str, str]]:
    """Names as they stand in the files, values as text."""
    hosts = [(f"host {number}", f"{host}:{port}") for number, (host, port) in enumerate(settings.host.endpoints, 1)]
    profile = structs.asdict(settings.acquirer_profile)
    rules = [(name, _text(value)) for name, value in profile.items() if name not in _SECRET_LOOKING]
    return [*hosts, *rules, *await _given(journal)]


async def _given(journal: Journal) -> list[tuple[str, str]]:
    """Parameters of the host one by one; of everything else the version and the day."""
    facts = []
    for name in ("parameters", "chip", "ca-key", "stop", "bin"):
        known = await journal.downloads.of(name)
        if known is None:
            continue
        facts.append((f"{name} {known.version}", known.at[:10]))
        if name == "parameters":
            facts += list(parse_parameters(known.content).items())
    return facts


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)
