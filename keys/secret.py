"""One container for every key and PIN in clear: wiped when done, silent when printed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

__all__ = ["Secret"]


class Secret:
    """Bytes that must not stay: kept in a bytearray that can be overwritten.

    A bytearray given to it is taken over and wiped with it; other bytes are copied. Copies that the
    interpreter or a library made before are beyond reach (facts/keys.md §6).
    """

    __slots__ = ("_data",)

    def __init__(self, data: bytearray | bytes | memoryview) -> None:
        self._data = data if isinstance(data, bytearray) else bytearray(data)

    @contextmanager
    def open(self) -> Iterator[bytearray]:
        """The bytes themselves, for as short as possible."""
        yield self._data

    def wipe(self) -> None:
        """Overwrite and forget. Safe to repeat."""
        for index in range(len(self._data)):
            self._data[index] = 0
        self._data.clear()

    def __len__(self) -> int:
        return len(self._data)

    def __enter__(self) -> Secret:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wipe()

    def __repr__(self) -> str:
        return "Secret(***)"

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        """Identity only: comparing secrets is the business of a constant-time function."""
        return self is other
