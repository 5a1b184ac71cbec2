"""Backends whose libraries are extras: made here, so that one that is missing is named with its remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keys.errors import Unsupported
from keys.secret import Secret

if TYPE_CHECKING:
    from keys.backends.pkcs11 import Pkcs11Protector
    from keys.backends.tpm2 import Tpm2Protector

__all__ = ["token_protector", "tpm2_protector"]


def tpm2_protector(device: str = "", *, auth: Secret | None = None, registers: tuple[int, ...] = (7,)) -> Tpm2Protector:
    """The TPM of this board. ``device`` as the TSS names it, empty for the kernel's resource manager."""
    try:
        from keys.backends.tpm2 import DEFAULT_DEVICE, Tpm2Protector
    except (ImportError, NotImplementedError):
        raise Unsupported(
            "The library for the TPM is not installed.",
            "Install the packages libtss2-dev and pkg-config, then: pip install 'countertop[tpm]'",
        ) from None
    return Tpm2Protector(device or DEFAULT_DEVICE, auth=auth, registers=registers)


def token_protector(module: str, label: str, pin: Secret) -> Pkcs11Protector:
    """A PKCS #11 token that opens the vault and keeps its keys. Raises VaultLocked naming what is wrong."""
    try:
        from keys.backends.pkcs11 import Pkcs11Protector, Pkcs11Token
    except ImportError:
        raise Unsupported(
            "The library for PKCS #11 tokens is not installed.", "Install it: pip install 'countertop[pkcs11]'"
        ) from None
    return Pkcs11Protector(Pkcs11Token(module, label, pin))
