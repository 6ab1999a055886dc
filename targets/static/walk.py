"""Walks every path of a component from its entries, and collects which shared places are reached under which locks.

Entries are the functions of its interface, and each function that is given away to be called later. A function that is
called is walked once per set of locks and arguments. It judges nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tree_sitter import Node

from p4verify.targets.static.collected import Access, BufferCall, Collected, Frame, Seen
from p4verify.targets.static.declarations import Declarations
from p4verify.targets.static.expressions import RETURNED, Outcomes
from p4verify.targets.static.flow import Step, flow_of
from p4verify.targets.static.program import Function, Program, Type
from p4verify.targets.static.scopes import Names, resolve
from p4verify.targets.static.syntax import declarators, name_node
from p4verify.targets.static.values import (
    NOTHING,
    Address,
    Callee,
    Constant,
    Content,
    Environment,
    Nonzero,
    Ownership,
    Path,
    State,
    Value,
    is_local,
    truth,
)
from p4verify.verify.static_review import Place, Unclear

MOST_STEPS = 50_000
"""Of a whole review: beyond it the rest is unclear."""
MOST_CONTEXTS = 12
"""Of one function, told apart by the numbers it is given; more are walked as one with any numbers."""
DEEPEST = 60


@dataclass(frozen=True, slots=True)
class Entry:
    """A function that is called from outside, without any lock."""

    function: Function
    context: str
    this: Path | None = None
    arguments: tuple[Value, ...] = ()
    alone: bool = False
    known: Environment = NOTHING


@dataclass(frozen=True, slots=True)
class _Summary:
    outcomes: tuple[tuple[State, Value], ...]
    touched: frozenset[Access]


_Key = tuple[Function, Path | None, tuple[Value, ...], State, bool]


class Walk:
    """All walks through one component. `is_buffer` says which functions must be called under the lock."""

    def __init__(self, program: Program, is_buffer: re.Pattern[str]) -> None:
        self.program, self.is_buffer = program, is_buffer
        self.found = Collected()
        self.entries: list[Entry] = []
        self.context = ""
        self.steps = 0
        self.types: dict[str, Type] = {}
        self._names: dict[Function, Names] = {}
        self._lambdas: dict[tuple[str, int], Function] = {}
        self._summaries: dict[_Key, _Summary] = {}
        self._contexts: dict[Function, int] = {}
        self._walking: list[_Key] = []
        self._touched: list[set[Access]] = []
        self._flows: dict[tuple[Function, int], Step] = {}

    # ---- entries ----

    def enter(self, entry: Entry) -> None:
        """Queues an entry, each once."""
        if entry not in self.entries:
            self.entries.append(entry)

    def run(self, begin: int = 0) -> int:
        """Walks the entries from number `begin` on, those that are queued meanwhile too; how many there are now."""
        while begin < len(self.entries):
            self._walk_entry(self.entries[begin])
            begin += 1
        return begin

    def _walk_entry(self, entry: Entry) -> None:
        self.context = entry.context
        self._summaries.clear()
        self._contexts.clear()
        state = State(alone=entry.alone, environment=entry.known)
        self.invoke(Callee(entry.function, entry.this), entry.arguments, entry.function.place, state, ())

    # ---- functions ----

    def invoke(
        self, callee: Callee, arguments: Sequence[Value], place: Place, state: State, chain: tuple[str, ...],
        *, in_buffer: bool = False,
    ) -> Outcomes:  # fmt: skip
        """Walks a function as it is called here, or remembers what came of it."""
        function = callee.function
        buffer = bool(self.is_buffer.match(function.name))
        chain = (*chain, function.qualified)
        key = self._key(callee, arguments, state, in_buffer=in_buffer or buffer)
        summary = self._summaries.get(key)
        if summary is None:
            if key in self._walking or len(chain) > DEEPEST:
                return [(state, None)]  # what a recursion does is what its other paths do
            self._contexts[function] = self._contexts.get(function, 0) + 1
            summary = self._summaries[key] = self._walked(key, chain)
        if self._touched:
            self._touched[-1].update(summary.touched)
        if buffer and not state.alone:
            self.found.buffer_calls.add(BufferCall(function.name, place, self.context, chain, summary.touched))
        return [(self._back(state, after), value) for after, value in summary.outcomes]

    def _key(self, callee: Callee, arguments: Sequence[Value], state: State, *, in_buffer: bool) -> _Key:
        """What tells one walk of a function from another."""
        inside = self._handed(callee, arguments, state)
        if self._contexts.get(callee.function, 0) >= MOST_CONTEXTS:
            arguments = [None if isinstance(value, Constant | Nonzero) else value for value in arguments]
            inside = replace(inside, environment=inside.environment.without_numbers())
        return callee.function, callee.this, tuple(arguments), inside, in_buffer

    def _handed(self, callee: Callee, arguments: Sequence[Value], state: State) -> State:
        """The state inside: of the caller's locals only those that the function can reach."""
        known, roots = state.environment, set[str]()
        values: list[Value] = [*arguments, Address(callee.this) if callee.this else None]
        if callee.function.node.type == "lambda_expression" or any(isinstance(one, Callee) for one in values):
            return state
        while values:
            value = values.pop()
            if isinstance(value, Address | Content) and is_local(value.path) and value.path[0] not in roots:
                roots.add(value.path[0])
                values += known.under((value.path[0],))
        return replace(state, environment=known.only(frozenset(roots)))

    @staticmethod
    def _back(before: State, after: State) -> State:
        return replace(after, environment=before.environment.joined(after.environment))

    def _walked(self, key: _Key, chain: tuple[str, ...]) -> _Summary:
        function, this, arguments, state, in_buffer = key
        self.found.reached.add(function.qualified)
        names = self.names_of(function)
        own = [value.path[0] for value in arguments if isinstance(value, Address | Content)]
        own += [this[0]] if this else []
        handed = frozenset([*own, *(path[0] for path, _ in state.environment.items())])
        for parameter, value in zip(function.parameters, arguments, strict=False):
            key_of = names.uses.get(parameter.node.start_byte)
            if key_of is not None:
                state = state.knowing((key_of,), value) if value is not None else state
        evaluator = _Evaluator(self, Frame(function, names, this, chain, in_buffer))
        self._walking.append(key)
        self._touched.append(set())
        ends = evaluator.body(state)
        self._walking.pop()
        touched = frozenset(self._touched.pop())
        outcomes = []
        for end in ends:
            value = end.environment.get(RETURNED)
            outcomes.append((replace(end, environment=end.environment.only(handed)), value))
        return _Summary(tuple(dict.fromkeys(outcomes)), touched)

    def names_of(self, function: Function) -> Names:
        """Its names; a lambda's are those of the function around it."""
        if function not in self._names:
            self._names[function] = resolve(function, self.program)
            self.types.update(self._names[function].types)
        return self._names[function]

    def lambda_of(self, node: Node, frame: Frame) -> Function:
        """One function per lambda expression."""
        key = (frame.function.file.name, node.start_byte)
        if key not in self._lambdas:
            function = Function("a lambda", frame.function.owner, frame.function.file, node)
            self._lambdas[key] = function
            self._names[function] = frame.names
        return self._lambdas[key]

    def flow(self, function: Function, body: Node, names: Names, outer: int | None) -> Step:
        """The graph of a body, built once."""
        key = (function, body.start_byte)
        if key not in self._flows:
            self._flows[key] = flow_of(body, names, outer)
        return self._flows[key]

    # ---- findings ----

    def reach(self, path: Path, place: Place, state: State, frame: Frame, *, write: bool) -> None:
        """Notes an access of a variable that outlives calls, unless it needs no lock by its type."""
        variable = self.program.variables.get(path[0])
        if variable is None or (variable.type.constant and len(path) == 1) or self._needs_none(path):
            return
        if state.alone:
            self.found.exempt.add((path, place))
            return
        access = Access(path, write, place, frozenset(state.locks), state.unclear, self.context)
        known = self.found.accesses.get(access)
        if known is None or len(frame.chain) < len(known):
            self.found.accesses[access] = frame.chain
        if frame.in_buffer:
            self.found.in_buffer.add(access)
        self._touched[-1].add(access)

    def _needs_none(self, path: Path) -> bool:
        types = [self.program.type_at(path[:length]) for length in range(1, len(path) + 1)]
        return any(one is not None and (one.is_atomic or one.is_lock) for one in types)

    def unclear(self, place: Place, reason: str) -> None:
        self.found.unclear.add(Unclear(place, reason))


class _Evaluator(Declarations):
    """One function, once."""

    def __init__(self, walk: Walk, frame: Frame) -> None:
        super().__init__(walk.program, frame)
        self.walk = walk

    def body(self, state: State) -> list[State]:
        """All states in which the function ends."""
        function = self.frame.function
        if function.body is None:
            return [state]
        if function.broken is not None:
            place = function.file.place(function.broken)
            self.walk.unclear(place, f"{function.qualified} cannot be parsed here")
            state = replace(state, unclear=f"{function.qualified} cannot be parsed at {place}")
        first = self.walk.flow(function, function.body, self.frame.names, function.node.start_byte)
        return [end for now in self.initializers(function, state) for end in self._follow(first, now)]

    def statements(self, node: Node, state: State) -> list[State]:
        return self._follow(self.walk.flow(self.frame.function, node, self.frame.names, None), state)

    def _follow(self, first: Step, state: State) -> list[State]:
        seen: dict[Step, Seen] = {}
        ends = Seen()
        waiting = [(first, state)]
        while waiting:
            step, now = waiting.pop()
            fresh = seen.setdefault(step, Seen()).adding(now)
            if fresh is None:
                continue
            self.walk.steps += 1
            if self.walk.steps > MOST_STEPS:
                reason = "there are too many paths to follow them all"
                self.walk.unclear(self.frame.function.place, reason)
                return [replace(one, unclear=one.unclear or reason) for one in ends.states() or [fresh]]
            if step.kind == "end":
                ends.adding(fresh)
            waiting += self._next(step, fresh)
        return ends.states()

    def _next(self, step: Step, state: State) -> list[tuple[Step, State]]:
        if step.kind in ("branch", "range", "switch"):
            return self._branch(step, state)
        after = [state]
        if step.kind == "evaluate":
            after = [self._temporary(now, value) for now, value in self.value(step.node, state)]
        elif step.kind == "declare" and step.node is not None:
            after = self.declared(step.node, state)
        elif step.kind == "return" and step.node is not None:
            after = self.returned(step.node, state)
        elif step.kind == "leave":
            for key in step.objects:
                after = [end for now in after for end in self.ended(key, now)]
        elif step.kind == "broken" and step.node is not None:
            place = self.frame.function.file.place(step.node)
            self.walk.unclear(place, "this cannot be parsed")
            after = [replace(state, unclear=f"what stands at {place} cannot be parsed")]
        return [(following, now) for following in step.next for now in after]

    def _temporary(self, state: State, value: Value) -> State:
        """A guard object that nobody names ends with its statement."""
        temporary: Path = (":temporary",)
        return self.releasing(temporary, state.knowing(temporary, value)) if isinstance(value, Ownership) else state

    def _branch(self, step: Step, state: State) -> list[tuple[Step, State]]:
        if step.kind == "switch":
            return [(case, now) for now, _ in self.value(step.node, state) for case in step.next]
        if step.kind == "range" and step.node is not None:
            return [(following, now) for now in self._ranged(step.node, state) for following in step.next]
        if step.node is not None and step.node.type == "declaration":
            return self._declared_condition(step, state)
        return [(step.next[0 if holds else 1], now) for now, holds in self.decide(step.node, state)]

    def _declared_condition(self, step: Step, state: State) -> list[tuple[Step, State]]:
        assert step.node is not None
        inner = declarators(step.node) or [one for one in step.node.named_children if one.type == "init_declarator"]
        name = name_node(inner[0]) if inner else None
        key = self.frame.names.uses.get(name.start_byte) if name is not None else None
        found = []
        for now in self.declared(step.node, state):
            known = truth(now.environment.get((key,))) if key else None
            found += [(following, now) for number, following in enumerate(step.next) if known is not bool(number)]
        return found

    def _ranged(self, node: Node, state: State) -> list[State]:
        """`for (auto &one : all)`: a reference to any element."""
        name = name_node(child) if (child := node.child_by_field_name("declarator")) is not None else None
        key = self.frame.names.uses.get(name.start_byte) if name is not None else None
        type_ = self.frame.names.types.get(key) if key else None
        found = []
        for now, path in self.place(node.child_by_field_name("right"), state):
            if path is None or key is None:
                found.append(now)
            elif type_ is not None and type_.reference:
                found.append(now.knowing((key,), Address((*path, "[]"))))
            else:
                self.read((*path, "[]"), node, now)
                found.append(now.forgetting((key,)))
        return found

    # ---- what the walk does for expressions ----

    def reach(self, path: Path, node: Node, state: State, *, write: bool) -> None:
        self.walk.reach(path, self.frame.function.file.place(node), state, self.frame, write=write)

    def type_at(self, path: Path) -> Type | None:
        if not is_local(path):
            return self.program.type_at(path)
        current = self.walk.types.get(path[0])
        for step in path[1:]:
            if current is None:
                return None
            current = current.element() if step in ("*", "[]") else self.program.field(current.record, step)
        return current

    def callback(self, callee: Callee, node: Node, state: State) -> None:
        self.register(callee, (), f"callback {callee.function.qualified}", node, state)

    def lambda_of(self, node: Node) -> Function:
        return self.walk.lambda_of(node, self.frame)

    def run(self, callee: Callee, arguments: Sequence[Value], node: Node, state: State) -> Outcomes:
        place = self.frame.function.file.place(node)
        return self.walk.invoke(callee, arguments, place, state, self.frame.chain, in_buffer=self.frame.in_buffer)

    def register(self, callee: Callee, arguments: Sequence[Value], context: str, node: Node, state: State) -> None:
        place = self.frame.function.file.place(node)
        self.walk.found.started.setdefault(context, set()).add(place)
        is_lambda = callee.function.node.type == "lambda_expression"
        known = state.environment if is_lambda else NOTHING
        given = tuple(None if isinstance(one, Address | Content) and is_local(one.path) else one for one in arguments)
        self.walk.enter(Entry(callee.function, context, callee.this, given, known=known))

    def is_lock(self, lock: Path, state: State, *, given: bool) -> None:
        self.walk.found.locks.add(lock)
        if given and not state.alone and not state.holds(lock):
            self.walk.found.given_unheld.add(lock)

    def is_binary(self, semaphore: Path) -> None:
        self.walk.found.binary.add(semaphore)

    def unresolved(self, name: str, node: Node, state: State) -> None:
        place = self.frame.function.file.place(node)
        self.walk.found.missing.setdefault(name, place)
        last = name.rsplit("::", 1)[-1]
        if self.walk.is_buffer.match(last) and not state.locks and not state.alone:
            self.walk.unclear(place, f"{name} is called without a lock, and its source is not at hand")
