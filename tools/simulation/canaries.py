"""What must never be found in a file, on a screen, on paper or in an error: card data, PINs and keys in every form."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator

from tools.host.accounts import DEMO_ACCOUNTS, DEMO_CODES
from tools.host.values import DOMESTIC

__all__ = ["CARD_FORMS", "QUICK_FORMS", "contains", "forms_of", "found_in", "key_forms"]

_CARD_DIGITS = 13
"""More than the first six that may be shown; the demonstration's long numbers share them."""


def forms_of(text: str) -> dict[str, bytes]:
    """A text of digits in the forms it could be hidden in."""
    plain = text.encode("ascii")
    even = text[: len(text) // 2 * 2]
    encoded = {
        f"base64+{shift}": base64.b64encode(bytes(shift) + plain)[4 * bool(shift) :][: len(plain) // 3 * 4 - 4]
        for shift in (0, 1, 2)
    }
    return {
        "plain": plain,
        "reversed": plain[::-1],
        "BCD": bytes.fromhex(even),
        "BCD shifted": bytes.fromhex(text[1 : 1 + (len(text) - 1) // 2 * 2]),
        "hexadecimal": plain.hex().encode("ascii"),
        "UTF-16": text.encode("utf-16-le"),
        **encoded,
    }


def _common(texts: Iterable[str]) -> str:
    texts = list(texts)
    return texts[0][:_CARD_DIGITS] if len({text[:_CARD_DIGITS] for text in texts}) == 1 else ""


def _card_forms() -> dict[str, bytes]:
    pan = _common(account.pan for account in DEMO_ACCOUNTS if len(account.pan) == 19)
    code = _common(code.code for code in DEMO_CODES)
    assert pan and code, "the demonstration's numbers share their first digits"
    found = {f"card number, {form}": pattern for form, pattern in forms_of(pan).items()}
    for account in DEMO_ACCOUNTS:
        if account.organisation != DOMESTIC:
            found |= {f"card number of {account.name}, {form}": bits for form, bits in forms_of(account.pan).items()}
    found |= {f"payment code, {form}": pattern for form, pattern in forms_of(code).items()}
    for account in DEMO_ACCOUNTS:
        if len(account.pin) == 6:
            found[f"clear PIN block of {account.name}"] = bytes.fromhex(f"06{account.pin}FFFFFF")
    return found


CARD_FORMS = _card_forms()
"""Name and bytes of each canary of the demonstration's cards, codes and PINs."""

_QUICK = (", plain", ", BCD", ", BCD shifted")
QUICK_FORMS = {name: bits for name, bits in CARD_FORMS.items() if name.startswith("card") and name.endswith(_QUICK)}
"""The forms in which a leak would first be seen, for bytes that are looked at often."""


def key_forms(name: str, key: bytes) -> dict[str, bytes]:
    """A key as it is, in hexadecimal and in base64."""
    return {
        name: key,
        f"{name}, hexadecimal": key.hex().encode("ascii"),
        f"{name}, HEXADECIMAL": key.hex().upper().encode("ascii"),
        f"{name}, base64": base64.b64encode(key).rstrip(b"=")[:-1],
    }


def contains(data: bytes | bytearray, pattern: bytes) -> bool:
    """``pattern in data``, from the end: quicker in a file full of zeros for a pattern that begins otherwise."""
    return data.rfind(pattern) >= 0


def found_in(data: bytes, forms: dict[str, bytes]) -> Iterator[str]:
    """Names of the canaries that sing in some bytes."""
    for name, pattern in forms.items():
        if contains(data, pattern):
            yield name
