"""How fast pure Python can be: M1 and nothing else, written out by hand, no dispatch (facts/iso8583-peers.md §3)."""

from __future__ import annotations

from binascii import unhexlify
from typing import Any

from tools.benchmarks.codecs.messages import Value

__all__ = ["decode", "encode"]

_BCD = tuple((i >> 4) * 10 + (i & 15) if i >> 4 < 10 and i & 15 < 10 else 10000 for i in range(256))
_HEAD = bytes.fromhex("0200702006c020c09a11")
_FIXED = (6, 12, 6, 3, 3, 2, 2, 8, 15, 3, 8, 16, 8)
_Templates = tuple[str, str, str, str]
_TEMPLATES: dict[tuple[int, ...], _Templates] = {}


def _template(lengths: tuple[int, ...]) -> _Templates:
    n2, n3, n4, n11, n22, n23, n25, n26, n35, n41, n42, n49, n52, n53, n55, n60, n64 = lengths
    fixed = (n3, n4, n11, n22, n23, n25, n26, n41, n42, n49, n52, n53, n64)
    if fixed != _FIXED or n2 > 19 or n35 > 37 or n55 > 255 or n60 > 17:
        raise ValueError("a length of M1")
    _TEMPLATES[lengths] = found = (
        f"{n2:02d}{_padded(n2)}%s%s%s%s00%s%s%s{n35:02d}",
        _padded(n35),
        f"%s{n55:04d}",
        f"{n60:04d}{_padded(n60)}",
    )
    return found


def _padded(length: int) -> str:
    return "%s0" if length & 1 else "%s"


def encode(elements: dict[int, Any]) -> bytes:
    """M1 to bytes."""
    (f2, f3, f4, f11, f22, f23, f25, f26, f35, f41, f42, f49, f52, f53, f55, f60, f64) = elements.values()
    lengths = (*map(len, elements.values()),)
    first, track, security, private = _TEMPLATES.get(lengths) or _template(lengths)
    x = first % (f2, f3, f4, f11, f22, f23, f25, f26)
    y = security % f53
    z = private % f60
    text = f41 + f42 + f49
    if not (x + y + z).isdecimal() or not text.isprintable():
        raise ValueError("content of M1")
    return b"".join(
        (_HEAD, unhexlify(x + track % f35), text.encode("ascii"), f52, unhexlify(y), f55, unhexlify(z), f64)
    )


def decode(b: bytes) -> dict[int, Value]:
    """Bytes to M1."""
    h = b.hex()
    n2 = _BCD[b[10]]
    p2 = 11 + (n2 + 1 >> 1)
    n35 = _BCD[b[p2 + 18]]
    p35 = p2 + 19 + (n35 + 1 >> 1)
    t = b[p35 : p35 + 26].decode("ascii")
    n55 = _BCD[b[p35 + 42]] * 100 + _BCD[b[p35 + 43]]
    p55 = p35 + 44 + n55
    n60 = _BCD[b[p55]] * 100 + _BCD[b[p55 + 1]]
    p60 = p55 + 2 + (n60 + 1 >> 1)
    q = p2 * 2
    r = h[q : q + 36]
    digits = h[20 : q + 36] + h[2 * p35 + 68 : 2 * p35 + 84] + h[2 * p55 : 2 * p60]
    if n2 > 19 or n35 > 37 or n55 > 255 or n60 > 17 or len(b) != p60 + 8:
        raise ValueError("a length of M1")
    if not digits.isdecimal() or not t.isprintable():
        raise ValueError("content of M1")
    return {
        2: h[22 : 22 + n2], 3: r[0:6], 4: r[6:18], 11: r[18:24], 22: r[24:27], 23: r[29:32], 25: r[32:34],
        26: r[34:36], 35: h[q + 38 : q + 38 + n35].upper(), 41: t[:8], 42: t[8:23], 49: t[23:26],
        52: b[p35 + 26 : p35 + 34], 53: h[2 * p35 + 68 : 2 * p35 + 84], 55: b[p35 + 44 : p55],
        60: h[2 * p55 + 4 : 2 * p55 + 4 + n60], 64: b[p60:],
    }  # fmt: skip
