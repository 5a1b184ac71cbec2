"""The key room behind the seam: what the vault answered is recorded, no key is, and no result that a key made.

MAC, PIN block and sealed data come out of a replay as zeros of the right length: the terminal only hands them on. What
it decides by – whether a MAC was right, which keys a sign-on brought, what a sealed card was – is kept, the card as its
token. Loading keys is not recorded at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keys import KeyRoom, Secret
from keys.errors import KeysError
from terminal.recording.seam import NOTHING, Codec, Plain, Seam
from terminal.recording.tokens import KEY_BYTES, Tokens

__all__ = ["RecordedKeyRoom", "tokens_of"]

_LABEL = "recorder"
_KEPT = "recorder_tokens"
_OVERHEAD_BYTES = 28
"""Nonce and tag of sealed data."""
_ZEROS: Codec[bytes] = Codec(len, bytes)
_PAIRS: Codec[tuple[tuple[str, str], ...]] = Codec(list, lambda plain: tuple((slot, kcv) for slot, kcv in plain))
_CARD_SEPARATOR = b"="


def tokens_of(room: KeyRoom, random: Callable[[int], bytes], shop_prefixes: tuple[str, ...]) -> Tokens:
    """Tokens under this terminal's own key, which the vault keeps sealed; in the thread that writes the vault."""
    sealed = room.vault.kept(_KEPT)
    try:
        if isinstance(sealed, str):
            with room.vault.open_data(_LABEL, bytes.fromhex(sealed)) as secret, secret.open() as kept:
                return Tokens(bytes(kept), shop_prefixes)
    except (KeysError, ValueError):
        pass  # of an earlier vault: tokens begin anew
    key = random(KEY_BYTES)
    room.vault.keep(**{_KEPT: room.vault.seal_data(_LABEL, key).hex()})
    return Tokens(key, shop_prefixes)


class RecordedKeyRoom:
    """What the terminal uses of ``keys.KeyRoom``; whatever else is asked of it ends the recording of this life."""

    def __init__(self, seam: Seam, room: KeyRoom | None, tokens: Callable[[], Tokens]) -> None:
        """``room`` None: a replay."""
        self._seam = seam
        self._room = room
        self.vault = _Vault(seam, room, tokens)
        self.audit = _Audit(seam, room)

    def monotonic(self) -> float:
        """Seconds of the clock that nobody can set."""
        return self._seam.reading("monotonic", lambda: _there(self._room).monotonic())

    def __getattr__(self, name: str) -> Any:
        return _beyond(self._seam, self._room, name)


class _Vault:
    """Key operations of payments and of the sign-on."""

    def __init__(self, seam: Seam, room: KeyRoom | None, tokens: Callable[[], Tokens]) -> None:
        self._seam = seam
        self._room = room
        self._opened = _opened(tokens)

    def has(self, slot: str) -> bool:
        return self._seam.reading("has key", lambda: _there(self._room).vault.has(slot))

    def mac(self, key_id: Any, data: bytes) -> bytes:
        return self._seam.reading("mac", lambda: _there(self._room).vault.mac(key_id, data), _ZEROS)

    def verify_mac(self, key_id: Any, data: bytes, mac: bytes) -> bool:
        return self._seam.reading("verify mac", lambda: _there(self._room).vault.verify_mac(key_id, data, mac))

    def encrypt_pin(self, key_id: Any, pin: Secret, pan: Any, format: int = 0) -> bytes:
        return self._seam.reading(
            "encrypt pin", lambda: _there(self._room).vault.encrypt_pin(key_id, pin, pan, format), _ZEROS
        )

    def unwrap_sign_on(
        self, master: Any, field: bytes, form: Any, mac_algorithm: str = ""
    ) -> tuple[tuple[str, str], ...]:
        return self._seam.reading(
            "unwrap sign-on",
            lambda: _there(self._room).vault.unwrap_sign_on(master, field, form, mac_algorithm),
            _PAIRS,
        )

    def seal_data(self, label: str, data: bytes | bytearray) -> bytes:
        return self._seam.reading("seal", lambda: _there(self._room).vault.seal_data(label, data), _ZEROS)

    def open_data(self, label: str, sealed: bytes) -> Secret:
        return self._seam.reading("unseal", lambda: _there(self._room).vault.open_data(label, sealed), self._opened)

    def stop(self, reason: str) -> None:
        if self._room is not None:
            self._room.vault.stop(reason)

    def __getattr__(self, name: str) -> Any:
        return _beyond(self._seam, self._room and self._room.vault, name)


class _Audit:
    """The key log, as far as a day at the counter writes it."""

    def __init__(self, seam: Seam, room: KeyRoom | None) -> None:
        self._seam = seam
        self._room = room

    @property
    def waiting(self) -> Any:
        return self._seam.reading("log waits", lambda: bool(_there(self._room).audit.waiting))

    def flush(self) -> None:
        self._seam.reading("write log", self._flush, NOTHING)

    def _flush(self) -> None:
        _there(self._room).audit.flush()

    def note(self, event: str, **fields: Any) -> None:
        self._seam.reading("write log", lambda: _there(self._room).audit.note(event, **fields), NOTHING)

    def __getattr__(self, name: str) -> Any:
        return _beyond(self._seam, self._room and self._room.audit, name)


def _opened(tokens: Callable[[], Tokens]) -> Codec[Secret]:
    """Number and expiry of a card as its token; anything else as nothing."""

    def encode(secret: Secret) -> Plain:
        with secret.open() as data:
            number, separator, expiry = bytes(data).partition(_CARD_SEPARATOR)
            if separator and number.isdigit():
                return tokens().number(number) + separator + expiry
            return bytes(len(data))

    return Codec(encode, lambda plain: Secret(bytearray(plain)))


def _there(room: KeyRoom | None) -> KeyRoom:
    assert room is not None, "only a life that is recorded has keys"
    return room


def _beyond(seam: Seam, real: Any, name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    seam.leave("keys are loaded or looked at, which is not recorded")
    return getattr(real, name)
