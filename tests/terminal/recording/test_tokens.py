"""Tokens: what of a card may stay, what must not, and that a replay decides by a token as by the card."""

from datetime import date

from hypothesis import assume, given
from hypothesis import strategies as st

from terminal.domain.card import NOT_PAYMENT_PREFIXES, Card, CardRefusal, CardRules, luhn_valid, mask_pan, parse_card
from terminal.domain.code import Code, payment_code
from terminal.recording.events import stand_in
from terminal.recording.tokens import Tokens

TODAY = date(2026, 11, 25)
KEY = bytes(range(32))
digits = st.text("0123456789", min_size=8, max_size=19)
SIZES, LONG_SIZES = st.integers(8, 19), st.integers(13, 19)
CODES = (
    b"6212345678901234567",
    b"281234567890123456",
    b"131234567890123456",
    b"4006381333931",
    b"WIFI:S:shop;P:geheim;;",
    b"KEYCARD:00112233",
    b"hQVDUFYwM",
    b"hello 4929",
    b"\xff\xfe",
    b"",
    b"9" * 3000,
    b"00020101021153031566304ABCD",
)


@st.composite
def numbers(draw, sizes=SIZES):
    """Card numbers with a right check digit."""
    size = draw(sizes)
    head = draw(st.text("0123456789", min_size=size - 1, max_size=size - 1))
    return next(head + digit for digit in "0123456789" if luhn_valid(head + digit))


def payment(number):
    return not number.startswith(NOT_PAYMENT_PREFIXES)


@given(digits)
def test_a_token_has_the_length_and_the_kind_of_check_digit_of_the_number(number):
    assume(payment(number))
    token = Tokens(KEY).number(number.encode()).decode()
    assert len(token) == len(number)
    assert luhn_valid(token) == luhn_valid(number)
    assert token != number


@given(numbers())
def test_a_token_shows_no_more_of_a_number_than_a_slip_does(number):
    assume(payment(number))
    token = Tokens(KEY).number(number.encode()).decode()
    assert mask_pan(token) == mask_pan(number)
    if len(number) < 15:
        assert token[0] == number[0], "the industry alone"


@given(numbers(), numbers())
def test_the_same_card_is_the_same_token_and_another_terminal_has_another(number, other):
    assume(payment(number) and payment(other))
    tokens = Tokens(KEY)
    assert tokens.number(number.encode()) == tokens.number(number.encode()) == Tokens(KEY).number(number.encode())
    if len(number) == 19:
        assert Tokens(bytes(32)).number(number.encode()) != tokens.number(number.encode())


tails = st.one_of(
    st.just("=35121200000"),
    st.builds(
        "={}{}{}".format, st.sampled_from(["3512", "2401", "9913", "="]), st.sampled_from(["120", "221", "="]), digits
    ),
    st.text("0123456789=", max_size=30),
)


@given(st.one_of(numbers(), digits, st.text("0123456789", max_size=25)), tails)
def test_a_card_is_accepted_or_refused_by_its_token_as_it_was_by_itself(number, tail):
    assume(payment(number))
    track = (number + tail).encode()
    token = Tokens(KEY).track(track)
    assert len(token) == len(track)
    real, replayed = (parse_card(None, bytearray(data), None, CardRules(), TODAY) for data in (track, token))
    assert type(real) is type(replayed)
    if isinstance(real, CardRefusal):
        assert real == replayed
    else:
        assert isinstance(replayed, Card)
        assert (real.masked, real.expiry, real.service_code) == (
            replayed.masked,
            replayed.expiry,
            replayed.service_code,
        )


@given(numbers(LONG_SIZES), st.text("0123456789", min_size=1, max_size=12))
def test_nothing_of_the_discretionary_data_is_kept(number, secret):
    token = Tokens(KEY).track(f"{number}=3512120{secret}".encode())
    assert token.endswith(b"=3512120" + b"0" * len(secret))


def test_track_1_keeps_neither_number_nor_name():
    token = Tokens(KEY).track1(b"B6212340000000000012^DOE/JOHN Q^35121200000123")
    assert token.startswith(b"B621234")
    assert token.endswith(b"0012^XXX/XXXX X^35121200000000")
    assert b"6212340000000000012" not in token


def test_both_tracks_have_the_same_token():
    tokens = Tokens(KEY)
    one, two = (
        tokens.track1(b"B6212340000000000012^DOE/J^35121200000"),
        tokens.track(b"6212340000000000012=35121200000"),
    )
    card = parse_card(bytearray(one), bytearray(two), None, CardRules(), TODAY)
    assert isinstance(card, Card)


@given(numbers(LONG_SIZES), st.text("ab 0123", max_size=8), st.text("xy 89", max_size=8))
def test_a_number_that_was_seen_is_found_in_whatever_the_host_says(number, before, after):
    assume(payment(number))
    tokens = Tokens(KEY)
    tokens.number(number.encode())
    assert number not in tokens.text(f"{before}{number}{after}")
    assert number.encode() not in tokens.packed(b"\x00" + number.encode() + b"\xff")
    packed = bytes.fromhex(number if len(number) % 2 == 0 else f"0{number}")
    assert number not in tokens.packed(b"\xaa" + packed + b"\xbb").hex()


@given(numbers(LONG_SIZES))
def test_a_number_that_was_never_seen_is_known_by_its_check_digit(number):
    assume(payment(number) and number[0] != "0")
    assert number not in Tokens(KEY).text(f"card {number} !")
    assert number not in Tokens(KEY).text(number.rjust(20, "0"))


def test_other_digits_of_the_host_stay_as_they_are():
    text = "RRN 071755000006 batch 000001 total 000000012850"
    assert Tokens(KEY).text(text) == text


@given(st.one_of(st.sampled_from(CODES), st.binary(max_size=40), digits.map(str.encode)))
def test_what_stands_for_a_code_is_accepted_or_refused_as_the_code_was(text):
    tokens = Tokens(KEY)
    real, replayed = payment_code(text), payment_code(stand_in(text, tokens))
    assert type(real) is type(replayed)
    if isinstance(real, Code) and isinstance(replayed, Code):
        assert (real.kind, real.masked) == (replayed.kind, replayed.masked)
        assert text not in replayed.data
    elif not isinstance(real, Code) and not isinstance(replayed, Code):
        assert real.reason == replayed.reason


def test_passwords_of_networks_and_keys_on_cards_are_not_kept():
    for text in (b"WIFI:S:shop;P:geheim;;", b"KEYCARD:00112233445566778899AABBCCDDEEFF"):
        assert text[8:] not in stand_in(text, Tokens(KEY))
