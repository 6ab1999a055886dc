"""What the gateway's adapter was given and did during one boot: frames, configurations, records, calls of NVS.

A frame is *whole* when it has all that a frame of telemetry has; firmware should take such frames and nothing else. It
judges nothing. Texts that the program wrote itself may say anything, so whoever compares records with frames asks
`foreign` first.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from itertools import islice, takewhile
from typing import ClassVar

from p4verify.verify import tokens
from p4verify.verify.boots import Life, lives
from p4verify.verify.execution import Execution
from p4verify.verify.history import Observation, Operation
from p4verify.verify.limits import limit
from p4verify.verify.remembered import remembered
from p4verify.verify.timeline import BOOT_TASK, NEVER, Fields, Handler, Publish, View
from p4verify.verify.verdict import Setting

COMPONENT = "remote_event_adapter"
TELEMETRY, CONFIG = "telemetry", "config"
"""The keys in NVS."""


class Call(IntEnum):
    """The numbers of wrapped NVS functions."""

    OPEN = 1
    GET = 2
    SET = 3
    COMMIT = 4
    ERASE = 5
    CLOSE = 6
    FLASH_INIT = 7


WRITES = frozenset({Call.SET, Call.COMMIT, Call.ERASE})


class Variant(IntEnum):
    """How a frame was made from its token."""

    AT_ROOT = 0
    UNDER_BATTERY = 1
    WITHOUT_CELLS = 2
    CLAIMS_INVERTED = 3
    SOME_FIELDS = 4
    FOREIGN = 5
    CUT = 6
    OVERSIZED = 7
    ABSURD = 8
    EMPTY = 9
    ENERGY_ONLY = 10


WHOLE_BATTERY = frozenset(
    {Variant.AT_ROOT, Variant.UNDER_BATTERY, Variant.WITHOUT_CELLS, Variant.CLAIMS_INVERTED, Variant.OVERSIZED}
)
"""A firmware may take the battery of these: all its fields are there."""
NO_DATA = frozenset(
    {Variant.SOME_FIELDS, Variant.FOREIGN, Variant.CUT, Variant.ABSURD, Variant.EMPTY, Variant.ENERGY_ONLY}
)
"""A firmware must take nothing of these."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: from `given`, when the callback was entered, to `done`, when it had returned (NEVER: it had not)."""

    token: int
    cells: int
    variant: int
    whole: bool
    task: str
    given: int
    given_us: int
    done: int
    done_us: int

    def overlaps(self, first: int, last: int) -> bool:
        """Whether the callback ran at some moment between two positions."""
        return self.given <= last and first <= self.done


@dataclass(slots=True)
class NvsCall:
    """One call of NVS. `result` is None when it did not return."""

    call: int
    key: str
    task: str
    start: int
    start_us: int
    end: int = NEVER
    end_us: int = NEVER
    result: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Something that has to reach NVS: its token, and the interval in which it arrived."""

    token: int
    given: int
    done: int
    done_us: int


class Gateway:
    """The index of one boot."""

    _last: ClassVar[tuple[Execution, Setting, tuple[Gateway, ...]] | None] = None

    @classmethod
    def of(cls, execution: Execution, setting: Setting) -> tuple[Gateway, ...]:
        """Those of all boots of an execution, made once for all invariants."""
        last = cls._last
        if last is None or last[0] is not execution or last[1] is not setting:
            boots = tuple(cls(life) for life in lives(execution, setting))
            cls._last = last = (execution, setting, boots)
        return last[2]

    def __init__(self, life: Life) -> None:
        self.view = View.of(life.execution, life.setting)
        self.setting = life.setting
        self.history = life.execution.history
        self.cut = life.cut

    @property
    def end_us(self) -> int:
        """When the boot ended, by a cut or with the execution."""
        return self.history.end_us

    @cached_property
    def frames(self) -> list[Frame]:
        """In the order in which they were given."""
        records = self.view.seen("re.frame")
        owners: dict[str, list[Operation]] = {}
        for operation in self.view.calls("re.telemetry") if records else ():
            owners.setdefault(operation.task, []).append(operation)
        return [_frame(record, _owner(owners.get(record.task, []), record)) for record in records]

    @cached_property
    def whole(self) -> list[Frame]:
        """The frames that a firmware should take."""
        return [frame for frame in self.frames if frame.whole]

    @cached_property
    def first_given(self) -> dict[int, int]:
        """By token, when the first frame was given whose battery a firmware may take."""
        frames = (frame for frame in reversed(self.frames) if frame.variant in WHOLE_BATTERY)
        return {frame.token: frame.given for frame in frames}

    @cached_property
    def texts(self) -> list[Operation]:
        """The JSON texts of the program's own."""
        return self.view.calls("re.json")

    def foreign(self, before: int) -> bool:
        """Whether a text of the program's own may have been telemetry: what it says is not known."""
        return any(
            text.invoked < before and text.invocation.arguments[0] == 0 and _tells(str(text.invocation.arguments[1]))
            for text in self.texts
        )

    @cached_property
    def nvs(self) -> list[NvsCall]:
        """All calls of NVS, each with the key of the blob that it, or the next step of its writing, is about."""
        calls: list[NvsCall] = []
        running: dict[str, NvsCall] = {}
        keys: dict[str, str] = {}
        for record in self.view.seen("nvs.call", "nvs.return"):
            if record.observer == "nvs.call":
                key = str(record["key"]) or keys.get(record.task, "")
                keys[record.task] = "" if record["call"] == Call.CLOSE else key
                call = NvsCall(int(record["call"]), key, record.task, record.position, record.time_us)
                calls.append(call)
                running[record.task] = call
            elif record.task in running:
                call = running.pop(record.task)
                call.end, call.end_us, call.result = record.position, record.time_us, int(record["result"])
        return calls

    @cached_property
    def _sets(self) -> list[NvsCall]:
        return [call for call in self.nvs if call.call == Call.SET] if self._writes else []

    @cached_property
    def _failed(self) -> list[NvsCall]:
        if not self._writes:
            return []
        return [call for call in self.nvs if call.result not in (None, 0) and call.call in WRITES]

    @cached_property
    def _writes(self) -> bool:
        return any(record["call"] in WRITES for record in self.view.seen("nvs.call"))

    def sets(self, key: str) -> list[NvsCall]:
        """The attempts to write this blob."""
        return [call for call in self._sets if call.key == key]

    def failures(self, key: str) -> list[NvsCall]:
        """Calls by which a write of this blob failed."""
        return [call for call in self._failed if call.key == key]

    @cached_property
    def write_us(self) -> int:
        """What one write may cost, at most."""
        costs = (value % 1_000_000 for value in self.setting.program.environment.get("nvs", ()))
        return max((4000, *costs))

    @cached_property
    def interval_us(self) -> int:
        """The longest time for which NVS may lack a change, the write and what timing tolerates included."""
        return round(limit(self.setting, "flush_interval_ms") * 1000) + self.write_us + self.view.margin_us

    @cached_property
    def published(self) -> list[Publish]:
        """The adapter's battery and pack records."""
        return self.view.published(COMPONENT, "battery", "pack")

    def published_within(self, frame: Frame) -> list[Publish]:
        """Those of the records that a frame's callback published."""
        first = bisect_right(self.published, frame.given, key=lambda call: call.start)
        within = takewhile(lambda call: call.start < frame.done, islice(self.published, first, None))
        return [call for call in within if call.task == frame.task]

    def restored(self, *kinds: str) -> list[Publish]:
        """What it published while the firmware booted."""
        calls = self.view.published(COMPONENT, *kinds)
        return [call for call in calls if call.task == BOOT_TASK and call.operation is None and call.handler is None]

    @cached_property
    def changes(self) -> list[Change]:
        """The whole frames that came in connected mode: a firmware may ignore them in the other."""
        frames = (frame for frame in self.whole if self.connected(frame.given, min(frame.done, self.history.end)))
        return [_change(frame) for frame in frames]

    @cached_property
    def arrivals(self) -> list[Change]:
        """The changes, and what a firmware may take beside them: in autonomous mode, and of frames that lack cells."""
        return [_change(frame) for frame in self.frames if frame.whole or frame.variant in WHOLE_BATTERY]

    @cached_property
    def configurations(self) -> list[Change]:
        """The configurations that arrived, in order."""
        return [
            Change(int(o.invocation.arguments[0]), o.invoked, o.returned or NEVER, _returned_us(o))
            for o in self.view.calls("re.config")
        ]

    @property
    def unknown_configuration(self) -> bool:
        """Whether an answer of the program's own may have been a configuration."""
        answers = self.view.calls("re.http")
        return any(str(answer.invocation.arguments[0]).startswith("/api/config") for answer in answers)

    @cached_property
    def modes(self) -> list[tuple[int, int, bool]]:
        """Interval and meaning (autonomous) of what told the adapter the mode."""
        told = [
            (o.invoked, o.returned or NEVER, bool(o.invocation.arguments[0])) for o in self.view.calls("re.mode")
        ]
        handled: list[Handler] = self.view.handled(COMPONENT, "mode")
        return sorted(told + [(run.enter, run.leave, not run.fields.get("expected")) for run in handled])

    def connected(self, first: int, last: int) -> bool:
        """Whether nothing says that the adapter was in autonomous mode at some moment between two positions."""
        before = [mode for mode in self.modes if mode[1] < first]
        during = [mode for mode in self.modes if mode[1] >= first and mode[0] <= last]
        latest = max(before, key=lambda mode: mode[1], default=None)
        return not any(mode[2] for mode in during) and not (latest is not None and latest[2])


def _change(frame: Frame) -> Change:
    return Change(frame.token, frame.given, frame.done, frame.done_us)


def _owner(operations: list[Operation], record: Observation) -> Operation | None:
    """The last of its task's operations that had begun."""
    begun = bisect_left(operations, record.position, key=lambda operation: operation.invoked)
    return operations[begun - 1] if begun else None


def _frame(record: Observation, owner: Operation | None) -> Frame:
    done = NEVER if owner is None or owner.returned is None else owner.returned
    return Frame(
        int(record["token"]),
        0 if owner is None else int(owner.invocation.arguments[1]),
        int(record["variant"]),
        bool(record["accepted_hint"]),
        record.task,
        record.position,
        record.time_us,
        done,
        NEVER if owner is None else _returned_us(owner),
    )


def _returned_us(operation: Operation) -> int:
    return NEVER if operation.returned_us is None else operation.returned_us


def _tells(text: str) -> bool:
    return any(name in text for name in ("_voltage", "_current", "state_of", "_temperature"))


def config_token(call: Publish) -> int | None:
    """The token of a published configuration; None when its members carry none or several."""
    fields = call.fields
    token = int(fields["can_bitrate"]) - 125_000
    intact = int(fields["uart_baudrate"]) - 9600 == token and str(fields["topic"]) == f"t{token}"
    return token if intact else None


def record_token(call: Publish) -> int | None:
    """The token of a battery or a pack that the adapter published; None when its values carry none or several."""
    return pack_token(call.fields) if call.kind == "pack" else battery_token(call.fields)


@remembered
def pack_token(fields: Fields) -> int | None:
    """The token of a pack, by its cells."""
    return tokens.cells_token(tokens.cells_of(fields))


@remembered
def battery_token(fields: Fields) -> int | None:
    """The token of a battery whose power is derived."""
    return tokens.gateway_token(fields)
