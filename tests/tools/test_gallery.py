"""The pictures in the documents are those of today's terminal."""

from PIL import Image

from tools.gallery.cli import TREE, main, pictures, same_picture

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
    kept = {name for name in kept if name not in OF_THE_BENCH and not name.startswith("tests/golden/bench/")}
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
