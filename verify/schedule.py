"""A schedule (choices asked for) and a trace (choices made).

A *choice point* is a moment at which more than one task could take the next step. Choices are numbered by these
points, so that a step nobody could have taken otherwise costs no choice. A choice is the offset from the running task
in the ring of enabled tasks (ordered by creation): 0 goes on with the running one, and where that one has just
blocked, 0 takes the next in the ring. `TICK` delivers the next timer early, out of a recorded budget. Everything not
named is 0, so shrinking goes towards no preemption.
"""

from __future__ import annotations

import enum
import itertools
from dataclasses import dataclass

TICK = 255
MOST_CHOICES = 10_000
"""Of one schedule: one message carries them all."""
"""The choice that lets time pass to the next timeout although a task could still run."""


class Granularity(enum.Enum):
    """Where tasks may be preempted: at every access to shared memory, or at RTOS calls and atomics only."""

    WORDS = "words"
    SYNC = "sync"


@dataclass(frozen=True, slots=True)
class Schedule:
    """Choices by choice point: `choices[i] = (point, offset)`, points ascending, offsets not 0."""

    choices: tuple[tuple[int, int], ...] = ()
    granularity: Granularity = Granularity.WORDS

    def encode(self) -> str:
        """A short printable form, `w:12+1,40+2`; `decode` is its inverse."""
        return self.granularity.value[0] + ":" + ",".join(f"{point}+{offset}" for point, offset in self.choices)

    @classmethod
    def decode(cls, text: str) -> Schedule:
        """The schedule that `encode` wrote as `text`; ValueError when it is not one."""
        letter, _, body = text.partition(":")
        granularity = {"w": Granularity.WORDS, "s": Granularity.SYNC}.get(letter)
        if granularity is None:
            raise ValueError(f"not a schedule: {text!r} (it begins with 'w:' or 's:')")
        pairs = [item.partition("+") for item in body.split(",") if item]
        choices = tuple((int(point), int(offset)) for point, _, offset in pairs)
        if len(choices) > MOST_CHOICES:
            raise ValueError(f"not a schedule: {len(choices)} choices are more than {MOST_CHOICES}")
        if not all(0 <= point < 1 << 32 and 0 < offset <= TICK for point, offset in choices):
            raise ValueError(f"not a schedule: a point is not within 32 bits, or an offset not within 1..{TICK}")
        if any(a >= b for (a, _), (b, _) in itertools.pairwise(choices)):
            raise ValueError(f"not a schedule: the points of {text!r} do not ascend")
        return cls(choices, granularity)


class StepKind(enum.Enum):
    """What a task did in one step of a trace."""

    READ = "read"
    WRITE = "write"
    CALL = "call"
    BLOCK = "block"
    WAKE = "wake"
    TIME = "time"
    ENTER = "enter"
    LEAVE = "leave"
    RECORD = "record"
    BOOT = "boot"


class Encoding(enum.Enum):
    """How a scalar's bits are read."""

    BOOL = "bool"
    TEXT = "text"
    SIGNED = "signed"
    UNSIGNED = "unsigned"
    FLOAT = "float"
    POINTER = "pointer"
    ENUM = "enum"
    PADDING = "padding"


@dataclass(frozen=True, slots=True)
class Part:
    """What an access holds of one scalar: an integer, a bitfield, an array of characters; `name` in full.

    Of its `width` bits those from `first` on, `bits` of them, which lie `shift` bits into the value of the access.
    `names` are the enumerators of an ENUM by value.
    """

    name: str
    encoding: Encoding
    width: int
    first: int
    bits: int
    shift: int
    names: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a trace.

    `point` is how many choice points lie before it; `choice` is not 0 where a choice at the last of them led here.
    `name` is a symbol ("s_state.last_batt.soc"), an RTOS call or an operation; `value` the bits read or
    written, little endian as an integer, `size` bytes of them.
    """

    task: str
    kind: StepKind
    name: str
    file: str
    line: int
    time_us: int
    address: int = 0
    size: int = 0
    value: int = 0
    point: int = 0
    choice: int = 0
    core: int = 0
    position: int = 0
    """How many history records had been written when the step was taken."""
    parts: tuple[Part, ...] = ()
    """The scalars that an access to a variable touches; empty where its type is not known."""
    about: str = ""
    """What an RTOS call is about: the variable that holds or is its object, or a task's name."""
    holder: str = ""
    """Of a wait: the task that holds what is waited for."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Every step of one execution, with the schedule that leads there again."""

    steps: tuple[Step, ...]
    schedule: Schedule
    preemptions: int
    """Choices that took the core from a task which could have gone on."""
    cut: int = 0
    """How many steps at the end are missing, because there were too many to keep."""


@dataclass(frozen=True, slots=True)
class Relocation:
    """A choice named by source: `task` is about to run `file:line` for the `occurrence`-th time, and `to` goes on.

    It survives a rebuild in which addresses and point numbers moved. `text` is the line itself (or what was done
    there, where there is no line), which is found again where lines were added above it. With `after`, the task has
    just run the line, and does nothing more.
    """

    task: str
    file: str
    line: int
    occurrence: int
    to: str
    text: str = ""
    after: bool = False


