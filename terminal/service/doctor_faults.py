"""Every fault the doctor can name: a code that never changes its meaning, and where its words are.

Cause and instruction are in the catalogues under ``doctor.cause.NAME`` and ``doctor.do.NAME``; the letter of a code is
its tree: F files, D disk, C clock, T certificate files, K keys, N network, S the encrypted line, H the host; of
the devices P printer, W cash drawer, M magnetic-stripe reader, Q scanner, B keypad, E PIN pad, L customer's display,
V panel.
"""

from __future__ import annotations

from dataclasses import dataclass

from terminal.screens.texts import Translator

__all__ = ["FAULTS", "Fault"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that can be wrong, and the one thing to do about it."""

    code: str
    name: str
    words: str = ""
    """Of which fault it has the words, where devices share them; its own when empty."""
    device: str = ""
    """Section of the device it is a fault of."""
    warning: bool = False
    """Whether it works still."""

    def cause(self, texts: Translator, what: str) -> str:
        """What is wrong, in the reader's language; ``what`` is the address, file or answer it is about."""
        return self._text("cause", texts, what)

    def instruction(self, texts: Translator, what: str) -> str:
        """What to do about it."""
        return self._text("do", texts, what)

    def _text(self, part: str, texts: Translator, what: str) -> str:
        device = texts.text(f"doctor.step.{self.device}") if self.device else ""
        return texts.text(f"doctor.{part}.{self.words or self.name}", what=what, device=device)


_WARNINGS = ("loose", "failing", "disturbed")


_DRIVEN = ("absent", "refused", "held", "setting")
"""What can be wrong with anything that a driver opens."""


def _of_a_device(letter: str, device: str, *names: str) -> tuple[Fault, ...]:
    """Faults that have their words in common with other devices', numbered in their order."""
    return tuple(
        Fault(f"{letter}{number:02d}", f"{device}-{name}", f"device-{name}", device, name in _WARNINGS)
        for number, name in enumerate(names, 1)
    )


_TABLE = (
    Fault("F01", "configuration"),
    Fault("F02", "state-absent"),
    Fault("F03", "state-user"),
    Fault("F04", "state-open"),
    Fault("F05", "parameters"),
    Fault("D01", "disk-full"),
    Fault("D02", "journal-unusable"),
    Fault("D03", "journal-damaged"),
    Fault("D04", "journal-newer"),
    Fault("C01", "clock-behind"),
    Fault("C02", "clock-host"),
    Fault("C03", "clock-ahead", warning=True),
    Fault("T01", "certificate-file"),
    Fault("T02", "certificate-expired"),
    Fault("K01", "vault-credential"),
    Fault("K02", "vault-absent"),
    Fault("K03", "vault-open"),
    Fault("K04", "vault-damaged"),
    Fault("K05", "master-key-absent"),
    Fault("K06", "master-key-wrong"),
    Fault("K07", "self-test"),
    Fault("N01", "no-route"),
    Fault("N02", "no-name"),
    Fault("N03", "no-name-server"),
    Fault("N04", "refused"),
    Fault("N05", "connect-silent"),
    Fault("N06", "network-unseen"),
    Fault("N07", "no-link"),
    Fault("N08", "sim-missing"),
    Fault("N09", "sim-locked"),
    Fault("S01", "no-tls"),
    Fault("S02", "tls-old"),
    Fault("S03", "authority"),
    Fault("S04", "certificate-name"),
    Fault("S05", "host-certificate-date"),
    Fault("S06", "pin"),
    Fault("S07", "client-certificate"),
    Fault("S08", "handshake"),
    Fault("H01", "host-silent"),
    Fault("H02", "host-closes"),
    Fault("H03", "host-garbled"),
    Fault("H04", "echo-declined"),
    Fault("H05", "sign-on-declined"),
    Fault("H06", "no-keys"),
    Fault("H07", "host-http"),
    *_of_a_device("P", "printer", *_DRIVEN),
    Fault("P05", "printer-paper"),
    Fault("P06", "printer-cover"),
    Fault("P07", "printer-cutter"),
    Fault("P08", "printer-hot", warning=True),
    Fault("P09", "printer-recoverable"),
    Fault("P10", "printer-broken"),
    Fault("P11", "printer-offline"),
    Fault("P12", "printer-stalled"),
    Fault("P13", "printer-pale"),
    Fault("P14", "printer-ribbon"),
    Fault("P15", "printer-paper-low", warning=True),
    Fault("P16", "printer-loose", "device-loose", "printer", warning=True),
    Fault("P17", "printer-knife-worn", warning=True),
    Fault("P18", "printer-head-worn", warning=True),
    *_of_a_device("M", "msr", *_DRIVEN, "unheard", "misread", "loose", "failing"),
    *_of_a_device("Q", "scanner", *_DRIVEN, "unheard", "misread", "loose", "failing"),
    *_of_a_device("B", "keypad", *_DRIVEN, "unheard", "loose"),
    *_of_a_device("E", "pin_pad", *_DRIVEN, "silent", "loose", "disturbed"),
    *_of_a_device("L", "customer_display", "absent", "refused", "held", "blank"),
    *_of_a_device("V", "panel", "absent", "refused"),
    Fault("W01", "drawer-closed"),
)

FAULTS = {fault.name: fault for fault in _TABLE}
"""By name."""
