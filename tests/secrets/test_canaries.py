"""Positive control: the search finds a planted secret in every form, at every place."""

import base64
import os

import pytest

from tests.secrets.canaries import FORMS, Canaries, forms_of

SECRET = os.urandom(16)
PLANTED = {
    "raw": lambda secret: secret,
    "hex": lambda secret: secret.hex().encode(),
    "HEX": lambda secret: secret.hex().upper().encode(),
    "spaced hex": lambda secret: secret.hex(" ").encode(),
    "reversed": lambda secret: secret[::-1],
    "reversed hex": lambda secret: secret[::-1].hex().encode(),
    "REVERSED HEX": lambda secret: secret.hex().upper()[::-1].encode(),
    "base64": base64.b64encode,
    "url base64": base64.urlsafe_b64encode,
    "base64 of hex": lambda secret: base64.b64encode(secret.hex().encode()),
    "base64 of HEX": lambda secret: base64.b64encode(secret.hex().upper().encode()),
    "python bytes": lambda secret: repr(secret).encode(),
    "list of numbers": lambda secret: repr(list(secret)).encode(),
}


def test_every_form_has_its_control():
    assert set(PLANTED) == set(FORMS) == set(forms_of(SECRET))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("before", range(4))
def test_a_planted_secret_is_found(tmp_path, form, before):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "a.log").write_bytes(b"x" * before + PLANTED[form](SECRET) + b"tail")
    found = Canaries({"key": SECRET}).in_folder(tmp_path)
    assert any(f"key as {form} in deep/er/a.log" in line for line in found)


@pytest.mark.parametrize("before", range(3))
def test_a_secret_in_the_middle_of_a_longer_base64_text_is_found(before):
    text = base64.b64encode(os.urandom(before + 30)[: before + 30] + SECRET + os.urandom(20))
    assert Canaries({"key": SECRET}).in_bytes("text", text)


def test_what_is_clean_is_clean_and_a_file_that_is_meant_to_hold_it_is_spared(tmp_path):
    (tmp_path / "clean.bin").write_bytes(os.urandom(200_000))
    (tmp_path / "component.hex").write_bytes(SECRET.hex().encode())
    canaries = Canaries({"key": SECRET})
    assert canaries.in_folder(tmp_path, without=[tmp_path / "component.hex"]) == []
    assert canaries.in_folder(tmp_path) == ["key as hex in component.hex"]


def test_what_is_reported_does_not_say_the_secret():
    told = " ".join(Canaries({"key": SECRET}).in_bytes("log", SECRET.hex().encode()))
    assert told and SECRET.hex() not in told
