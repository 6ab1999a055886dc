"""Both styles find flaws of the firmware as it was found, shrink them, and find none in the hardened one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, settings

from p4verify.stateful.batch import programs_for, run_batch
from p4verify.stateful.collected import skip_lost
from p4verify.stateful.machines import MACHINES, Publisher, Whole
from p4verify.stateful.stepwise import Stepwise, run_stepwise
from p4verify.stateful.strategies import AUTONOMOUS, BATTERY, BUS_METRICS, ONLINE, PACK, assemble
from p4verify.stateful.subject import Subject
from p4verify.stateful.violations import Case, ViolatedError, violated_type
from p4verify.targets.building.manifest import load
from p4verify.targets.target import Exploration, Shared
from p4verify.verify.criteria import INVARIANTS
from p4verify.verify.explore import judge
from p4verify.verify.program import Program
from p4verify.verify.schedule import TICK, Schedule
from p4verify.verify.verdict import Setting

# Hypothesis also draws constants of the modules that happen to be loaded: room enough for any order of tests.
HOW = settings(
    derandomize=True, database=None, deadline=None, max_examples=4000, stateful_step_count=10, print_blob=False,
    report_multiple_bugs=False, suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink),
)  # fmt: skip
TORN = assemble([[(BATTERY, 0), (PACK, 0), (ONLINE, 0), (BATTERY, 1000)]], (5,), {}, 1000, ("np.metrics",))
"""The second battery arrives while the publisher builds a point of the first."""


@pytest.fixture(scope="module")
def as_found() -> Iterator[Subject]:
    with Subject.of(load("as_found")) as subject:
        yield subject


@pytest.fixture(scope="module")
def hardened() -> Iterator[Subject]:
    with Subject.of(load("hardened")) as subject:
        yield subject


def only(subject: Subject, *ids: str) -> Subject:
    return subject.judging([INVARIANTS[id_] for id_ in ids])


def preemptions(subject: Subject, case: Case) -> int:
    trace = subject.run(case, trace=True).trace
    assert trace is not None
    return trace.preemptions


# ---- stepwise ----


@pytest.mark.parametrize(
    ("machine", "invariant", "size"),
    [
        ("publisher", "bus.dispatcher-bounded", 4),
        ("telemetry", "tm.atomic-mode-reset", 4),
        ("system", "tm.no-flash", 4),
        ("gateway", "re.no-nvs-in-callback", 2),
        ("client", "tc.bounded-wait", 2),
        ("whole", "re.no-nvs-in-callback", 2),
    ],
)
def test_a_machine_finds_a_flaw_and_shrinks_it(as_found: Subject, machine: str, invariant: str, size: int) -> None:
    with pytest.raises(violated_type(invariant)) as caught:
        run_stepwise(MACHINES[machine], only(as_found, invariant), HOW)
    smallest = as_found.simplify(caught.value)
    assert smallest.case.program.size <= size
    assert preemptions(as_found, smallest.case) <= 2


MADE_FOR = {
    "publisher": ("bus.payload-safe", "np.point-intact"),
    "telemetry": ("bus.payload-safe", "tm.snapshot-intact"),
    "system": ("bus.payload-safe", "np.point-intact", "tm.snapshot-intact"),
    "gateway": ("re.events-intact", "re.no-nvs-in-callback"),
    "client": ("tc.bounded-wait", "tc.own-answer"),
    "whole": (
        "bus.payload-safe", "np.point-intact", "tm.snapshot-intact", "re.events-intact", "tc.own-answer", "sys.settles",
    ),
}  # fmt: skip


@pytest.mark.parametrize("machine", MACHINES)
def test_a_machine_finds_nothing_in_the_hardened_firmware(hardened: Subject, machine: str) -> None:
    subject = hardened.judging(hardened.invariants)
    run_stepwise(MACHINES[machine], subject, settings(HOW, max_examples=40))
    assert subject.counts.executions >= 20
    assert subject.counts.lost == 0
    assert min(subject.counts.exercised[id_] for id_ in MADE_FOR[machine]) >= 10


def test_whole_shows_flaws_of_every_component_beside_each_other(as_found: Subject) -> None:
    """Nothing is raised, so that no flaw hides the others."""
    violated: set[str] = set()

    def noted(subject: Subject) -> Stepwise:
        machine = MACHINES["whole"](subject)

        def teardown() -> None:
            execution, setting = subject.run(machine.case), Setting(machine.program, subject.config, subject.limits)
            violated.update(one.id for one in subject.invariants if judge(one, execution, setting).violation)

        machine.teardown = teardown  # type: ignore[method-assign]
        return machine

    run_stepwise(noted, as_found, settings(HOW, max_examples=40, stateful_step_count=20))
    assert {id_.partition(".")[0] for id_ in violated} >= {"np", "re", "tc", "tm"}
    assert len([id_ for id_ in violated if not id_.endswith("race-free")]) >= 6


def test_power_cuts_and_flaps_are_rules_of_the_whole_machine(hardened: Subject) -> None:
    machine = MACHINES["whole"](hardened)
    assert isinstance(machine, Whole)
    machine.open(opened=True)
    machine.flap(task=1, pause="tick", times=1)
    machine.durability(stored=1)
    machine.cut_at(after="flush", ms=2000)
    machine.cut(kind=4, n=2)
    machine.frame(task=2, after="flush", variant=0, cells=4)
    assert machine.case.program.environment == {"power": (5_012_000, 4_000_002), "nvs.durability": (1,)}
    boots = hardened.run(machine.case).history.boots
    assert [boot.time_us for boot in boots] == [12_000_000]
    restored = hardened.judging([INVARIANTS["re.restore-age"]])
    restored.check(machine.case)
    assert restored.counts.exercised["re.restore-age"] == 1


def test_a_machine_writes_no_more_than_it_says(hardened: Subject) -> None:
    machine = MACHINES["whole"](hardened)
    assert isinstance(machine, Whole)
    for _ in range(2 * machine.most_calls):
        machine.battery(task=0, after="two_periods")
    (task,) = machine.program.tasks
    assert len(task.invocations) == machine.most_calls
    assert sum(call.delay_ms for call in task.invocations) == machine.longest_ms


def test_executions_that_lose_records_are_counted(hardened: Subject) -> None:
    subject = hardened.judging(hardened.invariants)
    program = assemble([[(BUS_METRICS, 0)] * 9000], (5,), {}, 0, ())
    subject.check(Case(program, Schedule()))
    subject.explore(program, Exploration(executions=1))
    assert subject.counts.lost == 2
    assert not any(subject.counts.exercised.values())
    with pytest.raises(pytest.skip.Exception, match="2 executions lost records"):
        skip_lost(subject.counts)


def test_a_schedule_is_part_of_an_example_and_shrinks(as_found: Subject) -> None:
    """The program is given, so that all there is to find and to shrink is the schedule: one preemption suffices."""

    class OneProgram(Stepwise):
        @property
        def program(self) -> Program:
            return TORN

    with pytest.raises(violated_type("np.point-intact")) as caught:
        run_stepwise(OneProgram, only(as_found, "np.point-intact"), settings(HOW, max_examples=4000))
    choices = [choice for _, choice in caught.value.case.schedule.choices]
    assert 1 <= len(choices) <= 8  # early ticks may do it too, then a few of them
    assert sum(choice != TICK for choice in choices) <= 2
    assert preemptions(as_found, caught.value.case) <= 2


def test_rules_write_a_program_and_a_schedule(hardened: Subject) -> None:
    machine = Publisher(hardened)
    machine.open(opened=True)
    machine.battery(task=1, after="period")
    machine.flap(task=0, pause="tick", times=1)
    machine.http(kind=1, cost_us=2000)
    for gap, offset in ((3, 1), (0, 2), (4, 0), (1, 1)):
        machine.step(gap=gap, offset=offset)
    machine.tick(gap=2)
    case = machine.case
    assert case.schedule == Schedule(((3, 2), (8, 1), (10, TICK)))
    assert case.tick_budget == 1
    assert case.program.environment == {"http": (1_002_000,)}
    named = [[(call.operation, call.delay_ms) for call in task.invocations] for task in case.program.tasks]
    assert named == [
        [("bus.battery", 0), ("bus.pack", 0), ("bus.system", 0), ("bus.system", 0), ("bus.system", 10)],
        [("bus.battery", 1000)],
    ]
    assert [call.operation for call in case.program.final] == ["np.metrics", "bus.metrics"]


# ---- batch ----


@pytest.mark.parametrize(
    ("invariant", "size"), [("tm.snapshot-intact", 3), ("np.point-intact", 5), ("tm.no-stale-source", 5)]
)
def test_a_batch_finds_a_flaw_and_shrinks_it(as_found: Subject, invariant: str, size: int) -> None:
    subject = only(as_found, invariant)
    few = settings(HOW, max_examples=1000)
    with pytest.raises(violated_type(invariant)) as caught:
        run_batch(programs_for(subject), subject, few)
    smallest = as_found.simplify(caught.value)
    assert smallest.case.program.size <= size
    assert preemptions(as_found, smallest.case) <= 2


def test_a_batch_finds_nothing_in_the_hardened_firmware(hardened: Subject) -> None:
    subject = hardened.judging(hardened.invariants)
    run_batch(programs_for(subject), subject, settings(HOW, max_examples=10))
    assert subject.counts.executions >= 1000
    assert subject.counts.exercised["np.point-intact"] > 0
    assert subject.counts.exercised["tm.snapshot-intact"] > 0


def test_programs_are_those_that_exercise_the_invariants(hardened: Subject) -> None:
    drawn: set[str] = set()

    def noted(program: Program) -> Program:
        drawn.update(call.operation for task in program.tasks for call in task.invocations)
        return program

    subject = only(hardened, "tm.reactive")
    few = settings(HOW, max_examples=15, phases=(Phase.generate,))
    run_batch(programs_for(subject).map(noted), subject, few, plans=(Exploration(executions=1),))
    assert "bus.mode" in drawn
    run_batch(programs_for(only(hardened, "np.fifo")).map(noted), subject, few, plans=(Exploration(executions=1),))
    assert "np.metrics" in drawn


# ---- subjects ----


def test_what_ran_before_changes_nothing(as_found: Subject) -> None:
    case = Case(TORN, Schedule(((60, 1), (127, 1))))
    first = as_found.run(case)
    as_found.run(Case(assemble([[(AUTONOMOUS, 0)]], (5,), {}, 500, ()), Schedule()))
    as_found.target.restore(Shared(()))
    assert as_found.run(case).history == first.history


def test_an_explored_violation_is_replayed_by_its_case(as_found: Subject) -> None:
    subject = only(as_found, "np.point-intact")
    with pytest.raises(ViolatedError) as caught:
        subject.explore(TORN, Exploration("random", executions=2000))
    assert caught.value.case.shared is not None
    for _ in range(3):
        again = subject.violated(caught.value.case)
        assert again is not None
        assert again.finding.summary == caught.value.finding.summary


def test_one_bug_is_not_confused_with_another(as_found: Subject) -> None:
    assert violated_type("np.fifo") is violated_type("np.fifo")
    assert violated_type("np.fifo") is not violated_type("np.retry")
    assert violated_type("np.point-intact").__name__ == "NpPointIntactViolated"
    held = as_found.search(assemble([[(ONLINE, 0)]], (5,), {}, 500, ()))
    assert held is None


def test_operations_that_a_firmware_lacks_are_left_out(hardened: Subject) -> None:
    none = ("fan.speed", ())
    program = assemble([[(none, 0), (BATTERY, 0)], [(none, 0)]], (5, 4), {}, 500, ("fan.stats",))
    hardened.check(Case(program, Schedule()))
    hardened.check(Case(replace(program, tasks=program.tasks[1:]), Schedule()))
    hardened.explore(replace(program, tasks=program.tasks[1:]), Exploration(executions=1))


@pytest.mark.parametrize("name", sorted(MACHINES))
def test_every_operation_of_a_machine_exists(hardened: Subject, name: str) -> None:
    """A rule whose operation no adapter declares would be left out silently."""
    used: set[str] = set()

    def listed(subject: Subject) -> Stepwise:
        machine = MACHINES[name](subject)
        check = machine.teardown

        def teardown() -> None:
            used.update(call.operation for task in machine.program.tasks for call in task.invocations)
            used.update(machine.final)
            check()

        machine.teardown = teardown  # type: ignore[method-assign]
        return machine

    run_stepwise(listed, hardened.judging([]), settings(HOW, max_examples=20))
    assert len(used) >= 4
    assert used <= hardened.operations
