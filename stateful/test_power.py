"""A finding that needs a power cut is made small together with the cut, replayed, and has a trace that shows it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from p4verify.stateful.confirm import Confirmed, Confirmer
from p4verify.stateful.relocate import Relocator, relocations
from p4verify.targets.booting import build_booting
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Exploration, Found, Shared
from p4verify.verify.codec import decode, encode
from p4verify.verify.execution import Execution
from p4verify.verify.program import Invocation, Program, Task
from p4verify.verify.schedule import Schedule, StepKind
from p4verify.verify.verdict import HELD, NOT_EXERCISED, Invariant, Judgement, Setting, violated

READ, STREAM = Invocation("boots.read"), Invocation("boots.stream")
AFTER_WRITE, AT_MS = 2_000_000, 5_000_000
SECONDS = 60.0
PROGRAM = Program(
    (
        Task("a", (READ, Invocation("boots.store", (7,)), Invocation("boots.store", (9,), 10), READ)),
        Task("b", (STREAM, READ, STREAM), priority=6),
    ),
    {"numbers": (4, 5, 6), "power": (AFTER_WRITE + 3, AT_MS + 20)},
    settle_ms=30,
    final=(STREAM, READ, STREAM),
)


def _whole(execution: Execution, _setting: Setting) -> Judgement:
    """What a boot finds was written wholly, or not at all."""
    later = list(execution.history.seen("boots.began"))[1:]
    for seen in later:
        if seen["first"] != seen["second"]:
            return violated(f"{seen['first']!r} and {seen['second']!r}", seen.position)
    return HELD if later else NOT_EXERCISED


def _raced(execution: Execution, _setting: Setting) -> Judgement:
    """The same, of two tasks that store at once, so that it needs a change of task: neither value is whole."""
    later = list(execution.history.seen("boots.began"))[1:]
    if later and later[0]["first"] == 7 and later[0]["second"] == 9:
        return violated("halves of two", later[0].position)
    return HELD if later else NOT_EXERCISED


WHOLE = Invariant("flash.whole", "written wholly or not at all", _whole)
RACED = Invariant("flash.raced", "of one value", _raced)
TWO = Program(
    (
        Task("a", (READ, Invocation("boots.store", (7,)))),
        Task("b", (READ, Invocation("boots.store", (9,)))),
        Task("c", (STREAM, READ)),
    ),
    {"power": (AFTER_WRITE + 4,)},
    settle_ms=0,
)


@pytest.fixture(scope="module")
def sim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimTarget]:
    with SimTarget(build_booting(tmp_path_factory.mktemp("power"))) as target:
        yield target


def confirmed(sim: SimTarget, invariant: Invariant, program: Program) -> Confirmed:
    met: list[Found] = []

    def found(one: Found) -> bool:
        if invariant.check(one.execution, Setting(program)).violation is not None:
            met.append(one)
        return not met

    sim.explore(program, Exploration("random", seed=1, executions=2000), found)
    assert met
    finding = Confirmer(sim, {}, {}, 0).confirm(invariant, program, met[0].origin, SECONDS)
    assert finding is not None, "it did not come back"
    assert (finding.replayed, finding.replays) == (100, 100)
    return finding


def test_program_and_cut_become_small_together(sim: SimTarget) -> None:
    finding = confirmed(sim, WHOLE, PROGRAM)
    (task,) = finding.program.tasks
    assert [call.operation for call in task.invocations] == ["boots.store"]
    assert finding.program.environment == {"power": (AFTER_WRITE + 1,)}
    assert (finding.program.final, finding.program.settle_ms) == ((), 0)
    assert not finding.schedule.choices


def test_a_finding_of_another_process_is_replayed_from_what_was_saved(sim: SimTarget) -> None:
    finding = confirmed(sim, RACED, TWO)
    assert finding.program.size == 2
    program = decode(Program, encode(finding.program))
    with SimTarget(sim.build) as other:
        other.restore(Shared.decode(finding.shared.encode()))
        execution = other.execute(program, finding.schedule, known=len(finding.shared.entries))
    assert execution.history == finding.execution.history
    assert decode(Execution, encode(execution)) == execution


def test_the_trace_of_a_finding_shows_the_boot_and_names_its_choices(sim: SimTarget) -> None:
    finding = confirmed(sim, RACED, TWO)
    trace = finding.execution.trace
    assert trace is not None
    assert [step.name for step in trace.steps if step.kind is StepKind.BOOT] == ["power cut"]
    wanted = relocations(finding.execution)
    assert len(wanted) == len(finding.schedule.choices)

    def holds(schedule: Schedule) -> bool:
        return schedule == finding.schedule

    found = Relocator(sim, finding.program, len(finding.shared.entries), lambda _file, _line: None, holds)
    assert found.find(wanted, finding.schedule).schedule is not None
