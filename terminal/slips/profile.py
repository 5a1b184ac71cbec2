"""What a printer can do and what the merchant wants on the paper: ``[devices.printer]`` as the slips need it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["CODE_PAGES", "COLUMNS", "DOTS", "LogoTrouble", "PrinterProfile"]

DOTS = {58: 384, 80: 576}
"""Printable dots at 203 dpi by paper width in millimetres."""
COLUMNS = {58: 32, 80: 48}
"""Characters of font A (12 by 24 dots) in a line."""
CODE_PAGES = {"cp437": 0, "cp850": 2, "cp852": 18, "cp866": 17, "cp858": 19}
"""Names in Python and numbers of ``ESC t n`` (EPSON ESC/POS reference, "Select character code table")."""


class LogoTrouble(Exception):
    """The logo is no picture. ``remedy`` is for the technician."""

    remedy = "Give a PNG file in [devices.printer] logo, or leave the key out."


@dataclass(frozen=True, slots=True)
class PrinterProfile:
    """Defaults are those of the configuration."""

    width_mm: int = 58
    text: str = "raster"
    """``raster``, ``gb18030`` or a code page of CODE_PAGES."""
    cut: bool = True
    drawer_pin: int = 0
    """Pin of the cash drawer that opens with the merchant's copy of an approved transaction; 0: there is none."""
    logo: Path | None = None
    reference: str = "none"
    """The host's reference number as ``none``, ``barcode`` or ``qr``: to be scanned when something is undone."""

    @property
    def dots(self) -> int:
        """Width of a picture."""
        return DOTS[self.width_mm]

    @property
    def columns(self) -> int:
        """Width of a line of text."""
        return COLUMNS[self.width_mm]
