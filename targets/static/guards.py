"""Infers which lock guards which shared state, and finds the places that reach it without that lock.

The rules, in order:
1. State is what outlives calls and is written after the component's initialisation. Atomics, locks and thread-local
   variables need no lock; what only the initialisation writes is constant.
2. State is shared when two contexts reach it: two tasks, a task and the dispatcher, or one function that anybody may
   call. What one task alone touches is confined to it and needs no lock.
3. The lock of a field is the one that is held at most of its places; where none ever is, that of its variable.
4. A place that does not hold it is a finding, unless what it does hold excludes all writers as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from p4verify.targets.static.calls import lock_name
from p4verify.targets.static.collected import Access, BufferCall, Collected
from p4verify.targets.static.program import Program
from p4verify.targets.static.values import SHARED, Path, written
from p4verify.verify.static_review import Guarded, StaticReview, Unclear, Unlocked

ANYBODY = "any caller of "
"""How the context of a function of the interface begins: several tasks may be in it at once."""
SET_UP = "setting up"
"""The context of a component's init, start, stop and deinit, which are called one after the other."""


@dataclass(slots=True)
class Field:
    """One field of a variable, or a whole variable, with all that reaches it."""

    path: Path
    accesses: list[Access] = field(default_factory=list)
    lock: Path | None = None

    @property
    def contexts(self) -> set[str]:
        return {access.context for access in self.accesses}

    @property
    def writes(self) -> list[Access]:
        return [access for access in self.accesses if access.write]


class Inference:
    """What one component's walks say about its locks."""

    def __init__(self, found: Collected, program: Program) -> None:
        self.found, self.program = found, program
        self.fields = _fields(found, program)
        self.signals = frozenset(found.binary & found.given_unheld)
        """Semaphores that one task gives and another takes: they exclude nobody."""
        self.constant = sorted(written(one.path) for one in self.fields if not one.writes)
        mutable = [one for one in self.fields if one.writes]
        shared = [one for one in mutable if self._is_shared(one) and not self._is_set_up(one)]
        self.confined = sorted(f"{written(one.path)} ({', '.join(sorted(one.contexts))})"
                               for one in mutable if not self._is_shared(one))  # fmt: skip
        self.shared = shared
        self._infer()

    def _is_shared(self, one: Field) -> bool:
        contexts = one.contexts
        return len(contexts) > 1 or any(self._is_several(context) for context in contexts)

    def _is_several(self, context: str) -> bool:
        """Whether two tasks may be in one context at the same time."""
        own = context.startswith(("task ", "thread "))
        return context.startswith(ANYBODY) or (own and len(self.found.started.get(context, ())) > 1)

    def _is_set_up(self, one: Field) -> bool:
        """The handle of a task, queue or timer that only init, start and stop write, and nothing ever locks."""
        type_ = self.program.type_at(one.path)
        by_others = any(access.context != SET_UP for access in one.writes)
        return type_ is not None and type_.is_handle and not by_others and not any(a.locks for a in one.accesses)

    def _infer(self) -> None:
        of_variable: dict[str, Counter[Path]] = {}
        for one in self.shared:
            held = self._held(one)
            one.lock = _most(held)
            of_variable.setdefault(one.path[0], Counter()).update(held)
        everywhere = Counter[Path]()
        for counter in of_variable.values():
            everywhere.update(counter)
        for one in self.shared:
            one.lock = one.lock or _most(of_variable[one.path[0]]) or None

    def _held(self, one: Field) -> Counter[Path]:
        """At how many places of a field each lock is held."""
        pairs = {(lock, access.place) for access in one.accesses for lock in map(_exclusive, access.locks)}
        return Counter(lock for lock, _ in sorted(pairs) if lock not in self.signals)

    def unlocked(self, one: Field) -> list[Access]:
        """The accesses of a field that do not exclude all who may interfere."""
        lock = one.lock
        missing = [access for access in one.accesses if lock is None or not _holds(access, lock)]
        return [access for access in missing if not self._excluded_otherwise(access, one)]

    def _excluded_otherwise(self, access: Access, one: Field) -> bool:
        """A reader may hold any lock that every writer holds."""
        others = [write.locks - self.signals for write in one.writes]
        return not access.write and bool(others) and bool(frozenset.intersection(access.locks, *others))


def _holds(access: Access, lock: Path) -> bool:
    return lock in access.locks or (not access.write and (*lock, SHARED) in access.locks)


def _exclusive(lock: Path) -> Path:
    return lock[:-1] if lock[-1] == SHARED else lock


def _most(held: Counter[Path]) -> Path | None:
    return min(held, key=lambda lock: (-held[lock], lock)) if held else None


def _fields(found: Collected, program: Program) -> list[Field]:
    """The accesses by field; that of a whole variable counts for each of its fields."""
    fields: dict[Path, Field] = {}
    whole: list[Access] = []
    for access in found.accesses:
        if access.path in found.locks:
            continue
        key = field_of(access.path)
        fields.setdefault(key, Field(key)).accesses.append(access)
        type_ = program.type_at(key)
        if len(key) == 1 and not (type_ is not None and type_.pointer):
            whole.append(access)
    for access in whole:
        for key, one in fields.items():
            if key != field_of(access.path) and key[0] == access.path[0]:
                one.accesses.append(access)
    return [fields[key] for key in sorted(fields)]


def field_of(path: Path) -> Path:
    """The variable, or what it points to, with the first field."""
    steps = [step for step in path if step != "[]"]
    return tuple(steps[: 3 if len(steps) > 1 and steps[1] == "*" else 2])


def review_of(
    component: str, files: Iterable[str], found: Collected, program: Program, unreadable: Iterable[Unclear] = ()
) -> StaticReview:
    """Everything that was found, as the frozen result."""
    inference = Inference(found, program)
    guilty = {access: one for one in inference.shared for access in inference.unlocked(one)}
    unlocked = sorted({*_calls(found.buffer_calls, guilty), *_accesses(found, guilty)})
    unclear = {*unreadable, *found.unclear, *(Unclear(a.place, a.unclear) for a in _doubtful(inference))}
    reached = {(one.path, access.place) for one in inference.shared for access in one.accesses}
    calls = {(call.name, call.place) for call in found.buffer_calls}
    return StaticReview(
        component=component, files=tuple(files), guarded=tuple(_guarded(one, inference) for one in inference.shared),
        unlocked=tuple(unlocked), unclear=tuple(sorted(unclear)), places=len(reached) + len(calls),
        buffer_calls=len(calls), exempt=len(found.exempt), confined=tuple(inference.confined),
        constant=tuple(inference.constant),
    )  # fmt: skip


def _doubtful(inference: Inference) -> list[Access]:
    return [access for one in inference.shared for access in one.accesses if access.unclear]


def _guarded(one: Field, inference: Inference) -> Guarded:
    places = {access.place for access in one.accesses}
    bad = {access.place for access in inference.unlocked(one)}
    lock = lock_name(one.lock) if one.lock else ""
    return Guarded(written(one.path), lock, len(places - bad), len(places), tuple(sorted(one.contexts)))


def _calls(calls: Iterable[BufferCall], guilty: Mapping[Access, Field]) -> Iterable[Unlocked]:
    """Calls within which something is reached without its lock, but for those inside another such call."""
    for call in calls:
        bad = [access for access in call.touched if access in guilty and not access.unclear]
        if bad:
            lock = guilty[min(bad, key=lambda access: access.place)].lock
            yield Unlocked(call.place, f"calls {call.name}", call.context, call.chain, lock_name(lock) if lock else "")


def _accesses(found: Collected, guilty: Mapping[Access, Field]) -> Iterable[Unlocked]:
    for access, one in guilty.items():
        if access in found.in_buffer or access.unclear:
            continue  # the call stands for it
        if not access.write and replace(access, write=True) in guilty:
            continue  # `count++` writes
        does = f"{'writes' if access.write else 'reads'} {written(access.path)}"
        lock = lock_name(one.lock) if one.lock else ""
        yield Unlocked(access.place, does, access.context, found.accesses[access], lock)
