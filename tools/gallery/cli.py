"""``countertop gallery``: draws what the documents show, and says when they show something old."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageChops

from terminal.screens.render import SMALL, WIDE, draw
from terminal.screens.texts import LANGUAGES
from tools.gallery.papers import on_paper, slips
from tools.gallery.scenes import scenes
from tools.gallery.sheet import contact_sheet, row_of

__all__ = ["TREE", "main", "pictures", "same_picture"]

TREE = Path(__file__).parents[2]
GALLERY, GOLDEN = "docs/gallery", "tests/golden"
SCREEN_COLUMNS, SLIP_COLUMNS = 6, 5
_FRONT_SCREENS = (("en", "amount-typed"), ("fi", "present"), ("zh", "approved"))
_FRONT_SLIPS = (("zh", "sale-customer"), ("en", "not-charged"))
_KEY_STEPS = {
    "custodians": ("enrol", "first-custodian", "second-custodian"),
    "component": ("hand-over", "component-first", "check-first"),
    "end": ("check-key", "stored", "view"),
    "refused": ("wrong-password", "refused", "expired"),
    "device": ("connect", "pairing"),
}
"""What docs/technician/keys.md shows, step by step."""
_GOLDEN_SCREENS = (
    *(("en", name) for name in ("idle", "amount-countdown", "present-again", "pin", "processing", "approved")),
    *(("en", name) for name in ("declined", "undoing", "not-charged", "menu.main", "totals")),
    ("zh", "approved"),
    ("zh", "undoing"),
    ("fi", "undoing"),
)
_GOLDEN_SLIPS = (
    ("zh", "sale-signature"),
    ("zh", "duplicate"),
    ("en", "sale-customer"),
    ("en", "not-charged"),
    ("en", "totals"),
    ("en", "totals-foreign"),
    ("zh", "settlement-foreign"),
    ("fi", "training"),
)
_EXAMPLES = """examples:
  countertop gallery            write docs/gallery/ and tests/golden/
  countertop gallery --check    compare only
"""
_LARGE = ("idle", "amount-typed", "approved", "menu.main")


def pictures() -> Iterator[tuple[str, Image.Image]]:
    """Every picture by its path in the tree: the gallery, and the single pictures that tests hold on to."""
    screens = {language: dict(scenes(language)) for language in LANGUAGES}
    papers = {language: {name: on_paper(lines) for name, lines in slips(language)} for language in LANGUAGES}
    yield f"{GALLERY}/terminal.png", row_of([draw(screens[language][name]) for language, name in _FRONT_SCREENS])
    yield f"{GALLERY}/slip.png", row_of([papers[language][name] for language, name in _FRONT_SLIPS])
    for name, shown in _KEY_STEPS.items():
        yield f"{GALLERY}/keys-{name}.png", row_of([draw(screens["en"][f"keys.{step}"], SMALL) for step in shown])
    yield f"{GALLERY}/keys-slip.png", row_of([papers["en"]["keys"]])
    for language in LANGUAGES:
        drawn = [(name, draw(screen, SMALL)) for name, screen in screens[language].items()]
        yield f"{GALLERY}/screens-{language}.png", contact_sheet(drawn, SCREEN_COLUMNS)
        yield f"{GALLERY}/slips-{language}.png", contact_sheet(list(papers[language].items()), SLIP_COLUMNS)
    yield f"{GALLERY}/screens-large.png", contact_sheet([(name, draw(screens["en"][name], WIDE)) for name in _LARGE], 2)
    for language, name in _GOLDEN_SCREENS:
        yield f"{GOLDEN}/screens/{language}-{name}.png", draw(screens[language][name])
    for language, name in _GOLDEN_SLIPS:
        yield f"{GOLDEN}/slips/{language}-{name}.png", papers[language][name]


def same_picture(left: Image.Image, right: Image.Image) -> bool:
    """Whether two pictures agree in every pixel; how they are stored does not matter."""
    one, other = left.convert("RGB"), right.convert("RGB")
    return one.size == other.size and ImageChops.difference(one, other).getbbox() is None


def main(argv: list[str]) -> int:
    """Draw the gallery; with ``--check`` only compare, 1 when a picture is old or missing."""
    parser = argparse.ArgumentParser(
        prog="countertop gallery",
        description="Draw every screen and slip in every language, from the terminal's own data and bytes.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--output", type=Path, default=TREE, help="the tree to write to (this one)")
    parser.add_argument("--check", action="store_true", help="write nothing; say which pictures are not of today")
    arguments = parser.parse_args(argv)
    old = []
    for name, picture in pictures():
        path = arguments.output / name
        if path.is_file():
            with Image.open(path) as present:
                if same_picture(present, picture):
                    continue
        old.append(name)
        if not arguments.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            picture.save(path, "PNG", optimize=True)
    if not old:
        print("The gallery is of today.")
    elif arguments.check:
        print(f"Old or missing: {', '.join(old)}. Draw again with: countertop gallery")
        return 1
    else:
        print(f"Drawn: {', '.join(old)}.")
    return 0
