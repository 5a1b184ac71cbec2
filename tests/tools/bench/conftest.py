"""A bench with its real processes, and a real browser in front of it, spoken to over its debugging protocol."""

import asyncio
import contextlib
import io
import os
import tempfile
from pathlib import Path

import pytest
from PIL import Image

from tools.gallery.likeness import CELL, Region, unlike

pytest.importorskip("aiohttp", reason="aiohttp is not installed (requirements/bench.txt)")


@contextlib.asynccontextmanager
async def open_bench(language="en", response_s=15.0):
    from tools.bench.server import Bench
    from tools.counter.counter import Choices

    bench = Bench(Choices(language, response_s=response_s), 0)
    try:
        bench.address = await bench.start()
        yield bench
    finally:
        await bench.close()


TREE = Path(__file__).resolve().parents[3]
REDRAW = "REDRAW_BENCH_PICTURES"
"""Set to 1 in the environment to keep what is seen; then look at what has changed."""
MASKS = (".story", ".panel .meter", "#meters", "#trouble", "#caption")
"""What is different in every run."""


@pytest.fixture
def look():
    """``await look(page, path)``: the page looks as in the picture that is kept; clock and numbers may differ."""

    async def compare(page, path):
        await page.ask("Input.dispatchMouseEvent", type="mouseMoved", x=1, y=1)
        await page.run(
            "document.adoptedStyleSheets = [new CSSStyleSheet()];"
            'document.adoptedStyleSheets[0].replaceSync(\'* { font-family: "DejaVu Sans" !important;'
            " transition: none !important; caret-color: transparent !important }"
            ' pre { font-family: "DejaVu Sans Mono" !important }\'); window.scrollTo(0, 0);'
            "document.activeElement?.blur()"
        )
        await page.until("document.querySelector('#screen').dataset.name === document.body.dataset.screen")
        await page.until("document.getAnimations().length === 0")
        await page.run("Promise.all([...document.images].map(image => image.decode().catch(() => 0)))")
        seen = Image.open(io.BytesIO(await page.picture())).convert("RGB")
        glass, paper, *masks = [await page.boxes(selector) for selector in (".glass img", ".paper-path", *MASKS)]
        (glass,), (paper,) = glass, paper
        masks = [box for boxes in masks for box in boxes]
        bar = [*glass[:3], glass[1] + (glass[3] - glass[1]) // 8]
        masks = [tuple(box) for box in (bar, *masks) if box[2] > box[0] and box[3] > box[1]]
        regions = {
            "the screen": Region(tuple(glass), 0.004),
            "the paper": Region(tuple(paper), 0.06),
            "the page": Region((0, 0, *seen.size), 0.006),
        }
        kept = TREE / path
        if os.environ.get(REDRAW) == "1":
            kept.parent.mkdir(parents=True, exist_ok=True)
            few = seen if path.startswith("docs/") else seen.quantize(200, method=Image.Quantize.FASTOCTREE, dither=0)
            few.save(kept, optimize=True)
        with Image.open(kept) as picture:
            found = unlike(picture, seen, {name: region for name, region in regions.items() if _visible(region)}, masks)
        if found:
            seen.save(Path(tempfile.gettempdir()) / f"seen-{kept.name}")
        assert found == [], f"{path}: {found}; mend it with {REDRAW}=1, and look at what has changed"

    return compare


def _visible(region):
    left, top, right, bottom = region.box
    return right - left >= CELL and bottom - top >= CELL


@pytest.fixture
def opened():
    """``async with opened() as bench``: a bench at a free port."""
    return open_bench


@pytest.fixture
def at_the_bench():
    """Play a story with the bench and a page of it in a browser."""
    from tools.bench.browser import CHROMIUM, open_browser

    if CHROMIUM is None:
        pytest.skip("chromium is not installed")

    def play(story, language="en", response_s=15.0):
        async def all_of_it():
            async with open_bench(language, response_s) as bench, open_browser() as browser:
                page = await browser.page(bench.address)
                await page.until("document.body?.dataset.screen")
                await story(bench, page)
                assert browser.errors == []

        asyncio.run(all_of_it())

    return play
