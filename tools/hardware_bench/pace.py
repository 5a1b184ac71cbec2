"""A typist: writes reports to a device at an even pace, in a process of its own."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

__all__ = ["Typist"]

SCRIPT = Path(__file__).with_name("typist.py")


class Typist:
    """Has the pace of a device and not of the terminal's loop, which shares nothing with it but the kernel."""

    def __init__(self, descriptor: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", SCRIPT, str(descriptor)],
            pass_fds=(descriptor,),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._line()  # it is ready
        self.longest_s = 0.0
        """Longest pause between two reports of the last job: a device that stood still is no device's fault."""

    def type(self, reports: list[bytes], interval_s: float) -> None:
        """Send one report each interval, all of the same length; returns at once."""
        assert self._process.stdin is not None
        head = struct.pack("dII", interval_s, len(reports), len(reports[0]))
        self._process.stdin.write(head + b"".join(reports))
        self._process.stdin.flush()

    def typed(self) -> float:
        """Wait until it has sent what it was given last; seconds from the first report to the last."""
        took, self.longest_s = map(float, self._line().split())
        return took

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().decode("ascii").strip()

    def end(self) -> None:
        """End it wherever it is."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()
