"""Which declaration each name in a function means: locals by a key of their own, so that nothing is shadowed.

A key begins with a colon and ends with the offset of the declaration; what is static in a function gets none, because
it outlives the call and belongs to the program's variables.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tree_sitter import Node

from p4verify.targets.static import syntax
from p4verify.targets.static.program import Function, Program, Type, type_of
from p4verify.targets.static.syntax import text_of

_SCOPES = frozenset({"compound_statement", "for_statement", "for_range_loop", "if_statement", "while_statement",
                     "switch_statement", "lambda_expression", "catch_clause", "do_statement"})  # fmt: skip


@dataclass(slots=True)
class Names:
    """Of one function, lambdas inside included: the key of each use by its offset, and each local's type."""

    uses: dict[int, str] = field(default_factory=dict)
    types: dict[str, Type] = field(default_factory=dict)
    objects: dict[int, list[str]] = field(default_factory=dict)
    """By the offset of a scope: the locals declared directly in it, in order."""


def resolve(function: Function, program: Program) -> Names:
    """The names of a function. Parameters are declared in its body's outermost scope."""
    resolver = _Resolver(function, program)
    resolver.run()
    return resolver.names


class _Resolver:
    def __init__(self, function: Function, program: Program) -> None:
        self.function, self.program = function, program
        self.names = Names()
        self.scopes: list[dict[str, str]] = []
        self.opened: list[int] = []

    def run(self) -> None:
        self._open(self.function.node)
        self._parameters(self.function)
        for one in (*self.function.initializers, self.function.body):
            if one is not None:
                self._visit(one)

    def _parameters(self, function: Function) -> None:
        for parameter in function.parameters:
            if parameter.name:
                self._declare(parameter.node, parameter.name, parameter.type)

    def _open(self, node: Node) -> None:
        self.scopes.append({})
        self.opened.append(node.start_byte)
        self.names.objects.setdefault(node.start_byte, [])

    def _visit(self, node: Node) -> None:
        if node.type in _SCOPES:
            self._open(node)
            if node.type == "lambda_expression":
                self._parameters(Function("", "", self.function.file, node))
            self._children(node)
            self.scopes.pop()
            self.opened.pop()
        elif node.type == "declaration":
            self._declaration(node)
        elif node.type in ("identifier", "type_identifier"):
            self._use(node)
        elif node.type not in ("type_definition", "field_designator", "goto_statement", "abstract_function_declarator"):
            self._children(node)

    def _children(self, node: Node) -> None:
        if node.type == "for_range_loop":
            self._range(node)
            return
        for child in syntax.named(node):
            self._visit(child)

    def _range(self, node: Node) -> None:
        right, declarator = syntax.field(node, "right"), syntax.field(node, "declarator")
        if right is not None:
            self._visit(right)
        name = syntax.name_node(declarator) if declarator is not None else None
        if name is not None:
            self._declare(name, text_of(name), type_of(node, declarator))
        body = syntax.field(node, "body")
        if body is not None:
            self._visit(body)

    def _declaration(self, node: Node) -> None:
        words = syntax.specifiers(node)
        for declarator in syntax.declarators(node) or self._condition(node):
            name = syntax.name_node(declarator)
            if name is None:
                continue
            self._initial_first(declarator, name)
            if "static" in words or "extern" in words:
                self._static(node, declarator, name, words)
            else:
                self._declare(name, text_of(name), type_of(node, declarator))

    def _condition(self, node: Node) -> list[Node]:
        """`if (auto lock = f())` keeps its parts in other fields in some grammars."""
        return [child for child in syntax.named(node) if child.type == "init_declarator"]

    def _initial_first(self, declarator: Node, name: Node) -> None:
        for child in syntax.walk(declarator, frozenset({"initializer_list", "argument_list", "lambda_expression"})):
            if child.type in ("initializer_list", "argument_list", "lambda_expression", "parameter_declaration"):
                self._visit(child)
            elif child.type in ("identifier", "type_identifier") and child.start_byte != name.start_byte:
                self._use(child)

    def _static(self, node: Node, declarator: Node, name: Node, words: set[str]) -> None:
        if "static" not in words:
            return
        key = f"{self.function.qualified}::{text_of(name)}"
        self.program.add_variable(self.function.file, node, declarator, key)
        self.scopes[-1][text_of(name)] = key
        self.names.uses[name.start_byte] = key

    def _declare(self, node: Node, name: str, type_: Type) -> None:
        key = f":{name}@{self.function.file.name}:{node.start_byte}"
        self.scopes[-1][name] = key
        self.names.uses[node.start_byte] = key
        self.names.types[key] = type_
        self.names.objects[self.opened[-1]].append(key)

    def _use(self, node: Node) -> None:
        name = text_of(node)
        found = next((scope[name] for scope in reversed(self.scopes) if name in scope), None)
        if found is not None:
            self.names.uses.setdefault(node.start_byte, found)
