"""Key blocks: what is wrapped is unwrapped, what was touched is refused in one way, and who may bring which key."""

import itertools
import os
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys.ciphers import AES, TDES
from keys.errors import KcvMismatch, KeysError, UsageRefused
from keys.kcv import kcv
from keys.key_block import ANY_KEY, TERMINAL_POLICY, KeyBlockRefused, derived_keys, unwrap, wrap
from keys.key_block_header import Header, OptionalBlock, options, read_attributes, read_header
from keys.secret import Secret

PROTECTION = {"B": bytes(range(0x20, 0x38)), "D": bytes(range(0x40, 0x60))}
PIN_KEY = bytes.fromhex("6E94C8D15B8A7FE0313D26C4F7A2B95D")


def opened(held):
    with held.open() as clear:
        return bytes(clear)


def block_of(version="D", usage="P0", mode="E", key=PIN_KEY, algorithm="T", optional=(), protection=None, **more):
    header = Header(version, usage, algorithm, mode, optional=options(optional))
    return wrap(protection or PROTECTION[version], header, Secret(bytearray(key)), os.urandom, **more)


printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=300)
identifiers = st.from_regex(r"[A-Z0-9]{2}", fullmatch=True).filter(lambda id: id not in {"PB", "KC", "KP"})
optional_blocks = st.dictionaries(identifiers, printable, max_size=5)


@pytest.mark.parametrize("version", ["B", "D"])
@given(
    key_bytes=st.sampled_from([16, 24]),
    protection_bytes=st.sampled_from([16, 24, 32]),
    key=st.binary(min_size=24, max_size=24),
    protection=st.binary(min_size=32, max_size=32),
    optional=optional_blocks,
    hide=st.booleans(),
)
@settings(max_examples=120)
def test_what_is_wrapped_is_unwrapped_with_any_optional_blocks(
    version, key_bytes, protection_bytes, key, protection, optional, hide
):
    """Law: unwrap(wrap(key)) is the key with its attributes, and the header's own blocks are whole cipher blocks."""
    if version == "B":
        protection_bytes = 24
    protection, key = protection[:protection_bytes], key[:key_bytes]
    text = block_of(version, key=key, protection=protection, optional=optional, hide_length=hide)
    found = unwrap(protection, text)
    assert opened(found.key) == key
    assert {block.id: block.data for block in found.header.optional} == optional
    size = (TDES if version == "B" else AES).block
    assert len(text) == int(text[1:5]) and read_header(text)[1] % size == 0


SAMPLES = {
    "A": (
        "89E88CF7931444F334BD7547FC3F380C",
        "A0072P0TE00E0000F5161ED902807AF26F1D62263644BD24192FDB3193C730301CEE8701",
    ),
    "B": (
        "1D22BF32387C600AD97F9B97A51311AC",
        "B0104B0TX12S0100KS1800604B120F9292800000BB68BE8680A400D9191AD4ECE45B6E6C0D21C4738A52190E248719E24B433627",
    ),
    "C": (
        "B8ED59E0A279A295E9F5ED7944FD06B9",
        "C0112B0TX12S0100KS1800604B120F929280000042B758A2400AB598AE37782823DAF0BA4BDB0DAFF34915345CA169AE1F976A429EB139E5",
    ),
    "D": (
        "88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6",
        "D0112P0AE00E0000B82679114F470F540165EDFBF7E250FCEA43F810D215F8D207E2E417C07156A27E8E31DA05F7425509593D03A457DC34",
    ),
    "E": (
        "3235362D62697420414553207772617070696E67202849534F20323030333829",
        "E0084B0TV16N0000B2AE5E26BBA7F246E84D5EA24167E208A6B66EF2E27E55A52DB52F0AEACB94C57547",
    ),
}


@pytest.mark.parametrize("version", SAMPLES)
def test_every_changed_character_is_refused_with_one_same_error(version):
    protection, text = bytes.fromhex(SAMPLES[version][0]), SAMPLES[version][1]
    assert opened(unwrap(protection, text, ANY_KEY).key)
    refusals = set()
    for place, character in itertools.product(range(len(text)), "0123456789ABCDEFGXZaf \n\xff\u0661"):
        if text[place] == character:
            continue
        with pytest.raises(KeyBlockRefused) as refusal:
            unwrap(protection, text[:place] + character + text[place + 1 :], ANY_KEY)
        refusals.add(
            (str(refusal.value), refusal.value.remedy, refusal.value.__cause__, refusal.value.__suppress_context__)
        )
    assert len(refusals) == 1


@given(st.text(max_size=200) | st.from_regex(r"[A-E]\d{4}[A-Z0-9]{11}[0-9A-F]{0,80}"), st.binary(max_size=40))
def test_any_text_is_a_key_block_or_the_one_refusal(text, protection):
    with pytest.raises(KeyBlockRefused, match="not genuine"):
        unwrap(protection, text, ANY_KEY)


def test_a_block_under_another_key_or_cut_or_longer_is_refused():
    text = block_of()
    for protection, changed in [
        (bytes(32), text),
        (PROTECTION["D"][:16], text),
        (PROTECTION["D"], text[:-2]),
        (PROTECTION["D"], text + "00"),
        (PROTECTION["D"], text.lower()),
        (PROTECTION["D"], ""),
    ]:
        with pytest.raises(KeyBlockRefused, match="not genuine"):
            unwrap(protection, changed)


def test_what_stands_in_a_file_can_be_told_before_it_is_trusted():
    header, start = read_header(block_of(optional={"LB": "PIN key", "KS": "00604B120F9292800000"}))
    assert (header.usage, header.algorithm, header.mode) == ("P0", "T", "E")
    assert header.option("LB") == "PIN key" and start % 16 == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "first 16 characters"),
        ("D0016P0TE00N0000", None),
        ("D0017P0TE00N0000", "says that it has 17"),
        ("D0020P0TE00N0100LB03", "has not the length"),
        ("D0020P0TE00N0100LBZZ", "no optional block"),
        ("D0024P0TE00N0200LB04LB04", "occurs twice"),
        ("D0024P0TE00N0200PB04LB04", "Padding stands before"),
        ("D0022P0TE00N0100LB0006", "of its own kind"),
        ("D0020P0TE00N0100LBFF", "has not the length"),
    ],
)
def test_what_is_wrong_with_a_header_is_named_by_its_place(text, words):
    if words is None:
        assert read_header(text)[1] == 16
        return
    with pytest.raises(KeyBlockRefused, match=words):
        read_header(text)


def test_a_long_optional_block_is_read_with_its_length_counted_in_digits_or_in_bytes():
    data = "x" * 300
    for digits in ("04", "02"):
        body = f"CT00{digits}{len(data) + 10:04X}{data}"
        text = f"D{16 + len(body):04}P0TE00N0100{body}"
        assert read_header(text)[0].option("CT") == data


def test_a_header_that_stands_alone_is_read_whole():
    assert read_attributes("D0000B1TX00N0100KS1800604B120F9292800000").option("KS") == "00604B120F9292800000"
    for text in ("D0000P0TE00N0000x", "D0000P0TE00N0100", "P0TE00N0000"):
        with pytest.raises(KeyBlockRefused):
            read_attributes(text)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"usage": "B0", "mode": "X"}, "usage B0 do not come here"),
        ({"usage": "K2", "algorithm": "R", "mode": "B", "key": bytes(64)}, "usage K2 do not come here"),
        ({"key": PIN_KEY[:8]}, "single DES"),
        ({"usage": "B1", "mode": "X"}, "without its serial number"),
    ],
)
def test_a_genuine_key_that_has_no_business_here_is_refused_by_name(change, words):
    with pytest.raises(UsageRefused, match=words) as refusal:
        unwrap(PROTECTION["D"], block_of(**change))
    assert refusal.value.remedy


def test_versions_a_and_c_come_in_only_where_the_profile_says_so():
    protection, text = bytes.fromhex(SAMPLES["A"][0]), SAMPLES["A"][1]
    with pytest.raises(UsageRefused, match="version A are not taken"):
        unwrap(protection, text)
    assert opened(unwrap(protection, text, TERMINAL_POLICY.with_versions("ABD")).key)


@pytest.mark.parametrize("version", ["A", "C", "E"])
def test_versions_that_bind_badly_are_never_written(version):
    with pytest.raises(UsageRefused, match="not written"):
        block_of(version, protection=bytes(16))


@pytest.mark.parametrize(
    ("usage", "mode", "algorithm"), [("P0", "X", "T"), ("M6", "E", "T"), ("ZZ", "N", "T"), ("M3", "C", "A")]
)
def test_attributes_that_do_not_go_together_are_not_written(usage, mode, algorithm):
    with pytest.raises(UsageRefused):
        block_of(usage=usage, mode=mode, algorithm=algorithm)


def test_a_key_never_travels_under_a_weaker_one():
    with pytest.raises(UsageRefused, match="stronger"):
        block_of("B", key=bytes(24), protection=bytes(range(16)))
    with pytest.raises(UsageRefused, match="stronger"):
        block_of("D", algorithm="A", key=bytes(range(32)), protection=bytes(range(16)))


def test_check_values_that_travel_with_a_key_are_checked():
    protection = PROTECTION["D"]
    kc, kp = "00" + kcv(PIN_KEY, "tdes").hex().upper(), "01" + kcv(protection, "aes", "cmac", 5).hex().upper()
    assert unwrap(protection, block_of(optional={"KC": kc, "KP": kp}))
    for wrong in ({"KC": "00000000"}, {"KP": "010000000000"}, {"KC": "02ABCDEF"}, {"KC": kc + "0"}, {"KP": ""}):
        with pytest.raises(KcvMismatch) as refusal:
            unwrap(protection, block_of(optional=wrong))
        assert not re.search("[0-9A-F]{6}", str(refusal.value))


def test_a_dukpt_key_comes_with_its_serial_number():
    ours = unwrap(PROTECTION["D"], block_of(usage="B1", mode="X", optional={"KS": "FFFF9876543210E00000"}))
    assert ours.ksn == "FFFF9876543210E00000" and ours.algorithm == "tdes"
    with pytest.raises(UsageRefused, match="IK"):
        unwrap(PROTECTION["D"], block_of(usage="B1", mode="X", algorithm="A", optional={"KS": "1234567890123456"}))


def test_the_length_of_a_key_is_hidden_unless_asked_otherwise():
    short, long = block_of(key=bytes(range(16))), block_of(key=bytes(range(24)))
    assert len(short) == len(long)
    assert len(block_of("B", hide_length=False)) < len(block_of("B"))


def test_randomness_comes_from_outside():
    def make():
        return wrap(PROTECTION["B"], Header("B", "P0", "T", "E"), Secret(bytearray(PIN_KEY)), bytes)

    assert make() == make() != block_of("B")


def test_optional_blocks_that_cannot_be_written_are_refused():
    for optional in ({"LB": "\n"}, {"lb": "x"}, {"LB": "x" * 9990}, {"PB": "x"}):
        with pytest.raises(KeysError):
            block_of(optional=optional)


def test_the_two_keys_of_a_version_differ_and_so_do_those_of_another_length():
    seen = {bytes(key) for size in (16, 24, 32) for key in derived_keys("D", bytes(range(size)))}
    assert len(seen) == 6


def test_an_optional_block_says_what_it_is():
    assert OptionalBlock("LB", "x") == options([("LB", "x")])[0]
