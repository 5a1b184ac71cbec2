"""What a terminal does with keys: operations on key ids, never key bytes."""

from keys.errors import KeysError
from keys.master_session import SignOnForm
from keys.secret import Secret
from keys.vault import CredentialProtector, Protector, Vault, open_vault, provision

__all__ = [
    "CredentialProtector",
    "KeysError",
    "Protector",
    "Secret",
    "SignOnForm",
    "Vault",
    "open_vault",
    "provision",
]
