"""A key-loading device at the terminal's serial line: the line is paired, custodians sign in, the device delivers."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable

from drivers.serial_line import open_serial
from keys import KeysError, State
from keys.loader_service import LoaderService
from keys.loader_terminal import TerminalEnd
from terminal.desk import Desk
from terminal.flows.custodians import enrol_custodians
from terminal.flows.keys import conduct, refuse_keys, room_of, tell_end
from terminal.key_prompts import CheckPrompt
from terminal.prompts import Cancelled, TimedOut
from terminal.screens.ceremony import ceremony_screen, pairing_screen

__all__ = ["load_from_device"]

_TITLE = "ceremony.title"
CONNECT_S = 120.0
"""From the menu to the device's first word."""
WAIT_S = 1.0
"""How often the screen looks whether the device has gone on."""
_CHUNK_BYTES = 4096


async def load_from_device(desk: Desk) -> None:
    """One key from a key-loading device (docs/integrator/key-loader.md)."""
    address = desk.settings.keys.loader
    if address is None:
        await desk.refuse(_TITLE, "keys.no-loader")
        return
    room = await room_of(desk)
    if not room.custodians.enough:
        await enrol_custodians(desk, room)
    service = LoaderService(room)
    identity = desk.acquirer.identity
    end = TerminalEnd(
        {"terminal": identity.terminal_id, "serial_number": identity.serial_number}, service, secrets.token_bytes
    )
    try:
        line = _Line(address.removeprefix("serial:"), end, desk.acquirer.writer.run)
    except OSError:
        await desk.refuse(_TITLE, "keys.no-line")
        return
    try:
        await _serve(desk, service)
    finally:
        line.close()
        end.wipe()
        if service.loading is not None:
            service.loading.abandon()  # nothing, once it is over


async def _serve(desk: Desk, service: LoaderService) -> None:
    await _until(desk, lambda: bool(service.number), CONNECT_S)
    await desk.ask(CheckPrompt(pairing_screen(desk.texts, service.number)), CONNECT_S)
    await _until(desk, lambda: service.plan is not None, CONNECT_S)
    try:
        loading = await desk.acquirer.writer.run(service.begin)
    except KeysError as fault:
        await refuse_keys(desk, fault)
        return
    view = await conduct(desk, loading)
    if view.over:
        return
    while not view.over and view.state is State.DELIVERY:
        try:
            await desk.ask(CheckPrompt(ceremony_screen(desk.texts, view)), WAIT_S)
        except TimedOut:
            view = await desk.acquirer.writer.run(loading.tick)
        except Cancelled:
            view = await desk.acquirer.writer.run(loading.cancel)
        else:
            view = loading.view
    if view.over:
        await tell_end(desk, loading, view)
    else:
        await conduct(desk, loading)
    await asyncio.sleep(WAIT_S)  # the device asks once more how it ended


async def _until(desk: Desk, reached: Callable[[], bool], timeout_s: float) -> None:
    """Wait with a screen that can be left. Raises Cancelled and TimedOut."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    while not reached():
        if asyncio.get_running_loop().time() > deadline:
            raise TimedOut
        try:
            await desk.ask(CheckPrompt(pairing_screen(desk.texts, "")), WAIT_S)
        except TimedOut:
            continue


class _Line:
    """The serial line on the loop; what arrives is answered where the vault is written, one piece after another."""

    def __init__(self, address: str, end: TerminalEnd, run: Callable[[Callable[[], bytes]], object]) -> None:
        self._descriptor = open_serial(address)
        self._end, self._run = end, run
        self._tasks: set[asyncio.Task[None]] = set()
        asyncio.get_running_loop().add_reader(self._descriptor, self._readable)

    def close(self) -> None:
        """Let the line go."""
        asyncio.get_running_loop().remove_reader(self._descriptor)
        for task in self._tasks:
            task.cancel()
        os.close(self._descriptor)

    def _readable(self) -> None:
        try:
            data = os.read(self._descriptor, _CHUNK_BYTES)
        except OSError:
            data = b""
        if not data:  # the other end has gone; a line that is plugged in again is a new one
            asyncio.get_running_loop().remove_reader(self._descriptor)
            return
        task = asyncio.get_running_loop().create_task(self._answer(data))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, data: bytes) -> None:
        answer = await self._run(lambda: self._end.receive(data))  # type: ignore[misc]
        try:
            os.write(self._descriptor, answer)
        except OSError:
            return  # a question that stays without an answer is asked again
