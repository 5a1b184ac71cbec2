"""The simulated world: the terminal's own code under faults and power cuts, with nothing of it replaced."""

import os

import pytest

from tools.simulation.campaign import resumed, run_campaign, run_seeds, working_folder
from tools.simulation.cli import main
from tools.simulation.faults import ALL_FAULTS, Fault
from tools.simulation.invariants import AT_REST, MEANINGS
from tools.simulation.scenario import Cut, Operation, Scenario, parts_of, scenario_of
from tools.simulation.world import World, run_scenario

SEEDS = 1000 if os.environ.get("CI") else 50
CHUNK = 50
CALM = {"pin": '"never"', "response_s": "20.0", "tip_percent_max": "20"}


@pytest.fixture
def folder():
    with working_folder() as made:
        yield made


def test_a_day_without_faults_ends_with_equal_books(folder):
    story = (
        Operation("sale", 1200),
        Operation("sale_code", 1300, payer="6220001234567890018"),
        Operation("void_sale", 1200, refers_to=0),
        Operation("pre_auth", 5000),
        Operation("complete", 4900, refers_to=3),
        Operation("offline_sale", 700),
        Operation("cash_sale", 300),
        Operation("settle_flow"),
    )
    world = World(Scenario(1, CALM, story), folder)
    result = world.run()
    assert result.findings == []
    assert {key: count for key, count in world.host.ledger.live.items() if count} == {
        ("sale", 1200): 1,
        ("sale", 1300): 1,
        ("sale-void", 1200): 1,
        ("pre-auth", 5000): 1,
        ("completion", 4900): 1,
        ("offline-sale", 700): 1,
        ("sale", 11): 1,
    }


def test_each_fault_of_the_network_leaves_the_books_equal(folder):
    for fault in ALL_FAULTS:
        world = World(Scenario(2, CALM, (Operation("sale", 1200), Operation("offline_sale", 900))), folder)
        world.network.script = [Fault.NONE, fault, Fault.NONE, fault]
        assert world.run().findings == [], fault
        assert fault in world.network.met


@pytest.mark.parametrize("platter", ["none", "all", "random"])
def test_a_cut_in_the_middle_of_a_sale_is_undone_on_both_sides_or_on_none(folder, platter):
    for after in range(0, 60, 7):
        story = (Operation("sale", 1200, cut=Cut(after, platter=platter, starts=(3, 11))),)
        assert run_scenario(Scenario(3, CALM, story), folder).findings == [], after


def test_seeds_bring_every_fault_and_every_operation(folder):
    scenarios = [scenario_of(seed) for seed in range(300)]
    assert {fault for scenario in scenarios for fault in scenario.faults} == set(ALL_FAULTS)
    assert len({operation.name for scenario in scenarios for operation in scenario.operations}) > 20
    assert any(operation.cut for scenario in scenarios for operation in scenario.operations)


def test_amounts_are_sale_ids_no_two_operations_move_the_same_unless_one_undoes_the_other():
    for seed in range(200):
        amounts = [
            part
            for operation in scenario_of(seed).operations
            if operation.amount_minor and not operation.name.startswith("void_")
            for part in parts_of(operation.name, operation.amount_minor)
        ]
        assert len(amounts) == len(set(amounts)), seed


def test_the_same_seed_twice_gives_the_same_trace(folder):
    assert run_seeds(range(40, 60), folder, twice=True).divergences == []


def test_a_trace_can_be_read_and_names_what_was_found_at_its_moment(folder):
    result = run_scenario(scenario_of(12), folder, kept=True)
    assert any("machine: life 1 begins" in line for line in result.lines)
    assert any("screen: idle" in line for line in result.lines)
    assert any("counter: 0 " in line for line in result.lines)


def test_every_invariant_checked_at_rest_has_its_sentence():
    assert set(AT_REST) <= set(MEANINGS)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_a_thousand_seeds_diverge_nowhere(first):
    total = run_campaign(first, CHUNK, 1)
    assert [str(each) for each in total.divergences] == []
    assert (total.seeds, total.last_seed) == (CHUNK, first + CHUNK - 1)
    assert total.power_cuts > CHUNK / 2


def test_a_campaign_goes_on_where_its_log_ends_and_counts_all_of_it(tmp_path, capsys):
    log = tmp_path / "campaign.jsonl"
    assert main(["--seeds", "3", "--first", "400", "--log", str(log)]) == 0
    with log.open("a", encoding="utf-8") as file:
        file.write('{"seeds": 4, "last_')  # killed while it wrote
    assert main(["--seeds", "5", "--first", "400", "--log", str(log)]) == 0
    assert "5 seeds" in capsys.readouterr().out
    total = resumed(log)
    assert (total.seeds, total.last_seed) == (5, 404)
    assert total.transactions == run_campaign(400, 5, 1).transactions
