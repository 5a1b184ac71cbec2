"""Bringing keys in: components typed at the console, a key block, a key-loading device."""

from __future__ import annotations

import argparse
import os
import secrets
import select
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from drivers.serial_line import open_serial
from keys import KeysError, Loading, Plan, State, Way
from keys.loader_service import LoaderService
from keys.loader_terminal import TerminalEnd
from terminal.screens.ceremony import ceremony_screen, pairing_screen
from tools.keys_cli.ceremony import conduct, enrol_first, finish
from tools.keys_cli.console import Console, Left, OutOfTime
from tools.keys_cli.office import Office

__all__ = ["load", "load_arguments", "serve_arguments", "serve_loader"]

CONNECT_S = 600.0
LAST_QUESTION_S = 2.0
"""The device asks once more how it ended."""
_POLL_S = 0.2
_CHUNK_BYTES = 4096


def load_arguments(parser: argparse.ArgumentParser) -> None:
    """Of ``load``."""
    parser.add_argument("--fresh", action="store_true", help="begin a new vault where there is none, or an erased one")
    parser.add_argument("--slot", default="", help="slot of the key (the master key of the acquirer's profile)")
    parser.add_argument("--usage", default="K0", help="TR-31 usage (K0: master key)")
    parser.add_argument("--algorithm", default="tdes", choices=("tdes", "aes", "sm4"))
    parser.add_argument("--bytes", type=int, default=16, metavar="N", help="length of the key (16)")
    parser.add_argument("--components", type=int, default=2, choices=(2, 3), help="how many (2)")
    parser.add_argument("--kcv", default="", metavar="HEX", help="check value that the key must have")
    parser.add_argument("--kcv-method", default="", choices=("", "legacy", "cmac"), help="method of the check value")
    parser.add_argument("--mac-algorithm", default="", metavar="NAME", help="for MAC keys, such as unionpay-ecb")
    parser.add_argument("--label", default="", help="a note in the key's record")
    parser.add_argument("--slip", metavar="FILE", help="write the slip there instead of showing it")


def load(office: Office, arguments: argparse.Namespace) -> int:
    """The ceremony at the console."""
    plan = Plan(
        arguments.slot or office.settings.acquirer_profile.master_key_slot,
        Way.KEYPAD,
        arguments.usage,
        arguments.algorithm,
        arguments.bytes,
        arguments.components,
        arguments.kcv,
        arguments.kcv_method,
        mac_algorithm=arguments.mac_algorithm,
        label=arguments.label,
        rehearsal=arguments.dry_run,
    )
    plan.check()
    console = Console(production=office.environment == "production")
    with office.room(fresh=arguments.fresh) as room:
        try:
            enrol_first(office, console, room)
        except (Left, OutOfTime):
            print("Left; nothing was loaded.")
            return 1
        loading = room.begin(plan)
        conduct(office, console, loading)
        return finish(office, console, room, loading, arguments.slip)


def serve_arguments(parser: argparse.ArgumentParser) -> None:
    """Of ``serve-loader``."""
    parser.add_argument("--port", default="", metavar="DEVICE", help="serial line (loader in [keys] when absent)")
    parser.add_argument("--slip", metavar="FILE", help="write the slip there instead of showing it")


def serve_loader(office: Office, arguments: argparse.Namespace) -> int:
    """One key from a key-loading device; people at this console."""
    address = arguments.port or (office.settings.keys.loader or "").removeprefix("serial:")
    if not address:
        raise KeysError("No serial line is named.", "Use --port /dev/ttyS1?baud=9600, or set loader in [keys].")
    console = Console(production=office.environment == "production")
    with office.room() as room:
        try:
            enrol_first(office, console, room)
            service = LoaderService(room, rehearsal=arguments.dry_run)
            with _Line(address, office, service) as line:
                loading = _serve(office, console, service, line)
                with line.guard:
                    code = finish(office, console, room, loading, arguments.slip)
                time.sleep(LAST_QUESTION_S)
        except (Left, OutOfTime):
            print("Left; nothing was loaded.")
            return 1
    return code


def _serve(office: Office, console: Console, service: LoaderService, line: _Line) -> Loading:
    """From the device's first word to the end of the ceremony. Raises Left and OutOfTime before it has begun."""
    texts = office.texts
    console.show(pairing_screen(texts, ""))
    line.until(lambda: bool(service.number), CONNECT_S)
    console.show(pairing_screen(texts, service.number))
    print("    " + texts.text("console.agree"))
    if console.line(texts.text("console.answer"), 60.0).lower() != "y":
        raise Left
    line.until(lambda: service.plan is not None, CONNECT_S)
    with line.guard:
        loading = service.begin()
    conduct(office, console, loading, line.guard)
    if loading.view.state is State.DELIVERY:
        console.show(ceremony_screen(texts, loading.view))
        _delivered(loading, line)
        conduct(office, console, loading, line.guard)
    return loading


def _delivered(loading: Loading, line: _Line) -> None:
    """Wait for the device; the ceremony's own time ends it."""
    while loading.view.state is State.DELIVERY:
        time.sleep(_POLL_S)
        with line.guard:
            loading.tick()


class _Line:
    """The device's line in a thread of its own; ``guard`` is held while the vault is touched."""

    def __init__(self, address: str, office: Office, service: LoaderService) -> None:
        terminal = office.settings.terminal
        self._end = TerminalEnd(
            {"terminal": terminal.id, "serial_number": terminal.serial_number}, service, secrets.token_bytes
        )
        try:
            self._descriptor = open_serial(address)
        except OSError as error:
            raise KeysError(f"The line {address} cannot be opened: {error.strerror}.", "Name another: --port") from None
        self.guard = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="key-loader-line", daemon=True)

    def __enter__(self) -> _Line:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        os.close(self._descriptor)
        self._end.wipe()

    def until(self, reached: Callable[[], bool], seconds: float) -> None:
        """Wait for the device. Raises OutOfTime."""
        deadline = time.monotonic() + seconds
        while not reached():
            if time.monotonic() > deadline:
                raise OutOfTime
            time.sleep(_POLL_S)

    def _serve(self) -> None:
        while not self._stopping.is_set():
            if not select.select([self._descriptor], [], [], _POLL_S)[0]:
                continue
            try:
                data = os.read(self._descriptor, _CHUNK_BYTES)
            except OSError:
                data = b""
            if not data:  # nobody at the other end just now
                self._stopping.wait(_POLL_S)
                continue
            with self.guard:
                answer = self._end.receive(data)
            with suppress(OSError):
                os.write(self._descriptor, answer)
