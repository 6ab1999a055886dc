"""Parses preprocessed C and C++ (tree-sitter), and finds names in declarations. It knows nothing of locks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import tree_sitter_c
import tree_sitter_cpp
from tree_sitter import Language, Node, Parser

from p4verify.targets.static.preprocessed import Preprocessed
from p4verify.verify.static_review import Place

_NAMES = frozenset({"identifier", "field_identifier", "type_identifier", "qualified_identifier", "destructor_name",
                    "operator_name", "template_function", "operator_cast"})  # fmt: skip
_DECLARATORS = frozenset({
    "init_declarator", "pointer_declarator", "array_declarator", "reference_declarator", "function_declarator",
    "parenthesized_declarator", "attributed_declarator", "structured_binding_declarator",
})  # fmt: skip


@dataclass(frozen=True, eq=False)
class SourceFile:
    """A parsed file: its name, whether it is C++, its tree and the places of its rows."""

    name: str
    cxx: bool
    root: Node
    preprocessed: Preprocessed

    def place(self, node: Node) -> Place:
        """Where a node begins."""
        return self.preprocessed.place(node.start_point.row)


@cache
def _parser(*, cxx: bool) -> Parser:
    return Parser(Language(tree_sitter_cpp.language() if cxx else tree_sitter_c.language()))


def parse(name: str, preprocessed: Preprocessed, *, cxx: bool) -> SourceFile:
    """Parses anything; what is no C or C++ becomes nodes that `broken` finds."""
    return SourceFile(name, cxx, _parser(cxx=cxx).parse(preprocessed.text).root_node, preprocessed)


def text_of(node: Node | None) -> str:
    """The source of a node, its white space squeezed."""
    return "" if node is None or node.text is None else re.sub(r"\s+", " ", node.text.decode(errors="replace"))


def named(node: Node) -> list[Node]:
    """The children that carry meaning, without comments."""
    return [child for child in node.named_children if child.type != "comment"]


def field(node: Node, name: str) -> Node | None:
    """The child in a field of the grammar."""
    return node.child_by_field_name(name)


def walk(node: Node, into: frozenset[str] = frozenset()) -> Iterator[Node]:
    """The node and all below it, in order; below nodes whose type is in `into` it does not go."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        if current.type not in into or current is node:
            stack.extend(reversed(current.children))


def broken(node: Node) -> Node | None:
    """The first place below a node that is no C or C++, None where all is."""
    if not node.has_error:
        return None
    return next((one for one in walk(node) if one.type == "ERROR" or one.is_missing), node)


def declarators(declaration: Node) -> list[Node]:
    """What a declaration declares, one node per name."""
    return declaration.children_by_field_name("declarator")


def name_node(declarator: Node) -> Node | None:
    """The name inside a declarator, None where it declares none."""
    current: Node | None = declarator
    while current is not None and current.type not in _NAMES:
        inner = field(current, "declarator")
        current = inner or next((one for one in named(current) if one.type in _NAMES | _DECLARATORS), None)
    return current


def chain(declarator: Node) -> Iterator[Node]:
    """The declarators from the outermost in, without the name."""
    current: Node | None = declarator
    while current is not None and current.type in _DECLARATORS:
        yield current
        inner = field(current, "declarator")
        current = inner or next((one for one in named(current) if one.type in _NAMES | _DECLARATORS), None)


def function_declarator(declarator: Node | None) -> Node | None:
    """The part with the parameters when this declares or defines a function; None for variables and pointers to one."""
    for part in chain(declarator) if declarator is not None else ():
        if part.type == "function_declarator":
            inner = field(part, "declarator")
            return part if inner is not None and inner.type in _NAMES else None
    return None


def is_kind(declarator: Node, kind: str) -> bool:
    """Whether a declarator has a part of this type ("pointer_declarator")."""
    return any(part.type == kind for part in chain(declarator))


def specifiers(declaration: Node) -> set[str]:
    """Storage classes and qualifiers before the type: static, extern, const, thread_local..."""
    kinds = ("storage_class_specifier", "type_qualifier")
    return {text_of(child) for child in declaration.children if child.type in kinds}


def constant_of(node: Node) -> int | None:
    """The value of a number, character or truth literal."""
    text = text_of(node).rstrip("uUlLzZ").replace("'", "")
    if node.type in ("true", "false"):
        return int(node.type == "true")
    if node.type in ("nullptr", "null"):
        return 0
    try:
        octal = re.fullmatch(r"0[0-7]+", text)
        return int(text, 8) if octal else int(text, 0)
    except ValueError:
        return None
