"""What calls do: lock and unlock, run a function of the component, start a task, or reach what they are given.

A call into code that is not at hand leaves locks and shared state alone, unless it is given a lock or is named like one
that locks; then whatever follows on that path is unclear.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace

from tree_sitter import Node

from p4verify.targets.static.expressions import BINARY, Expressions, Outcomes
from p4verify.targets.static.primitives import (
    CALLS_AT_ONCE,
    GUARDS,
    LOCK_CALLS,
    LOCK_METHODS,
    OF_THEIR_OWN,
    REGISTRATIONS,
    STARTS,
    WAIT_FOREVER,
    WAITS_WITH_PREDICATE,
    LockCall,
    is_atomic_call,
    leaves_locks_alone,
    method_reads_only,
    reads_only,
    sounds_like_locking,
)
from p4verify.targets.static.syntax import field, named, text_of
from p4verify.targets.static.values import (
    SHARED,
    Address,
    Callee,
    Constant,
    Content,
    Nonzero,
    Ownership,
    Path,
    State,
    Value,
    is_local,
    lock_of,
    pointee,
    written,
)

_PASSING = re.compile(r"(static|reinterpret|const|dynamic)_cast$|(std::)?(move|forward|launder|bit_cast|exchange)$|"
                      r"__builtin_(expect|assume_aligned)$")  # fmt: skip
_REFERRING = re.compile(r"(std::)?(ref|cref|addressof)$|__builtin_addressof$")
_BINARY = re.compile(r"xSemaphoreCreate(Binary|Counting)|xQueueCreateCountingSemaphore")
THREADS = re.compile(r"(std::)?j?thread$|(std::)?async$")


class Calls(Expressions):
    """Expressions with calls."""

    @abstractmethod
    def run(self, callee: Callee, arguments: Sequence[Value], node: Node, state: State) -> Outcomes:
        """What comes back from a function whose body is at hand."""

    @abstractmethod
    def register(self, callee: Callee, arguments: Sequence[Value], context: str, node: Node, state: State) -> None:
        """A function that will be called later, without any lock."""

    @abstractmethod
    def unresolved(self, name: str, node: Node, state: State) -> None:
        """A call of a function that is not at hand."""

    # ---- which call ----

    def call(self, node: Node, state: State) -> Outcomes:
        function = field(node, "function")
        while function is not None and function.type in ("parenthesized_expression", "pointer_expression"):
            function = next(iter(named(function)), None)
        if function is None:
            return [(state, None)]
        arguments = field(node, "arguments")
        nodes = named(arguments) if arguments is not None else []
        if function.type == "field_expression":
            return self._method(function, nodes, node, state)
        if function.type == "lambda_expression":
            return self._visible(Callee(self.lambda_of(function), self.frame.this), nodes, node, state)
        name = _name_of(function)
        if function.start_byte in self.frame.names.uses:
            return self._through_pointer(function, name, nodes, node, state)
        return self._by_name(function, name, nodes, node, state)

    def _by_name(self, function: Node, name: str, nodes: list[Node], node: Node, state: State) -> Outcomes:
        lock = LOCK_CALLS.get(name)
        if lock is not None:
            return self._lock_call(lock, nodes, node, state)
        if _PASSING.match(name):
            return [(after, values[-1] if values else None) for after, values in self.sequence(nodes[:1], state)]
        if _REFERRING.match(name):
            return [(after, Address(path) if path else None) for after, path in self.place(nodes[0], state)]
        if GUARDS.match(name):
            return self.owning(nodes, state)
        callee = self.callee_named(function) if name not in REGISTRATIONS else None
        if callee is not None:
            return self._visible(callee, nodes, node, state)
        methods = self.program.method(self.frame.function.owner, name) if self.frame.function.owner else ()
        if methods:
            return self._visible(Callee(methods[0], self.frame.this), nodes, node, state)
        if self.program.variable(name, self.frame.function.file) or self.own_field(name):
            return self._through_pointer(function, name, nodes, node, state)
        return self._opaque(name, nodes, node, state)

    def _through_pointer(self, function: Node, name: str, nodes: list[Node], node: Node, state: State) -> Outcomes:
        found: Outcomes = []
        for after, value in self.value(function, state):
            if isinstance(value, Callee):
                found += self._visible(value, nodes, node, after)
            else:
                found += self._opaque(name, nodes, node, after)
        return found

    def _visible(self, callee: Callee, nodes: list[Node], node: Node, state: State) -> Outcomes:
        """A function whose body is at hand; what it takes by reference it gets by address."""
        found: list[tuple[State, tuple[Value, ...]]] = [(state, ())]
        parameters = callee.function.parameters
        for number, one in enumerate(nodes):
            by_reference = number < len(parameters) and parameters[number].type.reference
            found = [
                (after, (*values, value))
                for now, values in found
                for after, value in (self._referred(one, now) if by_reference else self.value(one, now))
            ]
        return [outcome for after, values in found for outcome in self.run(callee, values, node, after)]

    def _referred(self, node: Node, state: State) -> Outcomes:
        if node.type in ("lambda_expression", "number_literal", "true", "false", "string_literal"):
            return self.value(node, state)
        found: Outcomes = []
        for after, path in self.place(node, state):
            found += [(after, Address(path))] if path else self.value(node, after)
        return found

    # ---- locks ----

    def _lock_call(self, call: LockCall, nodes: list[Node], node: Node, state: State) -> Outcomes:
        found: Outcomes = []
        for after, values in self.sequence(nodes, state):
            lock = lock_of(values[0]) if values else ("the critical section",)
            ticks = values[call.ticks] if call.ticks is not None and len(values) > call.ticks else None
            sure = call.kind == "timed" and isinstance(ticks, Constant) and ticks.number in WAIT_FOREVER
            found += self._locking(lock or _by_its_text(nodes, node), call, after, sure=sure)
        return found

    def _locking(self, lock: Path, call: LockCall, state: State, *, sure: bool) -> Outcomes:
        success = Constant(call.success)
        self.is_lock(lock, state, given=call.kind == "leave")
        if call.kind == "leave":
            return [(state.giving(lock), success)]
        taken = (state.taking((*lock, SHARED) if call.shared else lock), success)
        if call.kind == "enter" or sure:
            return [taken]
        return [taken, (state, Nonzero() if call.success == 0 else Constant(0))]

    @abstractmethod
    def is_lock(self, lock: Path, state: State, *, given: bool) -> None:
        """This was used as a lock: taken, or given back."""

    def owning(self, nodes: list[Node], state: State) -> Outcomes:
        """A guard object from what it is constructed with."""
        tags = {text_of(one).rsplit("::", 1)[-1] for one in nodes}
        mutexes = [one for one in nodes if text_of(one).rsplit("::", 1)[-1] not in
                   ("defer_lock", "adopt_lock", "try_to_lock")]  # fmt: skip
        found: Outcomes = []
        for after, locks in self._mutexes(mutexes, state):
            now = after
            for lock in locks:
                self.is_lock(lock, now, given=False)
                now = now if tags & {"defer_lock", "adopt_lock"} else now.taking(lock)
            found.append((now, Ownership(locks, held="defer_lock" not in tags)))
            if "try_to_lock" in tags:
                found.append((after, Ownership(locks, held=False)))
        return found

    def _mutexes(self, nodes: list[Node], state: State) -> list[tuple[State, tuple[Path, ...]]]:
        found: list[tuple[State, tuple[Path, ...]]] = [(state, ())]
        for node in nodes:
            inner = field(node, "type") if node.type == "parameter_declaration" else node
            found = [
                (after, (*locks, path or _by_its_text([node], node)))
                for now, locks in found
                for after, path in self.place(inner, now)
            ]
        return found

    def releasing(self, path: Path, state: State) -> State:
        """The end of a guard object, and of all guard objects in an object."""
        for value in state.environment.under(path):
            if isinstance(value, Ownership) and value.held:
                for lock in value.locks:
                    state = state.giving(lock)
        return state

    def _compound_literal_expression(self, node: Node, state: State) -> Outcomes:
        """`std::unique_lock{mutex}` without a name of its own; other literals hold nothing of interest."""
        listed = field(node, "value")
        if listed is not None and GUARDS.match(text_of(field(node, "type"))):
            return self.owning(named(listed), state)
        return [(after, None) for after, _ in self.place(node, state)]

    # ---- methods ----

    def _method(self, function: Node, nodes: list[Node], node: Node, state: State) -> Outcomes:
        name = text_of(field(function, "field"))
        arrow = any(child.type == "->" for child in function.children)
        argument = field(function, "argument")
        if arrow:
            objects = [(after, pointee(value)) for after, value in self.value(argument, state)]
        else:
            objects = self.place(argument, state)
        return [outcome for after, path in objects for outcome in self._method_of(path, name, nodes, node, after)]

    def _method_of(self, path: Path | None, name: str, nodes: list[Node], node: Node, state: State) -> Outcomes:
        owner = state.environment.get(path) if path else None
        type_ = self.type_at(path) if path else None
        if isinstance(owner, Ownership) and path is not None:
            return self._guard_method(path, owner, name, nodes, state)
        stored = state.environment.get((*path, name)) if path else None
        if isinstance(stored, Callee):
            return self._visible(stored, nodes, node, state)
        record = self.program.record_named(type_.record) if type_ and not type_.pointer else ""
        methods = self.program.method(record, name) if record or type_ is None else ()
        if methods:
            return self._visible(Callee(methods[0], path), nodes, node, state)
        lock = LOCK_METHODS.get(name)
        if lock is not None and (type_ is None or type_.is_lock) and path is not None:
            return [o for after, _ in self.sequence(nodes, state) for o in self._locking(path, lock, after, sure=False)]
        return self._foreign_method(path, name, nodes, node, state)

    def _guard_method(self, path: Path, owner: Ownership, name: str, nodes: list[Node], state: State) -> Outcomes:
        found: Outcomes = []
        for after, _ in self.sequence(nodes, state):
            if name in ("owns_lock", "operator bool"):
                found.append((after, Constant(int(owner.held))))
            elif name == "unlock" and owner.held:
                released = self.releasing(path, after)
                found.append((released.knowing(path, replace(owner, held=False)), None))
            elif LOCK_METHODS.get(name, LockCall("leave")).kind != "leave" and not owner.held:
                taken = after
                for lock in owner.locks:
                    taken = taken.taking(lock)
                found.append((taken.knowing(path, replace(owner, held=True)), Constant(1)))
                found += [(after, Constant(0))] if name.startswith("try_") else []
            else:
                found.append((after, None))
        return found

    def _foreign_method(self, path: Path | None, name: str, nodes: list[Node], node: Node, state: State) -> Outcomes:
        found: Outcomes = []
        for after, values in self.sequence(nodes, state):
            if name == "get" and path is not None:  # a smart pointer's
                found.append((after, Content(path)))
                continue
            if path is not None and not is_local(path):
                self.reach(path, node, after, write=not method_reads_only(name))
            if name in WAITS_WITH_PREDICATE or name == "for_each":
                found += [(now, None) for now in self._at_once(values, node, after)]
                continue
            now = self._callbacks(f".{name}", values, node, after, after)
            found.append((self._doubtful(name, node, now) if sounds_like_locking(name) else now, None))
        return found

    # ---- code that is not at hand ----

    def _opaque(self, name: str, nodes: list[Node], node: Node, state: State) -> Outcomes:
        found: Outcomes = []
        for after, values in self.sequence(nodes, state):
            now = self._touched(name, values, node, after)  # a handle is written before who it belongs to runs
            now = self._registered(name, values, node, now, after)
            self.unresolved(name, node, now)
            given = [lock_of(value) for value in values]
            if sounds_like_locking(name) or any(self._is_lock_at(path) for path in given if path):
                now = now if leaves_locks_alone(name) or name in REGISTRATIONS else self._doubtful(name, node, now)
            made = BINARY if _BINARY.match(name) else None
            ends = self._at_once(values, node, now) if CALLS_AT_ONCE.match(name) else [now]
            found += [(end, made) for end in ends]
        return found

    def _is_record_at(self, path: Path) -> bool:
        type_ = self.type_at(path)
        return type_ is not None and self.program.record_named(type_.record) in self.program.records

    def _is_lock_at(self, path: Path) -> bool:
        type_ = self.type_at(path)
        return type_ is not None and type_.is_lock

    def _doubtful(self, name: str, node: Node, state: State) -> State:
        place = self.frame.function.file.place(node)
        reason = f"{name} is called at {place}: it may lock or unlock, and its source is not at hand"
        return state if state.unclear else replace(state, unclear=reason)

    def _touched(self, name: str, values: Sequence[Value], node: Node, state: State) -> State:
        """What a function reaches through the pointers that it is given."""
        is_given_back = any(isinstance(value, Callee) for value in values)
        for number, value in enumerate(values):
            if isinstance(value, Address) and not is_atomic_call(name):
                if is_given_back and self._is_record_at(value.path):
                    continue  # the callback's context: it comes back with the call
                if is_local(value.path):
                    state = state if reads_only(name, number) else state.forgetting(value.path)
                else:
                    self.reach(value.path, node, state, write=not reads_only(name, number))
            elif isinstance(value, Content) and self.frame.in_buffer and not is_local(value.path):
                type_ = self.type_at(value.path)
                if type_ is not None and type_.pointer and not type_.is_handle and not type_.is_lock:
                    self.reach((*value.path, "*"), node, state, write=not reads_only(name, number))
        return state

    # ---- callbacks ----

    def _registered(self, name: str, values: Sequence[Value], node: Node, state: State, before: State) -> State:
        """`before` still knows what lies behind the pointers that the call was given."""
        known = REGISTRATIONS.get(name)
        if THREADS.match(name):
            return self.started(values, node, state)
        if known is None or len(values) <= known.function:
            state = state if CALLS_AT_ONCE.match(name) else self._callbacks(name, values, node, state, before)
            return replace(state, alone=False) if name in STARTS else state
        listed = self._callees(values[known.function], before)
        passed = values[known.argument] if known.argument is not None and len(values) > known.argument else None
        if isinstance(values[known.function], Address) and listed:
            passed = before.environment.get((*values[known.function].path, "arg"))  # type: ignore[union-attr]
        for callee in listed:
            own = known.context in OF_THEIR_OWN
            context = f"{known.context} {callee.function.qualified}" if own else known.context
            self.register(callee, (*(None,) * known.parameter, passed), context, node, before)
        return state if known.begins_later else replace(state, alone=False)

    def _callees(self, value: Value, state: State) -> list[Callee]:
        """The functions that an argument is, or that the struct it points to holds."""
        if isinstance(value, Callee):
            return [value]
        return [one for one in state.environment.under(value.path) if isinstance(one, Callee)] \
            if isinstance(value, Address) and is_local(value.path) else []  # fmt: skip

    def _callbacks(self, name: str, values: Sequence[Value], node: Node, state: State, before: State) -> State:
        """Functions that are given to code that is not at hand: it may call them at any time, in any task."""
        listed = [callee for value in values for callee in self._callees(value, before)]
        for callee in listed:
            self.register(callee, (), f"callback of {name.lstrip('.')}", node, before)
        return replace(state, alone=False) if listed else state

    def started(self, values: Sequence[Value], node: Node, state: State) -> State:
        """A std::thread with what it is constructed with."""
        if not values or not isinstance(values[0], Callee):
            return state
        callee, rest = values[0], tuple(values[1:])
        if callee.function.owner and callee.this is None and rest:
            callee, rest = replace(callee, this=pointee(rest[0])), rest[1:]
        self.register(callee, rest, f"thread {callee.function.qualified}", node, state)
        return replace(state, alone=False)

    def _at_once(self, values: Sequence[Value], node: Node, state: State) -> list[State]:
        """After functions were called that may be called now, or not at all."""
        states = {state: None}
        for value in values:
            if isinstance(value, Callee):
                states |= {after: None for now in states for after, _ in self.run(value, (), node, now)}
        return list(states)


def _name_of(function: Node) -> str:
    """A function's name with its scope, without template arguments."""
    return re.sub(r"<.*>", "", text_of(function)).removeprefix("::").replace(" ", "")


def _by_its_text(nodes: list[Node], node: Node) -> Path:
    """A lock that cannot be followed to a variable is known by how it is written."""
    return (f":lock {text_of(nodes[0] if nodes else node)}",)


def lock_name(lock: Path) -> str:
    """A lock as people call it."""
    return written(lock).removeprefix("lock ")
