"""What a terminal does with keys: operations on key ids, never key bytes."""

from keys.backends.protectors import CredentialProtector, PassphraseProtector, Protector
from keys.ceremony_plan import Plan, Way
from keys.ceremony_states import State, View
from keys.errors import KeysError
from keys.hygiene import Hygiene, harden
from keys.loading import KeyRoom, Loading, create_key_room, furnished, open_key_room
from keys.master_session import SignOnForm
from keys.records import Kcv, KeyId, KeyRecord, KeyState
from keys.secret import Secret
from keys.self_test import run_self_tests
from keys.vault import Vault
from keys.vault_intake import Cryptogram
from keys.vault_open import create_vault, open_vault, provision

__all__ = [
    "Cryptogram",
    "CredentialProtector",
    "Hygiene",
    "Kcv",
    "KeyId",
    "KeyRecord",
    "KeyRoom",
    "KeyState",
    "KeysError",
    "Loading",
    "PassphraseProtector",
    "Plan",
    "Protector",
    "Secret",
    "SignOnForm",
    "State",
    "Vault",
    "View",
    "Way",
    "create_key_room",
    "create_vault",
    "furnished",
    "harden",
    "open_key_room",
    "open_vault",
    "provision",
    "run_self_tests",
]
