"""Message catalogues: ``.po`` to ``.mo`` without any program but this. ``python -m tools.catalogues``."""

from __future__ import annotations

import ast
import struct
import sys
from pathlib import Path

__all__ = ["FOLDER", "compile_catalogue", "main", "read_po"]

FOLDER = Path(__file__).parent.parent / "terminal" / "locale"
_MAGIC = 0x950412DE
_HEADER_BYTES = 28


def read_po(text: str) -> dict[str, str]:
    """Messages of a catalogue by their key; the header under the empty key."""
    messages: dict[str, str] = {}
    key, field = "", ""
    for line in text.splitlines():
        if line.startswith("msgid "):
            key, field = ast.literal_eval(line[6:]), "key"
        elif line.startswith("msgstr "):
            if key in messages:
                raise ValueError(f"message {key!r} stands twice")
            messages[key], field = ast.literal_eval(line[7:]), "text"
        elif line.startswith('"') and field == "text":
            messages[key] += ast.literal_eval(line)
    return messages


def compile_catalogue(messages: dict[str, str]) -> bytes:
    """Bytes of the ``.mo`` file (GNU gettext manual, "The Format of GNU MO Files")."""
    pairs = [(key.encode("utf-8"), text.encode("utf-8")) for key, text in sorted(messages.items())]
    start = _HEADER_BYTES + 16 * len(pairs)
    blob = bytearray()
    keys: list[bytes] = []
    texts: list[bytes] = []
    for table, index in ((keys, 0), (texts, 1)):
        for pair in pairs:
            table.append(struct.pack("<II", len(pair[index]), start + len(blob)))
            blob += pair[index] + b"\0"
    header = struct.pack("<IIIIIII", _MAGIC, 0, len(pairs), _HEADER_BYTES, _HEADER_BYTES + 8 * len(pairs), 0, 0)
    return header + b"".join(keys) + b"".join(texts) + bytes(blob)


def main(argv: list[str]) -> int:
    """Compile every catalogue."""
    for source in sorted(FOLDER.glob("*/LC_MESSAGES/*.po")):
        messages = read_po(source.read_text("utf-8"))
        source.with_suffix(".mo").write_bytes(compile_catalogue(messages))
        print(f"{source.parent.parent.name}: {len(messages) - 1} messages")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
