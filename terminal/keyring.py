"""From the configuration to the protector of the key vault."""

from __future__ import annotations

import os
from pathlib import Path

from config import Keys
from keys import CredentialProtector, KeysError, Protector

__all__ = ["protector_for"]

_SERVICE_CREDENTIAL = "countertop-vault"


def protector_for(keys: Keys) -> Protector:
    """What opens the vault. Raises KeysError when the configuration names none that is there."""
    if keys.credential is not None:
        return CredentialProtector(Path(keys.credential))
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if folder is None:
        raise KeysError(
            "No credential opens the key vault.",
            "Name it as credential in [keys], or start under a service manager that hands it over.",
        )
    return CredentialProtector(Path(folder) / _SERVICE_CREDENTIAL)
