"""A real browser without a window, spoken to over its debugging protocol: what a person does at a page, and sees of it.

For tests, pictures and measurements of the bench; nothing of the terminal needs it.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

__all__ = ["CHROMIUM", "Browser", "Page", "open_browser"]

WAIT_S = 20.0
LOOK_S = 0.02
MESSAGE_BYTES_MAX = 1 << 26
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
Box = list[int]
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

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser = browser
        self._session = session

    async def ask(self, method: str, **values: Any) -> dict[str, Any]:
        """A command of the protocol, for this tab."""
        return await self._browser.ask(method, self._session, **values)

    async def run(self, script: str) -> Any:
        """The value of an expression on the page; promises are waited for."""
        answer = await self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    async def until(self, script: str, timeout_s: float = WAIT_S) -> None:
        """Wait until an expression is true."""
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    if await self.run(f"Boolean({script})"):
                        return
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            text = await self.run("document.getElementById('spoken')?.textContent")
            story = await self.run("document.getElementById('story')?.textContent.slice(0, 600)")
            raise AssertionError(f"waited in vain for {script}; the screen says {text!r}; {story}") from None

    async def screen(self, name: str) -> None:
        """Wait for a screen from the last one waited for on; also one that has already gone again is found."""
        await self.until(f"window.screens.includes('{name}', window.reached)")
        await self.run(f"window.reached = window.screens.indexOf('{name}', window.reached)")

    async def centre(self, selector: str) -> dict[str, float]:
        """The middle of an element, scrolled into sight."""
        box = await self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect();"
            " return [b.left + b.width / 2, b.top + b.height / 2]; })()"
        )
        return {"x": box[0], "y": box[1]}

    async def boxes(self, selector: str) -> list[Box]:
        """Left, top, right and bottom of every element."""
        boxes: list[Box] = await self.run(
            f"[...document.querySelectorAll({json.dumps(selector)})].map(e => e.getBoundingClientRect())"
            ".map(b => [b.left, b.top, b.right, b.bottom].map(Math.round))"
        )
        return boxes

    async def click(self, selector: str) -> None:
        """Mouse down and up in the middle of an element."""
        place = await self.centre(selector)
        for kind in ("mousePressed", "mouseReleased"):
            await self.ask("Input.dispatchMouseEvent", type=kind, **place, button="left", clickCount=1)

    async def tap(self, selector: str) -> None:
        """A finger's tap."""
        place = await self.centre(selector)
        await self.ask("Input.dispatchTouchEvent", type="touchStart", touchPoints=[place])
        await self.ask("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    async def drag(self, selector: str, onto: str) -> None:
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

    async def key(self, key: str) -> None:
        """A key of the computer's keyboard."""
        for kind in ("keyDown", "keyUp"):
            text = {"text": key} if len(key) == 1 else {}
            await self.ask("Input.dispatchKeyEvent", type=kind, key=key, **(text if kind == "keyDown" else {}))

    async def choose(self, selector: str, value: str) -> None:
        """An option of a list."""
        await self.run(
            f"(e => {{ e.value = {json.dumps(value)}; e.dispatchEvent(new Event('change', {{bubbles: true}})); }})"
            f"(document.querySelector({json.dumps(selector)}))"
        )

    async def picture(self) -> bytes:
        """What the tab shows, as PNG."""
        return base64.b64decode((await self.ask("Page.captureScreenshot", format="png"))["data"])

    async def size(self, width: int, height: int, *, mobile: bool = False) -> None:
        """The tab's size; ``mobile`` is a phone with a finger."""
        await self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile
        )
        if mobile:
            await self.ask("Emulation.setTouchEmulationEnabled", enabled=True)


class Browser:
    """Chromium without a window."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._asked = 0
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reading = asyncio.create_task(self._read())
        self.errors: list[dict[str, Any]] = []
        """What the page's scripts complained about."""

    async def ask(self, method: str, session: str | None = None, **values: Any) -> dict[str, Any]:
        """A command of the protocol; its result."""
        self._asked += 1
        number = self._asked
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        line = {"id": number, "method": method, "params": values}
        await self._socket.send_json(line | ({"sessionId": session} if session else {}))
        async with asyncio.timeout(WAIT_S):
            return await answer

    async def page(self, address: str) -> Page:
        """A new tab at an address."""
        target = await self.ask("Target.createTarget", url="about:blank")
        session = (await self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True))["sessionId"]
        page = Page(self, session)
        await page.ask("Runtime.enable")
        await page.ask("Page.enable")
        await page.size(1320, 1000)
        await page.ask("Page.addScriptToEvaluateOnNewDocument", source=_NOTE_SCREENS)
        await page.ask("Page.navigate", url=address)
        return page

    async def close(self) -> None:
        """Hang up."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self) -> None:
        async for message in self._socket:
            line = json.loads(message.data)
            if line.get("method") == "Runtime.exceptionThrown":
                self.errors.append(line["params"]["exceptionDetails"])
            future = self._answers.pop(line.get("id", 0), None)
            if future is not None and not future.done():
                if "error" in line:
                    future.set_exception(AssertionError(line["error"]))
                else:
                    future.set_result(line["result"])


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """Chromium with a profile that vanishes; the caller has looked whether it is there."""
    assert CHROMIUM is not None, "the caller has looked"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            CHROMIUM, "--headless=new", "--remote-debugging-port=0", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
            "--hide-scrollbars", f"--user-data-dir={profile}", "about:blank",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "HOME": profile},
        )  # fmt: skip
        try:
            assert process.stderr is not None
            async with asyncio.timeout(WAIT_S):
                while not (found := re.search(rb"DevTools listening on (ws://\S+)", await process.stderr.readline())):
                    assert process.returncode is None, "the browser has ended"
            draining = asyncio.create_task(process.stderr.read())
            async with (
                aiohttp.ClientSession() as session,
                session.ws_connect(found[1].decode(), max_msg_size=MESSAGE_BYTES_MAX) as socket,
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
