"""``countertop pin-pad``: the simulated pad as a process, with a person at its keypad."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from keys import Secret
from tools.pin_pad.line import PtyLine
from tools.pin_pad.pad import Pad

__all__ = ["main"]

_EXAMPLES = """examples:
  countertop pin-pad --master 0:pad-tmk.hex
  countertop pin-pad --master 0:pad-tmk.hex --link pad --pin 123456 --after 2
  countertop pin-pad --dukpt initial-key.hex:FFFF9876543210E00000

In the terminal's configuration: [devices.pin_pad] driver = "serial-pin-pad", address = "serial:pad?baud=9600".
Type a PIN and Enter when the pad asks for one; an empty line is the green key, x the red one.
Key files hold hexadecimal digits. Laboratory keys only: this is no secure device, and a real PIN has no place here.
"""
LINKS_REFUSED = "It exists and is no link."
_OTHERS = 0o077


class Refused(Exception):
    """What was asked cannot be done."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text)
        self.remedy = remedy


def main(argv: Sequence[str] | None = None) -> int:
    """Run the pad until SIGTERM or SIGINT."""
    arguments = _parser().parse_args(argv)
    masters = {index: _key(path, (16, 24)) for index, path in arguments.master}
    dukpt = (_key(arguments.dukpt[0], (16,)), arguments.dukpt[1]) if arguments.dukpt else None
    if not masters and dukpt is None:
        raise Refused("The pad has no key.", "Give --master INDEX:FILE or --dukpt FILE:KSN.")
    asyncio.run(_serve(arguments, masters, dukpt))
    return 0


async def _serve(arguments: argparse.Namespace, masters: dict[int, Secret], dukpt: tuple[Secret, bytes] | None) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    line = PtyLine(lambda write: Pad(write, masters, dukpt, arguments.serial))
    if arguments.link is not None:
        _link(arguments.link, line.node)
    print(f"The pad is at {line.address}", flush=True)
    if sys.stdin is not None and not arguments.pin:
        with suppress(OSError, ValueError):  # a standard input that cannot be waited for, such as a file
            loop.add_reader(sys.stdin.fileno(), _typed, line.pad)
    watching = loop.create_task(_watch(line.pad, arguments.pin, arguments.after))
    try:
        await stop.wait()
    finally:
        watching.cancel()
        line.close()
        if arguments.link is not None and arguments.link.is_symlink():
            arguments.link.unlink()


def _typed(pad: Pad) -> None:
    text = sys.stdin.readline()
    if not text:
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
    elif text.strip() == "x":
        pad.press_cancel()
    else:
        pad.type_pin(text.strip())


async def _watch(pad: Pad, pin: str, after_s: float) -> None:
    while True:
        await pad.asked.wait()
        print(f"PIN? {' / '.join(pad.shown)}", flush=True)
        if pin:
            await asyncio.sleep(after_s)
            pad.type_pin(pin)
        await pad.idle.wait()


def _link(link: Path, node: str) -> None:
    if link.exists() and not link.is_symlink():
        raise Refused(f"{link} cannot be made a link to the pad. {LINKS_REFUSED}", "Choose another --link.")
    with suppress(FileNotFoundError):
        link.unlink()
    link.symlink_to(node)


def _key(path: Path, lengths: tuple[int, ...]) -> Secret:
    try:
        if path.stat().st_mode & _OTHERS:
            raise Refused(f"The key file {path} is open to others.", f"chmod 600 {path}")
        key = bytearray.fromhex(path.read_text("ascii").strip())
    except OSError as error:
        raise Refused(f"The key file {path} cannot be read ({error.strerror}).", "Check the path.") from None
    except ValueError:
        raise Refused(f"The key file {path} does not hold hexadecimal digits.", "Write the key as 32 digits.") from None
    if len(key) not in lengths:
        raise Refused(f"The key in {path} is not {lengths[0]} bytes long.", "Write the key as 32 digits.")
    return Secret(key)


def _master(text: str) -> tuple[int, Path]:
    index, _, path = text.partition(":")
    if len(index) != 1 or index not in "0123456789" or not path:
        raise argparse.ArgumentTypeError("is written INDEX:FILE, with an index from 0 to 9")
    return int(index), Path(path)


def _initial(text: str) -> tuple[Path, bytes]:
    path, _, ksn = text.rpartition(":")
    try:
        return Path(path), bytes.fromhex(ksn)
    except ValueError:
        raise argparse.ArgumentTypeError("is written FILE:KSN, with the KSN in hexadecimal digits") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="countertop pin-pad",
        description="A simulated PIN pad on a pseudo-terminal, with keys of its own.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--master", type=_master, action="append", default=[], metavar="INDEX:FILE",
                        help="a master key, under which PIN keys come; may be given again")  # fmt: skip
    parser.add_argument("--dukpt", type=_initial, metavar="FILE:KSN", help="an initial key with its serial number")
    parser.add_argument("--serial", default="SIM00001", help="the pad's serial number")
    parser.add_argument("--link", type=Path, help="a name that stays, as a link to the pseudo-terminal")
    parser.add_argument("--pin", default="", help="type this PIN by itself (a test customer's)")
    parser.add_argument("--after", type=float, default=1.0, metavar="SECONDS", help="how long after it was asked for")
    return parser
