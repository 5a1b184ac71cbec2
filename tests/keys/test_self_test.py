"""The self-test says which algorithm no longer gives its answer, and each of them can fail."""

from dataclasses import replace

import pytest

from keys import self_test
from keys.ciphers import CIPHERS, BlockCipher
from keys.errors import SelfTestFailed


def test_every_algorithm_gives_its_known_answer():
    assert self_test.failed() == ()
    self_test.run_self_tests()


def test_no_answer_is_empty_and_no_name_is_used_twice():
    names = [item.name for item in self_test.KNOWN_ANSWERS]
    assert len(set(names)) == len(names)
    assert all(item.answer for item in self_test.KNOWN_ANSWERS)


@pytest.mark.parametrize("item", self_test.KNOWN_ANSWERS, ids=lambda item: item.name)
def test_a_wrong_answer_or_an_error_stops_the_use_of_keys_and_names_the_algorithm(item, monkeypatch):
    def broken():
        raise ArithmeticError

    for planted in (
        replace(item, answer=item.answer[:-1] + bytes([item.answer[-1] ^ 1])),
        replace(item, compute=broken),
    ):
        rest = tuple(other if other is not item else planted for other in self_test.KNOWN_ANSWERS)
        monkeypatch.setattr(self_test, "KNOWN_ANSWERS", rest)
        with pytest.raises(SelfTestFailed, match="The self-test of ") as refusal:
            self_test.run_self_tests()
        assert str(refusal.value) == f"The self-test of {item.name} failed."
        monkeypatch.undo()


def test_a_cipher_that_goes_wrong_is_found(monkeypatch):
    def wrong(self, key, data, mode):
        return bytes(len(data))

    monkeypatch.setattr(BlockCipher, "_encrypt", wrong)
    assert {"TDES", "AES", "SM4", "X9.19"} <= set(self_test.failed())
    assert set(CIPHERS) == {"tdes", "aes", "sm4"}
