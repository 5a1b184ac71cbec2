"""From a print job to bytes: layout, picture and printer language for this terminal."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from keys.audit_chain import AuditLine
from terminal.domain.record import State, TransactionRecord, Uploaded
from terminal.journal import Journal, PrintJob, Slip
from terminal.screens.texts import Translator
from terminal.slips.batch import details_slip, parameters_slip, settlement_slip
from terminal.slips.escpos import escpos_bytes, rest_of_a_picture
from terminal.slips.key_slip import key_slip
from terminal.slips.layout import Line, Merchant, Style, totals_slip, transaction_slip
from terminal.slips.profile import LogoTrouble, PrinterProfile

__all__ = ["KeyLog", "SlipWriter"]

_LOG = logging.getLogger(__name__)
KeyLog = Callable[[int], Awaitable[AuditLine | None]]
"""A line of the key audit log by its number, checked; None when it cannot be proven."""


class SlipWriter:
    """Draws slips in the merchant's language and the customer's: the one that ``#`` led to, or the configured one."""

    def __init__(
        self,
        journal: Journal,
        merchant: Merchant,
        currency: str,
        printer: PrinterProfile,
        languages: tuple[str, str],
        now: Callable[[], datetime],
        aside: Callable[..., Awaitable[bytes]] = asyncio.to_thread,
        facts: Callable[[], Awaitable[list[tuple[str, str]]]] | None = None,
        key_log: KeyLog | None = None,
    ) -> None:
        self._journal = journal
        self._merchant = merchant
        self._currency = currency
        self._printer = printer
        self._merchants, self._customers = (Translator(language) for language in languages)
        self._now = now
        self._aside = aside
        self._facts = facts
        self._key_log = key_log

    async def draw(self, job: PrintJob, duplicate: bool) -> bytes:
        """Bytes of a job; drawn aside, for a picture takes longer than the loop may stand still."""
        lines = await self.lines(job, duplicate)
        record, printer = job.record, self._printer
        head = [Line(str(printer.logo), style=Style.LOGO)] if printer.logo is not None else []
        if record is not None:
            lines += _reference(record, printer.reference)
        drawer = job.what == Slip.MERCHANT and record is not None and record.state is State.APPROVED and not duplicate
        before = rest_of_a_picture(printer) if job.started else b""
        try:
            return before + await self._aside(escpos_bytes, head + lines, printer, drawer=drawer)
        except LogoTrouble as trouble:
            _LOG.warning("%s %s", trouble, trouble.remedy)
            return before + await self._aside(escpos_bytes, lines, printer, drawer=drawer)

    async def lines(self, job: PrintJob, duplicate: bool) -> list[Line]:
        """What stands on the slip of a job."""
        texts = self._merchants
        if job.record is not None:
            if job.what == Slip.CUSTOMER:
                texts = Translator(job.record.language) if job.record.language else self._customers
            return transaction_slip(job.record, self._merchant, job.what, texts, duplicate=duplicate)
        when = self._now().strftime("%Y/%m/%d %H:%M:%S")
        if job.what == Slip.KEYS and self._key_log is not None:
            return key_slip(await self._key_log(job.batch), job.batch, self._merchant, texts, duplicate=duplicate)
        if job.what == Slip.SETTLEMENT:
            settled = await self._journal.settlements.of(job.batch)
            if settled is not None:
                refused = [r.stan for r in await self._journal.of_batch(job.batch) if r.uploaded == Uploaded.REFUSED]
                return settlement_slip(
                    settled, self._merchant, self._currency, texts, refused=refused, duplicate=duplicate
                )
        if job.what == Slip.PARAMETERS and self._facts is not None:
            return parameters_slip(await self._facts(), self._merchant, job.batch, when, texts)
        if job.what == Slip.DETAILS:
            rows = await self._journal.of_batch(job.batch)
            return details_slip(rows, job.batch, self._merchant, when, texts, duplicate=duplicate)
        totals = await self._journal.totals(job.batch)
        return totals_slip(totals, self._merchant, self._currency, when, texts, duplicate=duplicate)


def _reference(record: TransactionRecord, how: str) -> list[Line]:
    """The host's reference number to scan: it names the payment and nothing of the card."""
    style = {"barcode": Style.BARCODE, "qr": Style.QR}.get(how)
    if style is None or not record.rrn or record.state is not State.APPROVED:
        return []
    return [Line(record.rrn, style=style)]
