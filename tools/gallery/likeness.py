"""Whether two photographs of a page show the same, where a clock, a number or a smoothed edge may differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageDraw

__all__ = ["Box", "Region", "unlike"]

Box = tuple[int, int, int, int]
"""Left, top, right, bottom."""
CELL = 4
"""Pixels of a side that are looked at as one: smaller differences nobody sees."""
GREY_LEVELS = 24
_MASK = (128, 128, 128)
_ALL = 255


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the picture, and the share of its cells that may differ."""

    box: Box
    share_max: float


def unlike(kept: Image.Image, seen: Image.Image, regions: Mapping[str, Region], masks: Sequence[Box]) -> list[str]:
    """What differs too much, one sentence a region; what is under a mask is not looked at."""
    if kept.size != seen.size:
        return [f"The picture is {seen.size}, and was {kept.size}."]
    one, other = (_masked(picture, masks) for picture in (kept, seen))
    found = []
    for name, region in regions.items():
        share = _share(one.crop(region.box), other.crop(region.box))
        if share > region.share_max:
            found.append(f"{name}: {share:.2%} of it differs; {region.share_max:.2%} may.")
    return found


def _masked(picture: Image.Image, masks: Sequence[Box]) -> Image.Image:
    copy = picture.convert("RGB")
    pen = ImageDraw.Draw(copy)
    for box in masks:
        pen.rectangle(box, fill=_MASK)
    return copy


def _share(one: Image.Image, other: Image.Image) -> float:
    size = (max(one.width // CELL, 1), max(one.height // CELL, 1))
    small = (picture.convert("L").resize(size, Image.Resampling.BOX) for picture in (one, other))
    histogram = ImageChops.difference(*small).histogram()
    return sum(histogram[GREY_LEVELS + 1 : _ALL + 1]) / (size[0] * size[1])
