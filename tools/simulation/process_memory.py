"""What a running process has in its memory: the last place where card data may not be found after a sale (I9)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, cast

__all__ = ["found_in_process"]

_MAP = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) (r[w-])")
_CHUNK_BYTES = 1 << 24
_OVERLAP_BYTES = 256


def found_in_process(pid: int, forms: Mapping[str, bytes]) -> dict[str, int]:
    """How often each form stands in the readable and writable memory of a process of this user."""
    found = dict.fromkeys(forms, 0)
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text("ascii", "replace").splitlines():
            place = _MAP.match(line)
            if place is None or place.group(3) != "rw" or "[vvar]" in line:
                continue
            start, end = int(place.group(1), 16), int(place.group(2), 16)
            _search(cast(BinaryIO, memory), start, end, forms, found)
    return found


def _search(memory: BinaryIO, start: int, end: int, forms: Mapping[str, bytes], found: dict[str, int]) -> None:
    rest = b""
    while start < end:
        try:
            memory.seek(start)
            data = memory.read(min(_CHUNK_BYTES, end - start))
        except (OSError, ValueError):
            return
        if not data:
            return
        for name, pattern in forms.items():
            found[name] += (rest[-(len(pattern) - 1) :] + data).count(pattern)
        rest, start = data[-_OVERLAP_BYTES:], start + len(data)
