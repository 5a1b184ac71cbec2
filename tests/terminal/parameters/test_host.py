"""Parameters of the acquirer's host take effect by the same way as any other, and only those that the profile lets."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config import default_file
from terminal.domain.parameters import PARAMETERS
from terminal.service.parameters import Parameters, Source
from terminal.service.parameters.host import HOST_PARAMETERS, take_from_host

from .conftest import no, yes

NAMES = [name for _, name in PARAMETERS.values()]


def test_every_row_of_the_table_is_a_parameter_that_hosts_give_and_the_profile_can_name(parameters):
    assert set(HOST_PARAMETERS) <= set(NAMES)
    assert set(parameters.base.acquirer_profile.host_parameters) == set(HOST_PARAMETERS) - {"manual-entry"}


@pytest.mark.parametrize(("told", "expected"), [("1", {"manual_entry": True}), ("0", {}), ("x", {})])
def test_a_host_allows_card_numbers_to_be_typed_only_where_the_profile_takes_its_word(file, clock, told, expected):
    assert take_from_host(Parameters(file, clock), {"manual-entry": told}) == (None, [])
    text = file.read_text("utf-8")
    hearing = 'overrides = { host_parameters = ["manual-entry"] }'
    file.write_text(text.replace("# overrides = { response_s = 30 }", hearing), "utf-8")
    change, refused = take_from_host(Parameters(file, clock), {"manual-entry": told})
    assert refused == [] and ({} if change is None else new_of(change)) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"timeout": "45"}, {"response_s": 45}),
        ({"timeout": "60"}, {}),  # it is so
        ({"timeout": "99"}, {"response_s": 99, "answer_s": 109.0}),  # the screen's deadline moves with it
        ({"timeout": "00"}, {}),
        ({"timeout": "x "}, {}),
        ({"tip": "1", "tip-percent": "15"}, {"tip_percent_max": 15}),
        ({"tip": "0", "tip-percent": "15"}, {}),  # none is so
        ({"tip": "1"}, {}),
        ({"merchant-name": "新店 New Shop"}, {"terminal.merchant_name": "新店 New Shop"}),
        ({"merchant-name": ""}, {}),
        ({"resend": "3"}, {"reversal_help_after": 3}),
        ({"resend": "0"}, {}),
        ({"retries": "9", "telephone-1": "12345", "key-index": "2", "transactions": "FFFF"}, {}),
    ],
)
def test_what_a_host_gives_has_one_meaning_here(parameters, given, expected):
    change, refused = take_from_host(parameters, given)
    assert refused == []
    assert ({} if change is None else new_of(change)) == expected
    assert change is None or change.source is Source.HOST


def new_of(change):
    return {key: json.loads(text) for key, text in change.new.items()}


def test_the_same_download_twice_is_one_change(parameters):
    first = take_from_host(parameters, {"timeout": "45", "resend": "3"})
    assert take_from_host(parameters, {"timeout": "45", "resend": "3"}) == (None, [])
    parameters.begin(yes, starting=True)
    assert take_from_host(parameters, {"timeout": "45", "resend": "3"}) == (None, [])
    assert [change.number for change in parameters.history()] == [first[0].number]


def test_a_tip_limit_waits_for_the_settlement_and_a_waiting_time_does_not(parameters):
    take_from_host(parameters, {"timeout": "45"})
    take_from_host(parameters, {"tip": "1", "tip-percent": "20"})
    lived = parameters.begin(no, starting=True)
    assert (lived.acquirer_profile.response_s, lived.acquirer_profile.tip_percent_max) == (45, 0)


def test_what_the_profile_does_not_let_through_is_not_taken(file, clock):
    text = file.read_text("utf-8")
    file.write_text(
        text.replace("# overrides = { response_s = 30 }", 'overrides = { host_parameters = ["resend"] }'), "utf-8"
    )
    change, _ = take_from_host(
        Parameters(file, clock), {"timeout": "45", "tip": "1", "tip-percent": "99", "resend": "4"}
    )
    assert new_of(change) == {"reversal_help_after": 4}


def test_what_is_not_valid_here_is_named_and_the_rest_is_taken(file, clock):
    text = file.read_text("utf-8")
    file.write_text(text.replace("# overrides = { response_s = 30 }", "overrides = { connect_s = 1 }"), "utf-8")
    change, refused = take_from_host(Parameters(file, clock), {"tip": "1", "tip-percent": "101", "resend": "3"})
    assert refused == ["tip"] and new_of(change) == {"reversal_help_after": 3}


@settings(max_examples=60, deadline=None)
@given(given=st.dictionaries(st.sampled_from(NAMES), st.text(max_size=40)))
def test_whatever_a_host_says_leaves_a_valid_terminal(tmp_path_factory, given):
    folder = tmp_path_factory.mktemp("host")
    (folder / "state").mkdir()
    (folder / "terminal.toml").write_text(default_file().read_text("utf-8"), "utf-8")
    parameters = Parameters(folder / "terminal.toml")
    take_from_host(parameters, given)
    parameters.begin(yes, starting=True)
    assert not parameters.standing().waiting
