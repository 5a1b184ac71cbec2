"""Stories: what a TOML file says happens at a real counter, and a story that does not hold says where."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tools.counter.counter import Choices
from tools.counter.panel import PANELS, Panel
from tools.counter.story import STORIES, StoryError, load, named
from tools.demo.cli import main
from tools.demo.script import listed, play_script
from tools.gallery.likeness import Region, unlike
from tools.rig import RigError

SLIPS = {"sale": 2, "decline": 0, "paper-out": 2, "lost-answer": 1, "late-answer": 1, "power-cut": 1}
"""Whole slips of each story; the screens and the books are in the story itself."""
TREE = Path(__file__).resolve().parents[2]
GOLDEN, FILM = TREE / "tests" / "golden" / "stories", TREE / "docs" / "gallery" / "power-cut.gif"
REDRAW = os.environ.get("REDRAW_BENCH_PICTURES") == "1"
BAR = (0, 0, 319, 26)
"""The status bar with its clock."""


@pytest.mark.parametrize("name", SLIPS)
def test_a_story_ends_as_it_says_on_screen_paper_and_in_both_books(name, tmp_path):
    kept = asyncio.run(play_script(name, tmp_path, Choices()))
    assert len(list((tmp_path / "slips").iterdir())) == kept.slips >= SLIPS[name]
    result = max((tmp_path / "screens").glob("*-outcome-*.png"))
    with Image.open(result) as seen:
        if REDRAW:
            GOLDEN.mkdir(parents=True, exist_ok=True)
            seen.save(GOLDEN / f"{name}.png")
            if name == FILM.stem:
                shutil.copyfile(tmp_path / "story.gif", FILM)
        with Image.open(GOLDEN / f"{name}.png") as golden:
            assert unlike(golden, seen, {"the result": Region((0, 0, *seen.size), 0.002)}, [BAR]) == []
    last = max((tmp_path / "screens").iterdir())
    assert last.name.endswith("idle.png")
    with Image.open(last) as picture:
        assert picture.size == (320, 240)
    with Image.open(tmp_path / "story.gif") as film:
        assert film.n_frames > 5
    assert load(named(name)).steps[-1].books is not None


def test_every_story_that_comes_along_can_be_read_and_is_listed(capsys):
    assert main(["--list"]) == 0
    told = capsys.readouterr().out
    assert {path.stem for path in STORIES.glob("*.toml")} == {name for name, _ in listed()} >= set(SLIPS)
    assert all(title in told for _, title in listed())


def test_a_story_that_does_not_hold_names_the_step(tmp_path, capsys):
    script = tmp_path / "wrong.toml"
    script.write_text(
        'title = "Wrong"\nsteps = [{wait = "idle"}, {press = "1", wait = "outcome.approved", timeout_s = 1}]'
    )
    with pytest.raises(RigError, match=r"Step 2 of 'Wrong': The terminal does not show outcome\.approved") as caught:
        asyncio.run(play_script(str(script), tmp_path, Choices()))
    assert "sale.amount" in str(caught.value)
    with Image.open(tmp_path / "where-it-stopped.png") as picture:
        assert picture.size == (320, 240)


WRONG = {
    "": "title",
    'title = "x"': "steps",
    'title = "x"\nsteps = []': "length",
    'title = "x"\nsteps = [{jump = 1}]': "jump",
    'title = "x"\nsteps = [{press = "up sideways"}]': "sideways",
    'title = "x"\nsteps = [{swipe = "platinum"}]': "platinum",
    'title = "x"\nsteps = [{scan = "x"}]': "scan",
    'title = "x"\nsteps = [{answer = "shrug"}]': "shrug",
    'title = "x"\nsteps = [{network = "5g"}]': "5g",
    'title = "x"\nsteps = [{type = "12,50"}]': "type",
    'title = "x"\nsteps = [{wait = 5}]': "wait",
    'title = "x"\nsteps = [{pause_s = 1e9}]': "pause_s",
    "title = ": "",
    "\x00": "",
}


@pytest.mark.parametrize("text", WRONG, ids=repr)
def test_what_is_wrong_with_a_story_is_said_with_a_remedy(text, tmp_path):
    script = tmp_path / "story.toml"
    script.write_text(text)
    with pytest.raises(StoryError) as caught:
        load(script)
    assert WRONG[text] in str(caught.value) and caught.value.remedy


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"#" * 70_000])
def test_a_file_that_is_no_text_is_refused(content, tmp_path):
    script = tmp_path / "story.toml"
    if content is not None:
        script.write_bytes(content)
    with pytest.raises(StoryError):
        load(script)


@pytest.mark.parametrize("size", PANELS)
def test_what_is_read_from_a_panel_is_what_was_drawn(size, tmp_path):
    from drivers.display_framebuffer import Framebuffer

    panel = Panel(tmp_path, size)
    assert panel.picture() is None
    framebuffer = Framebuffer(panel.address)
    mode = "1" if size == "128x64" else "RGB"
    drawn = Image.effect_mandelbrot((panel.width, panel.height), (-3, -2.5, 2, 2.5), 100).convert(mode)
    framebuffer.show(drawn)
    framebuffer.close()
    seen = panel.picture()
    assert seen.mode == mode and seen.size == drawn.size
    worst = max(abs(a - b) for a, b in zip(seen.convert("L").tobytes(), drawn.convert("L").tobytes(), strict=True))
    assert worst <= (0 if mode == "1" else 8), "five and six bits of each colour"
