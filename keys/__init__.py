"""What a terminal does with keys: operations on key ids, never key bytes."""

from keys.backends.protectors import CredentialProtector, PassphraseProtector, Protector
from keys.errors import KeysError
from keys.master_session import SignOnForm
from keys.records import Kcv, KeyId, KeyRecord, KeyState
from keys.secret import Secret
from keys.vault import Vault
from keys.vault_intake import Cryptogram
from keys.vault_open import create_vault, open_vault, provision

__all__ = [
    "Cryptogram",
    "CredentialProtector",
    "Kcv",
    "KeyId",
    "KeyRecord",
    "KeyState",
    "KeysError",
    "PassphraseProtector",
    "Protector",
    "Secret",
    "SignOnForm",
    "Vault",
    "create_vault",
    "open_vault",
    "provision",
]
