"""What a walk carries and what it collects: frames, accesses, calls that need the lock, states of a step."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from p4verify.targets.static.program import Function
from p4verify.targets.static.scopes import Names
from p4verify.targets.static.values import NOTHING, Path, State
from p4verify.verify.static_review import Place, Unclear

MOST_APART = 6
"""States with the same locks that are kept apart at one step; more are joined, and keep what they agree on. So a result
that says whether a lock was taken stays with the lock, and unrelated conditions do not multiply."""


@dataclass(frozen=True, eq=False)
class Frame:
    """A function while it is walked: its names, the object it is called on, and the calls that led to it."""

    function: Function
    names: Names
    this: Path | None
    chain: tuple[str, ...]
    in_buffer: bool
    """Whether one of the calls was of a function that must be called under the lock."""


@dataclass(frozen=True, slots=True)
class Access:
    """Shared state was reached. `unclear`: why the locks may be others than those listed, "" when they are known."""

    path: Path
    write: bool
    place: Place
    locks: frozenset[Path]
    unclear: str
    context: str


@dataclass(frozen=True, slots=True)
class BufferCall:
    """A function that must be called under the lock was called, and what it reached then."""

    name: str
    place: Place
    context: str
    chain: tuple[str, ...]
    touched: frozenset[Access]


@dataclass(slots=True)
class Collected:
    """All that the walks found."""

    accesses: dict[Access, tuple[str, ...]] = field(default_factory=dict)
    """With the shortest chain of functions that leads there."""
    in_buffer: set[Access] = field(default_factory=set)
    """Those that are made within a buffer call."""
    buffer_calls: set[BufferCall] = field(default_factory=set)
    unclear: set[Unclear] = field(default_factory=set)
    locks: set[Path] = field(default_factory=set)
    given_unheld: set[Path] = field(default_factory=set)
    """Locks that were given by somebody who had not taken them."""
    binary: set[Path] = field(default_factory=set)
    """Semaphores that were not created as mutexes."""
    started: dict[str, set[Place]] = field(default_factory=dict)
    """By context, where it is started."""
    exempt: set[tuple[Path, Place]] = field(default_factory=set)
    reached: set[str] = field(default_factory=set)
    missing: dict[str, Place] = field(default_factory=dict)
    """Functions that are called and not at hand, each with a place."""


class Seen:
    """The states in which one step was reached."""

    def __init__(self) -> None:
        self._apart: dict[State, list[State]] = {}

    def adding(self, state: State) -> State | None:
        """The state to go on with, None when nothing is new."""
        known = self._apart.setdefault(replace(state, environment=NOTHING), [])
        if state in known:
            return None
        if len(known) < MOST_APART:
            known.append(state)
            return state
        joined = replace(state, environment=state.environment.agreeing(known[-1].environment))
        if joined in known:
            return None
        known[-1] = joined
        return joined

    def states(self) -> list[State]:
        return [state for several in self._apart.values() for state in several]
