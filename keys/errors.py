"""What can go wrong with keys: typed, with a remedy, and never a key in the text."""

from __future__ import annotations

__all__ = [
    "KcvMismatch",
    "KeyAbsent",
    "KeysError",
    "PermissionsUnsafe",
    "PinBlockError",
    "UsageRefused",
    "VaultCorrupt",
    "VaultLocked",
]


class KeysError(Exception):
    """A key operation was refused or failed. ``remedy`` says what a technician does."""

    remedy = "Call the acquirer's technician."

    def __init__(self, text: str, remedy: str | None = None) -> None:
        super().__init__(text)
        if remedy is not None:
            self.remedy = remedy


class KcvMismatch(KeysError):
    """A key's check value is not the expected one."""

    remedy = "Sign on again; if it persists, compare the master key's check value with the acquirer."


class KeyAbsent(KeysError):
    """The slot holds no active key."""

    remedy = "Load the key, or sign on when it is a working key."


class UsageRefused(KeysError):
    """The key may not do this."""

    remedy = "Use a key that was loaded for this purpose."


class PinBlockError(KeysError):
    """A PIN or PIN block that is not of the format."""

    remedy = "Enter 4 to 12 digits."


class VaultLocked(KeysError):
    """The protector does not open the vault."""

    remedy = "Check the credential, passphrase or TPM named in [keys] of the configuration."


class VaultCorrupt(KeysError):
    """The vault's file is damaged or has been changed."""

    remedy = "Load the keys again."


class PermissionsUnsafe(KeysError):
    """Others could read or replace the vault's file."""

    remedy = "Give the file to the terminal's user with mode 0600 and no symbolic link in its place."
