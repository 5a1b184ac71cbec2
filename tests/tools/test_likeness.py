"""A photograph that shows something else is noticed; a clock that has moved on is not."""

from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from tools.gallery.likeness import Region, unlike

BENCH = Path(__file__).resolve().parents[1] / "golden" / "bench"
WHOLE = {"the page": Region((0, 0, 400, 300), 0.01)}


def page(words, at=(40, 40), size=(400, 300)):
    picture = Image.new("RGB", size, (240, 240, 240))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((20, 20, 380, 200), fill=(255, 255, 255))
    pen.text(at, words, fill=(0, 0, 0), font_size=32)
    return picture


def test_the_same_page_is_like_itself():
    assert unlike(page("Approved"), page("Approved"), WHOLE, []) == []


@pytest.mark.parametrize(
    "other", [page("Declined"), page("Approved", at=(60, 120)), page(""), page("", size=(400, 301))]
)
def test_other_words_another_place_nothing_and_another_size_are_noticed(other):
    assert unlike(page("Approved"), other, WHOLE, [])


def test_a_shade_and_what_is_masked_are_not():
    shaded = page("Approved").point(lambda value: max(value - 6, 0))
    assert unlike(page("Approved"), shaded, WHOLE, []) == []
    assert unlike(page("10:12"), page("23:59"), WHOLE, [(30, 30, 300, 90)]) == []


def test_the_pictures_that_are_kept_are_not_like_each_other():
    """The tolerance is small enough to tell one end of a payment from another."""
    kept = {path.stem: Image.open(path).convert("RGB") for path in BENCH.glob("*.png") if path.stem != "phone"}
    assert len(kept) >= 4
    screen = {"the screen": Region((370, 320, 640, 640), 0.004)}
    for one in kept:
        assert [other for other in kept if other > one and not unlike(kept[one], kept[other], screen, [])] == []
