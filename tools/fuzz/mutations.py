"""Ways to damage a message: bytes, nibbles, lengths, bitmaps, ends; some keep most of it right."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

__all__ = ["MUTATIONS", "mutated"]

SIZE_MAX = 4096
_INTERESTING = (
    0x00,
    0x01,
    0x09,
    0x0A,
    0x10,
    0x19,
    0x20,
    0x2B,
    0x2D,
    0x30,
    0x3D,
    0x40,
    0x5F,
    0x7F,
    0x80,
    0x99,
    0x9A,
    0xF0,
    0xFF,
)
_LENGTHS = (b"+5", b" 5", b"5 ", b"-1", b"1_", b"\xd9\xa3", b"99", b"999", b"000", b"0x", b"\xb2\xb2")

Mutation = Callable[[bytearray, Random, list[bytes]], None]


def _flip(data: bytearray, random: Random, _: list[bytes]) -> None:
    place = random.randrange(len(data))
    data[place] ^= 1 << random.randrange(8)


def _set(data: bytearray, random: Random, _: list[bytes]) -> None:
    data[random.randrange(len(data))] = random.choice(_INTERESTING)


def _nibble(data: bytearray, random: Random, _: list[bytes]) -> None:
    place, high = random.randrange(len(data)), random.random() < 0.5
    digit = random.randrange(16)
    data[place] = (digit << 4 | data[place] & 15) if high else (data[place] & 0xF0 | digit)


def _bitmap(data: bytearray, random: Random, _: list[bytes]) -> None:
    place = random.randrange(2, min(36, max(3, len(data)))) % len(data)
    data[place] = random.choice((0, 0x80, 0xFF, 0x30, 0x38, 0x46, 0xF8, random.randrange(256)))


def _length(data: bytearray, random: Random, _: list[bytes]) -> None:
    piece = random.choice(_LENGTHS)
    place = random.randrange(len(data))
    data[place : place + len(piece)] = piece


def _cut(data: bytearray, random: Random, _: list[bytes]) -> None:
    del data[random.randrange(len(data)) :]


def _lose(data: bytearray, random: Random, _: list[bytes]) -> None:
    place = random.randrange(len(data))
    del data[place : place + random.randint(1, 4)]


def _insert(data: bytearray, random: Random, _: list[bytes]) -> None:
    place = random.randrange(len(data) + 1)
    data[place:place] = random.randbytes(random.randint(1, 4))


def _more(data: bytearray, random: Random, _: list[bytes]) -> None:
    data += random.randbytes(random.randint(1, 8))


def _repeat(data: bytearray, random: Random, _: list[bytes]) -> None:
    place = random.randrange(len(data))
    piece = bytes(data[place : place + random.randint(1, 40)])
    data[place:place] = piece * random.choice((1, 1, 2, 60))


def _splice(data: bytearray, random: Random, others: list[bytes]) -> None:
    other = random.choice(others)
    data[random.randrange(len(data)) :] = other[random.randrange(len(other) + 1) :]


MUTATIONS: tuple[Mutation, ...] = (
    _flip, _flip, _set, _set, _nibble, _nibble, _bitmap, _length, _cut, _lose, _insert, _more, _repeat, _splice,
)  # fmt: skip
"""Those that stand twice come twice as often."""


def mutated(wires: list[bytes], random: Random) -> bytes:
    """One of the messages, damaged once or a few times; at most SIZE_MAX bytes."""
    data = bytearray(random.choice(wires))
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        if not data:
            break
        random.choice(MUTATIONS)(data, random, wires)
    return bytes(data[:SIZE_MAX])
