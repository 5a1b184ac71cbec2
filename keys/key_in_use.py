"""A key that can be used and not be seen.

The algorithms of this room are written over ``KeyInUse``. For a key of the sealed file that is ``ClearKey``, in this
process's memory for one operation; for a key of a token it is the token, and the key stays there
(``backends/pkcs11.py``). Whoever has bytes passes bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from keys.ciphers import BlockCipher, Data, Key, cipher
from keys.errors import Unsupported

__all__ = ["AnyKey", "ClearKey", "KeyInUse", "clear_bytes", "in_use"]


@runtime_checkable
class KeyInUse(Protocol):
    """What a block cipher with a key in it does."""

    @property
    def algorithm(self) -> str:
        """``tdes``, ``aes`` or ``sm4``."""

    @property
    def length(self) -> int:
        """Bytes of the key."""

    @property
    def block(self) -> int:
        """Bytes of a block."""

    def ecb_encrypt(self, data: Data) -> bytes:
        """Each block by itself; ``data`` is whole blocks."""

    def cbc_encrypt(self, data: Data, iv: Data | None = None) -> bytes:
        """Chained; ``iv`` is one block, or zeros."""

    def ecb_recover(self, data: Data) -> bytearray:
        """Inverse of ``ecb_encrypt``, into a buffer that the caller wipes."""

    def cbc_recover(self, data: Data, iv: Data | None = None) -> bytearray:
        """Inverse of ``cbc_encrypt``, into a buffer that the caller wipes."""

    def cmac(self, data: Data) -> bytes:
        """CMAC, one block long."""

    def single(self) -> KeyInUse:
        """Single DES with the first 8 bytes of this TDES key (X9.9, and the chain of X9.19)."""


@dataclass(frozen=True, slots=True)
class ClearKey:
    """A key whose bytes are here. They stay with their owner, who wipes them."""

    cipher: BlockCipher
    key: Key = field(repr=False)

    @property
    def algorithm(self) -> str:
        """See KeyInUse."""
        return self.cipher.name

    @property
    def length(self) -> int:
        """See KeyInUse."""
        return len(self.key)

    @property
    def block(self) -> int:
        """See KeyInUse."""
        return self.cipher.block

    def ecb_encrypt(self, data: Data) -> bytes:
        """See KeyInUse."""
        return self.cipher.ecb_encrypt(self.key, data)

    def cbc_encrypt(self, data: Data, iv: Data | None = None) -> bytes:
        """See KeyInUse."""
        return self.cipher.cbc_encrypt(self.key, data, iv)

    def ecb_recover(self, data: Data) -> bytearray:
        """See KeyInUse."""
        return self.cipher.ecb_recover(self.key, data)

    def cbc_recover(self, data: Data, iv: Data | None = None) -> bytearray:
        """See KeyInUse."""
        return self.cipher.cbc_recover(self.key, data, iv)

    def cmac(self, data: Data) -> bytes:
        """See KeyInUse."""
        return self.cipher.cmac(self.key, data)

    def single(self) -> KeyInUse:
        """See KeyInUse."""
        return ClearKey(self.cipher, memoryview(self.key)[:8])


AnyKey = Key | KeyInUse
"""A key's bytes, or a key that is used where it is."""


def in_use(key: AnyKey, algorithm: str) -> KeyInUse:
    """The key as something to use; bytes as a key of ``algorithm``. Raises ValueError for a key of another one."""
    if isinstance(key, bytes | bytearray | memoryview):
        return ClearKey(cipher(algorithm), key)
    if key.algorithm != algorithm:
        raise ValueError(f"a {key.algorithm.upper()} key is no {algorithm.upper()} key")
    return key


def clear_bytes(key: AnyKey) -> Key:
    """The bytes, where an algorithm changes them. Raises Unsupported for a key that never leaves its token."""
    if isinstance(key, bytes | bytearray | memoryview):
        return key
    if isinstance(key, ClearKey):
        return key.key
    raise Unsupported("This takes the key's own bytes, and they never leave the token.")
