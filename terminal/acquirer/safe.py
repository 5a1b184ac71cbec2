"""Card numbers that a later message needs, sealed by the vault while they rest in the journal.

Only what is not sensitive authentication data: number and expiry, never a track, a PIN or a code (PCI DSS 3.3.1).
"""

from __future__ import annotations

from keys import KeysError, Vault
from terminal.acquirer.request import Presented
from terminal.domain.record import TransactionRecord

__all__ = ["seal_card", "seal_chip", "unseal_card"]

_LABEL, _CHIP_LABEL = "card", "chip"
_SEPARATOR = b"="


def seal_card(vault: Vault, pan: bytes | bytearray, expiry: str) -> bytes:
    """Number and expiry, only for this terminal to open."""
    plain = bytearray(pan) + _SEPARATOR + expiry.encode("ascii")
    try:
        return vault.seal_data(_LABEL, plain)
    finally:
        for index in range(len(plain)):
            plain[index] = 0


def seal_chip(vault: Vault, data: bytes) -> bytes:
    """Element 55 of a message that is told later: results of issuer scripts, nothing of the card's number."""
    return vault.seal_data(_CHIP_LABEL, data)


def unseal_card(vault: Vault, record: TransactionRecord) -> Presented:
    """What was sealed, as a message takes it; empty when nothing was, or when this vault cannot open it any more."""
    if not record.sealed:
        return Presented()
    try:
        if record.kind == "script-result":
            with vault.open_data(_CHIP_LABEL, record.sealed) as secret, secret.open() as chip:
                return Presented(chip=bytes(chip))
        with vault.open_data(_LABEL, record.sealed) as secret, secret.open() as plain:
            pan, _, expiry = plain.partition(_SEPARATOR)
            return Presented(pan=pan.decode("ascii"), expiry=expiry.decode("ascii"))
    except KeysError:
        return Presented()
