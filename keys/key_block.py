"""Key blocks of X9.143 (TR-31): a key with its usage bound to it, read in versions A to E, written in B and D.

Reading has two steps. ``unwrap`` finds out whether the block is genuine, and has one error for whatever is wrong until
then; the ``Policy`` then says whether a genuine key may come here, with an error that names the attribute
(facts/keys.md §3). Versions A and C are read only where a profile says so: their keys are bound by 4 bytes.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from keys.algorithms import strength_bits
from keys.ciphers import AES, TDES, BlockCipher, Data, Key, wipe, xor
from keys.errors import KcvMismatch, KeysError, Unsupported, UsageRefused
from keys.kcv import kcv_matches
from keys.key_block_header import FIXED, Header, KeyBlockRefused, read_header, write_header
from keys.key_in_use import AnyKey, KeyInUse, clear_bytes, in_use
from keys.secret import Secret
from keys.usage import TERMINAL_USAGES, Exportability, Mode, Usage, check_attributes

__all__ = [
    "ANY_KEY",
    "TERMINAL_POLICY",
    "KeyBlock",
    "KeyBlockRefused",
    "Policy",
    "check_policy",
    "derived_keys",
    "unwrap",
    "wrap",
]

_REFUSED = "The key block is not genuine, or not for this key block protection key."
_LENGTH_BYTES = 2
_MAC_BYTES_OF_A = 4
_WRAP_ANEW = "Ask for the key to be wrapped anew."
_METHODS = {"00": "legacy", "01": "cmac"}
_HEXADECIMAL = re.compile(r"[0-9A-F]+")


@dataclass(frozen=True, slots=True)
class KeyBlock:
    """A key that arrived, and what came with it. The receiver wipes ``key``."""

    header: Header
    key: Secret

    @property
    def algorithm(self) -> str:
        """As in a key record, such as ``tdes``."""
        known = self.header.cipher
        return known.name if known else self.header.algorithm

    @property
    def ksn(self) -> str:
        """Initial serial number (KS) or identifier (IK) of a DUKPT key, in hexadecimal; empty without one."""
        return self.header.option("IK" if self.header.algorithm == "A" else "KS") or ""


@dataclass(frozen=True, slots=True)
class Policy:
    """Which genuine keys are let in."""

    versions: frozenset[str] = frozenset("BD")
    usages: frozenset[str] | None = TERMINAL_USAGES
    """None: any, known to X9.143 or not."""
    exportabilities: frozenset[str] = frozenset(Exportability)
    modes: frozenset[str] | None = frozenset(Mode)
    """None: any, even one that does not go with the usage."""
    single_des: bool = False
    weaker_protection: bool = False
    """Whether a key may be stronger than the one it travels under."""

    def with_versions(self, versions: str) -> Policy:
        """The same with other versions, such as ``ABD`` for an acquirer that still sends A."""
        return replace(self, versions=frozenset(versions))


TERMINAL_POLICY = Policy()
ANY_KEY = Policy(frozenset("ABCDE"), None, frozenset(Exportability), None, True, True)
"""For a host's tools and for tests; never for a terminal."""


@dataclass(frozen=True, slots=True)
class _Version:
    cipher: BlockCipher
    mac_bytes: int
    keys: Callable[[KeyInUse], tuple[bytearray, bytearray]]
    """For the ciphertext and for the MAC."""
    over_ciphertext: bool = False
    counter_mode: bool = False


def _by_variants(protection: KeyInUse) -> tuple[bytearray, bytearray]:
    """Versions A and C: the protection key with every byte changed by one constant."""
    key = clear_bytes(protection)
    return xor(key, b"\x45" * len(key)), xor(key, b"\x4d" * len(key))


def _by_derivation(protection: KeyInUse) -> tuple[bytearray, bytearray]:
    """Versions B and D: CMAC of a counter, the usage of the derived key, its algorithm and length."""
    return _derived(protection, 0), _derived(protection, 1)


def _by_derivation_for_counter(protection: KeyInUse) -> tuple[bytearray, bytearray]:
    return _derived(protection, 2), _derived(protection, 1)


def _derived(protection: KeyInUse, usage: int) -> bytearray:
    length = protection.length
    indicator = length // 8 - 2 + (2 if protection.algorithm == AES.name else 0)
    key = bytearray()
    for counter in range(1, -(-length // protection.block) + 1):
        numbers = ((counter, 1), (usage, 2), (0, 1), (indicator, 2), (8 * length, 2))
        key += protection.cmac(b"".join(number.to_bytes(size, "big") for number, size in numbers))
    del key[length:]
    return key


_VERSIONS: Mapping[str, _Version] = {
    "A": _Version(TDES, _MAC_BYTES_OF_A, _by_variants, over_ciphertext=True),
    "B": _Version(TDES, 8, _by_derivation),
    "C": _Version(TDES, _MAC_BYTES_OF_A, _by_variants, over_ciphertext=True),
    "D": _Version(AES, 16, _by_derivation),
    "E": _Version(AES, 16, _by_derivation_for_counter, counter_mode=True),
}
_WRITTEN = frozenset("BD")
_PROTECTION_LENGTHS = {"tdes": (16, 24), "aes": (16, 24, 32)}
_KEY_LENGTHS = {"T": (8, 16, 24), "D": (8,), "A": (16, 24, 32)}


def derived_keys(version: str, protection: AnyKey) -> tuple[bytearray, bytearray]:
    """The keys of a version (``A`` to ``E``) for its ciphertext and for its MAC. Whoever asks wipes them."""
    return _VERSIONS[version].keys(in_use(protection, _VERSIONS[version].cipher.name))


def unwrap(protection: AnyKey, text: str, policy: Policy = TERMINAL_POLICY) -> KeyBlock:
    """The key of a key block. ``protection`` is the key block protection key.

    Raises KeyBlockRefused for a block that is not genuine, UsageRefused for a genuine key that may not come here,
    KcvMismatch when a check value that came with it (KC, KP) is not the key's; Unsupported for versions A and C when
    the protection key is in a token.
    """
    try:
        header, start = read_header(text)
        version = _VERSIONS[header.version]
        used = in_use(protection, version.cipher.name)
        if used.length not in _PROTECTION_LENGTHS[version.cipher.name]:
            raise ValueError
        payload = text[start:]
        if payload != payload.upper() or not payload.isalnum():
            raise ValueError
        data = bytes.fromhex(payload)
        key = _opened(version, used, text[:start].encode("ascii"), data, header)
    except Unsupported:
        raise
    except (KeysError, ValueError, KeyError):
        raise KeyBlockRefused(_REFUSED) from None
    try:
        check_policy(policy, header, len(key), strength_bits(version.cipher.name, used.length))
        _check_values(header, key, used)
    except BaseException:
        wipe(key)
        raise
    return KeyBlock(header, Secret(key))


def _opened(version: _Version, protection: KeyInUse, header: bytes, data: bytes, attributes: Header) -> bytearray:
    cipher = version.cipher
    cut = len(data) - version.mac_bytes
    sealed, mac = data[:cut], data[cut:]
    if cut <= 0 or (len(sealed) % cipher.block and not version.counter_mode):
        raise ValueError
    encryption, authentication = version.keys(protection)
    try:
        if version.over_ciphertext:
            if not hmac.compare_digest(_cbc_mac(authentication, header + sealed), mac):
                raise ValueError
            clear = cipher.cbc_recover(encryption, sealed, header[: cipher.block])
        elif version.counter_mode:
            clear = bytearray(cipher.ctr(encryption, sealed, mac))
        else:
            clear = cipher.cbc_recover(encryption, sealed, mac)
        try:
            if not version.over_ciphertext:
                found = cipher.cmac(authentication, header + clear)
                if not hmac.compare_digest(found, mac):
                    raise ValueError
            return _key_in(clear, attributes)
        finally:
            wipe(clear)
    finally:
        wipe(encryption)
        wipe(authentication)


def _cbc_mac(key: Key, data: Data) -> bytes:
    return TDES.cbc_encrypt(key, data)[-TDES.block :][:_MAC_BYTES_OF_A]


def _key_in(clear: bytearray, header: Header) -> bytearray:
    bits = int.from_bytes(clear[:_LENGTH_BYTES], "big")
    length = bits // 8
    known = _KEY_LENGTHS.get(header.algorithm)
    if bits % 8 or not 0 < length <= len(clear) - _LENGTH_BYTES or (known and length not in known):
        raise ValueError
    return clear[_LENGTH_BYTES : _LENGTH_BYTES + length]


def check_policy(policy: Policy, header: Header, length: int, protection_bits: int) -> None:
    """Whether a genuine key of ``length`` bytes may come here under something of ``protection_bits`` strength.

    Raises UsageRefused, naming the attribute and what to ask for.
    """
    usage = header.usage
    if header.version not in policy.versions:
        raise UsageRefused(
            f"Key blocks of version {header.version} are not taken.",
            f"Ask for version {' or '.join(sorted(policy.versions))}, or allow it in the acquirer's profile.",
        )
    if policy.usages is not None and usage not in policy.usages:
        raise UsageRefused(f"Keys of usage {usage} do not come here.", "Ask which key was meant for the terminal.")
    if policy.modes is not None:
        check_attributes(usage, header.algorithm, header.mode, header.exportability)
        if header.mode not in policy.modes:
            raise UsageRefused(f"Keys with mode {header.mode} do not come here.", _WRAP_ANEW)
    if header.exportability not in policy.exportabilities:
        raise UsageRefused(f"Keys with exportability {header.exportability} do not come here.", _WRAP_ANEW)
    if header.algorithm in {"T", "D"} and length == TDES.block and not policy.single_des:
        raise UsageRefused("The key is single DES.", "Ask for a key of 16 bytes or more.")
    known = header.cipher
    if (
        known
        and known.strengths
        and not policy.weaker_protection
        and strength_bits(known.name, length) > protection_bits
    ):
        raise UsageRefused("The key is stronger than the one it travelled under.", "Ask for a stronger master key.")
    if usage == Usage.DUKPT_INITIAL and policy.usages is not None:
        _check_dukpt(header)


def _check_dukpt(header: Header) -> None:
    name, digits = ("IK", (16,)) if header.algorithm == "A" else ("KS", (16, 20))
    value = header.option(name) or ""
    if len(value) not in digits or not _HEXADECIMAL.fullmatch(value):
        raise UsageRefused(
            f"An initial key comes without its serial number (optional block {name}).", "Ask for it to be wrapped anew."
        )


def _check_values(header: Header, key: bytearray, protection: KeyInUse) -> None:
    known = header.cipher
    if known is not None and known.name in _PROTECTION_LENGTHS:
        _check_value(header.option("KC"), key, known.name, "key")
    _check_value(header.option("KP"), protection, protection.algorithm, "key block protection key")


def _check_value(stated: str | None, key: AnyKey, algorithm: str, name: str) -> None:
    """``stated`` is a method of two digits and the value."""
    if stated is None:
        return
    method, value = _METHODS.get(stated[:2]), stated[2:]
    if method is None or len(value) not in {6, 8, 10} or not _HEXADECIMAL.fullmatch(value):
        raise KcvMismatch(f"The check value of the {name} in the key block cannot be read.")
    if not kcv_matches(key, algorithm, bytes.fromhex(value), method):
        raise KcvMismatch(f"The check value of the {name} in the key block does not match.")


def wrap(
    protection: Key,
    header: Header,
    key: Secret,
    random: Callable[[int], bytes],
    *,
    hide_length: bool = True,
) -> str:
    """A key block of version B or D. ``hide_length`` fills up to the longest key of its algorithm (X9.143:2021).

    Raises UsageRefused for attributes that do not go together or a protection key weaker than the key, KeyBlockRefused
    for what cannot be written.
    """
    if header.version not in _WRITTEN:
        raise UsageRefused(f"Key blocks of version {header.version} are not written.", "Write version D or B.")
    version = _VERSIONS[header.version]
    cipher = version.cipher
    if len(protection) not in _PROTECTION_LENGTHS[cipher.name]:
        raise UsageRefused(f"Version {header.version} is not for a protection key of this length.")
    lengths = _KEY_LENGTHS.get(header.algorithm)
    if lengths is not None and len(key) not in lengths:
        raise UsageRefused(f"Algorithm {header.algorithm} has no keys of this length.")
    policy = replace(ANY_KEY, modes=frozenset(Mode), weaker_protection=False)
    check_policy(policy, header, len(key), strength_bits(cipher.name, len(protection)))
    filled = max(lengths) if lengths and hide_length else len(key)
    size = -(-(_LENGTH_BYTES + filled) // cipher.block) * cipher.block
    text = write_header(header, cipher.block, 2 * (size + version.mac_bytes))
    encryption, authentication = derived_keys(header.version, protection)
    clear = bytearray((8 * len(key)).to_bytes(_LENGTH_BYTES, "big"))
    try:
        with key.open() as opened:
            clear += opened
        clear += random(size - len(clear))
        mac = cipher.cmac(authentication, text.encode("ascii") + clear)
        return text + (cipher.cbc_encrypt(encryption, clear, mac) + mac).hex().upper()
    finally:
        wipe(clear)
        wipe(encryption)
        wipe(authentication)


assert FIXED % AES.block == 0 == FIXED % TDES.block  # optional blocks alone decide about the header's filling
