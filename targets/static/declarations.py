"""Declarations and returns: what locals hold when they begin, and which locks and destructors go with their end.

What outlives the call is not initialised here: that happens once, before anybody uses it.
"""

from __future__ import annotations

import re

from tree_sitter import Node

from p4verify.targets.static import syntax
from p4verify.targets.static.calls import THREADS, Calls
from p4verify.targets.static.expressions import CONSTRUCTED, RETURNED, Outcomes
from p4verify.targets.static.primitives import GUARDS
from p4verify.targets.static.program import Function
from p4verify.targets.static.syntax import field, named, text_of
from p4verify.targets.static.values import Callee, Constant, Ownership, Path, State, is_local


class Declarations(Calls):
    """Calls, and the locals that hold what they return."""

    def declared(self, node: Node, state: State) -> list[State]:
        """After a declaration of locals."""
        states = [state]
        for declarator in syntax.declarators(node) or [one for one in named(node) if one.type == "init_declarator"]:
            states = [after for now in states for after in self._declarator(node, declarator, now)]
        return list(dict.fromkeys(states))

    def _declarator(self, node: Node, declarator: Node, state: State) -> list[State]:
        name = syntax.name_node(declarator)
        key = self.frame.names.uses.get(name.start_byte) if name is not None else None
        type_ = self.frame.names.types.get(key) if key else None
        if key is None or type_ is None:
            return [state]  # a function, or what outlives the call: that is initialised once, before anybody uses it
        initial = field(declarator, "value")
        listed = syntax.function_declarator(declarator)
        parameters = field(listed, "parameters") if listed is not None else None
        many = initial if initial is not None and initial.type in ("argument_list", "initializer_list") else parameters
        nodes = named(many) if many is not None else None
        if type_.pointer or type_.reference:
            return self._plain((key,), initial or (nodes[0] if nodes else None), state)
        return self._initial_of((key,), initial, nodes, node, state)

    def _initial_of(
        self, path: Path, initial: Node | None, many: list[Node] | None, node: Node, state: State
    ) -> list[State]:
        type_ = self.frame.names.types[path[0]].text
        record = self.program.record_named(_last(type_))
        if GUARDS.match(type_) and (many is not None or initial is not None):
            outcomes = self.owning(many, state) if many is not None else self.value(initial, state)
            return [after.knowing(path, value) for after, value in outcomes]
        if THREADS.match(type_) and many is not None:
            return [self.started(values, node, after) for after, values in self.sequence(many, state)]
        if initial is None or many is not None:
            constructor = self.program.methods.get(record, [])
            if constructor or self.program.methods.get(f"~{record}"):
                return self._constructed(path, record, many or [], node, state)
        if initial is not None and initial.type == "initializer_list":
            return self.initialised(path, initial, state)
        return self._plain(path, initial or (many[0] if many else None), state)

    def _plain(self, path: Path, initial: Node | None, state: State) -> list[State]:
        if initial is None:
            return [state.forgetting(path) if path in state.environment else state]
        type_ = self.frame.names.types.get(path[0])
        outcomes = self._referred(initial, state) if type_ and type_.reference else self.value(initial, state)
        return [after.knowing(path, value) for after, value in outcomes]

    def _constructed(self, path: Path, record: str, nodes: list[Node], node: Node, state: State) -> list[State]:
        nodes = [field(one, "type") or one if one.type == "parameter_declaration" else one for one in nodes]
        fitting = [one for one in self.program.methods.get(record, []) if len(one.parameters) == len(nodes)]
        states = [state]
        if fitting:
            states = [after for after, _ in self._visible(Callee(fitting[0], path), nodes, node, state)]
        else:
            states = [after for after, _ in self.sequence(nodes, state)]
        return [after.knowing((*path, CONSTRUCTED), Constant(1)) for after in states]

    def ended(self, key: str, state: State) -> list[State]:
        """The end of a local's life: guard objects give back their locks, destructors run."""
        path: Path = (key,)
        type_ = self.frame.names.types.get(key)
        states = [self.releasing(path, state)]
        if type_ is not None and state.environment.get((*path, CONSTRUCTED)) is not None:
            for one in self.program.methods.get(f"~{self.program.record_named(_last(type_.text))}", []):
                body = one.body or one.node
                states = [after for now in states for after, _ in self.run(Callee(one, path), (), body, now)]
        return [after.forgetting(path) for after in states]

    def initializers(self, function: Function, state: State) -> list[State]:
        """A constructor's member initialisers."""
        states = [state]
        for one in function.initializers:
            parts = named(one)
            if len(parts) < 2 or self.frame.this is None:
                continue
            path: Path = (*self.frame.this, text_of(parts[0]))
            states = [after for now in states for after in self._member(path, named(parts[1]), now)]
        return states

    def _member(self, path: Path, nodes: list[Node], state: State) -> list[State]:
        type_ = self.program.field(self.frame.function.owner, path[-1])
        if type_ is not None and GUARDS.match(type_.text):
            return [after.knowing(path, value) for after, value in self.owning(nodes, state)]
        if not nodes or not is_local(path):
            return [after for after, _ in self.sequence(nodes, state)]
        outcomes = self._referred(nodes[0], state) if type_ and type_.reference else self.value(nodes[0], state)
        return [after.knowing(path, value) for after, value in outcomes]

    def returned(self, node: Node, state: State) -> list[State]:
        """A return statement: a guard object that is returned by name keeps its locks."""
        inner = named(node)
        by_reference = _returns_reference(self.frame.function)
        outcomes: Outcomes = [(state, None)]
        if inner:
            outcomes = self._referred(inner[0], state) if by_reference else self.value(inner[0], state)
        found = []
        for after, value in outcomes:
            key = self.frame.names.uses.get(inner[0].start_byte) if inner else None
            moved = after.knowing((key,), None) if isinstance(value, Ownership) and key else after
            found.append(moved.knowing(RETURNED, value))
        return found


def _returns_reference(function: Function) -> bool:
    declarator = field(function.node, "declarator")
    return declarator is not None and declarator.type == "reference_declarator"


def _last(type_: str) -> str:
    """The record that a type's text names."""
    return re.sub(r"<.*>", "", type_).rsplit("::", 1)[-1].strip()
