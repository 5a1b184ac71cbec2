"""What the host has given for later, each set by its name and replaced as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from terminal.journal.store import Store

__all__ = ["Download", "Downloads"]


@dataclass(frozen=True, slots=True)
class Download:
    """One set as it was taken over."""

    name: str
    version: int
    at: str
    content: bytes


class Downloads:
    """Parameters, chip applications, CA keys, stop list, BIN table."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def of(self, name: str) -> Download | None:
        """The set of a name, or None."""

        def work() -> Download | None:
            row = self._store.database.execute(
                "SELECT name, version, at, content FROM download WHERE name = ?", (name,)
            ).fetchone()
            return None if row is None else Download(*row)

        return await self._store.run(work)

    async def keep(self, name: str, version: int, content: bytes) -> None:
        """Take a set over in place of the one before."""

        def work() -> None:
            self._store.database.execute(
                "INSERT INTO download (name, version, at, content) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE "
                "SET version = excluded.version, at = excluded.at, content = excluded.content",
                (name, version, self._store.now(), content),
            )
            self._store.note("download", None, f"{name} {version}, {len(content)} bytes")

        await self._store.commit(work)
