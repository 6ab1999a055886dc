"""Stepwise machines: Hypothesis decides which operations start, and which task steps at which moment.

The rules of a machine only write: operations into tasks, choices into a schedule. When an example is complete, the
program is executed once under exactly that schedule and every invariant judges it. So operations and interleaving are
one example, which shrinks as a whole: towards no operation, no delay, and offset 0, which is no preemption.

To write a machine for operations of your own, subclass `Stepwise` (or one of `machines.py`) and add rules that call
`self.call`. It refuses to judge: that is the business of its `Subject`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from hypothesis import seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from p4verify.stateful.strategies import POLL_MS, POLL_STEP_MS, PRIORITIES, TICK_MS, Step, assemble
from p4verify.stateful.subject import Subject
from p4verify.stateful.violations import Case
from p4verify.verify.limits import DEFAULTS
from p4verify.verify.program import Program
from p4verify.verify.schedule import TICK, Granularity, Schedule

FLUSH_INTERVAL = "CONFIG_REMOTE_EVENT_CACHE_FLUSH_INTERVAL_MS"
TASKS = 3
tasks = st.integers(0, TASKS - 1)
"""Which task performs an operation."""
moments = st.sampled_from(("now", "period", "poll", "poll_step", "tick", "two_periods"))
"""How long a task waits before an operation: the moments at which the firmware itself acts."""
gaps = st.integers(0, 60) | st.integers(61, 600)
"""How many choice points pass before a choice: few, or so many that the next one is far away."""


class Stepwise(RuleBasedStateMachine):
    """A machine without operations: its rules make the schedule.

    `opening` is what the first task does at first, in most examples: without it, few would get anything to happen.
    `final` is what is called once all has settled, `settle_ms` (None: a period) after the last task has ended.
    A task calls `most_calls` operations at most and waits `longest_ms` in all: what rules ask for beyond is left out.
    """

    granularity: ClassVar[Granularity] = Granularity.WORDS
    opening: ClassVar[tuple[Step, ...]] = ()
    final: ClassVar[tuple[str, ...]] = ()
    settle_ms: ClassVar[int | None] = None
    most_calls: ClassVar[int] = 100
    longest_ms: ClassVar[int] = 120_000

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.period_ms = int(subject.config.get("CONFIG_NETWORK_TELEMETRY_PERIOD_MS", 5000))
        self.flush_ms = int(subject.config.get(FLUSH_INTERVAL, DEFAULTS["flush_interval_ms"]))
        self._tasks: list[list[tuple[Step, int]]] = [[] for _ in range(TASKS)]
        self._environment: dict[str, list[int]] = {}
        self._choices: dict[int, int] = {}
        self._point = 0
        super().__init__()

    # ---- what rules write ----

    def call(self, task: int, step: Step, after: str = "now") -> None:
        """`task` performs an operation, once this moment has passed since its previous one."""
        calls = self._tasks[task]
        left_ms = self.longest_ms - sum(delay_ms for _, delay_ms in calls)
        if len(calls) < self.most_calls:
            calls.append((step, min(self.delay_ms(after), left_ms)))

    def answer(self, stream: str, value: int) -> None:
        """A double of the environment takes this value next from its stream."""
        self._environment.setdefault(stream, []).append(value)

    def delay_ms(self, moment: str) -> int:
        """How long that is on this firmware."""
        return {
            "now": 0, "tick": TICK_MS, "poll_step": POLL_STEP_MS, "poll": POLL_MS,
            "period": self.period_ms, "two_periods": 2 * self.period_ms, "flush": self.flush_ms,
        }[moment]  # fmt: skip

    @initialize(opened=st.sampled_from((False, True, True, True)))
    def open(self, opened: bool) -> None:
        """The first task begins with the opening, or not."""
        for step in self.opening if opened else ():
            self.call(0, step)

    @rule(gap=gaps, offset=st.integers(0, TASKS))
    def step(self, gap: int, offset: int) -> None:
        """After `gap` more choice points, the task that is `offset` further in the ring takes the next step."""
        self._choose(gap, offset)

    @rule(gap=gaps)
    def tick(self, gap: int) -> None:
        """After `gap` more choice points, time passes to the next timer although a task could still run."""
        self._choose(gap, TICK)

    def _choose(self, gap: int, offset: int) -> None:
        self._point += gap
        if offset:
            self._choices[self._point] = offset

    # ---- what comes of it ----

    @property
    def program(self) -> Program:
        """The operations so far."""
        used = [task for task in self._tasks if task]
        priorities = [priority for task, priority in zip(self._tasks, PRIORITIES, strict=False) if task]
        settle_ms = self.period_ms if self.settle_ms is None else self.settle_ms
        return assemble(used, priorities, self._environment, settle_ms, self.final)

    @property
    def case(self) -> Case:
        """Program and schedule so far; each TICK may be taken once."""
        choices = tuple(sorted(self._choices.items()))
        ticks = sum(1 for _, choice in choices if choice == TICK)
        return Case(self.program, Schedule(choices, self.granularity), ticks)

    def teardown(self) -> None:
        """Executes and judges what the rules have written."""
        self.subject.check(self.case)


def run_stepwise(
    machine: Callable[[Subject], Stepwise], subject: Subject, how: settings, *, number: int | None = None
) -> None:
    """Runs a machine on a firmware; raises the minimal violation (with report_multiple_bugs, a group of them).

    `number` seeds Hypothesis; None leaves it to the settings.
    """

    def made() -> Stepwise:
        return machine(subject)

    factory = made if number is None else seed(number)(made)
    run_state_machine_as_test(factory, settings=how)  # type: ignore[arg-type]
