"""When a change takes effect, and the way back when the terminal does not start with it."""

import pytest

from config.explain import explain
from config.overlay import Effect, effect_of
from terminal.service.parameters import ChangeState, Parameters, Source, Waits
from terminal.service.parameters.store import TRIES_MAX

from .conftest import no, yes

WHO = "99"


def change(parameters, **values):
    return parameters.change({key.replace("__", "."): value for key, value in values.items()}, WHO, Source.MENU)


def waits(parameters):
    return [(item.number, why) for item, why in parameters.standing().waiting]


@pytest.mark.parametrize("key", [entry.key for entry in explain()])
def test_every_key_says_when_a_change_of_it_takes_effect(key):
    assert effect_of(key) in Effect


@pytest.mark.parametrize(
    "key",
    [
        "terminal.id", "terminal.merchant_id", "acquirer.profile", "currency", "dialect", "mac_algorithm",
        "amount_max_minor", "offline_sum_max_minor", "batch_rows_max", "tip_percent_max", "approval_codes",
        "reversal_closing_codes", "upload_pan", "pin", "terminal.training",
    ],
)  # fmt: skip
def test_what_touches_money_waits_until_the_batch_is_settled(key):
    assert effect_of(key) is Effect.SETTLED


def test_a_key_that_nobody_has_classified_waits_for_the_most():
    assert effect_of("fee_percent") is Effect.SETTLED and effect_of("wifi.password") is Effect.RESTART


def test_a_host_can_be_changed_while_a_number_waits_for_the_settlement(parameters):
    """Else a batch that needs the new host could never be settled."""
    first = change(parameters, terminal__id="10000002")
    second = change(parameters, host__address="tcp:10.0.0.9:8583")
    lived = parameters.begin(no, starting=True)
    assert lived.host.endpoints == (("10.0.0.9", 8583),) and lived.terminal.id == "10000001"
    assert [item.state for item in parameters.history()] == [ChangeState.WAITING, ChangeState.APPLIED]
    parameters.confirm()
    assert waits(parameters) == [(first.number, Waits.SETTLED)]
    assert parameters.apply_due(yes, starting=False) == [first.number]
    assert second.number not in parameters.apply_due(yes, starting=False)
    assert parameters.settings().terminal.id == "10000002"


def test_a_change_of_several_keys_takes_effect_as_a_whole(parameters):
    change(parameters, terminal__id="10000002", host__address="tcp:10.0.0.9:8583")
    lived = parameters.begin(no, starting=True)
    assert lived.host.endpoints == (("127.0.0.1", 8583),)


def test_a_later_change_of_a_key_never_overtakes_an_earlier_one(parameters):
    change(parameters, terminal__id="10000002", response_s=40)
    change(parameters, response_s=50)
    assert parameters.begin(no, starting=True).acquirer_profile.response_s == 60
    assert waits(parameters) == [(1, Waits.SETTLED), (2, Waits.ORDER)]
    assert parameters.begin(yes, starting=True).acquirer_profile.response_s == 50


def test_the_look_of_the_panel_waits_for_a_restart(parameters):
    change(parameters, devices__display__text="large")
    assert parameters.apply_due(yes, starting=False) == []
    assert waits(parameters) == [(1, Waits.RESTART)]
    assert parameters.begin(yes, starting=True).display.text == "large"


def test_whether_anything_is_open_is_asked_only_when_it_matters(parameters):
    def never():
        raise AssertionError("asked for nothing")

    change(parameters, response_s=45)
    assert parameters.begin(never, starting=True).acquirer_profile.response_s == 45


def test_a_set_that_never_reaches_the_idle_screen_is_left_for_the_one_before(parameters, file, clock):
    change(parameters, response_s=50)
    parameters.begin(yes, starting=True)
    parameters.confirm()
    bad = change(parameters, host__address="tcp:10.0.0.9:8583")
    for _ in range(TRIES_MAX):  # each a process of its own that dies before its idle screen
        assert Parameters(file, clock).begin(yes, starting=True).host.endpoints == (("10.0.0.9", 8583),)
    lived = Parameters(file, clock).begin(yes, starting=True)
    assert lived.host.endpoints == (("127.0.0.1", 8583),) and lived.acquirer_profile.response_s == 50
    assert parameters.history()[-1].number == bad.number
    assert parameters.history()[-1].state is ChangeState.FAILED
    for _ in range(2 * TRIES_MAX):  # and that one is not left any more
        assert Parameters(file, clock).begin(yes, starting=True).acquirer_profile.response_s == 50


def test_what_builds_on_a_failed_change_fails_with_it(parameters):
    change(parameters, response_s=50)
    parameters.begin(yes, starting=True)
    change(parameters, response_s=55)
    for _ in range(TRIES_MAX):
        parameters.begin(yes, starting=True)
    assert [item.state for item in parameters.history()] == [ChangeState.FAILED, ChangeState.FAILED]
    assert parameters.settings().acquirer_profile.response_s == 60


def test_while_a_set_is_on_trial_no_other_takes_the_place_of_the_good_one(parameters):
    change(parameters, response_s=50)
    parameters.begin(yes, starting=True)
    second = change(parameters, connect_s=5)
    assert parameters.apply_due(yes, starting=False) == []
    assert waits(parameters) == [(second.number, Waits.TRIAL)]
    parameters.confirm()
    assert parameters.apply_due(yes, starting=False) == [second.number]


def test_a_file_that_is_edited_meanwhile_is_read_at_the_next_start(parameters, file, clock):
    change(parameters, response_s=50)
    file.write_text(file.read_text("utf-8").replace('id = "10000001"', 'id = "10000077"'), "utf-8")
    assert parameters.apply_due(yes, starting=False) == []
    assert parameters.begin(yes, starting=False).terminal.id == "10000001"
    fresh = Parameters(file, clock).begin(yes, starting=True)
    assert fresh.terminal.id == "10000077" and fresh.acquirer_profile.response_s == 50


def test_an_edited_file_that_contradicts_a_trial_loses_the_trial_and_not_the_terminal(parameters, file, clock):
    change(parameters, response_s=75)
    parameters.begin(yes, starting=True)  # on trial
    text = file.read_text("utf-8").replace("# overrides = { response_s = 30 }", "overrides = { connect_s = 20 }")
    file.write_text(text, "utf-8")
    assert Parameters(file, clock).begin(yes, starting=True).acquirer_profile.response_s == 60
