"""A key-loading device at the terminal's serial line: the line is paired, custodians sign in, the device delivers."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from drivers.port import Port, open_port
from keys import KeysError, State
from keys.loader_service import LoaderService
from keys.loader_terminal import TerminalEnd
from terminal.desk import Desk
from terminal.flows.custodians import enrol_custodians
from terminal.flows.keys import conduct, refuse_keys, room_of, tell_end
from terminal.key_prompts import Attended, CheckPrompt
from terminal.prompts import Cancelled, TimedOut
from terminal.screens.ceremony import ceremony_screen, pairing_screen

__all__ = ["load_from_device"]

_TITLE = "ceremony.title"
CONNECT_S = 120.0
"""From the menu to the device's first word."""
WAIT_S = 1.0
"""How often the screen looks whether the device has gone on."""
PIECES_MAX = 64
"""That have arrived and wait for their answer."""


async def load_from_device(desk: Desk) -> None:
    """One key from a key-loading device (docs/integrator/key-loader.md)."""
    address = desk.settings.keys.loader
    if address is None:
        await desk.refuse(_TITLE, "keys.no-loader")
        return
    room = await room_of(desk)
    if not room.custodians.enough:
        await enrol_custodians(desk, room)
    service, arrived = LoaderService(room), asyncio.Queue[bytes](PIECES_MAX)
    identity = desk.acquirer.identity
    end = TerminalEnd(
        {"terminal": identity.terminal_id, "serial_number": identity.serial_number}, service, secrets.token_bytes
    )

    def received(data: bytes) -> None:
        if not arrived.full():  # else: what stays without an answer is asked again
            arrived.put_nowait(data)

    try:
        line = await open_port(address, received)
    except OSError:
        await desk.refuse(_TITLE, "keys.no-line")
        return
    works = [
        asyncio.create_task(_answer(desk, line, end, arrived)),
        asyncio.create_task(_watch(desk, line, service)),
    ]
    try:
        await _serve(desk, service)
    finally:
        for work in works:
            work.cancel()
        line.close()
        end.wipe()
        if service.loading is not None:
            service.loading.abandon()  # nothing, once it is over


async def _answer(desk: Desk, line: Port, end: TerminalEnd, arrived: asyncio.Queue[bytes]) -> None:
    """What arrives is answered where the vault is written, one piece after another."""
    while True:
        data = await arrived.get()
        answer = await desk.acquirer.writer.run(partial(end.receive, data))
        with suppress(OSError):  # a question that stays without an answer is asked again
            await line.send(answer)


async def _watch(desk: Desk, line: Port, service: LoaderService) -> None:
    """A device whose cable is out has given up."""
    await line.gone()
    try:
        await desk.acquirer.writer.run(service.left)
    finally:
        desk.look_around()


async def _serve(desk: Desk, service: LoaderService) -> None:
    if not (await _until(desk, service, lambda: bool(service.number)) and await _paired(desk, service)):
        await desk.refuse(_TITLE, "ceremony.reason.gone")
        return
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


async def _paired(desk: Desk, service: LoaderService) -> bool:
    """People agree to the line's number and the device says what it loads; False when it is gone meanwhile."""
    asked = Attended(CheckPrompt(pairing_screen(desk.texts, service.number)), lambda: True, lambda: service.gone)
    try:
        await desk.ask(asked, CONNECT_S)
    except Cancelled:
        if not service.gone:
            raise
    return await _until(desk, service, lambda: service.plan is not None)


async def _until(desk: Desk, service: LoaderService, reached: Callable[[], bool]) -> bool:
    """Wait with a screen that can be left; False when the device is gone. Raises Cancelled and TimedOut."""
    deadline = asyncio.get_running_loop().time() + CONNECT_S
    while not service.gone and not reached():
        if asyncio.get_running_loop().time() > deadline:
            raise TimedOut
        try:
            await desk.ask(CheckPrompt(pairing_screen(desk.texts, "")), WAIT_S)
        except TimedOut:
            continue
    return not service.gone
