"""Guided by coverage: ``python -m tools.fuzz.guided [options of libFuzzer]``; needs requirements/fuzz.txt.

The first byte chooses the dialect, the rest is the message. Anything but a message that holds, or an Iso8583Error,
stops the run with the input. A corpus to begin with is written into the folder that is named as an argument.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

__all__ = ["main"]


def main(argv: list[str]) -> None:
    """Run until stopped, or as long as libFuzzer's options say (-runs=100000, -max_total_time=60)."""
    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=["iso8583"]):
        iso8583 = import_module("iso8583")
        for module in ("iso8583.diagnose", "iso8583.describe", "iso8583.guess", "iso8583.dialects"):
            import_module(module)
        dialects = [iso8583.dialect(name) for name in iso8583.dialect_names()]
    judge = import_module("tools.fuzz.codec").judge
    for folder in [argument for argument in argv if not argument.startswith("-")][:1]:
        _seed(Path(folder), dialects)

    def one_input(data: bytes) -> None:
        if not data:
            return
        dialect = dialects[data[0] % len(dialects)]
        fault = judge(dialect, data[1:])
        if fault:
            raise AssertionError(f"{dialect.name}: {fault}")
        try:
            message = dialect.decode(data[1:])
        except iso8583.Iso8583Error:
            return
        str(message.describe(dialect))  # people's view of whatever decodes must not fail either

    atheris.Setup([sys.argv[0], "-max_len=4096", *argv], one_input)
    atheris.Fuzz()


def _seed(folder: Path, dialects: list[Any]) -> None:
    messages_of = import_module("tools.fuzz.messages").messages_of
    folder.mkdir(parents=True, exist_ok=True)
    for index, dialect in enumerate(dialects):
        for number, message in enumerate(messages_of(dialect.declaration, Random(1), 10)):  # noqa: S311 - inputs
            (folder / f"{dialect.name}-{number}").write_bytes(bytes([index]) + dialect.encode(message))


if __name__ == "__main__":
    main(sys.argv[1:])
