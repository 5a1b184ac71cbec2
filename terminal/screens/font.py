"""The bundled fonts: the same pictures of screens and slips on every machine, and no character without its picture.

WenQuanYi Micro Hei has all of GBK. What GB 18030 has beyond it (rare characters in names of people and
places) comes from a part of Noto Sans CJK. See ``terminal/fonts/README.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from PIL import ImageDraw, ImageFont

__all__ = ["FONT", "box_of", "font", "length_of", "write"]

_FOLDER = Path(__file__).parent.parent / "fonts"
FONT, _RARE = _FOLDER / "wqy-microhei.ttc", _FOLDER / "noto-sans-cjk-rare.otf"
SIZES_KEPT = 32
CHARACTERS_KEPT = 4096
_FIRST_HAN = "\u2e80"
"""Nothing below is looked for in the second font."""
_IN_NO_FONT = "\uffff"
_PROBE = 24

Box = tuple[float, float, float, float]


def font(size: int) -> ImageFont.FreeTypeFont:
    """The font at a height in pixels."""
    return _font(FONT, size)


def length_of(text: str, size: int) -> float:
    """Width of a text in pixels."""
    if not _has_rare(text):
        return font(size).getlength(text)
    return sum(face.getlength(piece) for piece, face in _pieces(text, size))


def box_of(text: str, size: int, anchor: str) -> Box:
    """What a text's ink covers, from its anchor (Pillow's two letters)."""
    if not _has_rare(text):
        return font(size).getbbox(text, anchor=anchor)
    left = -_shift(text, size, anchor)
    top, bottom = font(size).getbbox("国", anchor=f"l{anchor[1]}")[1::2]
    return left, top, left + length_of(text, size), bottom


def write(
    pen: ImageDraw.ImageDraw,
    place: tuple[float, float],
    text: str,
    size: int,
    fill: int | tuple[int, int, int],
    anchor: str = "la",
) -> None:
    """Write a text of any characters, all on one baseline."""
    if not _has_rare(text):
        pen.text(place, text, font=font(size), fill=fill, anchor=anchor)
        return
    ascent, descent = font(size).getmetrics()
    x = place[0] - _shift(text, size, anchor)
    baseline = place[1] + {"a": ascent, "m": (ascent - descent) / 2, "s": 0}[anchor[1]]
    for piece, face in _pieces(text, size):
        pen.text((x, baseline), piece, font=face, fill=fill, anchor="ls")
        x += face.getlength(piece)


@lru_cache(maxsize=SIZES_KEPT)
def _font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    # Laid out by FreeType alone: with the other engine a picture would depend on libraries that a machine may lack.
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)


def _shift(text: str, size: int, anchor: str) -> float:
    return {"l": 0.0, "m": 0.5, "r": 1.0}[anchor[0]] * length_of(text, size)


def _pieces(text: str, size: int) -> Iterator[tuple[str, ImageFont.FreeTypeFont]]:
    for rare, characters in groupby(text, _is_rare):
        yield "".join(characters), _font(_RARE if rare else FONT, size)


def _has_rare(text: str) -> bool:
    return any(character >= _FIRST_HAN and _is_rare(character) for character in text)


@lru_cache(maxsize=CHARACTERS_KEPT)
def _is_rare(character: str) -> bool:
    """Whether only the second font has a character."""
    return character >= _FIRST_HAN and _lacks(FONT, character) and not _lacks(_RARE, character)


def _lacks(path: Path, character: str) -> bool:
    """Whether a font draws its sign for "not there"."""
    return _drawn(path, character) == _drawn(path, _IN_NO_FONT)


def _drawn(path: Path, character: str) -> bytes:
    return bytes(_font(path, _PROBE).getmask(character, mode="1"))
