"""Card numbers that a later message needs, sealed by the vault while they rest in the journal.

Only what is not sensitive authentication data: number and expiry, never a track, a PIN or a code (PCI DSS 3.3.1).
"""

from __future__ import annotations

from keys import KeysError, Vault
from terminal.acquirer.request import Presented
from terminal.domain.record import TransactionRecord

__all__ = ["seal_card", "unseal_card"]

_LABEL = "card"
_SEPARATOR = b"="


def seal_card(vault: Vault, pan: bytes | bytearray, expiry: str) -> bytes:
    """Number and expiry, only for this terminal to open."""
    plain = bytearray(pan) + _SEPARATOR + expiry.encode("ascii")
    try:
        return vault.seal_data(_LABEL, plain)
    finally:
        for index in range(len(plain)):
            plain[index] = 0


def unseal_card(vault: Vault, record: TransactionRecord) -> Presented:
    """What was sealed, as a message takes it; empty when nothing was, or when this vault cannot open it any more."""
    if not record.sealed:
        return Presented()
    try:
        with vault.open_data(_LABEL, record.sealed) as secret, secret.open() as plain:
            pan, _, expiry = plain.partition(_SEPARATOR)
            return Presented(pan=pan.decode("ascii"), expiry=expiry.decode("ascii"))
    except KeysError:
        return Presented()
