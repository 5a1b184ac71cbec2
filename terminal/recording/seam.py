"""The seam between the terminal and everything outside it: four ways in, one way out.

The same wrappers (``outside.py``) stand on it whether a life is recorded or replayed; only the seam is another.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

__all__ = ["NOTHING", "PLAIN", "Codec", "Post", "Record", "Seam"]

T = TypeVar("T")
Plain = Any
"""What MessagePack knows: None, bool, int, float, str, bytes and lists of them."""
Post = Callable[[T], None]


@dataclass(frozen=True, slots=True)
class Codec(Generic[T]):
    """How a value is written down, and what stands for it in a replay."""

    encode: Callable[[T], Plain]
    decode: Callable[[Plain], T]


PLAIN: Codec[Any] = Codec(lambda value: value, lambda plain: plain)
"""Values that are plain already and hold no card data."""
NOTHING: Codec[Any] = Codec(lambda value: None, lambda plain: None)
"""A value that is of no use or of no business in a recording."""


class Record:
    """First item of each record, and what follows it."""

    LIFE = "life"
    """What the life began with: a mapping."""
    JOURNAL = "journal"
    """The journal that it began with: a copy, and the digest of the rows."""
    TURN = "t"
    """Microseconds since the last one; then, when there are any, its inputs: a number and what its wrapper can read."""
    READING = "r"
    """What was read; whether it succeeded; the value or the fault."""
    JOB = "j"
    """Work beside the loop: its number, how the disk failed or None, what it read, how many rows it changed.

    Written by the thread that did it, so its place among the other records means nothing."""
    OUTPUT = "o"
    """What went out; its digest or size; how a person recognises it."""
    LEFT = "x"
    """Why the recording goes no further."""
    END = "end"
    """How the life ended; digest of the journal then."""


class Seam(Protocol):
    """Where inputs come in."""

    def reading(self, what: str, ask: Callable[[], T], codec: Codec[T] = PLAIN) -> T:
        """A question that is answered at once: a clock, a key operation, room on a disk."""

    def source(self, what: str, handler: Callable[[T], None], codec: Codec[T] = PLAIN) -> Post[T]:
        """A device or a line that speaks when it likes; what is posted reaches the handler in the next turn."""

    async def operation(
        self,
        what: str,
        start: Callable[[], Awaitable[T]],
        codec: Codec[T] = PLAIN,
        discard: Callable[[T], None] = lambda value: None,
    ) -> T:
        """Something outside that takes its time; ``discard`` gets a result that nobody waits for any more."""

    async def work(
        self, what: str, run: Callable[[Callable[[], T]], Awaitable[T]], work: Callable[[], T], *, counts: bool = False
    ) -> T:
        """The terminal's own work beside the loop: done again in a replay, ended in the recorded turn.

        ``counts``: it may change the journal, and a replay compares by how much.
        """

    def output(self, what: str, value: Plain, shown: str = "") -> None:
        """Something that has gone out; a replay compares it."""

    def leave(self, why: str) -> None:
        """From here on this life cannot be replayed."""
