"""``countertop keyloader``: a key-loading device at the other end of a serial line, for training and tests.

It speaks the protocol of docs/integrator/key-loader.md over a real line. It is a program on a computer and no secure
device: never load keys of production with it.
"""

from __future__ import annotations

import argparse
import os
import select
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drivers.serial_line import open_serial
from keys.components import combine, from_digits, generate, split
from keys.errors import KeysError
from keys.hygiene import harden
from keys.loader_device import LoaderEnd
from keys.loader_link import Frame, FrameReader, LineFault, encode_frame
from keys.secret import Secret
from keys.vault_intake import kcv_of

__all__ = ["Line", "load", "main"]

ANSWER_S, TRIES = 3.0, 4
"""How long an answer may take, and how often a question is repeated; the terminal answers a repetition as before."""
POLL_S = 0.3
CUSTODIANS_S = 15 * 60.0
KEY_FILE_BYTES_MAX = 256
_OVER = frozenset({"stored", "cancelled", "expired", "locked", "refused"})
_EXAMPLES = """examples:
  countertop keyloader --port /dev/ttyUSB0 --slot tmk --generate
      load a fresh random key into slot tmk; its check value is shown, the key is not
  countertop keyloader --port /dev/ttyUSB0 --slot tmk --components a.hex b.hex --kcv 08D7B4
      load the key of two component files (mode 0600, hexadecimal), compare its check value

At the terminal: menu, technician, keys, key-loading device; or: countertop keys serve-loader
Exit codes: 0 stored, 1 not stored, 2 used wrongly.
"""


def main(argv: list[str]) -> int:
    """Load one key; 0 when the terminal has stored it."""
    harden()
    arguments = _parser().parse_args(argv)
    plan = {
        "slot": arguments.slot,
        "usage": arguments.usage,
        "algorithm": arguments.algorithm,
        "length_bytes": arguments.bytes,
        "components": arguments.parts or max(1, len(arguments.components or ())),
        "expected_kcv": arguments.kcv,
        "mac_algorithm": arguments.mac_algorithm,
        "label": arguments.label,
    }
    parts = _parts(arguments, plan)
    try:
        with Line(arguments.port) as line:
            return load(line, parts, plan, _ask_number if not arguments.yes else _believe, print)
    except OSError as error:
        raise KeysError(
            f"The line {arguments.port} cannot be used: {error.strerror}.", "Name the device: --port /dev/ttyUSB0"
        ) from None
    finally:
        for part in parts:
            part.wipe()


class Line:
    """A serial line with its questions and answers. Raises OSError when it cannot be opened."""

    def __init__(self, address: str) -> None:
        self._descriptor = open_serial(address)
        self._reader = FrameReader()

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def ask(self, frame: Frame) -> Frame:
        """Send a question until it is answered. Raises LineFault when nobody does."""
        for _ in range(TRIES):
            self._send(encode_frame(frame))
            deadline = time.monotonic() + ANSWER_S
            while (left := deadline - time.monotonic()) > 0:
                if not select.select([self._descriptor], [], [], left)[0]:
                    break
                data = os.read(self._descriptor, 4096)
                if not data:
                    raise LineFault("The cable to the terminal is out.")
                for answer in self._reader.feed(data):
                    if answer.number == frame.number:
                        return answer
            self._reader.rest()
        raise LineFault("The terminal does not answer.")

    def _send(self, data: bytes) -> None:
        while data:
            select.select([], [self._descriptor], [], ANSWER_S)
            data = data[os.write(self._descriptor, data) :]


def load(
    line: Line,
    parts: list[Secret],
    plan: dict[str, Any],
    same_number: Callable[[str], bool],
    say: Callable[[str], None],
    name: str = "Countertop key loader",
) -> int:
    """Pair, wait for the custodians, deliver, wait for the end. Raises KeysError with the terminal's words."""
    end = LoaderEnd(name, os.urandom)

    def ask(frame: Frame) -> dict[str, Any]:
        return end.answer(line.ask(frame))

    told = ask(end.hello())
    say(f"Terminal {told.get('terminal', '')}, serial number {told.get('serial_number', '')}.")
    ask(end.public())
    if not same_number(end.pairing_number):
        ask(end.leave())
        say("Left: the numbers differ. Somebody may be on the line.")
        return 1
    ask(end.begin(plan))
    say("Waiting for the custodians to sign in at the terminal.")
    state = _until(ask, end, lambda state: state == "delivery" or state in _OVER)
    if state["state"] == "delivery":
        for part in parts:
            state = ask(end.component(part))
        say("Delivered. Waiting for the custodians to agree to the check value.")
        if state["state"] not in _OVER:
            state = _until(ask, end, lambda state: state in _OVER)
    stored = state["state"] == "stored"
    reason = f" ({state['reason']})" if state.get("reason") else ""
    say(f"The terminal: {state['state']}{reason}. Check value: {state.get('kcv', 'none')}.")
    return 0 if stored else 1


def _until(ask: Callable[[Frame], dict[str, Any]], end: LoaderEnd, reached: Callable[[str], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + CUSTODIANS_S
    while time.monotonic() < deadline:
        state = ask(end.state())
        if reached(str(state["state"])):
            return state
        time.sleep(POLL_S)
    raise LineFault("The custodians took too long.")


def _parts(arguments: argparse.Namespace, plan: dict[str, Any]) -> list[Secret]:
    """The components to deliver, read or made. Raises KeysError."""
    if arguments.components:
        parts = [_read(Path(file)) for file in arguments.components]
        whole = combine(parts) if len(parts) > 1 else None
        print(f"Check value of the key: {kcv_of(whole or parts[0], plan['algorithm'])}.")
        if whole is not None:
            whole.wipe()
        return parts
    with generate(plan["algorithm"], plan["length_bytes"], os.urandom) as key:
        print(f"A fresh key; its check value: {kcv_of(key, plan['algorithm'])}.")
        if plan["components"] > 1:
            return split(key, plan["components"], os.urandom)
        with key.open() as clear:
            return [Secret(bytearray(clear))]


def _read(path: Path) -> Secret:
    """A component file: hexadecimal digits, for its owner's eyes only."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise KeysError(f"{path.name} is open to others.", "Give it mode 0600: chmod 600 FILE")
            data = bytearray(KEY_FILE_BYTES_MAX)
            del data[file.readinto(data) :]
    except OSError as error:
        raise KeysError(f"{path.name} cannot be read: {error.strerror}.", "Name a component file.") from None
    digits = bytearray(byte for byte in data if byte not in b" \t\r\n")
    data[:] = bytes(len(data))
    return from_digits(digits)


def _ask_number(number: str) -> bool:
    print(f"Compare with the terminal: {number}")
    return input("The same number there? [y/N] ").strip().lower() in ("y", "yes")


def _believe(number: str) -> bool:
    print(f"Compare with the terminal: {number}", flush=True)
    return True


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="countertop keyloader",
        description="Be a key-loading device at a serial line: for training and tests, never for keys of production.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", required=True, metavar="DEVICE", help="serial line, such as /dev/ttyUSB0?baud=9600")
    parser.add_argument("--slot", required=True, help="slot of the terminal's vault, such as tmk")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--generate", action="store_true", help="make a random key")
    what.add_argument("--components", nargs="+", metavar="FILE", help="1 to 3 files of hexadecimal digits, mode 0600")
    parser.add_argument("--parts", type=int, choices=(1, 2, 3), help="into how many components a made key is split")
    parser.add_argument("--usage", default="K0", help="TR-31 usage (K0)")
    parser.add_argument("--algorithm", default="tdes", choices=("tdes", "aes", "sm4"))
    parser.add_argument("--bytes", type=int, default=16, metavar="N", help="length of the key (16)")
    parser.add_argument("--kcv", default="", metavar="HEX", help="check value that the terminal must find")
    parser.add_argument("--mac-algorithm", default="", metavar="NAME", help="for MAC keys, such as unionpay-ecb")
    parser.add_argument("--label", default="", help="a note in the key's record")
    parser.add_argument("--yes", action="store_true", help="do not ask whether the numbers are the same (tests)")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
