"""What a process did to its files and said to the world, read from strace, in the order it was done.

Directory operations are taken as durable at once, as ``synchronous=FULL`` takes them
(facts/reliability-security-emv.md §A3.2).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["OPTIONS", "Call", "calls_of"]

OPTIONS = (
    "strace", "-f", "-qq", "-yy", "-xx", "-s", "4000000", "-e",
    "trace=openat,pwrite64,write,ftruncate,fsync,fdatasync,unlink,unlinkat,rename,renameat,sendto",
)  # fmt: skip
"""How the process is traced; the log's name is added."""
_LINE = re.compile(r"^(\d+) +(\w+)\((.*)$")
_RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)$")
_TARGET = re.compile(r"^\d+<([^>]*)>")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_RESULT = re.compile(r"= (-?\d+)")
_UNFINISHED = " <unfinished ...>"


@dataclass(frozen=True, slots=True)
class Call:
    """One call: ``name`` of strace, the file or socket it is about, its bytes, and its number where it has one."""

    name: str
    target: str
    data: bytes = b""
    number: int = 0
    """Offset of a pwrite64, size of an ftruncate."""
    flags: str = ""


def calls_of(log: Path) -> Iterator[Call]:
    """Calls that succeeded, each at the moment it was over."""
    begun: dict[tuple[str, str], str] = {}
    with log.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            found = _RESUMED.match(line)
            if found is not None:
                process, name, rest = found.groups()
                text = begun.pop((process, name), "") + rest
            else:
                found = _LINE.match(line)
                if found is None:
                    continue
                process, name, text = found.groups()
                if text.rstrip().endswith(_UNFINISHED.strip()):
                    begun[process, name] = text.rstrip().removesuffix(_UNFINISHED.strip()).rstrip()
                    continue
            call = _call(name, text)
            if call is not None:
                yield call


def _call(name: str, text: str) -> Call | None:
    results = _RESULT.findall(text)
    if not results or int(results[-1]) < 0:
        return None
    texts = [_bytes(found) for found in _TEXT.findall(text)]
    match name:
        case "openat":
            return Call(name, texts[0].decode("utf-8", "replace"), flags=text)
        case "unlink" | "unlinkat":
            return Call("unlink", texts[0].decode("utf-8", "replace"))
        case "rename" | "renameat":
            return Call("rename", texts[0].decode("utf-8", "replace"), texts[1])
    target = _TARGET.match(text)
    if target is None:
        return None
    path = _bytes(target.group(1)).decode("utf-8", "replace") if "\\x" in target.group(1) else target.group(1)
    numbers = re.findall(r", (\d+)", _TEXT.sub('""', text))
    match name:
        case "pwrite64":
            return Call(name, path, texts[0], int(numbers[-1]))
        case "ftruncate":
            return Call(name, path, number=int(numbers[-1]))
        case "write" | "sendto":
            return Call(name, path, texts[0] if texts else b"")
        case "fsync" | "fdatasync":
            return Call("sync", path)
    return None


def _bytes(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))
