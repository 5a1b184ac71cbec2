"""From a print job to bytes: layout, picture and printer language for this terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from terminal.journal import Journal, PrintJob, Slip
from terminal.screens.texts import Translator
from terminal.slips.layout import Line, Merchant, totals_slip, transaction_slip

__all__ = ["SlipWriter"]


class SlipWriter:
    """Draws slips in the languages of the merchant and of the customer."""

    def __init__(
        self,
        journal: Journal,
        merchant: Merchant,
        currency: str,
        width_mm: int,
        languages: tuple[str, str],
        now: Callable[[], datetime],
    ) -> None:
        self._journal = journal
        self._merchant = merchant
        self._currency = currency
        self._width_mm = width_mm
        self._texts = {Slip.MERCHANT: Translator(languages[0]), Slip.CUSTOMER: Translator(languages[1])}
        self._now = now

    async def draw(self, job: PrintJob, duplicate: bool) -> bytes:
        """Bytes of a job; drawn in a thread, for a picture takes longer than the loop may stand still."""
        lines = await self._lines(job, duplicate)
        return await asyncio.to_thread(_bytes_of, lines, self._width_mm)

    async def _lines(self, job: PrintJob, duplicate: bool) -> list[Line]:
        texts = self._texts[Slip.CUSTOMER if job.what == Slip.CUSTOMER else Slip.MERCHANT]
        if job.record is not None:
            return transaction_slip(job.record, self._merchant, job.what, texts, duplicate=duplicate)
        when = self._now().strftime("%Y/%m/%d %H:%M:%S")
        totals = await self._journal.totals()
        return totals_slip(totals, self._merchant, self._currency, when, texts, duplicate=duplicate)


def _bytes_of(lines: list[Line], width_mm: int) -> bytes:
    from terminal.slips.escpos import escpos_bytes  # drawing libraries are loaded by the first slip
    from terminal.slips.raster import DOTS, raster

    return escpos_bytes(raster(lines, DOTS[width_mm]))
