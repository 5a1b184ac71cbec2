"""How printers differ: one row a family. What a row does not claim is not asked of the printer.

Found by the USB vendor and product, or named in the configuration; everything else is ``generic``, which prints
on any ESC/POS printer and believes only what is answered.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MODELS", "PrinterModel", "model_for"]


@dataclass(frozen=True, slots=True)
class PrinterModel:
    """Columns of the table."""

    realtime: tuple[int, ...] = (1, 2, 4)
    """Which ``DLE EOT n`` it answers."""
    automatic: bool = False
    """Whether ``GS a`` makes it tell changes by itself."""
    process_id: bool = False
    """Whether ``GS ( H`` tells when something is really on paper."""
    port_status: bool = True
    """USB: whether bad news in the class's port status byte can be believed."""
    piece_bytes: int = 1024
    """Handed over at once; small for those with a small buffer."""
    impact: bool = False
    """Prints with needles through a ribbon; pale print is a ribbon that is used up."""
    ids: tuple[tuple[int, int | None], ...] = ()
    """USB vendor and product (None: any) by which the family is known."""


MODELS: dict[str, PrinterModel] = {
    "generic": PrinterModel(),
    # EPSON TM series and what follows its reference to the letter.
    "epson": PrinterModel((1, 2, 3, 4), automatic=True, process_id=True, piece_bytes=4096, ids=((0x04B8, None),)),
    # Follow the reference for status; the process id is not in their manuals.
    "bixolon": PrinterModel((1, 2, 3, 4), automatic=True, piece_bytes=4096, ids=((0x1504, None), (0x0419, None))),
    "citizen": PrinterModel((1, 2, 3, 4), automatic=True, ids=((0x1D90, None), (0x2730, None))),
    "custom": PrinterModel((1, 2, 3, 4), ids=((0x0DD4, None),)),
    # In ESC/POS emulation the bits of DLE EOT are not to be relied on (facts/product.md §3, is_online).
    "star": PrinterModel((), ids=((0x0519, None),)),
    # 58 mm printers without a name: small buffer, answers that mean nothing or no answers at all.
    "pos58": PrinterModel((), port_status=False, piece_bytes=256, ids=((0x0416, 0x5011), (0x0483, 0x5743))),
    "impact": PrinterModel(automatic=True, piece_bytes=512, impact=True),
    "silent": PrinterModel((), port_status=False),
}
"""Names as in ``[devices.printer] model``."""


def model_for(name: str, vendor: int | None = None, product: int | None = None) -> PrinterModel:
    """The row of a name; for ``auto`` the row whose ids fit the USB device, an exact product first."""
    if name != "auto":
        return MODELS[name]
    rows = [row for row in MODELS.values() if (vendor, product) in row.ids]
    rows += [row for row in MODELS.values() if (vendor, None) in row.ids]
    return rows[0] if rows else MODELS["generic"]
