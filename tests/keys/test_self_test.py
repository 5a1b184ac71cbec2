"""Known answers: a broken algorithm is found, named, and stops the use of keys."""

import dataclasses

import pytest

from keys import self_test
from keys.errors import SelfTestFailed
from keys.self_test import KNOWN_ANSWERS, run_self_tests


def test_every_algorithm_gives_its_known_answer():
    run_self_tests()


@pytest.mark.parametrize("known", KNOWN_ANSWERS, ids=lambda known: known.name)
def test_a_broken_algorithm_is_named(monkeypatch, known):
    """Planted: one bit of what it gives is wrong."""

    def wrong():
        answer = bytearray(known.compute())
        answer[-1] ^= 1
        return bytes(answer)

    broken = [dataclasses.replace(item, compute=wrong) if item is known else item for item in KNOWN_ANSWERS]
    monkeypatch.setattr(self_test, "KNOWN_ANSWERS", broken)
    with pytest.raises(SelfTestFailed, match=known.name):
        run_self_tests()


def test_every_algorithm_that_a_terminal_uses_is_tested():
    names = " ".join(known.name for known in KNOWN_ANSWERS)
    assert all(
        word in names
        for word in ("TDES", "AES", "SM4", "CMAC", "X9.9", "X9.19", "UnionPay", "DUKPT", "key block B", "key block D",
                     "format 0", "format 4", "GCM", "HMAC", "components")
    )  # fmt: skip
