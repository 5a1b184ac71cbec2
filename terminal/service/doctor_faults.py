"""Every fault the doctor can name: a code that never changes its meaning, and where its words are.

Cause and instruction are in the catalogues under ``doctor.cause.NAME`` and ``doctor.do.NAME``; the letter of a code is
its tree: F files, D disk, C clock, T certificate files, K keys, N network, S the encrypted line, H the host.
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

    def cause(self, texts: Translator, what: str) -> str:
        """What is wrong, in the reader's language; ``what`` is the address, file or answer it is about."""
        return texts.text(f"doctor.cause.{self.name}", what=what)

    def instruction(self, texts: Translator, what: str) -> str:
        """What to do about it."""
        return texts.text(f"doctor.do.{self.name}", what=what)


_TABLE = (
    Fault("F01", "configuration"),
    Fault("F02", "state-absent"),
    Fault("F03", "state-user"),
    Fault("F04", "state-open"),
    Fault("D01", "disk-full"),
    Fault("D02", "journal-unusable"),
    Fault("D03", "journal-damaged"),
    Fault("D04", "journal-newer"),
    Fault("C01", "clock-behind"),
    Fault("C02", "clock-host"),
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
)

FAULTS = {fault.name: fault for fault in _TABLE}
"""By name."""
