"""The pictures in the documents are those of today's terminal."""

import ast

import pytest
from PIL import Image

from terminal.screens.texts import LANGUAGES
from tools.gallery.cli import TREE, main, pictures, same_picture
from tools.gallery.scenes import scenes

PHOTOGRAPHS = ("tests/golden/bench/", "tests/golden/stories/")
OF_THE_BENCH = {"docs/gallery/bench.png"}
"""Photographs of the page in a browser, compared by tests/tools/bench."""


def test_every_picture_of_the_gallery_is_what_the_terminal_shows_today():
    """Mend it with: python -m tools.gallery, and look at what has changed."""
    old = []
    for name, picture in pictures():
        with Image.open(TREE / name) as kept:
            if not same_picture(kept, picture):
                old.append(name)
    assert old == []


def test_no_picture_is_left_over_from_a_screen_that_is_gone():
    names = {name for name, _ in pictures()}
    kept = {
        str(path.relative_to(TREE))
        for folder in ("docs/gallery", "tests/golden")
        for path in (TREE / folder).rglob("*.png")
    }
    kept = {name for name in kept if name not in OF_THE_BENCH and not name.startswith(PHOTOGRAPHS)}
    assert kept - names == set()


def test_one_changed_pixel_is_noticed(tmp_path):
    main(["--output", str(tmp_path)])
    path = tmp_path / "docs" / "gallery" / "slip.png"
    with Image.open(path) as picture:
        changed = picture.convert("RGB")
    changed.putpixel((5, 5), (0, 0, 1))
    changed.save(path)
    assert main(["--output", str(tmp_path), "--check"]) == 1
    assert main(["--output", str(tmp_path)]) == 0
    assert main(["--output", str(tmp_path), "--check"]) == 0


def asked_for():
    """Names of screens and prompts as the terminal's sources have them, and beginnings of composed ones."""
    for path in (TREE / "terminal").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = getattr(getattr(node, "func", None), "id", "")
            if called not in ("Screen", "DigitsPrompt", "SecretPrompt", "MenuPrompt") or not node.args:
                continue
            match node.args[0]:
                case ast.Constant(value=str(name)):
                    yield name, True
                case ast.JoinedStr(values=[ast.Constant(value=str(start)), *_]):
                    yield start, False
                case ast.IfExp(body=ast.Constant(value=str(one)), orelse=ast.Constant(value=str(other))):
                    yield one, True
                    yield other, True


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_screen_of_the_terminal_is_in_the_gallery(language):
    shown = {screen.name for _, screen in scenes(language)}
    wanted = set(asked_for())
    assert len(wanted) > 30, "the search finds them"
    missing = [
        name for name, whole in wanted if (name not in shown if whole else not any(s.startswith(name) for s in shown))
    ]
    assert missing == []


def test_no_two_scenes_have_one_name():
    names = [name for name, _ in scenes("en")]
    assert len(names) == len(set(names))
