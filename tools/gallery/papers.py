"""The slips of the gallery: laid out, drawn, made ESC/POS bytes, and read back as the printer would."""

from __future__ import annotations

from dataclasses import replace

from PIL import Image

from terminal.journal import Slip
from terminal.screens.texts import Translator
from terminal.slips.batch import details_slip, parameters_slip, settlement_slip
from terminal.slips.escpos import escpos_bytes
from terminal.slips.layout import Line, totals_slip, transaction_slip
from terminal.slips.profile import PrinterProfile
from tools.gallery import samples
from tools.gallery.key_scenes import ceremony_slip
from tools.paper import print_on_paper

__all__ = ["on_paper", "slips"]


def slips(language: str) -> list[tuple[str, list[Line]]]:
    """Every kind of slip with a name of its own."""
    texts = Translator(language)
    return [
        *(
            (name, transaction_slip(record, samples.MERCHANT, copy, texts, duplicate=duplicate))
            for name, record, copy, duplicate in (
                ("sale-merchant", samples.PIN_SALE, Slip.MERCHANT, False),
                ("sale-customer", samples.PIN_SALE, Slip.CUSTOMER, False),
                ("sale-signature", samples.SIGNATURE_SALE, Slip.MERCHANT, False),
                ("code-sale", samples.CODE_SALE, Slip.CUSTOMER, False),
                ("duplicate", samples.PIN_SALE, Slip.CUSTOMER, True),
                ("training", replace(samples.PIN_SALE, training=True), Slip.CUSTOMER, False),
                ("not-charged", samples.NOT_CHARGED, Slip.MERCHANT, False),
            )
        ),
        ("settlement", settlement_slip(samples.SETTLEMENT, samples.MERCHANT, "156", texts)),
        ("settlement-unbalanced", settlement_slip(samples.UNBALANCED, samples.MERCHANT, "156", texts, refused=[4])),
        ("settlement-foreign", settlement_slip(samples.SETTLEMENT_WITH_FOREIGN, samples.MERCHANT, "156", texts)),
        ("details", details_slip([samples.PIN_SALE, samples.CODE_SALE], 1, samples.MERCHANT, samples.WHEN, texts)),
        ("parameters", parameters_slip(samples.PARAMETERS, samples.MERCHANT, 1, samples.WHEN, texts)),
        ("keys", ceremony_slip(texts)),
        ("totals", totals_slip(samples.TOTALS, samples.MERCHANT, "156", samples.WHEN, texts)),
        ("totals-foreign", totals_slip(samples.TOTALS_WITH_FOREIGN, samples.MERCHANT, "156", samples.WHEN, texts)),
        ("totals-empty", totals_slip(samples.EMPTY_TOTALS, samples.MERCHANT, "156", samples.WHEN, texts)),
    ]


def on_paper(lines: list[Line], width_mm: int = 58) -> Image.Image:
    """The paper a printer makes of a slip."""
    return print_on_paper(escpos_bytes(lines, PrinterProfile(width_mm))).picture()
