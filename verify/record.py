"""The record of a run: one JSON object a line, written so that a kill at any moment leaves a readable file; and the
counterexample, a file of its own.

The first line says which schema, firmware and target; then come programs, executions, how often they were seen again,
findings and verdicts, as they happen; the last line says that the run ended. A line that a kill cut off is tolerated
at the end and reported; garbage anywhere else is a RecordError with its line number.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast

from p4verify.verify.codec import RecordError, decode, encode, parse
from p4verify.verify.criteria import InvariantResult
from p4verify.verify.execution import Execution
from p4verify.verify.program import Program, Value
from p4verify.verify.schedule import Relocation, Schedule
from p4verify.verify.verdict import Judgement

SCHEMA = 1
MOST_BYTES = 64 << 20
"""Of a counterexample."""


@dataclass(frozen=True, slots=True)
class RunBegins:
    """The first entry: what is run on what."""

    firmware: str
    target: str
    seed: int
    build_id: str
    version: str
    config: Mapping[str, Value] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProgramDrawn:
    """A program of the run, under the number by which later entries name it."""

    number: int
    program: Program


@dataclass(frozen=True, slots=True)
class ExecutionSeen:
    """A distinct history of a program, and how often it was seen so far."""

    program: int
    execution: Execution
    count: int = 1


@dataclass(frozen=True, slots=True)
class SeenAgain:
    """A history that had been reported was seen `more` times."""

    program: int
    identity: str
    more: int


@dataclass(frozen=True, slots=True)
class Found:
    """An invariant was violated for the first time; `counterexample` is a path relative to the record, once there."""

    invariant: str
    program: int
    ordinal: int
    judgement: Judgement
    counterexample: str | None = None


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What the run says of each invariant, so far or in the end."""

    results: tuple[InvariantResult, ...]


@dataclass(frozen=True, slots=True)
class RunEnds:
    """The last entry: the run was not cut off."""

    executions: int
    seconds: float


Entry = RunBegins | ProgramDrawn | ExecutionSeen | SeenAgain | Found | Verdicts | RunEnds
KINDS: dict[str, type[Entry]] = {
    "run": RunBegins,
    "program": ProgramDrawn,
    "execution": ExecutionSeen,
    "again": SeenAgain,
    "found": Found,
    "verdicts": Verdicts,
    "end": RunEnds,
}
_NAMES = {kind: name for name, kind in KINDS.items()}


def line_of(entry: Entry) -> bytes:
    """An entry as a line of the record."""
    head: dict[str, object] = {"kind": _NAMES[type(entry)]}
    if isinstance(entry, RunBegins):
        head["schema"] = SCHEMA
    fields = cast("dict[str, object]", encode(entry))
    return json.dumps(head | fields, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def entry_of(line: bytes) -> Entry:
    """The inverse of `line_of`; RecordError for anything else."""
    data = parse(line)
    if not isinstance(data, dict) or not isinstance(data.get("kind"), str) or data["kind"] not in KINDS:
        raise RecordError("it is no entry of a run record")
    kind = KINDS[data.pop("kind")]
    if kind is RunBegins:
        _check_schema(data.pop("schema", None))
    return decode(kind, data)


def _check_schema(schema: object) -> None:
    if isinstance(schema, int) and not isinstance(schema, bool) and schema > SCHEMA:
        raise RecordError(f"it was written by a newer p4verify (schema {schema}, this one reads up to {SCHEMA})")
    if schema != SCHEMA:
        raise RecordError("it has no schema that this p4verify knows")


class RunWriter:
    """Appends entries to a new record; each is one write, so that a kill cuts at most the last line."""

    def __init__(self, path: Path, begins: RunBegins) -> None:
        self._file: BinaryIO = path.open("wb", buffering=0)
        self.write(begins)

    def write(self, *entries: Entry) -> None:
        """Writes these entries now."""
        self._file.write(b"".join(line_of(entry) for entry in entries))

    def close(self) -> None:
        """Closes the file; without a `RunEnds` it says that the run was cut off."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Run:
    """A record as it was read. `truncated`: its last line was cut off; `complete`: it says that the run ended."""

    begins: RunBegins
    entries: tuple[Entry, ...]
    truncated: bool

    @property
    def complete(self) -> bool:
        """Whether the run ended by itself."""
        return bool(self.entries) and isinstance(self.entries[-1], RunEnds)


def read_run(path: Path) -> Run:
    """The record in this file. RecordError when there is none, or when it is damaged elsewhere than at its end."""
    try:
        with path.open("rb") as file:
            return read_lines(file)
    except OSError as error:
        raise RecordError(f"{path}: {error.strerror}") from None
    except RecordError as error:
        raise RecordError(f"{path}: {error}") from None


def read_lines(lines: Iterable[bytes]) -> Run:
    """The record in these lines, each with its newline."""
    entries: list[Entry] = []
    truncated = False
    for number, line in enumerate(lines, 1):
        try:
            entries.append(entry_of(line))
        except RecordError as error:
            if line.endswith(b"\n"):
                raise RecordError(f"line {number}: {error}") from None
            truncated = True
    if not entries or not isinstance(entries[0], RunBegins):
        raise RecordError("it is no run record: it does not begin with a run")
    return Run(entries[0], tuple(entries[1:]), truncated)


@dataclass(frozen=True, slots=True)
class Counterexample:
    """The smallest program and schedule that violate an invariant: all that a replay needs.

    `seed` says how it was found and what the replay needs beside the schedule (strategy, seed, ordinal, tick budget);
    `known_shared` is what the engine knew about shared memory, opaque here. For another build `relocations` name the
    choices by source line, and `shared_names` the shared words by variable.
    """

    invariant: str
    summary: str
    program: Program
    schedule: Schedule
    build_id: str
    firmware: str
    manifest: str
    version: str
    seed: Mapping[str, Value] = field(default_factory=dict)
    known_shared: tuple[str, ...] = ()
    shared_names: tuple[str, ...] = ()
    relocations: tuple[Relocation, ...] = ()
    positions: tuple[int, ...] = ()


def save_counterexample(path: Path, counterexample: Counterexample) -> None:
    """Writes the file in one step: whoever reads it sees all of it or none."""
    text = json.dumps({"schema": SCHEMA, **cast("dict[str, object]", encode(counterexample))}, indent=1)
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_text(text + "\n", encoding="utf-8")
    unfinished.replace(path)


def load_counterexample(path: Path) -> Counterexample:
    """The counterexample in this file; RecordError when there is none."""
    data = _content(path)
    try:
        return _counterexample_of(parse(data))
    except RecordError as error:
        said = "it is the record of a run, not one of its counterexamples" if _is_run(data) else error
        raise RecordError(f"{path}: {said}") from None


def _content(path: Path) -> bytes:
    """All of a file; what has no end, or comes from somebody who may never write, is not read."""
    try:
        state = path.stat()
        if not stat.S_ISREG(state.st_mode) and not stat.S_ISDIR(state.st_mode):
            raise RecordError(f"{path}: it is no file but a device or a pipe")
        if state.st_size > MOST_BYTES:
            raise RecordError(f"{path}: it is too large for a counterexample ({state.st_size >> 20} MiB)")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise RecordError(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def _is_run(data: bytes) -> bool:
    try:
        return isinstance(entry_of(data.partition(b"\n")[0]), RunBegins)
    except RecordError:
        return False


def _counterexample_of(data: object) -> Counterexample:
    if not isinstance(data, dict):
        raise RecordError("it is no counterexample")
    _check_schema(data.pop("schema", None))
    return decode(Counterexample, data)
