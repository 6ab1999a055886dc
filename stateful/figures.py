"""What `p4verify bench` measures, figure by figure. Names and meaning are stable: scripts compare versions by them.

Every figure is what somebody gets who uses the thing: reset between executions and the search for new histories are
part of it. What is not part of it is said where the figure is defined. Nothing is judged in Python while measuring.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from p4verify.stateful.campaign import Status
from p4verify.stateful.measured_campaign import Enough, campaign_of, hardened
from p4verify.targets.building.build import Build, build_firmware, build_litmus, cache_folder
from p4verify.targets.building.compilers import Compiler
from p4verify.targets.building.manifest import load
from p4verify.targets.building.objects import OnProgress, digest_of
from p4verify.targets.building.plan import RUNTIME
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Exploration, Found, Origin, TargetError
from p4verify.verify.criteria import INVARIANTS
from p4verify.verify.execution import Ending, Execution, Outcome
from p4verify.verify.explore import Tally
from p4verify.verify.history import History
from p4verify.verify.program import Invocation, Program, Task
from p4verify.verify.schedule import Granularity
from p4verify.verify.verdict import HELD, Invariant, Judgement, Verdict

PROGRAMS = RUNTIME / "sim" / "bench"
LITMUS = RUNTIME / "sim" / "litmus" / "struct_copy.c"
WITHOUT_END = 1 << 60
COMPILE_SECONDS = 120

@dataclass(frozen=True, slots=True)
class Flaw:
    """A flaw of as_found by the invariant that shows it; where that shows several, by how the evidence begins too."""

    invariant: str
    evidence: str = ""

    @property
    def id(self) -> str:
        """Of the invariant that shows this flaw and no other."""
        return f"{self.invariant}: {self.evidence}" if self.evidence else self.invariant

    def judged_by(self) -> Invariant:
        """That invariant."""
        whole = INVARIANTS[self.invariant]
        return replace(whole, id=self.id, check=lambda execution, setting: self._only(whole.check(execution, setting)))

    def _only(self, judgement: Judgement) -> Judgement:
        violation = judgement.violation
        return judgement if violation is None or violation.summary.startswith(self.evidence) else HELD


FLAWS: Mapping[str, Flaw] = {
    "torn_point": Flaw("np.point-intact", "the battery of the point"),
    "torn_pack": Flaw("np.point-intact", "the pack of the point"),
    "corrupted_ring": Flaw("np.fifo"),
    "lost_counter": Flaw("np.monotone"),
    "incoherent_metrics": Flaw("np.metrics-coherent"),
    "incoherent_cells": Flaw("tm.cells-coherent"),
    "torn_snapshot": Flaw("tm.snapshot-intact"),
    "stale_source": Flaw("tm.no-stale-source"),
    "non_atomic_mode_reset": Flaw("tm.atomic-mode-reset"),
}
"""Each has a figure of its own. A point with a torn battery and one with a torn pack are two: two records."""


class BenchError(Exception):
    """A figure cannot be measured; the text is for the user."""


class Figure(ABC):
    """One measured number. `unit` is what one run returns; `prepare` builds and warms up, and is not measured."""

    def __init__(self, name: str, unit: str) -> None:
        self.name, self.unit = name, unit

    @abstractmethod
    def prepare(self, compiler: Compiler, progress: OnProgress, resources: ExitStack) -> None:
        """Everything that is done once. What must be closed goes into `resources`."""

    @abstractmethod
    def run(self, seconds: float, number: int) -> float:
        """One run of about so many seconds; `number` counts the runs and varies the seed."""


# ---- the bare ceiling ----


class Ceiling(Figure):
    """A program of bench/ceiling.c: hand-written fibers, inline hooks, a coin at every point, and nothing else."""

    def __init__(self, program: str) -> None:
        super().__init__(f"sim.ceiling_executions_per_second.{program}", "executions/s")
        self._program = program
        self._rate = 1e6

    def prepare(self, compiler: Compiler, progress: OnProgress, _resources: ExitStack) -> None:
        self._executable = ceiling(compiler, progress)
        self._rate = self._measure(100_000)

    def run(self, seconds: float, _number: int) -> float:
        return self._measure(max(1, int(self._rate * seconds)))

    def _measure(self, executions: int) -> float:
        command = [str(self._executable), self._program, str(executions)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=COMPILE_SECONDS, check=False)
        if done.returncode:
            raise BenchError(f"{' '.join(command)} failed: {done.stderr.strip()}")
        count, _points, nanoseconds = map(int, done.stdout.split())
        return count * 1e9 / max(nanoseconds, 1)


def ceiling(compiler: Compiler, progress: OnProgress) -> Path:
    """The executable of bench/ceiling.c, with the compiler and the flags of the scheduler itself."""
    source = PROGRAMS / "ceiling.c"
    included = (RUNTIME / name for name in ("sim/fiber.c", "sim/engine.h", "shim/port.h"))
    command = (*compiler.c, *compiler.engine, *compiler.link, f"-I{RUNTIME / 'shim'}")
    folder = cache_folder() / "bench"
    made = folder / digest_of(compiler.version, *command, source.read_text(), *(path.read_text() for path in included))
    if not made.exists():
        progress("compiling ceiling.c")
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            _compile([*command, str(source), "-o", f"{scratch}/ceiling"])
            Path(scratch, "ceiling").rename(made)
    return made


def _compile(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=COMPILE_SECONDS, check=False)
    if done.returncode:
        raise BenchError(f"{' '.join(command)} failed:\n{done.stderr}")


# ---- the simulator ----


class _Deaf(SimTarget):
    """Takes the histories from the pipe and does not look at them: decoding and judging are the host's cost."""

    def _found(self, _payload: bytes, exploration: Exploration, _long_history: bytes) -> Found:
        return Found(0, _NOTHING, Origin(exploration, 0, 0, 0), 0, 0)


_NOTHING = Execution(History((), (), 0, 0), Ending(Outcome.COMPLETED))


@dataclass(frozen=True, slots=True)
class Case:
    """What is explored: a build, a program (None: a litmus file), and how."""

    build: Callable[[Compiler, OnProgress], Build]
    program: Program | None = None
    granularity: Granularity = Granularity.WORDS


class Exploring(Figure):
    """Executions (or schedule points) per second of random exploration in one process, as the host's clock sees it."""

    def __init__(self, name: str, case: Case, unit: str = "executions/s") -> None:
        super().__init__(name, unit)
        self._case = case

    def prepare(self, compiler: Compiler, progress: OnProgress, resources: ExitStack) -> None:
        self._target = resources.enter_context(_Deaf(self._case.build(compiler, progress)))
        self._target.explore(self._case.program, self._plan(0.1, 0), _ignore)

    def _plan(self, seconds: float, number: int) -> Exploration:
        return Exploration("random", self._case.granularity, number, executions=WITHOUT_END, seconds=seconds)

    def run(self, seconds: float, number: int) -> float:
        begin = time.perf_counter()
        done = self._target.explore(self._case.program, self._plan(seconds, number), _ignore)
        taken = time.perf_counter() - begin
        return (done.points if self.unit == "points/s" else done.executions) / taken


def _ignore(_found: Found) -> bool:
    return True


def _file(path: Path) -> Case:
    return Case(lambda compiler, progress: build_litmus([path], compiler, progress=progress))


THREE_COMPONENTS = ("event_bus", "network", "telemetry_model")
REGISTER_TABLE = "tinybms_registers.c"
THEIR_ADAPTERS = ("event_bus", "telemetry_model", "network_publisher", "gui")


def _three_components(compiler: Compiler, progress: OnProgress) -> Build:
    """Hardened without what reads the BMS over the wire and what hears the gateway: a double answers the polling."""
    whole = load("hardened")
    sources = (path for path in whole.sources if path.parent.name in THREE_COMPONENTS or path.name == REGISTER_TABLE)
    adapters = (path for path in whole.adapters if path.stem in THEIR_ADAPTERS)
    double = whole.adapters[0].with_name("tinybms_model_double.c")
    part = replace(whole, name="three components", sources=tuple(sources), adapters=(*adapters, double))
    return build_firmware(part, compiler, progress=progress)


def call(operation: str, *arguments: int | bool, delay_ms: int = 0) -> Invocation:
    """One call of a program that is measured."""
    return Invocation(operation, arguments, delay_ms)


def check_program() -> Program:
    """3 battery, 2 pack and 1 status event, 2 metrics reads and 1 mode switch in 3 tasks."""
    tinybms = Task("tinybms", (call("bus.battery", 12), call("bus.pack", 14, 4), call("bus.battery", 16)))
    watcher = Task("watcher", (call("np.metrics"), call("bus.system", True), call("np.metrics", delay_ms=1000)), 4)
    gateway = Task("gateway", (call("bus.mode", True), call("bus.pack", 20, 4), call("bus.battery", 22, delay_ms=1000)))
    return Program((tinybms, watcher, gateway), {}, settle_ms=1000)


# ---- how soon flaws are found ----


class FirstFinding(Figure):
    """Seconds of `check`'s own campaign on as_found until a flaw is first seen, the build not counted.

    One campaign of a run serves all flaws: the figures share it. `seconds` of a run do not bind it, LONGEST does.
    """

    LONGEST = 30.0

    def __init__(self, flaw: str, shared: SharedCampaign) -> None:
        super().__init__(f"sim.first_finding_seconds.{flaw}", "s")
        self._invariant = FLAWS[flaw].id
        self._shared = shared

    def prepare(self, compiler: Compiler, progress: OnProgress, resources: ExitStack) -> None:
        self._shared.prepare(compiler, progress, resources)

    def run(self, _seconds: float, number: int) -> float:
        seen = self._shared.seen(number, self.LONGEST)
        if self._invariant not in seen:
            raise BenchError(f"{self._invariant} was not violated within {self.LONGEST:.0f} s by campaign {number}")
        return seen[self._invariant]


class SharedCampaign:
    """The campaigns that the figures of one bench share: by number, when each invariant was first violated."""

    def __init__(self, wanted: frozenset[str]) -> None:
        self._wanted = wanted
        self._build: Build | None = None
        self._seen: dict[int, Mapping[str, float]] = {}

    def prepare(self, compiler: Compiler, progress: OnProgress, _resources: ExitStack) -> None:
        self._build = self._build or build_firmware(load("as_found"), compiler, progress=progress)
        self._build.symbols.read()

    def seen(self, number: int, longest: float) -> Mapping[str, float]:
        """Seconds by invariant; what is absent was not found."""
        if number not in self._seen:
            assert self._build is not None
            self._seen[number] = _first_findings(self._build, number, longest, self._wanted)
        return self._seen[number]


def _first_findings(build: Build, seed: int, longest: float, wanted: frozenset[str]) -> Mapping[str, float]:
    seen: dict[str, float] = {}

    def watch(status: Status) -> None:
        for id_ in status.findings:
            seen.setdefault(id_, status.elapsed)
        if wanted <= seen.keys():
            raise Enough

    told_apart = [flaw.judged_by() for flaw in FLAWS.values() if flaw.evidence]
    with SimTarget(build) as target, suppress(Enough, TargetError):
        campaign_of(target, seed, longest, watch, told_apart).explore()
    return seen


class HardenedCheck(Figure):
    """Seconds of `check`'s own campaign on hardened until every invariant was exercised often enough to be ok.

    The build is not counted. `seconds` of a run do not bind it, LONGEST does.
    """

    LONGEST, LOOK_SECONDS = 120.0, 0.1

    def __init__(self) -> None:
        super().__init__("check.hardened_seconds", "s")

    def prepare(self, compiler: Compiler, progress: OnProgress, _resources: ExitStack) -> None:
        self._build = hardened(compiler, progress)

    def run(self, _seconds: float, number: int) -> float:
        looked = 0.0

        def watch(status: Status) -> None:
            nonlocal looked
            if status.elapsed - looked > self.LOOK_SECONDS:
                looked = status.elapsed
                self._look(campaign.tally)

        with SimTarget(self._build) as target:
            campaign = campaign_of(target, number, self.LONGEST, watch)
            with suppress(Enough):
                campaign.explore()
                raise BenchError(f"not everything could be judged within {self.LONGEST:.0f} s by campaign {number}")
        return looked

    def _look(self, tally: Tally) -> None:
        verdicts = {result.id: result.verdict for result in tally.results()}
        if violated := [id_ for id_, verdict in verdicts.items() if verdict is Verdict.VIOLATION]:
            raise BenchError(f"hardened violates {', '.join(violated)}")
        if set(verdicts.values()) == {Verdict.OK}:
            raise Enough


# ---- all of them ----


def figures() -> tuple[Figure, ...]:
    """Every figure, in the order in which they are shown. Those that are divided by one another lie side by side."""
    from p4verify.stateful.linearizability_figures import linearizability_figures  # it needs `Figure` from here
    from p4verify.stateful.system_figures import system_figures

    shared = SharedCampaign(frozenset(flaw.id for flaw in FLAWS.values()))
    rate = "sim.executions_per_second"
    return (
        Ceiling("snap"),
        Exploring(f"{rate}.snap", _file(PROGRAMS / "snap.c")),
        Ceiling("ring"),
        Exploring(f"{rate}.ring", _file(PROGRAMS / "ring.c")),
        Exploring("sim.points_per_second", _file(PROGRAMS / "torn.c"), "points/s"),
        Exploring(f"{rate}.litmus", _file(LITMUS)),
        Exploring(f"{rate}.check", Case(_three_components, check_program(), Granularity.SYNC)),
        Exploring(f"{rate}.check.words", Case(_three_components, check_program())),
        *system_figures(),
        *(FirstFinding(flaw, shared) for flaw in FLAWS),
        HardenedCheck(),
        *linearizability_figures(),
    )


RATIOS: Mapping[str, tuple[str, str]] = {
    "snap / ceiling": ("sim.executions_per_second.snap", "sim.ceiling_executions_per_second.snap"),
    "ring / ceiling": ("sim.executions_per_second.ring", "sim.ceiling_executions_per_second.ring"),
}
