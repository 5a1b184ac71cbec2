"""Cards and codes as they are meant to be: what is built is read back, what is published is read as published."""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.events import Tracks
from drivers.layouts import LAYOUTS, keys_of
from drivers.tracks import BadPass, Lrc, longitudinal, split_tracks
from drivers.wedge import WedgeDecoder
from terminal.domain.card import Card, CardRefusal, CardRules, full_year, parse_card
from terminal.domain.code import CodeKind, classify_code, payment_code
from terminal.domain.emv_customer_code import CustomerCode, parse_customer_code
from terminal.domain.emv_qr import (
    AMOUNT,
    CURRENCY,
    MerchantCode,
    QrFault,
    amount_text,
    build_merchant_code,
    crc16,
    parse_merchant_code,
)
from terminal.domain.money import CURRENCIES
from terminal.domain.service_code import PinRule, service_code

VECTORS = {
    vector["name"]: vector["decoded"]
    for vector in json.loads((Path(__file__).parents[1] / "vectors" / "messages.json").read_text("utf-8"))
    if vector["name"].startswith("CRYPTO_emv")
}
TODAY = date(2026, 11, 25)

# -- codes


def test_the_crc_is_the_one_of_its_catalogue():
    assert crc16(b"123456789") == 0x29B1, "the check value of CRC-16/CCITT-FALSE"


def test_a_published_merchant_code_is_read():
    vector = VECTORS["CRYPTO_emv_mpm_crc_phannaly"]
    code = parse_merchant_code(vector["payload"])
    assert isinstance(code, MerchantCode) and vector["payload"].endswith(vector["crc"])
    found = (code.value("59"), code.value("58"), code.amount_minor, code.currency, code.dynamic)
    assert found == ("Kuntheas Shop", "KH", 1000, CURRENCIES["840"], True)


def test_a_published_customer_code_is_read():
    code = parse_customer_code(VECTORS["CRYPTO_emv_cpm_dongri"]["payload"])
    assert isinstance(code, CustomerCode)
    assert code.aids == ("A0000000555555", "A0000000666666")


TEXTS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=25)
PLAIN_TAGS = [f"{tag:02d}" for tag in (*range(2, 26), 52, 55, 56, 57, 58, 59, 60, 61)]


@given(st.dictionaries(st.sampled_from(PLAIN_TAGS), TEXTS, max_size=8),
       st.dictionaries(st.sampled_from(["01", "05", "07"]), TEXTS, min_size=1, max_size=2),
       st.sampled_from(sorted(CURRENCIES)), st.integers(1, 10**9))  # fmt: skip
def test_a_code_that_was_built_is_read_as_it_was_meant(values, additional, currency, amount_minor):
    money = CURRENCIES[currency]
    objects = [*values.items(), (CURRENCY, currency), (AMOUNT, amount_text(amount_minor, money)),
               ("62", [(tag, text[:20]) for tag, text in additional.items()])]  # fmt: skip
    code = parse_merchant_code(build_merchant_code(objects))
    assert isinstance(code, MerchantCode)
    assert (code.amount_minor, code.currency) == (amount_minor, money)
    assert {tag: code.value(tag) for tag in values} == values
    assert code.template("62") == {tag: text[:20] for tag, text in additional.items()}


@given(st.integers(0), st.integers(1, 127))
def test_a_code_with_one_changed_character_is_no_code_or_the_same(place, change):
    good = build_merchant_code([("53", "156"), ("54", "12.85"), ("58", "CN"), ("59", "SHOP"), ("60", "CITY")])
    place %= len(good)
    spoiled = good[:place] + chr((ord(good[place]) + change) % 128) + good[place + 1 :]
    assert isinstance(parse_merchant_code(spoiled), QrFault) or spoiled.upper() == good.upper()


@given(st.binary(max_size=200))
def test_any_bytes_are_a_code_or_a_reason(data):
    assert classify_code(data).kind in CodeKind
    payment_code(data)


@pytest.mark.parametrize(
    "objects",
    [[("5", "x")], [("59", "")], [("59", "x" * 100)], [("59", "a\n")], [("59", "a"), ("59", "b")], [("63", "x")]],
)
def test_what_no_code_can_hold_is_not_built(objects):
    with pytest.raises(ValueError, match=r"code|tag"):
        build_merchant_code(objects)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("6212345678901234567", CodeKind.UNIONPAY),
        ("621234567890123456", CodeKind.OTHER),
        *((f"{head}{'7' * length}", CodeKind.ALIPAY) for head in range(25, 31) for length in (14, 16, 22)),
        ("28" + "7" * 13, CodeKind.OTHER),
        *((f"{head}{'7' * 16}", CodeKind.WECHAT) for head in range(10, 16)),
        ("16" + "7" * 16, CodeKind.OTHER),
        ("6901234567892", CodeKind.PRODUCT),
        ("6901234567890", CodeKind.OTHER),
        ("96385074", CodeKind.PRODUCT),
        ("9900000000004", CodeKind.COUPON),
        ("81101061414154321031501101201211014092110256100126663101231", CodeKind.COUPON),
        ("WIFI:T:WPA;S:Shop;P:guest;;", CodeKind.WIFI),
        ("KEYCARD:1:ABCD", CodeKind.KEY_CARD),
        ("B0096P0TE00E0000" + "0123456789ABCDEF" * 5, CodeKind.KEY_CARD),
        ("000201" + "5303156", CodeKind.EMV_MERCHANT),
        ("hQVDUFYwMWEA", CodeKind.EMV_CUSTOMER),
        ("https://example.org/pay", CodeKind.OTHER),
        ("٣" * 19, CodeKind.OTHER),
    ],
)
def test_a_code_is_taken_for_what_it_is(text, kind):
    assert classify_code(text.encode("utf-8")).kind is kind


# -- cards


@pytest.mark.parametrize(
    ("digits", "meaning"),
    [
        ("101", (False, False, False, True, True, PinRule.NONE)),
        ("120", (False, False, True, True, True, PinRule.REQUIRED)),
        ("201", (True, False, False, True, True, PinRule.NONE)),
        ("226", (True, False, True, True, True, PinRule.WHERE_POSSIBLE)),
        ("503", (False, True, False, False, True, PinRule.REQUIRED)),
        ("620", (True, True, True, True, True, PinRule.REQUIRED)),
    ],
)
def test_a_service_code_says_what_the_standard_says(digits, meaning):
    code = service_code(digits)
    assert (code.chip, code.domestic, code.online, code.goods, code.cash, code.pin) == meaning


@pytest.mark.parametrize("digits", ["", "1", "000", "301", "111", "108", "1=1", "١٠١"])
def test_a_service_code_that_is_none_says_nothing(digits):
    assert service_code(digits) is None


@pytest.mark.parametrize(("two", "year"), [(26, 2026), (25, 2025), (75, 2075), (76, 1976), (99, 1999), (0, 2000)])
def test_two_digits_mean_the_nearest_year(two, year):
    assert full_year(two, TODAY) == year


def luhn(digits):
    total = sum(int(d) if i % 2 else sum(divmod(int(d) * 2, 10)) for i, d in enumerate(reversed(digits)))
    return digits + str(-total % 10)


PANS = st.from_regex(r"62[0-9]{10,16}", fullmatch=True).map(luhn)
NAMES = st.text(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ /.-"), min_size=2, max_size=26)


@given(PANS, NAMES, st.integers(1, 12), st.sampled_from(["101", "201", "226"]), st.booleans())
def test_a_good_card_is_read_whole_with_and_without_its_check_characters(pan, name, month, service, with_lrc):
    first, second = f"B{pan}^{name}^30{month:02d}{service}00", f"{pan}=30{month:02d}{service}0000"
    typed = ""
    for track, start, content in (("track1", "%", first), ("track2", ";", second)):
        typed += f"{start}{content}?"
        typed += chr(longitudinal(track, ord(start), content.encode())) if with_lrc else ""
    tracks = split_tracks(typed.encode(), Lrc.REQUIRED if with_lrc else Lrc.DETECT)
    assert isinstance(tracks, Tracks)
    card = parse_card(tracks.track1, tracks.track2, None, CardRules(), TODAY)
    assert isinstance(card, Card)
    assert (card.pan.decode(), card.expiry, card.service_code) == (pan, f"30{month:02d}", service)
    assert card.name == name.strip() and card.needs_chip is (service[0] == "2")


@given(PANS, st.integers(0, 36), st.integers(1, 15))
def test_one_wrong_character_under_a_right_lrc_is_always_found(pan, place, change):
    content = bytearray(f"{pan}=3012101000".encode())
    lrc = longitudinal("track2", ord(";"), content)
    place %= len(content)
    content[place] = 0x30 + ((content[place] - 0x30) ^ change)
    typed = b";" + content + b"?" + bytes([lrc])
    assert isinstance(split_tracks(typed, Lrc.REQUIRED), BadPass)


@given(st.binary(max_size=120))
def test_any_bytes_are_tracks_or_a_reason(data):
    tracks = split_tracks(data)
    if isinstance(tracks, Tracks):
        card = parse_card(tracks.track1, tracks.track2, tracks.track3, CardRules(accept_track1=True), TODAY)
        assert isinstance(card, Card | CardRefusal)


def test_a_wiped_card_holds_nothing_and_a_printed_one_shows_nothing():
    card = parse_card(None, bytearray(b"6222021234567894=30121010000"), None, CardRules(), TODAY)
    assert repr(card) == "Card(622202******7894)"
    card.wipe()
    assert not any(card.pan) and not any(card.track2)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_device_of_any_country_types_what_its_layout_says(layout):
    """Every character that a layout has a key for comes back through the decoder."""
    from evdev import ecodes

    held = {0: None, 1: ecodes.KEY_LEFTSHIFT, 2: ecodes.KEY_RIGHTALT}
    decoder, wrong = WedgeDecoder(LAYOUTS[layout]), []
    for character, (code, level) in keys_of(LAYOUTS[layout]).items():
        if held[level]:
            decoder.feed(held[level], True)
        if decoder.feed(code, True).decode("utf-8") != character:
            wrong.append(character)
        if held[level]:
            decoder.feed(held[level], False)
    assert wrong == []
    assert set("0123456789;=?%^ABCXYZ/") <= set(keys_of(LAYOUTS[layout]))
