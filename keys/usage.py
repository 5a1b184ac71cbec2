"""Key usage, mode of use and exportability: the attributes that X9.143 (TR-31) binds to a key.

The tables say which go together. What a terminal may do with a key at all is ``Policy`` in keys.key_block.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from keys.errors import UsageRefused

__all__ = ["MAC_USAGES", "TERMINAL_USAGES", "USAGES", "Exportability", "Mode", "Usage", "UsageRule", "check_attributes"]


_WRAP_ANEW = "Ask for the key to be wrapped anew."


class Usage(StrEnum):
    """X9.143:2021, key usage. Members are named by what they are for, their values are the codes."""

    BASE_DERIVATION = "B0"
    DUKPT_INITIAL = "B1"
    BASE_VARIANT = "B2"
    DERIVATION = "B3"
    CARD_VERIFICATION = "C0"
    DATA = "D0"
    DATA_ASYMMETRIC = "D1"
    DECIMALISATION = "D2"
    SENSITIVE_DATA = "D3"
    EMV_CRYPTOGRAMS = "E0"
    EMV_CONFIDENTIALITY = "E1"
    EMV_INTEGRITY = "E2"
    EMV_DATA_AUTHENTICATION = "E3"
    EMV_DYNAMIC_NUMBERS = "E4"
    EMV_PERSONALISATION = "E5"
    EMV_OTHER = "E6"
    EMV_MASTER_PERSONALISATION = "E7"
    INITIAL_VECTOR = "I0"
    KEY_ENCRYPTION = "K0"
    KEY_BLOCK_PROTECTION = "K1"
    ASYMMETRIC_TRANSPORT = "K2"
    KEY_AGREEMENT = "K3"
    KEY_BLOCK_PROTECTION_ISO_20038 = "K4"
    MAC_ISO_16609 = "M0"
    MAC_ALGORITHM_1 = "M1"
    MAC_ALGORITHM_2 = "M2"
    MAC_ALGORITHM_3 = "M3"
    MAC_ALGORITHM_4 = "M4"
    MAC_ALGORITHM_5_1999 = "M5"
    MAC_CMAC = "M6"
    MAC_HMAC = "M7"
    MAC_ALGORITHM_6 = "M8"
    PIN = "P0"
    PIN_GENERATION = "P1"
    SIGNATURE = "S0"
    SIGNATURE_CA = "S1"
    SIGNATURE_OTHER = "S2"
    PIN_VERIFICATION = "V0"
    PIN_VERIFICATION_IBM_3624 = "V1"
    PIN_VERIFICATION_VISA = "V2"
    PIN_VERIFICATION_X9_132_1 = "V3"
    PIN_VERIFICATION_X9_132_2 = "V4"
    PIN_VERIFICATION_X9_132_3 = "V5"


class Mode(StrEnum):
    """X9.143:2021, mode of use."""

    BOTH = "B"
    """Encrypt and decrypt."""
    MAC_BOTH = "C"
    """Make and check."""
    DECRYPT = "D"
    ENCRYPT = "E"
    GENERATE = "G"
    ANY = "N"
    """No restriction beyond that of the usage."""
    SIGN = "S"
    SIGN_AND_DECRYPT = "T"
    VERIFY = "V"
    DERIVE = "X"
    VARIANTS = "Y"


class Exportability(StrEnum):
    """X9.143:2021, exportability. This terminal exports nothing, whatever a key allows."""

    TRUSTED = "E"
    """Under a key that came in a key block."""
    NONE = "N"
    SENSITIVE = "S"
    """Under any key."""


@dataclass(frozen=True, slots=True)
class UsageRule:
    """What goes with a usage: X9.143 algorithm letters and modes. Mode N goes with every usage."""

    algorithms: str
    modes: str


_SYMMETRIC, _CIPHER, _MAC, _DERIVE, _SIGN = "TA", "BDE", "CGV", "X", "STV"
_CIPHERING = UsageRule(_SYMMETRIC, _CIPHER)
_DERIVING = UsageRule(_SYMMETRIC, _DERIVE)
_CHECKING = UsageRule(_SYMMETRIC, _MAC)
_SIGNING = UsageRule("RE", _SIGN)
USAGES: Mapping[str, UsageRule] = {
    Usage.BASE_DERIVATION: _DERIVING,
    Usage.DUKPT_INITIAL: _DERIVING,
    Usage.BASE_VARIANT: UsageRule(_SYMMETRIC, "XY"),
    Usage.DERIVATION: _DERIVING,
    Usage.CARD_VERIFICATION: _CHECKING,
    Usage.DATA: UsageRule("TAD", _CIPHER),
    Usage.DATA_ASYMMETRIC: UsageRule("RE", _CIPHER),
    Usage.DECIMALISATION: _CIPHERING,
    Usage.SENSITIVE_DATA: _CIPHERING,
    Usage.EMV_CRYPTOGRAMS: _DERIVING,
    Usage.EMV_CONFIDENTIALITY: _DERIVING,
    Usage.EMV_INTEGRITY: _DERIVING,
    Usage.EMV_DATA_AUTHENTICATION: _DERIVING,
    Usage.EMV_DYNAMIC_NUMBERS: _DERIVING,
    Usage.EMV_PERSONALISATION: UsageRule(_SYMMETRIC, "BCDEGVX"),
    Usage.EMV_OTHER: _DERIVING,
    Usage.EMV_MASTER_PERSONALISATION: _CIPHERING,
    Usage.INITIAL_VECTOR: UsageRule(_SYMMETRIC, ""),
    Usage.KEY_ENCRYPTION: _CIPHERING,
    Usage.KEY_BLOCK_PROTECTION: _CIPHERING,
    Usage.ASYMMETRIC_TRANSPORT: UsageRule("RE", _CIPHER),
    Usage.KEY_AGREEMENT: UsageRule("RE", _CIPHER + _DERIVE),
    Usage.KEY_BLOCK_PROTECTION_ISO_20038: _CIPHERING,
    Usage.MAC_ISO_16609: UsageRule("T", _MAC),
    Usage.MAC_ALGORITHM_1: UsageRule("TAD", _MAC),
    Usage.MAC_ALGORITHM_2: _CHECKING,
    Usage.MAC_ALGORITHM_3: UsageRule("TD", _MAC),
    Usage.MAC_ALGORITHM_4: _CHECKING,
    Usage.MAC_ALGORITHM_5_1999: _CHECKING,
    Usage.MAC_CMAC: _CHECKING,
    Usage.MAC_HMAC: UsageRule("H", _MAC),
    Usage.MAC_ALGORITHM_6: _CHECKING,
    Usage.PIN: _CIPHERING,
    Usage.PIN_GENERATION: UsageRule(_SYMMETRIC, "G"),
    Usage.SIGNATURE: _SIGNING,
    Usage.SIGNATURE_CA: _SIGNING,
    Usage.SIGNATURE_OTHER: _SIGNING,
    Usage.PIN_VERIFICATION: _CHECKING,
    Usage.PIN_VERIFICATION_IBM_3624: _CHECKING,
    Usage.PIN_VERIFICATION_VISA: _CHECKING,
    Usage.PIN_VERIFICATION_X9_132_1: _CHECKING,
    Usage.PIN_VERIFICATION_X9_132_2: _CHECKING,
    Usage.PIN_VERIFICATION_X9_132_3: _CHECKING,
}
MAC_USAGES = frozenset(usage for usage in Usage if usage.name.startswith("MAC_"))
TERMINAL_USAGES = MAC_USAGES | {
    Usage.DUKPT_INITIAL,
    Usage.DATA,
    Usage.SENSITIVE_DATA,
    Usage.KEY_ENCRYPTION,
    Usage.KEY_BLOCK_PROTECTION,
    Usage.PIN,
}
"""What may come to a terminal. A base derivation key (B0) never: with it every terminal's keys can be computed."""


def check_attributes(usage: str, algorithm: str, mode: str, exportability: str) -> None:
    """Raises UsageRefused for attributes that X9.143 does not know, or that do not go together.

    ``algorithm`` is X9.143's letter. Attributes are no secret and are named.
    """
    rule = USAGES.get(usage)
    if rule is None:
        raise UsageRefused(f"Key usage {usage} is not known.", "Ask for a key with a usage of X9.143.")
    if algorithm not in rule.algorithms:
        raise UsageRefused(f"Key usage {usage} is not for algorithm {algorithm}.", _WRAP_ANEW)
    if mode not in rule.modes + Mode.ANY:
        raise UsageRefused(f"Key usage {usage} has no mode {mode}.", _WRAP_ANEW)
    if exportability not in set(Exportability):
        raise UsageRefused(f"Exportability {exportability} is not known.", _WRAP_ANEW)
