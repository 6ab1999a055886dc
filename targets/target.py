"""What every target offers: describe itself, run a program, and (where interleavings are controlled) explore it.

A target refuses to judge: it returns executions. One that cannot control the interleaving has no `explore`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from p4verify.targets.protocol.description import Description
from p4verify.verify.execution import Execution
from p4verify.verify.program import Program, Task
from p4verify.verify.schedule import Granularity, Schedule


class TargetError(Exception):
    """The target itself failed (died, hung, spoke nonsense): no verdict follows from it. The text is for the user."""


class AdapterError(TargetError):
    """An adapter does not do what it declares: nothing can be judged until its author has mended it."""


@dataclass(frozen=True, slots=True)
class Exploration:
    """How to explore one program. An execution is determined by it and an ordinal.

    `depth` is PCT's d; `length` its k (0: measured). At most `executions` are run, in at most `seconds` (0: no limit).
    Histories that differ only by less than `quantum_us` in their times count as one.
    """

    strategy: str = "random"
    granularity: Granularity = Granularity.WORDS
    seed: int = 0
    executions: int = 1000
    seconds: float = 0.0
    depth: int = 3
    relaxed: bool = False
    tick_budget: int = 0
    first: int = 0
    length: int = 0
    max_points: int = 0
    """After which an execution is a livelock; 0: `most_points` of its program."""
    quantum_us: int = 1000
    twice: bool = False
    """The self-check: every execution is run a second time and compared; see `Progress.differing`."""
    races: bool = False
    """Whether data races are looked for; what is found racy becomes a choice point at sync points, too."""


LEAST_POINTS, MOST_POINTS, POINTS_A_SECOND = 60_000, (1 << 32) - 1, 10_000
"""Five times what the bundled firmware takes at most, with everything at work."""
CALL_SECONDS = 1.0
"""More than nearly all calls block, retries on a silent wire included."""


def most_points(program: Program | None) -> int:
    """The schedule points after which an execution has no end: a program of many calls and long delays needs many."""
    if program is None:
        return LEAST_POINTS
    longest = max((_seconds(task) for task in program.tasks), default=0.0)
    return min(LEAST_POINTS + int(POINTS_A_SECOND * (longest + program.settle_ms / 1000)), MOST_POINTS)


def _seconds(task: Task) -> float:
    return sum(CALL_SECONDS + call.delay_ms / 1000 for call in task.invocations)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an execution came from: enough to run it again in the process that found it.

    `known` is how much had been learnt about shared memory when it began.
    """

    exploration: Exploration
    ordinal: int
    known: int
    length: int


@dataclass(frozen=True, slots=True)
class Found:
    """An execution whose observable history is new in this exploration; `index` numbers these."""

    index: int
    execution: Execution
    origin: Origin
    choice_points: int
    preemptions: int


Segments = tuple[tuple[int, int], ...]
"""Who went on at the choice points: pairs of how many of them, and the number of the task (255: the tick)."""


@dataclass(frozen=True, slots=True)
class Replay:
    """One execution again, with the explicit schedule and the segments that lead there."""

    execution: Execution
    schedule: Schedule
    segments: Segments
    preemptions: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an exploration is; `counts` (index to executions) holds those seen more than once, at the end."""

    executions: int
    points: int
    distinct: int
    counts: Mapping[int, int]
    differing: int = 0
    """Executions that did not repeat themselves (self-check): with any, nothing the engine says can be believed."""


OnFound = Callable[[Found], bool]
"""Called for each new history; False stops the exploration."""
OnProgress = Callable[[Progress], bool]


MOST_SHARED = 1 << 22
"""Words: the whole heap of the simulator. What claims more is no list that it made."""


TEARABLE, RACY = 1, 1 << 31
"""What an entry says beside the word (c/sim/engine.h)."""
MARKS = {"": 0, "~": TEARABLE, "!": RACY}
"""The same as text, behind the word."""
LETTERS = {kind: letter for letter, kind in MARKS.items()}
KINDS = TEARABLE | RACY


@dataclass(frozen=True, slots=True)
class Shared:
    """What has been learnt about which words of memory tasks share: opaque, part of what makes a replay exact."""

    entries: tuple[int, ...]

    def encode(self) -> tuple[str, ...]:
        """Runs of consecutive words as text: "100d0a4+3", then "~" for words known to tear, "!" for racy ones."""
        runs: list[tuple[int, int, int]] = []
        for kind, word in sorted((entry & KINDS, (entry & ~KINDS) >> 1) for entry in self.entries):
            first, count, like = runs[-1] if runs else (0, 0, -1)
            if (first + count, like) == (word, kind):
                runs[-1] = (first, count + 1, kind)
            else:
                runs.append((word, 1, kind))
        return tuple(f"{word * 4:x}+{count}{LETTERS[kind]}" for word, count, kind in runs)

    @classmethod
    def decode(cls, runs: tuple[str, ...]) -> Shared:
        """The inverse of `encode`; ValueError for anything else."""
        entries: list[int] = []
        for run in runs:
            letter = run[-1:] if run[-1:] in MARKS else ""
            start, _, count = run.removesuffix(letter).partition("+")
            word, kind = int(start, 16) // 4, MARKS[letter]
            if not 0 <= word <= (1 << 30) - int(count) or not 0 < int(count) <= MOST_SHARED - len(entries):
                raise ValueError(f"not a run of words: {run!r}")
            entries += [(word + i) << 1 | kind for i in range(int(count))]
        return cls(tuple(entries))


class ControlledTarget(Protocol):
    """A target under a controlled scheduler."""

    @property
    def description(self) -> Description: ...

    def explore(
        self, program: Program | None, exploration: Exploration, found: OnFound, progress: OnProgress | None = None
    ) -> Progress: ...

    def again(self, program: Program, origin: Origin, *, trace: bool = False) -> tuple[Execution, Schedule]: ...

    def execute(self, program: Program, schedule: Schedule, *, trace: bool = False) -> Execution: ...

    def close(self) -> None: ...


class ReplayingTarget(ControlledTarget, Protocol):
    """One that repeats executions exactly: what confirming a finding and replaying it need.

    With `program` None it is the one that was loaded last. `known` is how much of `shared` an execution knows.
    """

    def load(self, program: Program) -> None: ...

    def shared(self) -> Shared: ...

    def restore(self, shared: Shared) -> None: ...

    def rerun(self, program: Program | None, origin: Origin, *, trace: bool = False) -> Replay: ...

    def run(
        self, program: Program | None, schedule: Schedule, *, trace: bool = False, known: int | None = None,
        tick_budget: int = 0, relaxed: bool = False, hangs: bool = False,
    ) -> Replay: ...  # fmt: skip

    def execute(
        self, program: Program | None, schedule: Schedule, *, trace: bool = False, known: int | None = None,
        tick_budget: int = 0, relaxed: bool = False,
    ) -> Execution: ...  # fmt: skip

    def follow(self, program: Program | None, segments: Segments, granularity: Granularity, known: int) -> Replay: ...
