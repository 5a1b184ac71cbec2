"""The page's server: loopback only, one origin only, a few files and one WebSocket.

Whoever opens another page in the same browser must not be able to reach the counter: a request is taken
only with this server's own name in ``Host`` and, where a browser says where it comes from, in ``Origin``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import WSCloseCode, WSMsgType, web

from terminal.screens.font import FONT
from tools.bench.face_of_collection import first_font
from tools.counter.commands import Refused, do
from tools.counter.counter import Choices, Counter
from tools.counter.story import Pace, load, named, play
from tools.rig import RigError
from tools.rig.lines import Line

__all__ = ["HOST", "Bench"]

HOST = "127.0.0.1"
PAGE = Path(__file__).parent / "page"
_NAMES = frozenset({"127.0.0.1", "localhost"})
_FILES = {
    "/": ("index.html", "text/html"),
    **{f"/{name}.css": (f"{name}.css", "text/css") for name in ("bench", "terminal")},
    **{f"/{name}.js": (f"{name}.js", "text/javascript") for name in ("bench", "panels", "paper", "sound", "tray")},
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
LINE_BYTES_MAX = 1024
PAGES_MAX = 8
LINES_WAITING_MAX = 1000
"""A page that does not read is sent away before it costs memory."""
_FOR_EYES = Pace(key_s=0.18, look_s=0.7, pauses=True)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Bench:
    """The counter and whoever looks at it."""

    def __init__(self, choices: Choices, port: int) -> None:
        self.counter = Counter(choices, self._tell)
        self._port = port
        self._pages: dict[web.WebSocketResponse, asyncio.Queue[Line | None]] = {}
        self._runner: web.AppRunner | None = None
        self._showing: asyncio.Task[None] | None = None

    async def start(self) -> str:
        """Start everything; the address of the page. Raises RigError and OSError."""
        await self.counter.start()
        application = web.Application(middlewares=[self._guard], client_max_size=LINE_BYTES_MAX)
        for path in _FILES:
            application.router.add_get(path, _file)
        application.router.add_get("/han.ttf", _font)
        application.router.add_get("/counter", self._converse)
        self._runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return f"http://{HOST}:{self._port}/"

    async def close(self) -> None:
        """Send the pages away and end the counter."""
        await self._stop_showing()
        for page in tuple(self._pages):
            with suppress(ConnectionError):
                await page.close(code=WSCloseCode.GOING_AWAY)
        if self._runner is not None:
            await self._runner.cleanup()
        await self.counter.close()

    # --- the way in ------------------------------------------------------------------------

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if not self._ours(f"//{request.headers.get('Host', '')}") or (origin is not None and not self._ours(origin)):
            raise web.HTTPForbidden(text="The bench answers only its own page.")
        response = await handler(request)
        if not response.prepared:
            response.headers.update(_HEADERS)
        return response

    def _ours(self, address: str) -> bool:
        try:
            parts = urlsplit(address)
            return parts.scheme in ("", "http") and parts.hostname in _NAMES and parts.port == self._port
        except ValueError:
            return False

    async def _converse(self, request: web.Request) -> web.StreamResponse:
        if len(self._pages) >= PAGES_MAX:
            raise web.HTTPServiceUnavailable(text=f"{PAGES_MAX} pages are open already.")
        page = web.WebSocketResponse(max_msg_size=LINE_BYTES_MAX, heartbeat=30.0)
        if not page.can_prepare(request).ok:
            raise web.HTTPBadRequest(text="This address is for the page's WebSocket.")
        await page.prepare(request)
        lines: asyncio.Queue[Line | None] = asyncio.Queue(LINES_WAITING_MAX)
        for line in self.counter.snapshot():
            lines.put_nowait(line)
        self._pages[page] = lines
        sending = asyncio.create_task(_send(page, lines))
        try:
            async for message in page:
                if message.type is WSMsgType.TEXT:
                    await self._do(page, message.data)
        finally:
            self._pages.pop(page, None)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        return page

    async def _do(self, page: web.WebSocketResponse, text: str) -> None:
        try:
            asked = json.loads(text)
            if asked == {"do": "show-me"}:
                await self._show_me()
            elif asked == {"do": "stop-showing"}:
                await self._stop_showing()
            else:
                await do(self.counter, asked)
        except (Refused, RigError, json.JSONDecodeError) as trouble:
            remedy = getattr(trouble, "remedy", "Reload the page.")
            with suppress(asyncio.QueueFull):
                self._pages[page].put_nowait({"type": "trouble", "text": str(trouble), "remedy": remedy})

    # --- the way out -----------------------------------------------------------------------

    def _tell(self, line: Line) -> None:
        for page, lines in tuple(self._pages.items()):
            if lines.full():
                self._pages.pop(page)
                lines.get_nowait()
                lines.put_nowait(None)
            else:
                lines.put_nowait(line)

    async def _show_me(self) -> None:
        await self._stop_showing()
        self._showing = asyncio.create_task(self._play())

    async def _play(self) -> None:
        self._tell({"type": "showing", "on": True})
        try:
            await play(self.counter, load(named("show-me")), self._caption, _FOR_EYES)
            self._caption("That was it: one sale, one effect, whatever happens. Compare the books to see.")
            await self.counter.books()
        except RigError as trouble:
            self._tell({"type": "trouble", "text": str(trouble), "remedy": trouble.remedy})
        finally:
            self._tell({"type": "showing", "on": False})

    def _caption(self, text: str) -> None:
        self._tell({"type": "caption", "text": text})

    async def _stop_showing(self) -> None:
        if self._showing is not None:
            self._showing.cancel()
            await asyncio.gather(self._showing, return_exceptions=True)
            self._showing = None


async def _send(page: web.WebSocketResponse, lines: asyncio.Queue[Line | None]) -> None:
    with suppress(ConnectionError):
        while (line := await lines.get()) is not None:
            await page.send_str(json.dumps(line, ensure_ascii=False))
        await page.close(code=WSCloseCode.TRY_AGAIN_LATER)


async def _file(request: web.Request) -> web.StreamResponse:
    name, kind = _FILES[request.path]
    body = await asyncio.to_thread((PAGE / name).read_bytes)
    return web.Response(body=body, content_type=kind, charset="utf-8")


async def _font(request: web.Request) -> web.StreamResponse:
    """The terminal's own font, for Chinese on a machine that has none; a browser asks for it only then."""
    body = await asyncio.to_thread(lambda: first_font(FONT.read_bytes()))
    return web.Response(body=body, content_type="font/ttf")
