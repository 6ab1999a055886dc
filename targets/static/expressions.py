"""Evaluates expressions along a path: which values are known afterwards, and which shared places are reached.

Every function returns all outcomes: short circuits, conditional expressions and calls that may fail make several. It
knows nothing of what calls do; that is calls.py.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence

from tree_sitter import Node

from p4verify.targets.static import syntax
from p4verify.targets.static.collected import Frame
from p4verify.targets.static.program import Function, Program, Type
from p4verify.targets.static.syntax import field, named, text_of
from p4verify.targets.static.values import (
    Address,
    Callee,
    Constant,
    Content,
    Nonzero,
    Path,
    State,
    Value,
    compared,
    is_local,
    negated,
    pointee,
    truth,
)

Outcomes = list[tuple[State, Value]]
Places = list[tuple[State, Path | None]]
RETURNED: Path = (":return",)
CONSTRUCTED = "~constructed"
BINARY = Content((":binary semaphore",))
"""A semaphore that is no mutex, when it is created."""

_UNEVALUATED = frozenset({
    "sizeof_expression", "alignof_expression", "offsetof_expression", "string_literal", "concatenated_string",
    "raw_string_literal", "type_descriptor", "comment", "decltype", "requires_expression", "gnu_asm_expression",
})  # fmt: skip
_LITERALS = frozenset({"number_literal", "char_literal", "true", "false", "nullptr", "null"})
_NUMBERS = re.compile(r"(volatile |signed |unsigned )*(_Bool|bool|char|short|int|long|unsigned|U?BaseType_t|u?int\d+_t|"
                      r"size_t|esp_err_t|TickType_t)( long| int)*")  # fmt: skip
_NAMED = frozenset({"identifier", "type_identifier", "qualified_identifier", "template_function", "field_identifier"})


class Expressions(ABC):
    """The evaluator of one function. The walk that drives it records accesses and runs what is called."""

    def __init__(self, program: Program, frame: Frame) -> None:
        self.program, self.frame = program, frame

    @abstractmethod
    def call(self, node: Node, state: State) -> Outcomes:
        """A call expression."""

    @abstractmethod
    def reach(self, path: Path, node: Node, state: State, *, write: bool) -> None:
        """An access of shared state."""

    @abstractmethod
    def type_at(self, path: Path) -> Type | None:
        """The type at a path, of locals too."""

    @abstractmethod
    def callback(self, callee: Callee, node: Node, state: State) -> None:
        """A function was stored where anybody may call it."""

    @abstractmethod
    def is_binary(self, semaphore: Path) -> None:
        """A semaphore that is no mutex was kept here."""

    @abstractmethod
    def lambda_of(self, node: Node) -> Function:
        """The function that a lambda expression stands for."""

    @abstractmethod
    def statements(self, node: Node, state: State) -> list[State]:
        """A block inside of an expression."""

    def value(self, node: Node | None, state: State) -> Outcomes:
        """All outcomes of an expression."""
        if node is None or node.type in _UNEVALUATED:
            return [(state, None)]
        if node.type in _LITERALS:
            number = syntax.constant_of(node)
            return [(state, None if number is None else Constant(number))]
        evaluate = getattr(self, f"_{node.type}", None)
        if evaluate is not None:
            outcomes: Outcomes = evaluate(node, state)
            return list(dict.fromkeys(outcomes))
        if node.type in _NAMED:
            return self._name(node, state)
        return [(after, None) for after, _ in self.sequence(named(node), state)]

    def sequence(self, nodes: Sequence[Node], state: State) -> list[tuple[State, tuple[Value, ...]]]:
        """Several expressions, one after the other."""
        found: list[tuple[State, tuple[Value, ...]]] = [(state, ())]
        for node in nodes:
            found = [(after, (*values, value)) for now, values in found for after, value in self.value(node, now)]
        return list(dict.fromkeys(found))

    def _name(self, node: Node, state: State) -> Outcomes:
        if node.start_byte not in self.frame.names.uses:
            callee = self.callee_named(node)
            if callee is not None:
                return [(state, callee)]
        return self._load(node, state)

    def callee_named(self, node: Node) -> Callee | None:
        """The function that a name means where it is no variable."""
        name = text_of(node)
        scope, _, last = name.rpartition("::")
        if scope:
            methods = self.program.method(scope.rsplit("::", 1)[-1], last)
            if methods:
                return Callee(methods[0])
        if not scope and self.own_field(name) is not None:
            return None
        found = self.program.function(name, self.frame.function.file)
        return Callee(found[0]) if found else None

    def _load(self, node: Node, state: State) -> Outcomes:
        return [(after, self.read(path, node, after)) for after, path in self.place(node, state)]

    _field_expression = _subscript_expression = _load

    def read(self, path: Path | None, node: Node, state: State) -> Value:
        """The value at a place; that of shared state is an access."""
        if path is None:
            return None
        type_ = self.type_at(path)
        if is_local(path):
            known = state.environment
            return known.get(path) if path in known else Address(path) if type_ and type_.array else Content(path)
        if type_ is not None and type_.array:
            return Address(path)
        self.reach(path, node, state, write=False)
        return self._initial(path) or Content(path)

    def _initial(self, path: Path) -> Value:
        """Where a constant pointer leads."""
        variable = self.program.variables.get(path[0])
        if variable is None or variable.initial is None or len(path) > 1:
            return None
        initial = variable.initial
        if variable.type.pointer and variable.type.constant and initial.type == "pointer_expression":
            name = text_of(field(initial, "argument"))
            root = self.program.variable(name, variable.file) if variable.file else None
            return Address((root,)) if root else None
        return None

    def _this(self, _node: Node, state: State) -> Outcomes:
        return [(state, Address(self.frame.this) if self.frame.this else None)]

    def _pointer_expression(self, node: Node, state: State) -> Outcomes:
        argument = field(node, "argument")
        if text_of(field(node, "operator")) == "*" or argument is None:
            return self._load(node, state)
        if argument.type in _NAMED and argument.start_byte not in self.frame.names.uses:
            callee = self.callee_named(argument)
            if callee is not None:
                return [(state, callee)]
        return [(after, Address(path) if path else None) for after, path in self.place(argument, state)]

    def _parenthesized_expression(self, node: Node, state: State) -> Outcomes:
        inner = named(node)
        if inner and inner[0].type == "compound_statement":
            return [(after, None) for after in self.statements(inner[0], state)]
        return self.value(inner[0], state) if inner else [(state, None)]

    def _cast_expression(self, node: Node, state: State) -> Outcomes:
        return self.value(field(node, "value"), state)

    def _condition_clause(self, node: Node, state: State) -> Outcomes:
        return self.value(field(node, "value"), state)

    def _lambda_expression(self, node: Node, state: State) -> Outcomes:
        return [(state, Callee(self.lambda_of(node), self.frame.this))]

    def _unary_expression(self, node: Node, state: State) -> Outcomes:
        operator = text_of(field(node, "operator"))
        return [(after, negated(operator, value)) for after, value in self.value(field(node, "argument"), state)]

    def _call_expression(self, node: Node, state: State) -> Outcomes:
        return self.call(node, state)

    def _comma_expression(self, node: Node, state: State) -> Outcomes:
        left, right = field(node, "left"), field(node, "right")
        return [last for after, _ in self.value(left, state) for last in self.value(right, after)]

    def _conditional_expression(self, node: Node, state: State) -> Outcomes:
        found: Outcomes = []
        for after, holds in self.decide(field(node, "condition"), state):
            found += self.value(field(node, "consequence" if holds else "alternative"), after)
        return found

    # ---- conditions ----

    def decide(self, node: Node | None, state: State) -> list[tuple[State, bool]]:
        """How a condition may turn out, and what that says of the local that it looks at."""
        found: list[tuple[State, bool]] = []
        for after, value in self.value(node, state):
            known = truth(value)
            if known is not None:
                found.append((after, known))
            else:
                found += [(self._learnt(node, after, holds), holds) for holds in (True, False)]
        return list(dict.fromkeys(found))

    def _learnt(self, node: Node | None, state: State, holds: bool) -> State:
        if node is None:
            return state
        if node.type in ("parenthesized_expression", "condition_clause"):
            inner = named(node)
            return self._learnt(inner[-1], state, holds) if inner else state
        if node.type == "unary_expression" and text_of(field(node, "operator")) == "!":
            return self._learnt(field(node, "argument"), state, not holds)
        if node.type == "binary_expression":
            return self._compared(node, state, holds)
        path = self._local(node, state)
        if path is None:
            return state
        if not holds:
            return state.knowing(path, Constant(0))
        type_ = self.type_at(path)  # of a pointer or handle, what it names matters more than that it is not null
        is_number = type_ is not None and not type_.pointer and bool(_NUMBERS.fullmatch(type_.text))
        return state.knowing(path, Nonzero()) if is_number else state

    def _compared(self, node: Node, state: State, holds: bool) -> State:
        operator, right = text_of(field(node, "operator")), field(node, "right")
        path = self._local(field(node, "left"), state)
        if path is None or operator not in ("==", "!=") or (operator == "==") is not holds:
            return state
        number = next((value for _, value in self.value(right, state) if isinstance(value, Constant)), None)
        return state if number is None else state.knowing(path, number)

    def _local(self, node: Node | None, state: State) -> Path | None:
        """The scalar local that an expression is, where nothing is known of it; arrays and references are none."""
        while node is not None and node.type == "parenthesized_expression":
            node = next(iter(named(node)), None)
        key = self.frame.names.uses.get(node.start_byte) if node is not None and node.type == "identifier" else None
        type_ = self.frame.names.types.get(key) if key else None
        if key is None or type_ is None or type_.array or type_.reference:
            return None
        known = state.environment.get((key,))
        return None if isinstance(known, Address | Callee) else (key,)

    def _binary_expression(self, node: Node, state: State) -> Outcomes:
        operator = text_of(field(node, "operator"))
        left, right = field(node, "left"), field(node, "right")
        if operator in ("&&", "||", "and", "or"):
            stops = operator in ("||", "or")
            found: Outcomes = []
            for after, holds in self.decide(left, state):
                if holds is stops:
                    found.append((after, Constant(int(holds))))
                else:
                    found += [(last, Constant(int(also))) for last, also in self.decide(right, after)]
            return found
        pairs = [(last, a, b) for after, a in self.value(left, state) for last, b in self.value(right, after)]
        return [(last, compared(operator, a, b)) for last, a, b in pairs]

    # ---- changes ----

    def _assignment_expression(self, node: Node, state: State) -> Outcomes:
        left, plain = field(node, "left"), text_of(field(node, "operator")) == "="
        found: Outcomes = []
        for after, value in self.value(field(node, "right"), state):
            for last, path in self.place(left, after):
                if not plain:
                    self.read(path, node, last)
                kept = value if plain else None
                found.append((self.store(path, kept, node, last), kept))
        return found

    def _update_expression(self, node: Node, state: State) -> Outcomes:
        found: Outcomes = []
        for after, path in self.place(field(node, "argument"), state):
            self.read(path, node, after)
            found.append((self.store(path, None, node, after), None))
        return found

    def store(self, path: Path | None, value: Value, node: Node, state: State) -> State:
        """A write. Of locals the value is known afterwards, but for elements of arrays."""
        if path is None:
            return state
        if is_local(path):
            return state.forgetting(path) if "[]" in path else state.knowing(path, value)
        self.reach(path, node, state, write=True)
        if isinstance(value, Callee):
            self.callback(value, node, state)
        if value == BINARY:
            self.is_binary(path)
        return state

    # ---- places ----

    def place(self, node: Node | None, state: State) -> Places:
        """The places that an expression may mean; None where that is not known."""
        if node is None:
            return [(state, None)]
        if node.type in _NAMED:
            return [(state, self.redirected(self._named_place(node), state))]
        find = getattr(self, f"_place_of_{node.type}", None)
        if find is not None:
            places: Places = find(node, state)
            return places
        return [(after, value.path if isinstance(value, Address) else None) for after, value in self.value(node, state)]

    def _named_place(self, node: Node) -> Path | None:
        key = self.frame.names.uses.get(node.start_byte)
        if key is not None:
            return (key,)
        name = text_of(node)
        own = self.own_field(name)
        if own is not None:
            return own
        root = self.program.variable(name.rsplit("::", 1)[-1], self.frame.function.file)
        return (root,) if root else None

    def own_field(self, name: str) -> Path | None:
        """The field of the object that a method is called on, when it has one of that name."""
        frame = self.frame
        if frame.this is None or not self.program.has_field(frame.function.owner, name):
            return None
        return (*frame.this, name)

    def redirected(self, path: Path | None, state: State) -> Path | None:
        """Where a reference leads."""
        type_ = self.type_at(path) if path else None
        if path is None or type_ is None or not type_.reference:
            return path
        known = state.environment.get(path)
        return known.path if isinstance(known, Address) else path

    def _place_of_parenthesized_expression(self, node: Node, state: State) -> Places:
        return self.place(next(iter(named(node)), None), state)

    def _place_of_cast_expression(self, node: Node, state: State) -> Places:
        return self.place(field(node, "value"), state)

    def _place_of_field_expression(self, node: Node, state: State) -> Places:
        argument, name = field(node, "argument"), text_of(field(node, "field"))
        if text_of(field(node, "operator")) == "->" or any(child.type == "->" for child in node.children):
            bases: Places = [(after, pointee(value)) for after, value in self.value(argument, state)]
        else:
            bases = self.place(argument, state)
        return [(after, self.redirected((*base, name), after) if base else None) for after, base in bases]

    def _place_of_subscript_expression(self, node: Node, state: State) -> Places:
        argument = field(node, "argument")
        index = field(node, "index") or field(node, "indices")
        found: Places = []
        for after, path in self._elements(argument, state):
            found += [(last, path) for last, _ in self.value(index, after)]
        return found

    def _elements(self, argument: Node | None, state: State) -> Places:
        found: Places = []
        for after, path in self.place(argument, state):
            type_ = self.type_at(path) if path else None
            known = after.environment.get(path) if path else None
            through = path is None or isinstance(known, Address | Content) or (type_ is not None and type_.pointer)
            if through and not (type_ is not None and type_.array):
                inner = [(last, pointee(value)) for last, value in self.value(argument, after)]
                found += [(last, (*base, "[]") if base else None) for last, base in inner]
            else:
                found.append((after, (*path, "[]") if path else None))
        return found

    def _place_of_pointer_expression(self, node: Node, state: State) -> Places:
        return [(after, pointee(value)) for after, value in self.value(field(node, "argument"), state)]

    def _place_of_compound_literal_expression(self, node: Node, state: State) -> Places:
        path: Path = (f":literal@{self.frame.function.file.name}:{node.start_byte}",)
        return [(after, path) for after in self.initialised(path, field(node, "value"), state)]

    def initialised(self, path: Path, listed: Node | None, state: State) -> list[State]:
        """A local after `{...}`: what its fields hold, by name or by number."""
        states = [state.forgetting(path)]
        for number, node in enumerate(named(listed) if listed is not None else []):
            designators = node.children_by_field_name("designator")
            name = text_of(designators[0]).lstrip(".") if designators else f"#{number}"
            inner = field(node, "value") if node.type == "initializer_pair" else node
            states = [after.knowing((*path, name), value) for now in states for after, value in self.value(inner, now)]
        return list(dict.fromkeys(states))
