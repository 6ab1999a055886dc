"""What a path through the code may know: values of locals, and the state in which a place is reached. All frozen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from p4verify.targets.static.program import Function

Path = tuple[str, ...]
"""From a variable, or a local's key (it begins with a colon), over fields; "*" follows a pointer, "[]" any element."""

SHARED = "~shared"
"""Ends the path of a lock that is held together with other readers."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A number."""

    number: int


@dataclass(frozen=True, slots=True)
class Nonzero:
    """Something that was found to be true."""


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a place."""

    path: Path


@dataclass(frozen=True, slots=True)
class Content:
    """What a place held when it was read: a pointer, a handle, a copy."""

    path: Path


@dataclass(frozen=True, slots=True)
class Callee:
    """A function, with the object that it is bound to."""

    function: Function
    this: Path | None = None


@dataclass(frozen=True, slots=True)
class Ownership:
    """A guard object (std::unique_lock and its kin): the locks that it gives back at its end, while `held`."""

    locks: tuple[Path, ...]
    held: bool


Value = Constant | Nonzero | Address | Content | Callee | Ownership | None
"""None is anything."""


class Environment:
    """What is known of locals, by path. Frozen and hashable; a path that is absent is as it was declared."""

    __slots__ = ("_hash", "_known")

    def __init__(self, known: Mapping[Path, Value] | None = None) -> None:
        self._known = dict(known or {})
        self._hash = hash(frozenset(self._known.items()))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Environment) and self._known == other._known

    def __contains__(self, path: Path) -> bool:
        return path in self._known

    def get(self, path: Path) -> Value:
        return self._known.get(path)

    def items(self) -> Iterable[tuple[Path, Value]]:
        return self._known.items()

    def under(self, root: Path) -> list[Value]:
        """All values known at a path and below it."""
        return [value for path, value in self._known.items() if path[: len(root)] == root]

    def with_value(self, path: Path, value: Value) -> Environment:
        """The place holds this now, and what was known of its parts is over."""
        kept = {known: was for known, was in self._known.items() if known[: len(path)] != path}
        return Environment({**kept, path: value})

    def without(self, root: Path) -> Environment:
        """Somebody may have changed what lies there."""
        if not any(path[: len(root)] == root for path in self._known):
            return self
        changed = {path: None if path[: len(root)] == root else was for path, was in self._known.items()}
        return Environment(changed)

    def agreeing(self, other: Environment) -> Environment:
        """What is known here and there alike."""
        both = self._known.keys() | other._known.keys()
        return Environment({path: self.get(path) if self._same(other, path) else None for path in both})

    def _same(self, other: Environment, path: Path) -> bool:
        return path in self and path in other and self._known[path] == other._known[path]

    def without_numbers(self) -> Environment:
        """Where pointers lead and what is owned, without what is merely so many."""
        kept = (Address, Content, Callee, Ownership)
        return Environment({path: was for path, was in self._known.items() if isinstance(was, kept)})

    def only(self, roots: frozenset[str]) -> Environment:
        """What is known of these variables alone."""
        return Environment({path: value for path, value in self._known.items() if path[0] in roots})

    def joined(self, other: Environment) -> Environment:
        """Everything that is known here or there; there wins."""
        return Environment({**self._known, **other._known})


NOTHING = Environment()
MOST_NESTED = 4
"""How often one lock counts as taken: more would never end in a loop that forgets to give it back."""


@dataclass(frozen=True, slots=True)
class State:
    """How a place is reached: the locks that are held (as often as each was taken), and what is known of locals.

    `alone`: no other task can exist yet. `unclear`: why the locks may be others, "" when they are known.
    """

    locks: tuple[Path, ...] = ()
    alone: bool = False
    unclear: str = ""
    environment: Environment = NOTHING

    def taking(self, lock: Path) -> State:
        """With one more lock."""
        if self.locks.count(lock) >= MOST_NESTED:
            return self
        return replace(self, locks=tuple(sorted((*self.locks, lock))))

    def giving(self, lock: Path) -> State:
        """With one less, whichever way it was taken."""
        held = next((one for one in (lock, (*lock, SHARED)) if one in self.locks), None)
        if held is None:
            return self
        locks = list(self.locks)
        locks.remove(held)
        return replace(self, locks=tuple(locks))

    def holds(self, lock: Path) -> bool:
        return lock in self.locks or (*lock, SHARED) in self.locks

    def knowing(self, path: Path, value: Value) -> State:
        """With a local's value."""
        return replace(self, environment=self.environment.with_value(path, value))

    def forgetting(self, path: Path) -> State:
        """Without what was known of a local."""
        return replace(self, environment=self.environment.without(path))


def truth(value: Value) -> bool | None:
    """Whether a condition holds, None when that is not known."""
    match value:
        case Constant(number):
            return number != 0
        case Nonzero() | Address() | Callee():
            return True
        case Ownership(_, held):
            return held
        case _:
            return None


def negated(operator: str, value: Value) -> Value:
    """What a unary operator makes of a value."""
    known = truth(value)
    if operator in ("!", "not"):
        return None if known is None else Constant(int(not known))
    if operator == "-" and isinstance(value, Constant):
        return Constant(-value.number)
    return None


def compared(operator: str, left: Value, right: Value) -> Value:
    """What `==` and `!=` say; other operators make anything."""
    if operator not in ("==", "!="):
        return None
    equal: bool | None = None
    if isinstance(left, Constant) and isinstance(right, Constant):
        equal = left.number == right.number
    elif Constant(0) in (left, right):
        known = truth(right if left == Constant(0) else left)
        equal = None if known is None else not known
    return None if equal is None else Constant(int(equal == (operator == "==")))


def pointee(value: Value) -> Path | None:
    """Where a pointer leads."""
    match value:
        case Address(path):
            return path
        case Content(path):
            return (*path, "*")
        case _:
            return None


def lock_of(value: Value) -> Path | None:
    """The lock that an argument names: by its address, or by a handle that some variable holds."""
    return value.path if isinstance(value, Address | Content) else None


def is_local(path: Path) -> bool:
    """Whether a path begins at a local variable, so that it is no shared state."""
    return path[0].startswith(":")


def written(path: Path) -> str:
    """A path as C writes it: `s_state.last_batt`, `s_self->count`."""
    text = path[0].lstrip(":").split("@")[0]
    arrow = False
    for step in path[1:]:
        if step == "*":
            arrow = True
        elif step not in ("[]", SHARED):
            text, arrow = f"{text}{'->' if arrow else '.'}{step}", False
    return f"*{text}" if arrow else text
