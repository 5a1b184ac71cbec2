"""What a terminal does with keys: operations on key ids, never key bytes."""

from keys.errors import KeysError
from keys.secret import Secret
from keys.vault import Vault, open_vault, provision

__all__ = ["KeysError", "Secret", "Vault", "open_vault", "provision"]
