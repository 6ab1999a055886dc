"""The sim target: unmodified firmware under the controlled scheduler, in a child process.

Speaks with c/sim/session.c over a pipe; c/sim/session.h and replay.c define the messages. The child is replaced when
it dies; what it had learnt about shared memory is then learnt again. It refuses to judge an execution.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Final, NamedTuple, Self

from p4verify.targets.building.build import Build
from p4verify.targets.building.suppressions import Suppressor
from p4verify.targets.machine.symbols import Symbols
from p4verify.targets.printed import printed_history
from p4verify.targets.protocol.description import Description, MisdeclaredError, ProtocolError, Reader
from p4verify.targets.protocol.link import LinkError, PipeLink
from p4verify.targets.protocol.messages import (
    Assembly,
    Frame,
    HistoryDecoder,
    MessageType,
    chunks,
    encode_program,
    error_text,
)
from p4verify.targets.races import read_races
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
from p4verify.targets.traces import TraceDecoder
from p4verify.verify.execution import Ending, Execution, Outcome
from p4verify.verify.history import History, Unreadable
from p4verify.verify.program import Program
from p4verify.verify.schedule import Granularity, Schedule

_REQUEST: Final = struct.Struct("<BBBBBBQQQIII")
_RESULT: Final = struct.Struct("<IQIIBQQIIIQ")
_PROGRESS: Final = struct.Struct("<QQII")
_COUNT: Final = struct.Struct("<II")
_CHOICE: Final = struct.Struct("<IB")
_ALL: Final = 0xFFFFFFFF
_STRATEGIES: Final = {"random": 0, "pct": 1, "explicit": 2, "segments": 3, "delay": 4}
_OUTCOMES: Final = tuple(Outcome)
_WITH_TRACE, _WITH_CHOICES, _KNOWN_TO_HANG = 1, 2, 4
ANSWER_SECONDS: Final = 60.0
"""How long the child may be silent: its own watchdog ends an execution after a second of CPU time."""
HELLO_SECONDS: Final = 20.0
ADDRESS_SPACE_GIB: Final = 8
"""What the simulator reserves, as c/sim/engine.h has it; most of it is never touched."""
MOST_STACK_NEEDS: Final = 5000
"""Functions that one message holds."""


class SimTarget:
    """A firmware (or a litmus file) under the controlled scheduler; see `ControlledTarget`."""

    def __init__(self, build: Build) -> None:
        self.build = build
        self._link: PipeLink | None = None
        self._loaded: Program | None = None
        self._decoder: HistoryDecoder | None = None
        self._description: Description | None = None
        self._last: tuple[HistoryDecoder | None, bytes, bytes, Execution] | None = None
        self.suppressor = Suppressor(build.manifest.suppressions if build.manifest else ())
        """Hides the races that the manifest suppresses."""
        self.log = ""
        """What the firmware printed in the last replay."""

    # ---- the process ----

    @property
    def description(self) -> Description:
        """The child's HELLO."""
        if self._description is None:
            self._start()
            assert self._description is not None
        return self._description

    def _start(self) -> PipeLink:
        self.close()
        self._link = PipeLink([str(self.build.executable)])
        self._loaded = None
        self._send(MessageType.DESCRIBE)
        self._description = Description.unpack(self._hello())
        self._send_probes()
        self._send_stack_needs()
        return self._link

    def _hello(self) -> bytes:
        """The first answer. Only the firmware's static constructors have run by then."""
        try:
            return self._expect(MessageType.HELLO, HELLO_SECONDS)
        except TargetError as error:
            if "p4verify: " in str(error):
                raise  # it has said itself why it does not start
            hint = "Before its first answer only static constructors run: does one crash or hang?"
            raise TargetError(f"{error}. {hint}") from error

    def _send_probes(self) -> None:
        probes = self.build.manifest.probes if self.build.manifest else {}
        ranges = [self.build.symbols.code_of(function) or (0, 0) for function in probes.values()]
        if ranges:
            payload = struct.pack("<H", len(ranges)) + b"".join(struct.pack("<QQ", *found) for found in ranges)
            self._send(MessageType.PROBES, payload)
            self._expect(MessageType.ACCEPTED)

    def _send_stack_needs(self) -> None:
        needs = sorted(self.build.stack_needs)[:MOST_STACK_NEEDS]
        if needs:
            payload = struct.pack("<H", len(needs)) + b"".join(struct.pack("<3I", *need) for need in needs)
            self._send(MessageType.STACK_NEEDS, payload)
            self._expect(MessageType.ACCEPTED)

    def close(self) -> None:
        """Ends the child; the next call starts another."""
        if self._link is not None:
            self._link.close()
        self._link = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # ---- messages ----

    def _send(self, kind: MessageType, payload: bytes = b"") -> None:
        link = self._link or self._start()
        try:
            link.send(kind, payload)
        except LinkError as error:
            raise self._failed(error) from error

    def _receive(self, seconds: float = ANSWER_SECONDS) -> Frame:
        link = self._link
        if link is None:
            raise TargetError("the simulator is not running")
        try:
            while not isinstance(event := link.receive(seconds), Frame):
                pass
        except LinkError as error:
            raise self._failed(error) from error
        if event.type == MessageType.ERROR:
            raise TargetError(f"the simulator refuses: {error_text(event.payload)}")
        return event

    def _expect(self, kind: MessageType, seconds: float = ANSWER_SECONDS) -> bytes:
        frame = self._receive(seconds)
        if frame.type != kind:
            raise TargetError(f"the simulator answered {frame.type:#x} where {kind.name} was expected")
        return frame.payload

    def _failed(self, error: LinkError) -> TargetError:
        self.close()
        return TargetError(f"the simulator of {self.build.name} failed: {error}")

    def load(self, program: Program) -> None:
        """Makes `program` the one that is executed; ProgramError when it does not fit the firmware."""
        if program is self._loaded and self._link is not None:
            return
        data = encode_program(program, self.description)
        for chunk in chunks(data):
            self._send(MessageType.PROGRAM, chunk)
        self._expect(MessageType.ACCEPTED)
        self._loaded = program
        self._decoder = HistoryDecoder(program, self.description)

    # ---- what has been learnt ----

    def shared(self) -> Shared:
        """What is known so far about shared memory."""
        self._send(MessageType.KNOWN_SHARED)
        assembly = Assembly()
        while (whole := assembly.add(self._expect(MessageType.KNOWN_SHARED))) is None:
            pass
        return Shared(struct.unpack(f"<{len(whole) // 4}I", whole))

    def restore(self, shared: Shared) -> None:
        """Knows this and nothing else."""
        for chunk in chunks(struct.pack(f"<{len(shared.entries)}I", *shared.entries)):
            self._send(MessageType.KNOWN_SHARED, chunk)
        self._expect(MessageType.ACCEPTED)

    # ---- exploring ----

    def explore(
        self, program: Program | None, exploration: Exploration, found: OnFound, progress: OnProgress | None = None
    ) -> Progress:
        """Runs executions; `found` sees each new history once. Returns the totals, with multiplicities."""
        if program is not None:
            self.load(program)
        self._send(MessageType.EXPLORE, _request(exploration, self._loaded) + _limits(exploration))
        return self._listen(exploration, found, progress)

    def _listen(self, exploration: Exploration, found: OnFound, progress: OnProgress | None) -> Progress:
        counts: dict[int, int] = {}
        assembly, long_history, listening = Assembly(), b"", True
        while True:
            frame = self._receive()
            if frame.type == MessageType.FOUND:
                if listening:
                    listening = found(self._found(frame.payload, exploration, long_history)) or self._stop()
                long_history = b""
            elif frame.type == MessageType.HISTORY:
                long_history = assembly.add(frame.payload) or b""
            elif frame.type == MessageType.COUNTS:
                counts.update(_COUNT.iter_unpack(frame.payload))
            elif frame.type == MessageType.PROGRESS and progress is not None:
                listening = listening and (progress(_progress(frame, counts)) or self._stop())
            elif frame.type == MessageType.EXPLORED:
                return _progress(frame, counts)

    def _stop(self) -> bool:
        self._send(MessageType.STOP)
        return False

    def _found(self, payload: bytes, exploration: Exploration, long_history: bytes) -> Found:
        result = _Result(payload, self.build.symbols)
        execution = self._execution(result, result.history or long_history)
        origin = Origin(exploration, result.ordinal, result.known, result.length)
        return Found(result.index, execution, origin, result.choice_points, result.preemptions)

    def _execution(self, result: _Result, data: bytes) -> Execution:
        history = self._history(data, result)
        ending, identity = self._ending(result), str(result.index)
        races = self.suppressor.left(result.races)
        return Execution(history, ending, result.ordinal, identity, slack_us=result.slack_us, races=races)

    def _history(self, data: bytes, result: _Result) -> History:
        if self._decoder is None:
            return printed_history(data, end_us=result.end_us, lost=result.lost)
        try:
            return self._decoder.decode(data, end_us=result.end_us, lost=result.lost)
        except ProtocolError as error:  # a stray write of the firmware can reach what the agent records
            unreadable = Unreadable(str(error), isinstance(error, MisdeclaredError))
            return History((), (), 0, result.end_us, lost=max(result.lost, 1), unreadable=unreadable)

    def _ending(self, result: _Result) -> Ending:
        if result.outcome == Outcome.COMPLETED:
            return Ending(Outcome.COMPLETED)
        place = self.build.symbols.place(result.pc) if result.pc else None
        where = f"{place.file}:{place.line}" if place and place.line else ""
        return Ending(result.outcome, result.detail, result.task, where)

    # ---- one execution ----

    def again(self, program: Program | None, origin: Origin, *, trace: bool = False) -> tuple[Execution, Schedule]:
        """The execution that `origin` names, with the explicit schedule that leads to it."""
        replay = self.rerun(program, origin, trace=trace)
        return replay.execution, replay.schedule

    def rerun(self, program: Program | None, origin: Origin, *, trace: bool = False) -> Replay:
        """The same with everything that is known of it."""
        exploration = replace(origin.exploration, length=origin.length, first=origin.ordinal)
        return self._replay(program, exploration, _Asked(origin.known, (), _flags(trace=trace)))

    def execute(
        self, program: Program | None, schedule: Schedule, *, trace: bool = False, known: int | None = None,
        tick_budget: int = 0, relaxed: bool = False,
    ) -> Execution:  # fmt: skip
        """The execution of a given schedule, from the first `known` things learnt about shared memory (None: all).

        Choice points are counted where tasks share memory, so a schedule means the same only with the same `known`.
        """
        return self.run(program, schedule, trace=trace, known=known, tick_budget=tick_budget, relaxed=relaxed).execution

    def run(
        self, program: Program | None, schedule: Schedule, *, trace: bool = False, known: int | None = None,
        tick_budget: int = 0, relaxed: bool = False, hangs: bool = False,
    ) -> Replay:  # fmt: skip
        """As `execute`, with the number of preemptions; choices and segments only with `trace`.

        `hangs`: it was seen to hang for a second, so that it is taken to hang again after 30 ms.
        """
        exploration = Exploration(
            "explicit", schedule.granularity, tick_budget=tick_budget, relaxed=relaxed, length=1, races=True
        )
        flags = (_flags(trace=True) if trace else 0) | (_KNOWN_TO_HANG if hangs else 0)
        return self._replay(program, exploration, _Asked(known, schedule.choices, flags))

    def follow(self, program: Program | None, segments: Segments, granularity: Granularity, known: int) -> Replay:
        """The execution in which each segment's task makes so many choices, one segment after the other."""
        exploration = Exploration("segments", granularity, length=1, races=True)
        return self._replay(program, exploration, _Asked(known, segments, _flags(trace=False)))

    def _replay(self, program: Program | None, exploration: Exploration, asked: _Asked) -> Replay:
        if program is not None:
            self.load(program)
        self._send(MessageType.REPLAY, _request(exploration, self._loaded) + asked.pack())
        answer = _Answer(TraceDecoder(self.build.symbols))
        while (frame := self._receive()).type != MessageType.REPLAYED:
            answer.add(frame)
        self.log = self._expect(MessageType.LOG).decode("utf-8", "replace")
        result = _Result(frame.payload, self.build.symbols)
        execution = self._replayed(result, frame.payload, answer.history)
        schedule = Schedule(tuple(answer.choices), exploration.granularity)
        if asked.flags & _WITH_TRACE:
            execution = replace(execution, trace=answer.steps.trace(schedule, result.preemptions))
        return Replay(execution, schedule, tuple(answer.segments), result.preemptions)

    def _replayed(self, result: _Result, payload: bytes, long_history: bytes) -> Execution:
        """The execution of an answer: the very same object when the answer is the one before, byte for byte."""
        last = self._last
        if last is None or last[0] is not self._decoder or last[1:3] != (payload, long_history):
            execution = self._execution(result, result.history or long_history)
            self._last = last = (self._decoder, payload, long_history, execution)
        return last[3]


class _Asked(NamedTuple):
    """What a replay is asked beside the exploration: how much is known (None: all), and what is followed."""

    known: int | None
    followed: Segments
    flags: int

    def pack(self) -> bytes:
        """The rest of a REPLAY message."""
        head = struct.pack("<IBI", _ALL if self.known is None else self.known, self.flags, len(self.followed))
        return head + b"".join(_CHOICE.pack(*pair) for pair in self.followed)


def _flags(*, trace: bool) -> int:
    return _WITH_CHOICES | (_WITH_TRACE if trace else 0)


class _Answer:
    """What comes before REPLAYED."""

    def __init__(self, steps: TraceDecoder) -> None:
        self.steps = steps
        self.choices: list[tuple[int, int]] = []
        self.segments: list[tuple[int, int]] = []
        self.history = b""
        self._assembly = Assembly()

    def add(self, frame: Frame) -> None:
        if frame.type == MessageType.TRACE_TASKS:
            self.steps.tasks(frame.payload)
        elif frame.type == MessageType.TRACE:
            self.steps.add(frame.payload)
        elif frame.type == MessageType.CHOICES:
            self.choices += _CHOICE.iter_unpack(frame.payload)
        elif frame.type == MessageType.SEGMENTS:
            self.segments += _CHOICE.iter_unpack(frame.payload)
        elif frame.type == MessageType.HISTORY:
            self.history = self._assembly.add(frame.payload) or b""


class _Result:
    """What session_put_result writes."""

    def __init__(self, payload: bytes, symbols: Symbols) -> None:
        (
            self.index, self.ordinal, self.known, self.length, outcome, self.end_us, self.slack_us, self.lost,
            self.choice_points, self.preemptions, self.pc,
        ) = _RESULT.unpack_from(payload)  # fmt: skip
        if outcome >= len(_OUTCOMES):
            raise TargetError(f"an execution ended with outcome {outcome}, which does not exist")
        self.outcome = _OUTCOMES[outcome]
        reader = Reader(payload[_RESULT.size :])
        self.task, self.detail = reader.text(), reader.text()
        self.races = read_races(reader, symbols)
        self.history = reader.take(reader.uint(4))


def _progress(frame: Frame, counts: Mapping[int, int]) -> Progress:
    executions, points, distinct, differing = _PROGRESS.unpack(frame.payload)
    return Progress(executions, points, distinct, counts, differing)


def _request(exploration: Exploration, program: Program | None) -> bytes:
    if exploration.strategy not in _STRATEGIES:
        raise ValueError(f"no strategy is called {exploration.strategy!r}; there are {', '.join(_STRATEGIES)}")
    return _REQUEST.pack(
        _STRATEGIES[exploration.strategy], exploration.granularity is Granularity.SYNC, exploration.relaxed,
        exploration.depth, exploration.tick_budget, exploration.races, exploration.seed & (1 << 64) - 1,
        exploration.first, exploration.executions, exploration.max_points or most_points(program), exploration.length,
        exploration.quantum_us,
    )  # fmt: skip


def _limits(exploration: Exploration) -> bytes:
    milliseconds = max(1, int(exploration.seconds * 1000)) if exploration.seconds > 0 else 0
    return struct.pack("<IB", milliseconds, exploration.twice)
