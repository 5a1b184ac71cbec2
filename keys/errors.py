"""What can go wrong with keys: typed, with a remedy, and never a key in the text."""

from __future__ import annotations

__all__ = [
    "AuditBroken",
    "AuditFull",
    "CeremonyRefused",
    "EnvironmentMismatch",
    "KcvMismatch",
    "KeyAbsent",
    "KeyExhausted",
    "KeysError",
    "PermissionsUnsafe",
    "PinBlockError",
    "SelfTestFailed",
    "TestKeyRefused",
    "Unsupported",
    "UsageRefused",
    "VaultAbsent",
    "VaultCorrupt",
    "VaultErased",
    "VaultInUse",
    "VaultLocked",
    "VaultRolledBack",
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


class VaultAbsent(KeysError):
    """There is no vault yet."""

    remedy = "Load the keys first: countertop keys load --help"


class VaultErased(KeysError):
    """The keys were erased on purpose, or by the tamper switch."""

    remedy = "Find out why (countertop keys audit show), then load the keys again: countertop keys load --fresh"


class VaultRolledBack(VaultCorrupt):
    """Somebody put an older copy of the vault, or of its counters, in place."""

    remedy = "Do not use it: an older copy brings back old keys and used counters. Load the keys again."


class VaultInUse(VaultLocked):
    """Another process holds the vault."""

    remedy = "Stop the terminal first: systemctl stop countertop"


class EnvironmentMismatch(VaultLocked):
    """Keys of the lab never open in production, nor the other way round."""

    remedy = "Use the vault of this environment, or load keys into a new one."


class TestKeyRefused(KeysError):
    """A published test key outside the lab."""

    __test__ = False  # not a test, whatever the name tells a test runner
    remedy = "Everybody knows this key. Ask the acquirer for the terminal's own."


class KeyExhausted(KeysError):
    """A DUKPT key has no transaction keys left."""

    remedy = "Have a new initial key loaded."


class Unsupported(KeysError):
    """This backend cannot do it."""

    remedy = "See what it can: countertop keys list --capabilities"


class SelfTestFailed(KeysError):
    """An algorithm no longer gives its known answer: no key is used."""

    remedy = "Restart the terminal; if it happens again, replace the device."


class CeremonyRefused(KeysError):
    """A step of the key ceremony was refused."""

    remedy = "Start the ceremony again with both custodians."


class AuditBroken(KeysError):
    """The audit log is not what was written."""

    remedy = "Keep the file as evidence and tell the person in charge of keys."


class AuditFull(KeysError):
    """The audit log has no room; it is never rotated away in silence."""

    remedy = "Hand over and archive it: countertop keys audit archive --help"
