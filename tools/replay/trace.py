"""What happened in a replay, one line each, for people."""

from __future__ import annotations

from typing import Any

import msgspec

from terminal.ecr.messages import Request

__all__ = ["trace_line"]

_SILENT = frozenset({"drain", "send", "journal", "draw", "port status", "gone"})
"""Ends of waiting that say nothing by themselves."""


def trace_line(what: str, value: Any) -> str:
    """A line, or nothing for what nobody wants to read."""
    if what in _SILENT and not _failed(value):
        return ""
    match what:
        case "screen":
            return f"screen   {value}"
        case "to host" | "to printer" | "to till":
            return f"sent     {what.removeprefix('to ')}: {value}"
        case "host":
            return _host(value[0])
        case "till":
            return _till(*value[0])
        case "till's line":
            return f"device   till is {value[0][1]} {value[0][2]}".rstrip()
        case "printer":
            return f"printer  {bytes(value[0]).hex(' ')}"
        case "dial":
            return f"host     {'connected' if value[0] else _fault(value[1])}"
        case "stop" | "hotplug":
            return f"machine  {what}"
    if _failed(value):
        return f"{what}: {_fault(value[1])}"
    if isinstance(value, list) and value and isinstance(value[0], list):
        return _event(what, value[0])
    return f"{what}"


def _failed(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and value[0] is False


def _fault(fault: list[Any]) -> str:
    return f"{fault[0]} {fault[2] or ''}".strip()


def _host(arrival: Any) -> str:
    if arrival is None:
        return "host     hangs up"
    if isinstance(arrival, list):
        return f"host     {_fault(arrival)}"
    return f"host     {len(arrival)} bytes" if arrival else ""


def _till(peer: int, packed: bytes | None) -> str:
    if packed is None:
        return f"till     {peer} hangs up"
    header = msgspec.msgpack.decode(packed, type=Request).header
    return f"till     {peer} asks: {header.message_category} {header.service_id} of {header.sale_id}"


def _event(device: str, event: list[Any]) -> str:
    kind, *values = event
    match kind:
        case "key":
            return f"key      {values[0]}"
        case "swipe":
            return f"swipe    {device}"
        case "scan":
            return f"scan     {device} {len(values[1])} characters"
        case "mis-swipe" | "mis-scan":
            return f"{kind} {device}: {values[1]}"
        case "pin":
            return f"pin pad  {values[2]}"
        case "device":
            return f"device   {device} is {values[1]} {values[2]}".rstrip()
        case _:
            return f"{kind} {device}"
