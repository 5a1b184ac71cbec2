"""``countertop benchmark journal``: a journal of years, and whether anybody at the counter would notice.

- record one: a sale's two commits (intent, approval with its slips), each synced to the disk;
- two syncs: the floor: the same two commits of one small row in a file of their own, measured in turn with it;
- restart: open, check the file, recover;
- find: a transaction by its voucher number, a payment by the host's reference;
- reversals: whether anything is still being undone, asked before every sale;
- totals and details: what a settlement needs, without the host.

Each row is measured in an empty journal and in the full one, in turn, so that the ratio holds on a busy machine.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from terminal.domain.record import HostAnswer, Intent, State
from terminal.journal import InlineWriter, Journal, Slip
from terminal.journal.database import open_database

__all__ = ["fill", "main"]

START = datetime(2026, 1, 1, 9, 0, 0)
BATCH_ROWS = 400
SALE = Intent("sale", 12_850, "156", "021", "621234******0012", cvm="pin", pin_entered=True)
SLIPS = (Slip.MERCHANT, Slip.CUSTOMER)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    small_s: float
    full_s: float


def main(argv: list[str]) -> int:
    """Measure and print one row a figure."""
    parser = argparse.ArgumentParser(
        prog="countertop benchmark journal",
        description="Record, restart, find and settle with a journal of many transactions.",
        epilog="examples:\n  countertop benchmark journal\n  countertop benchmark journal --transactions 10000",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--transactions", type=int, default=100_000, help="rows in the full journal (default 100 000)")
    parser.add_argument("--rounds", type=int, default=30, help="times each row is measured (default 30)")
    parser.add_argument("--folder", type=Path, help="where to write (the temporary folder)")
    arguments = parser.parse_args(argv)
    count, rounds = max(1, arguments.transactions), max(3, arguments.rounds)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        rows, size = asyncio.run(_measure(Path(folder), count, rounds))
    print(f"{'':<28}{'empty':>12}{f'{count:,} rows':>16}{'ratio':>8}   median of {rounds}")
    for row in rows:
        ratio = row.full_s / row.small_s if row.small_s else 0.0
        print(f"{row.name:<28}{row.small_s * 1e3:>9.2f} ms{row.full_s * 1e3:>13.2f} ms{ratio:>8.2f}")
    print(f"{'size of the full journal':<28}{size / (1 << 20):>9.1f} MiB")
    return 0


async def _measure(folder: Path, count: int, rounds: int) -> tuple[list[_Row], int]:
    paths = {"small": folder / "small.db", "full": folder / "full.db"}
    for name, path in paths.items():
        open_database(path).close()
        fill(path, count if name == "full" else 0)
    last_stan = (count - 1) % 999_999 + 1
    rows = [await _row("restart", paths, rounds, _restart)]
    journals = {name: await _opened(path) for name, path in paths.items()}
    try:
        rows.append(await _row("record one (two commits)", journals, rounds, _record))
        rows.append(await _floor("floor: two synced commits", folder, rounds))
        rows.append(await _row("find by voucher number", journals, rounds, lambda j: j.find(last_stan)))
        rows.append(await _row("find by host's reference", journals, rounds, lambda j: j.by_rrn(f"{last_stan:012d}")))
        rows.append(await _row("anything to undo or tell?", journals, rounds, _open_ones))
        rows.append(await _row("settle: totals and records", journals, rounds, _settle))
    finally:
        for journal in journals.values():
            await journal.close()
    return rows, paths["full"].stat().st_size


async def _row(name: str, places: dict[str, T], rounds: int, act: Callable[[T], Awaitable[object]]) -> _Row:
    taken: dict[str, list[float]] = {place: [] for place in places}
    for _ in range(rounds):
        for place, subject in places.items():
            began = time.perf_counter()
            await act(subject)
            taken[place].append(time.perf_counter() - began)
    return _Row(name, statistics.median(taken["small"]), statistics.median(taken["full"]))


async def _floor(name: str, folder: Path, rounds: int) -> _Row:
    """What the disk alone takes."""
    database = sqlite3.connect(folder / "floor.db", isolation_level=None)
    database.execute("PRAGMA locking_mode=EXCLUSIVE")
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE t (v INTEGER)")
    taken = []
    for value in range(rounds):
        began = time.perf_counter()
        for _ in range(2):
            database.execute("INSERT INTO t VALUES (?)", (value,))
        taken.append(time.perf_counter() - began)
    database.close()
    return _Row(name, statistics.median(taken), statistics.median(taken))


async def _opened(path: Path) -> Journal:
    return await Journal.open(path, InlineWriter(), lambda: START + timedelta(days=300))


async def _restart(path: Path) -> None:
    journal = await _opened(path)
    await journal.recover()
    await journal.close()


async def _record(journal: Journal) -> None:
    record = await journal.begin(SALE)
    answer = HostAnswer(response_code="00", rrn=f"9{record.stan:011d}", auth_code="205362", host_date="1124")
    await journal.approve(record.id, answer, SLIPS)


async def _open_ones(journal: Journal) -> None:
    await journal.reversals()
    await journal.advices()


async def _settle(journal: Journal) -> None:
    totals = await journal.totals()
    await journal.of_batch(totals.batch)


def fill(path: Path, count: int) -> None:
    """Write approved sales in batches as the terminal leaves them, slips printed; quickly, in one transaction."""
    if not count:
        return
    database = sqlite3.connect(path, isolation_level=None)
    names = [row[1] for row in database.execute("PRAGMA table_info(txn)")]
    plain = {
        "kind": "sale", "state": State.APPROVED, "amount_minor": 12_850, "currency": "156", "entry_mode": "021",
        "account": "621234******0012", "operator": "01", "training": 0, "pin_entered": 1, "response_code": "00",
        "auth_code": "205362", "host_date": "0101", "host_time": "090000", "issuer": "01020000",
        "acquirer": "48310000", "card_organisation": "CUP", "reversal_tries": 0, "original": None,
        "original_batch": 0, "original_stan": 0, "sealed": b"", "uploaded": 0, "cvm": "pin",
    }  # fmt: skip
    database.execute("BEGIN")
    insert = f"INSERT INTO txn ({', '.join(names)}) VALUES ({', '.join(f':{name}' for name in names)})"
    empty = dict.fromkeys(names, "")
    for index in range(count):
        at = START + timedelta(minutes=index)
        stan = index % 999_999 + 1
        own = {"id": index + 1, "stan": stan, "batch": index // BATCH_ROWS + 1, "started_at": at.isoformat(),
               "rrn": f"{stan:012d}"}  # fmt: skip
        database.execute(insert, {**empty, **plain, **own})
        for what in SLIPS:
            database.execute(
                "INSERT INTO print_job (txn, batch, what, reprint, state, bytes_done, total) "
                "VALUES (?, ?, ?, 0, 'done', 9000, 9000)",
                (index + 1, own["batch"], what),
            )
        database.execute(
            "INSERT INTO event (at, what, txn, detail) VALUES (?, 'approved', ?, '')", (str(at), index + 1)
        )
    for name, value in (("stan", (count - 1) % 999_999 + 1), ("batch", (count - 1) // BATCH_ROWS + 1)):
        database.execute("INSERT INTO setting VALUES (?, ?)", (name, str(value)))
    database.execute("COMMIT")
    database.close()
