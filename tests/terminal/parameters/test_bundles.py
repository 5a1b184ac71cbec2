"""A signed bundle is taken by the terminals that it names, at its moment, and never goes back."""

import os
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from config import ConfigError
from terminal.domain.signed_text import sign_text
from terminal.service.parameters import ChangeState, Parameters, Refusal, Refused
from terminal.service.parameters.bundle import BYTES_MAX, HEAD, make_bundle, open_bundle, read_bundle
from terminal.service.parameters.store import TRIES_MAX

from .conftest import START, no, yes

AUTHOR = Ed25519PrivateKey.generate()
PUBLIC = AUTHOR.public_key().public_bytes_raw()


@pytest.fixture
def file(file):
    """The terminal's profile trusts the author."""
    text = file.read_text("utf-8")
    overrides = f'overrides = {{ bundle_key = "{PUBLIC.hex()}" }}'
    file.write_text(text.replace("# overrides = { response_s = 30 }", overrides), "utf-8")
    return file


def bundle(version, parameters="response_s = 45", terminals='["10000001"]', effective="", key=AUTHOR, extra=""):
    moment = f"effective = {effective}\n" if effective else ""
    text = f"version = {version}\nterminals = {terminals}\n{moment}{extra}[parameters]\n{parameters}\n"
    return make_bundle(text.encode(), key)


def refused(action, *arguments):
    with pytest.raises(Refused) as error:
        action(*arguments)
    assert error.value.remedy
    return error.value.refusal


def live(parameters):
    parameters.begin(yes, starting=True)
    parameters.confirm()


def test_a_bundle_takes_effect_and_is_in_the_history(parameters):
    change = parameters.install(bundle(7, extra='note = "new line"\n'), "root")
    live(parameters)
    assert parameters.settings().acquirer_profile.response_s == 45
    (kept,) = parameters.history()
    assert (kept.bundle, kept.note, kept.state, kept.number) == (7, "new line", ChangeState.APPLIED, change.number)
    assert parameters.standing().bundle == 7


@pytest.mark.parametrize(
    "parameters_text",
    [
        'host.address = "tcp:10.0.0.2:1"',
        '"host.address" = "tcp:10.0.0.2:1"',
        '[parameters.host]\naddress = "tcp:10.0.0.2:1"',
    ],
)
def test_a_key_may_be_written_in_any_form_of_toml(parameters, parameters_text):
    parameters.install(bundle(1, parameters_text), "root")
    live(parameters)
    assert parameters.settings().host.endpoints == (("10.0.0.2", 1),)


def test_a_table_that_is_a_value_stays_one(parameters):
    parameters.install(bundle(1, 'dialect_changes = { 49 = "n3" }'), "root")
    live(parameters)
    assert parameters.settings().acquirer_profile.dialect_changes == {"49": "n3"}


def test_an_older_bundle_is_refused_by_name(parameters):
    old, new = bundle(6), bundle(7, "response_s = 50")
    parameters.install(new, "root")
    assert refused(parameters.install, old, "root") is Refusal.OLDER  # while the newer one waits
    live(parameters)
    with pytest.raises(Refused) as error:
        parameters.install(old, "root")
    assert error.value.refusal is Refusal.OLDER and "6" in str(error.value) and "7" in str(error.value)
    assert refused(parameters.install, bundle(7, "response_s = 51"), "root") is Refusal.PRESENT
    parameters.install(bundle(8, "response_s = 51"), "root")


def test_the_version_outlives_the_file_of_parameters(parameters, file, clock):
    """The journal keeps it too: a parameters.db of yesterday, or none, brings no older bundle back."""
    parameters.install(bundle(7), "root")
    live(parameters)
    known = parameters.keep_floor(0)
    parameters.store.path.unlink()
    fresh = Parameters(file, clock)
    assert fresh.keep_floor(known) == 7
    assert refused(fresh.install, bundle(6), "root") is Refusal.OLDER
    fresh.install(bundle(7), "root")


def test_a_bundle_that_the_terminal_does_not_start_with_is_left_and_may_be_tried_again(parameters):
    parameters.install(bundle(7), "root")
    live(parameters)
    parameters.install(bundle(8, "response_s = 50"), "root")
    for _ in range(TRIES_MAX + 1):
        lived = parameters.begin(yes, starting=True)
    assert lived.acquirer_profile.response_s == 45
    assert parameters.history()[-1].state is ChangeState.FAILED and parameters.standing().bundle == 7
    assert refused(parameters.install, bundle(6), "root") is Refusal.OLDER
    parameters.install(bundle(8, "response_s = 50"), "root")


def test_a_bundle_that_was_taken_back_may_be_installed_again(parameters):
    change = parameters.install(bundle(7), "root")
    live(parameters)
    parameters.revert(change.number, "99")
    live(parameters)
    assert parameters.settings().acquirer_profile.response_s == 60
    parameters.install(bundle(7), "root")
    live(parameters)
    assert parameters.settings().acquirer_profile.response_s == 45


@pytest.mark.parametrize("zone", ["", "+00:00", "-08:00", "+08:00"])
def test_a_bundle_waits_for_its_moment(parameters, clock, zone):
    moment = (START + timedelta(hours=20)).astimezone() if zone else START + timedelta(hours=20)
    if zone:  # the same moment, as somebody elsewhere writes it
        from datetime import datetime

        moment = moment.astimezone(datetime.fromisoformat(f"2026-01-01T00:00:00{zone}").tzinfo)
    parameters.install(bundle(7, effective=moment.isoformat(timespec="seconds")), "root")
    clock.forward(hours=19, minutes=59)
    live(parameters)
    assert parameters.settings().acquirer_profile.response_s == 60
    clock.forward(minutes=1)
    assert parameters.apply_due(yes, starting=False) == [1]
    assert parameters.settings().acquirer_profile.response_s == 45


def test_a_bundle_that_touches_money_waits_for_the_settlement_after_its_moment(parameters, clock):
    parameters.install(bundle(7, "amount_max_minor = 100", effective=START.isoformat()), "root")
    clock.forward(days=3)
    assert parameters.begin(no, starting=True).acquirer_profile.amount_max_minor == 5_000_000
    assert parameters.apply_due(yes, starting=False) == [1]


@pytest.mark.parametrize(
    ("terminals", "meant"),
    [
        ('["10000001"]', True), ('["1*"]', True), ('["*"]', True), ('["20000001", "10000001"]', True),
        ('["10000002"]', False), ('["2*"]', False), ('["1000000*", "9*"]', True),
    ],
)  # fmt: skip
def test_only_the_terminals_that_are_named_take_it(parameters, terminals, meant):
    if meant:
        parameters.install(bundle(7, terminals=terminals), "root")
    else:
        assert refused(parameters.install, bundle(7, terminals=terminals), "root") is Refusal.SCOPE


def test_a_signature_of_anybody_else_is_refused(parameters):
    assert refused(parameters.install, bundle(7, key=Ed25519PrivateKey.generate()), "root") is Refusal.UNSIGNED


def test_a_terminal_without_a_trusted_author_takes_none(tmp_path, file, clock):
    file.write_text(file.read_text("utf-8").replace(PUBLIC.hex(), ""), "utf-8")
    assert refused(Parameters(file, clock).install, bundle(7), "root") is Refusal.NO_KEY


def test_no_change_can_say_who_may_sign(parameters):
    for text in (f'bundle_key = "{PUBLIC.hex()}"', 'list_key = ""', 'keys.path = "x"', 'terminal.state_dir = "x"'):
        with pytest.raises(Refused):
            bundle(7, text)
        forged = sign_text(HEAD + f'version = 7\nterminals = ["*"]\n[parameters]\n{text}\n'.encode(), AUTHOR)
        assert refused(parameters.install, forged, "root") is Refusal.UNREADABLE


def test_a_signed_list_is_no_bundle(parameters):
    signed = sign_text(b"countertop-list 1 stop 7 a1b2c3d4\n", AUTHOR)
    assert refused(parameters.install, signed, "root") is Refusal.UNREADABLE


def test_a_bundle_whose_values_are_not_valid_here_changes_nothing(parameters):
    with pytest.raises(ConfigError):
        parameters.install(bundle(7, "response_s = 200"), "root")
    assert parameters.history() == [] and parameters.standing().bundle == 0


@pytest.mark.parametrize(
    "text",
    [
        "", "version = 7", 'version = 0\nterminals = ["*"]\n[parameters]\nresponse_s = 1',
        'version = true\nterminals = ["*"]\n[parameters]\nresponse_s = 1',
        'version = 7\nterminals = []\n[parameters]\nresponse_s = 1',
        'version = 7\nterminals = ["1*2"]\n[parameters]\nresponse_s = 1',
        'version = 7\nterminals = ["*"]\nmore = 1\n[parameters]\nresponse_s = 1',
        'version = 7\nterminals = ["*"]\n[parameters]', 'version = 7\nterminals = ["*"]\nparameters = 3',
        'version = 7\nterminals = ["*"]\neffective = "soon"\n[parameters]\nresponse_s = 1',
        'version = 7\nterminals = ["*"]\neffective = 2026-12-01\n[parameters]\nnothing = 1',
        'version = 7\nterminals = ["*"]\nnote = "\\u0007"\n[parameters]\nresponse_s = 1', "[[[", "\x00",
    ],
)  # fmt: skip
def test_what_is_no_bundle_is_not_signed_and_not_taken(parameters, text):
    assert refused(make_bundle, text.encode(), AUTHOR) is Refusal.UNREADABLE
    assert refused(parameters.install, sign_text(HEAD + text.encode() + b"\n", AUTHOR), "root") is Refusal.UNREADABLE


def test_every_changed_byte_is_noticed():
    """One same refusal for every place of the bundle, its signature included."""
    made = bundle(7)
    for place in range(len(made) - 1):  # the last byte is the line's end
        damaged = bytearray(made)
        damaged[place] ^= 1
        assert refused(open_bundle, bytes(damaged), PUBLIC) is Refusal.UNSIGNED, place


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.builds(lambda body: HEAD + body, st.binary(max_size=300))))
def test_nothing_but_a_refusal_comes_out_of_any_bytes(data):
    with pytest.raises(Refused):
        open_bundle(data, PUBLIC)
    with pytest.raises(Refused):
        read_bundle(data)


def test_a_bundle_that_is_too_long_is_refused_before_it_is_read():
    assert refused(open_bundle, os.urandom(BYTES_MAX + 1), PUBLIC) is Refusal.UNREADABLE
