"""L2: hypothesis writes scenarios for the same world, and shrinks one that fails to the shortest."""

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tools.simulation.campaign import working_folder
from tools.simulation.faults import ALL_FAULTS
from tools.simulation.hunt import planted
from tools.simulation.scenario import Cut, Operation, Scenario
from tools.simulation.world import run_scenario

PROFILE = {"pin": '"never"', "response_s": "20.0", "tip_percent_max": "20", "void_needs_card": "false"}
cuts = st.none() | st.builds(
    Cut, st.integers(0, 80), st.none(), st.sampled_from(["none", "all", "random"]), st.just(())
)


class Counter(RuleBasedStateMachine):
    """A day at the counter, written operation by operation; it is played when hypothesis has done writing."""

    def __init__(self):
        super().__init__()
        self.operations = []
        self.faults = ()
        self.probability = 0.0
        self.amount = 1000

    @initialize(faults=st.lists(st.sampled_from(ALL_FAULTS), max_size=3, unique=True), probability=st.floats(0, 0.5))
    def weather(self, faults, probability):
        self.faults, self.probability = tuple(faults), probability

    def add(self, name, cut, refers_to=None, amount=None):
        self.amount += 7
        self.operations.append(Operation(name, amount or self.amount, refers_to=refers_to, cut=cut))

    def about(self, *names):
        return [index for index, operation in enumerate(self.operations) if operation.name in names]

    @rule(cut=cuts)
    def sell(self, cut):
        self.add("sale", cut)

    @rule(cut=cuts)
    def hold(self, cut):
        self.add("pre_auth", cut)

    @rule(cut=cuts)
    def sell_offline(self, cut):
        self.add("offline_sale", cut)

    @precondition(lambda self: self.about("sale"))
    @rule(cut=cuts, data=st.data())
    def take_back(self, cut, data):
        which = data.draw(st.sampled_from(self.about("sale")))
        self.add("void_sale", cut, which, self.operations[which].amount_minor)

    @precondition(lambda self: self.about("pre_auth"))
    @rule(cut=cuts, data=st.data())
    def complete(self, cut, data):
        which = data.draw(st.sampled_from(self.about("pre_auth")))
        self.add("complete", cut, which, self.operations[which].amount_minor - 3)

    @rule(cut=cuts)
    def settle(self, cut):
        self.operations.append(Operation("settle_flow", cut=cut))

    def teardown(self):
        if not self.operations:
            return
        scenario = Scenario(5, PROFILE, tuple(self.operations), self.probability, self.faults or ALL_FAULTS[:1])
        with working_folder() as folder:
            findings = run_scenario(scenario, folder).findings
        assert findings == [], (findings[0], scenario)


TestCounter = Counter.TestCase
TestCounter.settings = settings(
    max_examples=40, stateful_step_count=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


def test_a_failure_shrinks_to_the_operation_that_shows_it():
    """With a planted bug the shortest scenario is found by taking operations away while it still fails."""
    story = [Operation("sale", 1000 + 7 * index) for index in range(5)]

    def fails(operations):
        with working_folder() as folder:
            return bool(run_scenario(Scenario(5, PROFILE, tuple(operations)), folder).findings)

    with planted("synchronous-normal"):
        assert fails(story)
        while len(story) > 1 and fails(story[1:]):
            story = story[1:]
    assert len(story) == 1
