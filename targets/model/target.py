"""The model target: the Python components on their kernel, explored like the simulator. It refuses to judge.

Slower than the simulator by some orders of magnitude, and legible: its traces show lines of Python. There is nothing
to learn about shared memory here, since every step says what it touches: `Shared` is always empty.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Hashable
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from p4verify.targets.building.manifest import Manifest
from p4verify.targets.building.manifest import load as load_manifest
from p4verify.targets.model.choosers import NEEDS_LENGTH, Explicit, Following, Logging, chooser_of
from p4verify.targets.model.device import MAIN, MAIN_PRIORITY, VARIANTS, Agent, Device, World
from p4verify.targets.model.environment import Environment
from p4verify.targets.model.kernel import Chooser, Kernel
from p4verify.targets.model.power import BootEndedError, Power
from p4verify.targets.model.races import Races
from p4verify.targets.model.recorder import Recorder
from p4verify.targets.model.tracing import ROOT, Tracing, named, where
from p4verify.targets.protocol.description import Description
from p4verify.targets.protocol.program_code import encode_program
from p4verify.targets.target import (
    Exploration,
    Found,
    OnFound,
    OnProgress,
    Origin,
    Progress,
    Replay,
    Segments,
    Shared,
    TargetError,
    most_points,
)
from p4verify.verify.execution import Ending, Execution
from p4verify.verify.history import History
from p4verify.verify.program import Program, Value
from p4verify.verify.schedule import Granularity, Schedule, Trace

TELL_SECONDS: Final = 0.1
"""How often whoever watches is asked whether to go on."""
NOTHING: Final = Shared(())
IDENTITY: Final = "model-"
"""What the identity of every build of the model begins with."""


@dataclass(frozen=True)
class ModelBuild:
    """A firmware of the model, where the simulator has an executable. `identity` is a digest of the model's source."""

    name: str
    manifest: Manifest
    identity: str
    audit: tuple[()] = ()

    @property
    def root(self) -> Path:
        """Where the source lines of its traces lie."""
        return ROOT


def model_of(firmware: str) -> ModelBuild:
    """The model of a bundled firmware, with the CONFIG values and limits of its manifest; TargetError for another."""
    if firmware not in VARIANTS:
        raise TargetError(
            f"the model is of the firmware that comes with p4verify, not of {firmware!r}: name it by"
            f" --firmware {' or '.join(VARIANTS)}, or judge yours with --target sim"
        )
    manifest = load_manifest(firmware)
    digest = hashlib.sha256(manifest.path.read_bytes())
    for path in sorted(ROOT.rglob("*.py")):
        if not path.name.startswith("test_"):
            digest.update(path.read_bytes())
    return ModelBuild(firmware, manifest, IDENTITY + digest.hexdigest())


@dataclass(frozen=True, slots=True)
class _How:
    """How one execution runs."""

    chooser: Chooser
    granularity: Granularity
    relaxed: bool = False
    tick_budget: int = 0
    most_steps: int = 0
    """0: `most_points` of the program."""
    races: bool = False
    trace: bool = False


@dataclass(frozen=True, slots=True)
class _Run:
    """What came of it."""

    history: History
    ending: Ending
    kernel: Kernel
    tracing: Tracing | None

    def execution(self, ordinal: int, identity: str) -> Execution:
        races = None if self.kernel.races is None else tuple(self.kernel.races.found.values())
        return Execution(
            self.history, self.ending, ordinal, identity, slack_us=self.kernel.slack_us, races=races
        )

    def found(self, index: int, origin: Origin) -> Found:
        """As a history that is new."""
        execution = self.execution(origin.ordinal, str(index))
        return Found(index, execution, origin, self.kernel.choice_points, self.kernel.preemptions)

    def key(self, quantum_us: int) -> Hashable:
        """Order, tasks, contents, and times rounded down to the quantum: what invariants read."""
        history = self.history
        seen = tuple(
            (one.position, one.time_us // quantum_us, one.task, one.observer, *one.fields.values())
            for one in history.observations
        )
        called = tuple(
            (one.task, one.index, one.invoked, one.returned, *(one.results or {}).values())
            for one in history.operations
        )
        return seen, called, history.end_us // quantum_us, self.ending.outcome


class ModelTarget:
    """A firmware of the model; see `ControlledTarget`."""

    log = ""

    def __init__(self, build: ModelBuild) -> None:
        self.build = build
        self.failures: list[str] = []
        self._variant = VARIANTS[build.name]
        self._calls = self._variant.catalogue.calls()
        self._loaded: Program | None = None
        self._config: dict[str, Value] = dict(build.manifest.config)

    @property
    def description(self) -> Description:
        """What the adapters of this firmware declare."""
        return self._variant.catalogue.description(self.build.name, self.build.identity)

    def close(self) -> None:
        """Nothing runs between calls."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def load(self, program: Program) -> None:
        """Makes `program` the one that is executed; ProgramError when it does not fit the firmware."""
        if program is not self._loaded:
            encode_program(program, self.description)
            self._loaded = program

    def shared(self) -> Shared:
        """Nothing has to be learnt."""
        return NOTHING

    def restore(self, _shared: Shared) -> None:
        """And nothing is."""

    # ---- exploring ----

    def explore(
        self, program: Program | None, exploration: Exploration, found: OnFound, progress: OnProgress | None = None
    ) -> Progress:
        """Runs executions; `found` sees each new history once. Returns the totals, with multiplicities."""
        self._load(program)
        length = exploration.length or self._length(exploration)
        end = time.monotonic() + exploration.seconds if exploration.seconds > 0 else float("inf")
        seen: dict[Hashable, int] = {}
        counts: dict[int, int] = {}
        points = done = 0
        tell = time.monotonic() + TELL_SECONDS
        going = True
        while going and done < exploration.executions and time.monotonic() < end:
            ordinal = exploration.first + done
            run = self._explored(exploration, ordinal, length)
            done, points = done + 1, points + run.kernel.choice_points
            key = run.key(exploration.quantum_us)
            index = seen.setdefault(key, len(seen))
            counts[index] = counts.get(index, 0) + 1
            if counts[index] == 1:
                going = found(run.found(index, Origin(exploration, ordinal, 0, length)))
            if going and progress is not None and time.monotonic() >= tell:
                going = progress(Progress(done, points, len(seen), {}))
                tell = time.monotonic() + TELL_SECONDS
        return Progress(done, points, len(seen), {index: times for index, times in counts.items() if times > 1})

    def _explored(self, exploration: Exploration, ordinal: int, length: int) -> _Run:
        return self._run(_how(exploration, chooser_of(exploration, ordinal, length)))

    def _length(self, exploration: Exploration) -> int:
        """How many choice points an execution without deviations has."""
        if exploration.strategy not in NEEDS_LENGTH:
            return 0
        return max(self._run(_how(exploration, Explicit(()))).kernel.choice_points, 1)

    # ---- one execution ----

    def again(self, program: Program | None, origin: Origin, *, trace: bool = False) -> tuple[Execution, Schedule]:
        """The execution that `origin` names, with the explicit schedule that leads to it."""
        replay = self.rerun(program, origin, trace=trace)
        return replay.execution, replay.schedule

    def rerun(self, program: Program | None, origin: Origin, *, trace: bool = False) -> Replay:
        """The same with everything that is known of it."""
        chooser = chooser_of(origin.exploration, origin.ordinal, origin.length)
        how = replace(_how(origin.exploration, chooser), trace=trace)
        return self._replay(program, how, origin.ordinal)

    def execute(
        self, program: Program | None, schedule: Schedule, *, trace: bool = False, known: int | None = None,
        tick_budget: int = 0, relaxed: bool = False,
    ) -> Execution:  # fmt: skip
        """The execution of a given schedule."""
        return self.run(program, schedule, trace=trace, known=known, tick_budget=tick_budget, relaxed=relaxed).execution

    def run(
        self, program: Program | None, schedule: Schedule, *, trace: bool = False, known: int | None = None,
        tick_budget: int = 0, relaxed: bool = False, hangs: bool = False,
    ) -> Replay:  # fmt: skip
        """As `execute`, with the number of preemptions, the choices made and the segments."""
        del known, hangs  # the simulator's business
        how = _How(Explicit(schedule.choices), schedule.granularity, relaxed, tick_budget, races=True, trace=trace)
        return self._replay(program, how)

    def follow(self, program: Program | None, segments: Segments, granularity: Granularity, known: int = 0) -> Replay:
        """The execution in which each segment's task makes so many choices, one segment after the other."""
        del known
        return self._replay(program, _How(Following(segments), granularity, races=True))

    def _replay(self, program: Program | None, how: _How, ordinal: int = 0) -> Replay:
        self._load(program)
        logging = Logging(how.chooser)
        run = self._run(replace(how, chooser=logging))
        schedule = Schedule(tuple(logging.choices), how.granularity)
        execution = run.execution(ordinal, "")
        if run.tracing is not None:
            execution = replace(execution, trace=Trace(tuple(run.tracing.steps), schedule, run.kernel.preemptions))
        return Replay(execution, schedule, logging.segments, run.kernel.preemptions)

    def _load(self, program: Program | None) -> None:
        if program is not None:
            self.load(program)
        if self._loaded is None:
            raise TargetError("no program is loaded")

    def _run(self, how: _How) -> _Run:
        program = self._loaded
        assert program is not None
        recorder = Recorder()
        environment = Environment(program.environment)
        world = World(recorder, environment, Power(environment))
        tracing = Tracing(recorder) if how.trace else None
        kernel = Kernel(
            how.chooser, how.granularity is Granularity.WORDS, how.relaxed, how.tick_budget,
            how.most_steps or most_points(program), Races(where, named) if how.races else None, tracing, recorder.clock,
        )  # fmt: skip
        while (ending := self._boot(program, kernel, world)) is None:
            kernel = kernel.next_boot()
            if tracing is not None:
                tracing.boot(kernel)
        return _Run(recorder.history(), ending, kernel, tracing)

    def _boot(self, program: Program, kernel: Kernel, world: World) -> Ending | None:
        """Until the execution ends; None when the power failed before."""
        device = Device(self._variant, kernel, world, self._config)
        kernel.create(MAIN, Agent(program, device, world, self._calls).main(), MAIN_PRIORITY)
        world.power.boot(kernel)
        try:
            return kernel.run()
        except BootEndedError as end:
            world.recorder.boot(end.reason)
            return None


def _how(exploration: Exploration, chooser: Chooser) -> _How:
    return _How(
        chooser, exploration.granularity, exploration.relaxed, exploration.tick_budget, exploration.max_points,
        exploration.races,
    )  # fmt: skip
