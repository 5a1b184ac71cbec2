"""Known answers: each algorithm gives a published value once more, at start and every day, or no key is used.

One row an algorithm; whoever adds an algorithm adds a row. The values are of standards and public test suites
(facts/keys.md, vectors); the keys in them protect nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys import dukpt_aes, dukpt_tdes
from keys.ciphers import AES, SM4, TDES
from keys.components import combine
from keys.dukpt_host import aes_initial_key, aes_transaction_key, tdes_initial_key, tdes_transaction_key
from keys.errors import SelfTestFailed
from keys.kcv import kcv
from keys.key_block import ANY_KEY, KeyBlockRefused, unwrap, wrap
from keys.key_block_header import Header
from keys.mac import cmac, hmac_sha256, tdes_cbc_mac, unionpay_ecb, x9_9, x9_19
from keys.master_session import SignOnForm, unwrap_sign_on
from keys.pin_block import format_3, parse_format_3, unionpay_sm4
from keys.pin_block_formats import encrypt_pin
from keys.secret import Secret
from keys.track import decrypt_track, encrypt_track

__all__ = ["INTERVAL_S", "KNOWN_ANSWERS", "KnownAnswer", "failed", "run_self_tests"]

INTERVAL_S = 24 * 3600.0
"""Between two runs, on a monotonic clock."""

_h = bytes.fromhex
_DOUBLE = _h("0123456789ABCDEFFEDCBA9876543210")
_SINGLE = _DOUBLE[:8]
_TEXT = b"Now is the time for all "
_SERIAL_TDES, _SERIAL_AES = _h("FFFF9876543210E00001"), _h("123456789012345600000001")
_BASE_AES = _h("FEDCBA9876543210F1F1F1F1F1F1F1F1")
_PAN = "4012345678909"


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """What is computed, and what must come out."""

    name: str
    compute: Callable[[], bytes]
    answer: bytes


def _opened(held: Secret) -> bytes:
    with held, held.open() as clear:
        return bytes(clear)


def _pin() -> Secret:
    return Secret(bytearray(b"1234"))


def _fill(count: int) -> bytes:
    return _h("2F69ADDE2E9E7ACE")[:count]


def _tdes_terminal(purpose: dukpt_tdes.Purpose) -> bytes:
    """Of the first transaction, by the register machine."""
    with tdes_initial_key(_DOUBLE, _SERIAL_TDES) as initial:
        state = dukpt_tdes.load_initial_key(initial, dukpt_tdes.with_counter(_SERIAL_TDES, 0))
    following, key, serial = dukpt_tdes.advance(state)
    state.wipe()
    following.wipe()
    assert serial == _SERIAL_TDES
    with key, key.open() as clear:
        return _opened(dukpt_tdes.key_for(clear, purpose))


def _tdes_host() -> bytes:
    return _opened(tdes_transaction_key(_h("6AC292FAA1315B4D858AB3A3D7D5933A"), _h("FFFF9876543210EFF800")))


def _aes_terminal() -> bytes:
    with aes_initial_key(_BASE_AES, _SERIAL_AES[:8]) as initial:
        state = dukpt_aes.load_initial_key(initial, _SERIAL_AES[:8])
    following, key, serial = dukpt_aes.advance(state)
    state.wipe()
    following.wipe()
    with key, key.open() as clear:
        return _opened(dukpt_aes.key_for(clear, serial, dukpt_aes.Purpose.PIN))


def _aes_host() -> bytes:
    return _opened(aes_transaction_key(_h("1273671EA26AC29AFA4D1084127652A1"), _SERIAL_AES))


def _update_key() -> bytes:
    return _opened(dukpt_aes.derive_update_key(_h("1273671EA26AC29AFA4D1084127652A1"), _SERIAL_AES[:8]))


def _key_block(protection: str, text: str) -> Callable[[], bytes]:
    return lambda: _opened(unwrap(_h(protection), text, ANY_KEY).key)


def _key_block_there_and_back(version: str) -> bytes:
    """Written with fixed randomness and read again; and one changed character is refused."""
    protection = bytes(range(24))
    text = wrap(protection, Header(version, "P0", "T", "E"), Secret(bytearray(_DOUBLE)), bytes)
    try:
        unwrap(protection, text[:-1] + ("0" if text[-1] != "0" else "1"))
    except KeyBlockRefused:
        return _opened(unwrap(protection, text).key)
    return b""


def _sign_on() -> bytes:
    field = "6701EAD6A9AD51E51AA406E2C27FCFA98D0A74B8B651F9E9BACE9AE10000000000000000AB7153CA"  # facts/unionpay.md §4
    working = unwrap_sign_on(_h("CA5D92598DCA48CE8A4C76361A9269E9"), _h(field), SignOnForm())
    return b"".join(_opened(item.key) for item in working)


def _track() -> bytes:
    track = bytearray(b"6228480010000000000=20121010000000000000")
    return bytes(decrypt_track(_DOUBLE, "tdes", encrypt_track(_DOUBLE, "tdes", bytearray(track)))).replace(b"D", b"=")


def _sm3() -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(b"abc")
    return digest.finalize()


def _combined() -> bytes:
    parts = [Secret(bytearray(_DOUBLE)), Secret(bytearray(_h("89E88CF7931444F334BD7547FC3F380C")))]
    return _opened(combine(parts))


_Tdes = dukpt_tdes.Purpose
KNOWN_ANSWERS: tuple[KnownAnswer, ...] = (
    KnownAnswer("TDES", lambda: TDES.ecb_encrypt(_DOUBLE, bytes(8)), _h("08D7B4FB629D0885")),
    KnownAnswer(
        "DES", lambda: TDES.ecb_encrypt(_SINGLE, _TEXT), _h("3FA40E8A984D48156A271787AB8883F9893D51EC4B563B53")
    ),
    KnownAnswer(
        "AES",
        lambda: AES.ecb_encrypt(bytes(range(16)), _h("00112233445566778899AABBCCDDEEFF")),
        _h("69C4E0D86A7B0430D8CDB78070B4C55A"),
    ),
    KnownAnswer("SM4", lambda: SM4.ecb_encrypt(_DOUBLE, _DOUBLE), _h("681EDF34D206965E86B3E94F536E4246")),
    KnownAnswer("SM3", _sm3, _h("66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0")),
    KnownAnswer(
        "AES-GCM", lambda: AESGCM(bytes(32)).encrypt(bytes(12), b"", b""), _h("530F8AFBC74536B9A963B4F1C4CB738B")
    ),
    KnownAnswer("check value", lambda: kcv(_h("5DB50B454F8389ADCE573BE50861F2BF"), "tdes"), _h("5C9405")),
    KnownAnswer(
        "check value by CMAC",
        lambda: kcv(_h("3F419E1CB7079442AA37474C2EFBF8B8"), "aes", "cmac", 5),
        _h("08793E25AB"),
    ),
    KnownAnswer("components", _combined, _h("88CBC9901ABF891CCA61CFDF8A6B0A1C")),
    KnownAnswer("X9.9", lambda: x9_9(_SINGLE, _TEXT)[:4], _h("70A30640")),
    KnownAnswer("X9.19", lambda: x9_19(_DOUBLE, _TEXT), _h("A1C72E74EA3FA9B6")),
    KnownAnswer(
        "ISO 16609",
        lambda: tdes_cbc_mac(_h("AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBB"), b"hello world"),
        _h("68D9038F23360DF3"),
    ),
    KnownAnswer(
        "AES-CMAC",
        lambda: cmac("aes", _h("2B7E151628AED2A6ABF7158809CF4F3C"), b""),
        _h("BB1D6929E95937287FA37D129B756746"),
    ),
    KnownAnswer(
        "TDES-CMAC",
        lambda: cmac("tdes", _tdes_terminal(_Tdes.MAC_REQUEST), b"4012345678909D987"),
        _h("211003F1D5B79DD7"),
    ),
    KnownAnswer(
        "HMAC-SHA-256",
        lambda: hmac_sha256(b"\x0b" * 20, b"Hi There"),
        _h("B0344C61D8DB38535CA8AFCEAF0BF12B881DC200C9833DA726E9376C2E32CFF7"),
    ),
    KnownAnswer(
        "UnionPay ECB MAC",
        lambda: unionpay_ecb(_h("2222222222222222"), _h("1234567890ABCDEFABCDEF1234567890")),
        b"E267B6E2",
    ),
    # Of this MAC no value is published: it was computed step by step from its description (facts/unionpay.md §4).
    KnownAnswer("UnionPay ECB MAC with SM4", lambda: unionpay_ecb(_DOUBLE, bytes(range(64)), sm4=True), b"961360EF"),
    KnownAnswer("SM4 key", lambda: kcv(_h("376D90E7945AA5CFDB4C07CCB35CEFD3"), "sm4", length=4), _h("08EEDEC7")),
    KnownAnswer(
        "PIN block for SM4",
        lambda: bytes(unionpay_sm4(Secret(bytearray(b"123654")), "6230606601007726888")),
        _h("06123654FFFFFFFFFFFF99FEFF88D977"),
    ),
    KnownAnswer(
        "PIN block 0",
        lambda: encrypt_pin(_tdes_terminal(_Tdes.PIN), "tdes", _pin(), _PAN, 0, _fill),
        _h("1B9C1845EB993A7A"),
    ),
    KnownAnswer(
        "PIN block 3", lambda: _opened(parse_format_3(format_3(_pin(), _PAN, lambda n: b"\x55" * n), _PAN)), b"1234"
    ),
    KnownAnswer(
        "PIN block 4",
        lambda: encrypt_pin(_aes_terminal(), "aes", _pin(), "4111111111111111", 4, _fill),
        _h("A912150391AB65A67E52883D81CE2D15"),
    ),
    KnownAnswer("track data", _track, b"6228480010000000000=20121010000000000000"),
    KnownAnswer("TDES DUKPT, host", _tdes_host, _h("F9CDFEBF4F5B1D9EB3EC12454527E176")),
    KnownAnswer("AES DUKPT, host", _aes_host, _h("4F21B565BAD9835E112B6465635EAE44")),
    KnownAnswer("AES DUKPT, update key", _update_key, _h("9A9770AEE1ACD1B13473D0463A1883B9")),
    KnownAnswer(
        "key block A",
        _key_block(
            "89E88CF7931444F334BD7547FC3F380C",
            "A0072P0TE00E0000F5161ED902807AF26F1D62263644BD24192FDB3193C730301CEE8701",
        ),
        _h("F039121BEC83D26B169BDCD5B22AAF8F"),
    ),
    KnownAnswer("key block B", lambda: _key_block_there_and_back("B"), _DOUBLE),
    KnownAnswer("key block D", lambda: _key_block_there_and_back("D"), _DOUBLE),
    KnownAnswer(
        "key block B, published",
        _key_block(
            "1D22BF32387C600AD97F9B97A51311AC",
            "B0104B0TX12S0100KS1800604B120F9292800000BB68BE8680A400D9191AD4ECE45B6E6C0D21C4738A52190E248719E24B433627",
        ),
        _h("E8BC63E5479455E26577F715D587FE68"),
    ),
    KnownAnswer(
        "key block D, published",
        _key_block(
            "88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6",
            "D0112P0AE00E0000B82679114F470F540165EDFBF7E250FCEA43F810D215F8D2"
            "07E2E417C07156A27E8E31DA05F7425509593D03A457DC34",
        ),
        _h("3F419E1CB7079442AA37474C2EFBF8B8"),
    ),
    KnownAnswer("sign-on keys", _sign_on, _h("807A23AD32B36D457AE91FDF927570EA5BB5C72CD00B7338")),
)


def failed() -> tuple[str, ...]:
    """Names of the algorithms that no longer give their answer; an error counts as a wrong one."""
    return tuple(item.name for item in KNOWN_ANSWERS if not _holds(item))


def run_self_tests() -> None:
    """Raises SelfTestFailed naming every algorithm that fails. Takes a few milliseconds."""
    names = failed()
    if names:
        raise SelfTestFailed(f"The self-test of {', '.join(names)} failed.")


def _holds(item: KnownAnswer) -> bool:
    try:
        return item.compute() == item.answer
    except Exception:  # noqa: BLE001 -- whatever goes wrong, no key is used
        return False
