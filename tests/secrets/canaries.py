"""Canaries: secrets that are known to a test, and a search for them in every form in which one could slip out."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path

FORMS = (
    "raw", "hex", "HEX", "spaced hex", "reversed", "reversed hex", "REVERSED HEX", "base64", "url base64",
    "base64 of hex", "base64 of HEX", "python bytes", "list of numbers",
)  # fmt: skip


def forms_of(secret: bytes) -> dict[str, list[bytes]]:
    """Every way to write a secret, by its name; a form that depends on its place has a spelling for each."""
    low, backwards = secret.hex(), secret[::-1]
    return {
        "raw": [secret],
        "hex": [low.encode()],
        "HEX": [low.upper().encode()],
        "spaced hex": [low_or_up.encode() for low_or_up in (secret.hex(" "), secret.hex(" ").upper(), _grouped(low))],
        "reversed": [backwards],
        "reversed hex": [backwards.hex().encode(), low[::-1].encode()],
        "REVERSED HEX": [backwards.hex().upper().encode(), low[::-1].upper().encode()],
        "base64": _base64(secret, base64.b64encode),
        "url base64": _base64(secret, base64.urlsafe_b64encode),
        "base64 of hex": _base64(low.encode(), base64.b64encode),
        "base64 of HEX": _base64(low.upper().encode(), base64.b64encode),
        "python bytes": [repr(secret)[2:-1].encode(), repr(secret)[2:-1].replace("\\", "\\\\").encode()],
        "list of numbers": [", ".join(map(str, secret)).encode(), ",".join(map(str, secret)).encode()],
    }


def _grouped(hexadecimal: str) -> str:
    return " ".join(hexadecimal[start : start + 4] for start in range(0, len(hexadecimal), 4))


def _base64(secret: bytes, encode) -> list[bytes]:
    """At each of the three places that a secret can have in a base64 text, without what its neighbours decide."""
    found = []
    for before in range(3):
        text = encode(bytes(before) + secret + bytes(3)).rstrip(b"=")
        start = -(-before * 8 // 6)
        end = (before + len(secret)) * 8 // 6
        found.append(text[start:end])
    return found


class Canaries:
    """Secrets by name. The shorter ones of a form that is no longer telling are left out by ``LEAST``."""

    LEAST = 8

    def __init__(self, secrets: Mapping[str, bytes]) -> None:
        self._needles = [
            (name, form, needle)
            for name, secret in secrets.items()
            for form, needles in forms_of(secret).items()
            for needle in needles
            if len(needle) >= self.LEAST
        ]

    def in_bytes(self, where: str, data: bytes) -> list[str]:
        """What is found: which secret, in which form, where; never the secret."""
        return sorted({f"{name} as {form} in {where}" for name, form, needle in self._needles if needle in data})

    def in_folder(self, folder: Path, without: Iterable[Path] = ()) -> list[str]:
        """In every file below a folder, whatever its name, but those that hold the secret on purpose."""
        spared = {path.resolve() for path in without}
        found, seen = [], 0
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not spared & {path.resolve(), *path.resolve().parents}:
                seen += 1
                found += self.in_bytes(str(path.relative_to(folder)), path.read_bytes())
        assert seen, f"there are files to search in {folder.name}"
        return found
