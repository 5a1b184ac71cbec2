"""A bench with its real processes, and a real browser in front of it, spoken to over its debugging protocol."""

import asyncio
import base64
import contextlib
import io
import json
import os
import re
import shutil
import tempfile
from pathlib import Path

import pytest
from PIL import Image

from tools.gallery.likeness import CELL, Region, unlike

aiohttp = pytest.importorskip("aiohttp", reason="aiohttp is not installed (requirements/bench.txt)")

WAIT_S = 20.0
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


_NOTE_SCREENS = """
window.screens = []; window.reached = 0;
new MutationObserver(() => {
  const name = document.body?.dataset.screen;
  if (name && name !== window.screens.at(-1)) window.screens.push(name);
}).observe(document, {attributes: true, childList: true, subtree: true, attributeFilter: ["data-screen"]});
"""
"""A screen may pass faster than a test can look; the page itself notes each one."""


class Page:
    """One tab: evaluate, click as a person does, look at it."""

    def __init__(self, browser, session):
        self._browser = browser
        self._session = session

    async def ask(self, method, **values):
        return await self._browser.ask(method, self._session, **values)

    async def run(self, script):
        """The value of an expression on the page; promises are waited for."""
        answer = await self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    async def until(self, script, timeout_s=WAIT_S):
        """Wait until an expression is true."""
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    if await self.run(f"Boolean({script})"):
                        return
                    await asyncio.sleep(0.02)
        except TimeoutError:
            text = await self.run("document.getElementById('spoken')?.textContent")
            story = await self.run("document.getElementById('story')?.textContent.slice(0, 600)")
            raise AssertionError(f"waited in vain for {script}; the screen says {text!r}; {story}") from None

    async def screen(self, name):
        """Wait for a screen from the last one waited for on; also one that has already gone again is found."""
        await self.until(f"window.screens.includes('{name}', window.reached)")
        await self.run(f"window.reached = window.screens.indexOf('{name}', window.reached)")

    async def centre(self, selector):
        box = await self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect();"
            " return [b.left + b.width / 2, b.top + b.height / 2]; })()"
        )
        return {"x": box[0], "y": box[1]}

    async def boxes(self, selector):
        """Left, top, right and bottom of every element."""
        return await self.run(
            f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.getBoundingClientRect())"
            ".map(b => [b.left, b.top, b.right, b.bottom].map(Math.round))"
        )

    async def click(self, selector):
        """Mouse down and up in the middle of an element."""
        place = await self.centre(selector)
        for kind in ("mousePressed", "mouseReleased"):
            await self.ask("Input.dispatchMouseEvent", type=kind, **place, button="left", clickCount=1)

    async def tap(self, selector):
        """A finger's tap."""
        place = await self.centre(selector)
        await self.ask("Input.dispatchTouchEvent", type="touchStart", touchPoints=[place])
        await self.ask("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    async def drag(self, selector, onto):
        """Take an element with the mouse and let it go over another."""
        await self.run(f"document.querySelector({json.dumps(onto)}).scrollIntoView({{block: 'center'}})")
        script = (
            "(s => { const b = document.querySelector(s).getBoundingClientRect();"
            " return [b.left + b.width / 2, b.top + b.height / 2]; })"
        )
        start, end = [await self.run(f"{script}({json.dumps(item)})") for item in (selector, onto)]
        await self.ask(
            "Input.dispatchMouseEvent", type="mousePressed", x=start[0], y=start[1], button="left", clickCount=1
        )
        for step in range(1, 6):
            x, y = (a + (b - a) * step / 5 for a, b in zip(start, end, strict=True))
            await self.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y, button="left", buttons=1)
        await self.ask(
            "Input.dispatchMouseEvent", type="mouseReleased", x=end[0], y=end[1], button="left", clickCount=1
        )

    async def key(self, key):
        """A key of the computer's keyboard."""
        for kind in ("keyDown", "keyUp"):
            text = {"text": key} if len(key) == 1 else {}
            await self.ask("Input.dispatchKeyEvent", type=kind, key=key, **(text if kind == "keyDown" else {}))

    async def choose(self, selector, value):
        """An option of a list."""
        await self.run(
            f"(e => {{ e.value = {json.dumps(value)}; e.dispatchEvent(new Event('change', {{bubbles: true}})); }})"
            f"(document.querySelector({json.dumps(selector)}))"
        )

    async def picture(self):
        """What the tab shows, as PNG."""
        return base64.b64decode((await self.ask("Page.captureScreenshot", format="png"))["data"])

    async def size(self, width, height, *, mobile=False):
        await self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile
        )
        if mobile:
            await self.ask("Emulation.setTouchEmulationEnabled", enabled=True)


class Browser:
    """Chromium without a window."""

    def __init__(self, socket):
        self._socket = socket
        self._answers = {}
        self._reading = asyncio.create_task(self._read())
        self.errors = []
        """What the page's scripts complained about."""

    async def ask(self, method, session=None, **values):
        number = len(self._answers) + 1
        self._answers[number] = answer = asyncio.get_running_loop().create_future()
        line = {"id": number, "method": method, "params": values}
        await self._socket.send_json(line | ({"sessionId": session} if session else {}))
        async with asyncio.timeout(WAIT_S):
            return await answer

    async def page(self, address):
        target = await self.ask("Target.createTarget", url="about:blank")
        session = (await self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True))["sessionId"]
        page = Page(self, session)
        await page.ask("Runtime.enable")
        await page.ask("Page.enable")
        await page.size(1320, 1000)
        await page.ask("Page.addScriptToEvaluateOnNewDocument", source=_NOTE_SCREENS)
        await page.ask("Page.navigate", url=address)
        return page

    async def close(self):
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self):
        async for message in self._socket:
            line = json.loads(message.data)
            if line.get("method") == "Runtime.exceptionThrown":
                self.errors.append(line["params"]["exceptionDetails"])
            future = self._answers.get(line.get("id"))
            if future is not None and not future.done():
                if "error" in line:
                    future.set_exception(AssertionError(line["error"]))
                else:
                    future.set_result(line["result"])


@contextlib.asynccontextmanager
async def open_browser():
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            CHROMIUM, "--headless=new", "--remote-debugging-port=0", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
            "--hide-scrollbars", f"--user-data-dir={profile}", "about:blank",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "HOME": profile},
        )  # fmt: skip
        try:
            async with asyncio.timeout(WAIT_S):
                while not (found := re.search(rb"DevTools listening on (ws://\S+)", await process.stderr.readline())):
                    assert process.returncode is None, "the browser has ended"
            draining = asyncio.create_task(process.stderr.read())
            async with (
                aiohttp.ClientSession() as session,
                session.ws_connect(found[1].decode(), max_msg_size=1 << 26) as socket,
            ):
                browser = Browser(socket)
                try:
                    yield browser
                finally:
                    await browser.close()
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()
            draining.cancel()


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
