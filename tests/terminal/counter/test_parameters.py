"""The technician changes parameters at the terminal: 9 1, 9 2, 9 8."""

import json

import pytest

from config import default_file
from config.overlay import Effect, effect_of
from config.parameters import is_parameter
from terminal.flows.parameter_fields import FIELDS
from terminal.service.parameters import ChangeState, Parameters, Refused, Source
from terminal.service.parameters.keeper import ParameterKeeper

OPERATED = {"operators": True}
BACK = ("parameters.list", "!cancel")


@pytest.fixture
def at_counter(counter, tmp_path):
    """A story at a counter whose parameters lie in a file of its own; what was changed comes back."""
    (tmp_path / "parameters" / "state").mkdir(parents=True)
    file = tmp_path / "parameters" / "terminal.toml"
    file.write_text(default_file().read_text("utf-8"), "utf-8")
    parameters = Parameters(file)

    def run(story, **options):
        async def with_parameters(c):
            c.desk.parameters = ParameterKeeper(parameters, c.journal, c.acquirer.writer, c.acquirer.turn)
            await story(c)

        counter(with_parameters, **options)
        return parameters

    return run


def new(parameters):
    """The newest change."""
    change = parameters.history()[-1]
    return {key: json.loads(text) for key, text in change.new.items()}


async def change(c, path, digit, *asked):
    """Choose a line of a page, answer what it asks, agree, and leave the page."""
    return await c.do(path, ("parameters.list", f"!{digit}"), *asked, ("parameters.confirm", "!enter"),
                      ("parameters.recorded", "!enter"), BACK)  # fmt: skip


def test_every_row_is_a_parameter_that_may_be_changed_and_shows_its_value(at_counter):
    async def story(c):
        for field in FIELDS:
            assert is_parameter(field.key) and effect_of(field.key) is not Effect.FIXED
            field.value(c.desk.settings)

    at_counter(story)


CASES = {
    "nii": ("92", "4", ("parameters.digits", "0005"), {"tpdu": "6000050000"}),
    "tpdu": ("92", "3", ("parameters.digits", "6000060001"), {"tpdu": "6000060001"}),
    "answer": ("983", "2", ("parameters.digits", "45"), {"response_s": 45}),
    "terminal": ("91", "2", ("parameters.text", *["!clear"] * 8, "10000002"), {"terminal.id": "10000002"}),
    "limit": ("981", "1", ("parameters.amount-max", "50000"), {"amount_max_minor": 50000}),
    "offline": ("982", "3", ("parameters.digits", "0"), {"offline_count_max": 0}),
    "time": ("984", "3", ("parameters.digits", "30"), {"timeouts.card_s": 30}),
    "language": ("985", "1", ("parameters.choose", "!2"), {"terminal.language": "en"}),
    "customer": ("985", "2", ("parameters.choose", "!3"), {"terminal.customer_language": "fi"}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_parameter_is_typed_agreed_and_recorded(at_counter, name):
    path, digit, asked, expected = CASES[name]

    async def story(c):
        shown = await change(c, path, digit, asked)
        recorded = next(screen for screen in shown if screen.name == "parameters.recorded")
        (effect,) = recorded.lines
        assert effect.startswith("Takes effect")
        assert ("settlement" in effect) == (effect_of(next(iter(expected))) is Effect.SETTLED)

    parameters = at_counter(story)
    assert new(parameters) == expected
    assert parameters.history()[0].who == "01" and parameters.history()[0].source == "menu"


def test_a_backup_host_is_typed_with_its_dots_and_taken_away_again(at_counter):
    """``*`` three times: 123, abc, ABC, signs; there 1 is the point and 2, pressed three times, the colon."""
    signs, digits = ("!star",) * 3, ("!star",)
    point, colon = (*signs, "!1", *digits), (*signs, "!2", "!2", "!2", *digits)

    def typed(text):
        return [part for letter in text for part in {".": point, ":": colon}.get(letter, (f"!{letter}",))]

    async def story(c):
        await change(c, "92", "2", ("parameters.text", *typed("10.0.0.2:8583"), "!enter"))
        shown = await c.do("92", BACK)
        assert any("10.0.0.2:8583 (waiting)" in item.label for item in shown[-1].menu)
        await change(c, "92", "2", ("parameters.text", *["!clear"] * 13, "0"))

    parameters = at_counter(story)
    first, second = parameters.history()
    assert json.loads(first.new["host.address"]) == ["tcp:127.0.0.1:8583", "tcp:10.0.0.2:8583"]
    assert json.loads(second.new["host.address"]) == ["tcp:127.0.0.1:8583"]


def test_a_value_that_cannot_be_used_is_said_with_what_is_expected_and_changes_nothing(at_counter):
    async def story(c):
        shown = await c.do("983", ("parameters.list", "!2"), ("parameters.digits", "999"),
                           ("parameters.confirm", "!enter"), ("parameters.refused", "!enter"), BACK)  # fmt: skip
        refused = next(screen for screen in shown if screen.name == "parameters.refused")
        assert refused.lines == ("response_s: seconds, up to 300",)

    assert at_counter(story).history() == []


def test_the_red_key_goes_one_step_back_and_changes_nothing(at_counter):
    async def story(c):
        await c.do("983", ("parameters.list", "!2"), ("parameters.digits", "!cancel"), ("parameters.list", "!2"),
                   ("parameters.digits", "45"), ("parameters.confirm", "!cancel"), BACK)  # fmt: skip

    assert at_counter(story).history() == []


def test_a_change_is_looked_up_and_taken_back_at_the_terminal(at_counter):
    async def story(c):
        await change(c, "983", "2", ("parameters.digits", "45"))
        shown = await c.do("986", ("parameters.changes", "!1"), ("parameters.confirm", "!enter"),
                           ("parameters.recorded", "!enter"), ("parameters.changes", "!cancel"))  # fmt: skip
        assert any("response_s" in item.label for screen in shown for item in screen.menu)
        confirm = next(screen for screen in shown if screen.name == "parameters.confirm")
        assert "response_s: the file's → 45" in confirm.lines

    parameters = at_counter(story)
    assert [item.state for item in parameters.history()] == [ChangeState.WITHDRAWN]


def test_only_the_administrator_gets_there_and_every_change_stands_in_the_event_log(at_counter):
    async def story(c):
        await c.journal.operators.set_password("99", b"990099", "99")
        c.acquirer.operator = "01"
        await c.do("92", ("operator.password", "!cancel"))
        assert not any(screen.name.startswith("parameters") for screen in c.shown)
        await c.do("983", ("operator.password", "990099"), ("parameters.list", "!2"), ("parameters.digits", "45"),
                   ("parameters.confirm", "!enter"), ("parameters.recorded", "!enter"), BACK)  # fmt: skip
        noted = []

        def look(database):
            noted.extend(database.execute("SELECT what, detail FROM event ORDER BY id").fetchall())
            return True

        await c.journal.settlements.asked(look)
        assert ("parameters", "change 1 recorded, by 01 (menu): response_s the file's to 45") in noted
        assert any(what == "approved" and "99 for 01" in detail for what, detail in noted)

    at_counter(story, settings=OPERATED)


def test_the_journal_keeps_the_version_of_the_newest_bundle_beside_the_parameters(at_counter):
    async def story(c):
        keeper = c.desk.parameters
        keeper.parameters.change({"response_s": 45}, "root", Source.BUNDLE, bundle=7)
        keeper.parameters.begin(lambda: True, starting=True)
        await keeper.begun()
        assert await c.journal.setting("parameter_bundle") == "7"
        keeper.parameters.store.path.unlink()  # as if it had been put back to before
        await keeper.begun()
        with pytest.raises(Refused):
            keeper.parameters.change({"response_s": 50}, "root", Source.BUNDLE, bundle=6)

    at_counter(story)
