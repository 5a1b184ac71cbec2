"""Waiting for the PIN pad: the customer types there; the terminal's own keys only cancel."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.events import Event, Key, KeyPress, PinPadAnswer
from drivers.pin_pad_messages import PinResult
from terminal.prompts import Answer, Cancelled, PinEntry, TimedOut
from terminal.screens.screen import Screen
from terminal.screens.texts import Translator

__all__ = ["PadPinPrompt", "PinPadTrouble"]


class PinPadTrouble(Exception):
    """No PIN could be entered at the pad; nothing has been sent. ``result`` says why."""

    def __init__(self, result: PinResult) -> None:
        super().__init__(f"The PIN pad gives no PIN: {result}.")
        self.result = result


@dataclass(slots=True)
class PadPinPrompt:
    """The answer of one entry, by its reference; what another entry left behind is passed over."""

    amount: str
    merchant: str
    reference: int
    notice: str = ""
    """Catalogue key of what was wrong with the last try."""

    def screen(self, texts: Translator) -> Screen:
        """Amount and merchant stay in sight while the PIN is typed elsewhere."""
        return Screen(
            "sale.pin",
            texts.text("pin.title"),
            texts.text("pin.at-pad"),
            lines=(texts.text(self.notice),) if self.notice else (self.merchant,),
            amount=self.amount,
            hints=(texts.text("key.cancel"), ""),
        )

    def take(self, event: Event) -> Answer[PinEntry] | None:
        """The pad's answer, or the red key. Raises Cancelled, TimedOut, PinPadTrouble."""
        if isinstance(event, KeyPress) and event.key is Key.CANCEL:
            raise Cancelled
        if not isinstance(event, PinPadAnswer) or event.reference != self.reference:
            return None
        match event.answer.result:
            case PinResult.ENTERED:
                return Answer(PinEntry(None, block=event.answer.block))
            case PinResult.NONE:
                return Answer(PinEntry(None, bypassed=True))
            case PinResult.CANCELLED:
                raise Cancelled
            case PinResult.TIMED_OUT:
                raise TimedOut
            case result:
                raise PinPadTrouble(result)
