"""A change is checked before it is taken, kept with who and when, and can be taken back."""

import json
import os
import sqlite3
import stat

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config import ConfigError, default_file, load
from config.parameters import UnknownParameter
from terminal.service.parameters import (
    ChangeState,
    Parameters,
    ParametersError,
    ParametersFault,
    Refusal,
    Refused,
    Source,
)

from .conftest import no, yes

WHO = "root (mikko)"
VALUES = {
    "response_s": st.integers(1, 60),
    "connect_s": st.integers(1, 20),
    "amount_max_minor": st.integers(1, 999_999_999_999),
    "host.address": st.sampled_from(["tcp:10.0.0.1:8583", ["tcp:10.0.0.1:1", "tcp:[::1]:2"]]),
    "terminal.id": st.from_regex(r"[0-9A-Za-z]{8}", fullmatch=True),
    "terminal.merchant_name": st.sampled_from(["示范商店", 'Kulma "Kauppa"', "a\\b"]),
    "terminal.customer_language": st.sampled_from(["zh", "en", "fi"]),
    "timeouts.card_s": st.integers(1, 3600),
    "devices.display.text": st.sampled_from(["normal", "large"]),
    "approval_codes": st.sampled_from([["00"], ["00", "11"]]),
    "host.tls.ca": st.just("ca.pem"),
}


def put(parameters, starting=True, **values):
    """A change that is in force at once."""
    change = parameters.change({key.replace("__", "."): value for key, value in values.items()}, WHO, Source.COMMAND)
    parameters.begin(yes, starting=starting)
    parameters.confirm()
    return change


def test_a_change_is_in_force_after_the_next_start_and_the_file_is_as_it_was(parameters, file):
    before = file.read_bytes()
    change = put(parameters, response_s=45, host__address="tcp:10.0.0.2:8583")
    lived = Parameters(file).settings()
    assert lived.acquirer_profile.response_s == 45 and lived.host.endpoints == (("10.0.0.2", 8583),)
    assert file.read_bytes() == before
    (kept,) = parameters.history()
    assert (kept.number, kept.who, kept.state) == (change.number, WHO, ChangeState.APPLIED)
    assert kept.old == {"response_s": "", "host.address": ""}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"response_s": 301}, "response_s"),
        ({"response_s": "45"}, "response_s"),
        ({"response_s": 89}, "answer_s"),  # contradicts another key
        ({"terminal.id": "1"}, "terminal.id"),
        ({"terminal.environment": "production"}, None),
        ({"host.address": "tcp:10.0.0.1:70000"}, "host.address"),
        ({"approval_codes": ["00", "68"]}, "ambiguous_codes"),
        ({"acquirer.profile": "nobody"}, "acquirer.profile"),
        ({"devices.printer.width_mm": 58}, "devices.printer"),
    ],
)
def test_a_change_that_would_not_be_valid_is_not_taken(parameters, values, named):
    with pytest.raises((ConfigError, UnknownParameter)) as refused:
        parameters.change(values, WHO, Source.COMMAND)
    assert named is None or named in str(refused.value)
    assert parameters.history() == []


@pytest.mark.parametrize("key", ["keys.path", "terminal.state_dir", "bundle_key", "list_key", "nothing.there", "host"])
def test_what_only_the_file_may_say_cannot_be_changed(parameters, key):
    with pytest.raises(UnknownParameter):
        parameters.change({key: "x"}, WHO, Source.COMMAND)


def test_a_change_that_changes_nothing_is_said_so(parameters):
    put(parameters, response_s=45)
    with pytest.raises(Refused) as refused:
        parameters.change({"response_s": 45}, WHO, Source.COMMAND)
    assert refused.value.refusal is Refusal.SAME


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_taking_back_is_the_inverse_of_changing(tmp_path_factory, data):
    """Law: for any change of any keys on top of any other, change then revert leaves every setting as it was."""
    folder = tmp_path_factory.mktemp("law")
    (folder / "state").mkdir()
    file = folder / "terminal.toml"
    file.write_text(default_file().read_text("utf-8"), "utf-8")
    parameters = Parameters(file)
    earlier = _some(data)
    if earlier:
        _applied(parameters, earlier)
    before, content = parameters.settings(), parameters.standing().content
    change = _applied(parameters, _some(data))
    if change is None:
        return
    applied = data.draw(st.booleans())
    taken = parameters.revert(change, WHO)
    if applied:
        parameters.begin(yes, starting=True)
        parameters.confirm()
        again = parameters.revert(taken.number, WHO)  # and taking that back is the change again
        parameters.begin(yes, starting=True)
        parameters.confirm()
        parameters.revert(again.number, WHO)
    parameters.begin(yes, starting=True)
    parameters.confirm()
    assert parameters.settings() == before == load(file, content)
    assert parameters.standing().content == content


def _some(data):
    keys = data.draw(st.lists(st.sampled_from(sorted(VALUES)), unique=True, max_size=4))
    return {key: data.draw(st.one_of(st.none(), VALUES[key])) for key in keys}


def _applied(parameters, values):
    try:
        number = parameters.change(values, WHO, Source.COMMAND).number
    except Refused:
        return None
    parameters.begin(yes, starting=True)
    parameters.confirm()
    return number


def test_a_change_that_waits_is_withdrawn(parameters):
    change = parameters.change({"terminal.id": "10000002"}, WHO, Source.COMMAND)
    parameters.begin(no, starting=True)
    assert parameters.revert(change.number, WHO).state is ChangeState.WITHDRAWN
    parameters.begin(yes, starting=True)
    assert parameters.settings().terminal.id == "10000001"


def test_an_earlier_change_is_not_taken_back_under_a_later_one_of_the_same_key(parameters):
    first = put(parameters, response_s=45)
    second = put(parameters, response_s=50)
    with pytest.raises(Refused) as refused:
        parameters.revert(first.number, WHO)
    assert refused.value.refusal is Refusal.CONFLICT and f"{second.number}" in str(refused.value)
    parameters.revert(second.number, WHO)
    parameters.begin(yes, starting=True)
    assert parameters.settings().acquirer_profile.response_s == 45


def test_changes_are_taken_back_one_after_another_down_to_the_file(parameters):
    numbers = [put(parameters, response_s=value).number for value in (45, 50, 55)]
    for number, expected in zip(reversed(numbers), (50, 45, 60), strict=True):
        parameters.revert(number, WHO)
        parameters.begin(yes, starting=True)
        parameters.confirm()
        assert parameters.settings().acquirer_profile.response_s == expected
    with pytest.raises(Refused) as refused:
        parameters.revert(numbers[0], WHO)
    assert refused.value.refusal is Refusal.ENDED and "change 6 took it back" in str(refused.value)
    parameters.revert(6, WHO)  # taking the taking back back brings the change again
    parameters.begin(yes, starting=True)
    assert parameters.settings().acquirer_profile.response_s == 45


@pytest.mark.parametrize("number", [0, 7, -1, 1 << 40])
def test_a_change_that_was_never_made_cannot_be_taken_back(parameters, number):
    put(parameters, response_s=45)
    with pytest.raises(Refused) as refused:
        parameters.revert(number, WHO)
    assert refused.value.refusal is Refusal.UNKNOWN


def test_the_history_cannot_be_rewritten(parameters):
    put(parameters, response_s=45)
    database = sqlite3.connect(parameters.store.path, isolation_level=None)
    for statement in (
        "DELETE FROM change",
        "DELETE FROM value",
        "UPDATE value SET new = '1'",
        "UPDATE change SET who = 'nobody'",
        "UPDATE change SET state = 'waiting'",
        "UPDATE present SET bundle = -1",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            database.execute(statement)
    database.close()


def test_the_file_of_changes_is_its_owner_s_alone(parameters):
    put(parameters, response_s=45)
    assert stat.S_IMODE(parameters.store.path.stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_that_root_makes_belongs_to_the_terminal_s_user(parameters):
    folder = parameters.store.path.parent
    os.chown(folder, 65534, 65534)
    put(parameters, response_s=45)
    assert [path.stat().st_uid for path in folder.iterdir()] == [65534]


def test_nobody_is_led_to_another_file(parameters, tmp_path):
    other = tmp_path / "other.db"
    sqlite3.connect(other).close()
    parameters.store.path.symlink_to(other)
    with pytest.raises(ParametersError):
        parameters.change({"response_s": 45}, WHO, Source.COMMAND)
    assert other.read_bytes() == b""


def test_a_damaged_set_is_never_lived_by(parameters):
    put(parameters, amount_max_minor=100)
    database = sqlite3.connect(parameters.store.path, isolation_level=None)
    database.execute("UPDATE slot SET content = ? ", (json.dumps({"amount_max_minor": 999_999_999}),))
    database.close()
    with pytest.raises(ParametersError) as error:
        parameters.begin(yes, starting=True)
    assert error.value.fault is ParametersFault.DAMAGED and error.value.remedy


@pytest.mark.parametrize("content", [b"not a database" * 100, b"\0" * 4096])
def test_a_file_that_is_no_database_is_said_so(parameters, content):
    parameters.store.path.write_bytes(content)
    with pytest.raises(ParametersError):
        parameters.begin(yes, starting=True)


def test_a_newer_format_is_left_alone(parameters):
    put(parameters, response_s=45)
    database = sqlite3.connect(parameters.store.path)
    database.execute("PRAGMA user_version=9")
    database.close()
    with pytest.raises(ParametersError) as error:
        parameters.history()
    assert error.value.fault is ParametersFault.VERSION
