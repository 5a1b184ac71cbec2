"""``countertop config bundle make|verify|install|status``, as an author and a technician use them."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from config import default_file
from terminal.service.parameters import Parameters
from tools.cli import main

VALUES = 'version = {version}\nterminals = ["1*"]\n[parameters]\nresponse_s = {value}\n'


def pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An author's key, and a terminal that trusts it."""
    key = Ed25519PrivateKey.generate()
    (tmp_path / "signer.pem").write_bytes(pem(key))
    (tmp_path / "state").mkdir(mode=0o700)
    trust = f'overrides = {{ bundle_key = "{key.public_key().public_bytes_raw().hex()}" }}'
    text = default_file().read_text("utf-8").replace("# overrides = { response_s = 30 }", trust)
    (tmp_path / "terminal.toml").write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(place, capsys):
    def bundle(*arguments):
        code = main(["config", "bundle", *arguments])
        told = capsys.readouterr()
        return code, told.out + told.err

    return bundle


def make(run, place, version=7, value="45"):
    (place / "values.toml").write_text(VALUES.format(version=version, value=value), "utf-8")
    return run("make", "values.toml", "--key", "signer.pem", "--out", f"{version}.bundle")


def test_from_the_author_to_the_terminal(run, place):
    code, told = make(run, place)
    assert code == 0 and "version 7, for 1*" in told and "bundle_key = " in told
    code, told = run("verify", "7.bundle", "--config", "terminal.toml")
    assert code == 0 and "response_s = 45" in told and "at once" in told
    code, told = run("install", "terminal.toml", "7.bundle")
    assert code == 0 and "Change 1 is recorded" in told
    assert "waiting" in run("status", "terminal.toml")[1]
    parameters = Parameters("terminal.toml")
    parameters.begin(lambda: True, starting=True)
    parameters.confirm()
    code, told = run("status", "terminal.toml")
    assert "no bundle below version 7 is taken" in told and "7  change 1  applied" in told


def test_an_older_bundle_is_refused_by_name(run, place):
    make(run, place)
    make(run, place, 6)
    run("install", "terminal.toml", "7.bundle")
    code, told = run("install", "terminal.toml", "6.bundle")
    assert code == 1 and "Bundle 6 is older than bundle 7" in told and "Traceback" not in told


def test_what_makes_no_bundle_is_said_to_its_author(run, place):
    for value in ("900000 x", '"45'):
        code, told = make(run, place, value=value)
        assert code == 1 and "Traceback" not in told
    make(run, place)
    assert make(run, place)[0] == 1  # it is there: nothing is overwritten


@pytest.mark.parametrize("content", [b"", b"no key", pem(generate_private_key(65537, 2048))])
def test_a_key_of_another_kind_is_named(run, place, content):
    (place / "signer.pem").write_bytes(content)
    code, told = make(run, place)
    assert code == 1 and "signer.pem" in told and "ed25519" in told


def test_a_bundle_is_verified_without_a_terminal(run, place):
    told = make(run, place)[1]
    public = told.partition('bundle_key = "')[2].partition('"')[0]
    assert run("verify", "7.bundle", "--by", public)[0] == 0
    assert run("verify", "7.bundle", "--by", "00" * 32)[0] == 1
    assert run("verify", "7.bundle", "--by", "zz")[0] == 1
    assert run("verify", "nothing.bundle", "--by", public)[0] == 1
