"""The names of a component: its functions, records and variables with their types, gathered from parsed files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from tree_sitter import Node

from p4verify.targets.static import syntax
from p4verify.targets.static.primitives import ATOMIC_TYPES, HANDLE_TYPES, LOCK_TYPES
from p4verify.targets.static.syntax import SourceFile, text_of
from p4verify.verify.static_review import Place

_TRANSPARENT = frozenset({"namespace_definition", "linkage_specification", "declaration_list", "template_declaration",
                          "translation_unit", "export_declaration"})  # fmt: skip
_SMART = re.compile(r"(?:std::)?(?:unique_ptr|shared_ptr)<\s*(?:const )?([\w:]+)")
_RECORDS = frozenset({"struct_specifier", "class_specifier", "union_specifier"})


@dataclass(frozen=True, slots=True)
class Type:
    """What is known of a type: its text as written, the record it names, and what a declarator made of it."""

    text: str
    record: str = ""
    pointer: bool = False
    array: bool = False
    reference: bool = False
    constant: bool = False

    @property
    def is_lock(self) -> bool:
        return bool(LOCK_TYPES.search(self.text))

    @property
    def is_atomic(self) -> bool:
        return bool(ATOMIC_TYPES.search(self.text)) and not self.pointer

    @property
    def is_handle(self) -> bool:
        return bool(HANDLE_TYPES.search(self.text))

    def element(self) -> Type:
        """What it points to, or what it is an array of."""
        return Type(self.text, self.record)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One of a function: its name ("" where it has none), the node that names it, and its type."""

    name: str
    node: Node
    type: Type


@dataclass(frozen=True, eq=False)
class Function:
    """A function, a method (`owner` is its class) or a lambda, with a body."""

    name: str
    owner: str
    file: SourceFile
    node: Node
    static: bool = False

    @cached_property
    def body(self) -> Node | None:
        return syntax.field(self.node, "body")

    @cached_property
    def qualified(self) -> str:
        return f"{self.owner}::{self.name}" if self.owner else self.name

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        declarator = syntax.field(self.node, "declarator")
        wanted = ("function_declarator", "abstract_function_declarator")
        part = next((one for one in syntax.walk(declarator) if one.type in wanted), None) if declarator else None
        listed = syntax.field(part, "parameters") if part is not None else None
        kinds = ("parameter_declaration", "optional_parameter_declaration", "variadic_parameter_declaration")
        nodes = [one for one in syntax.named(listed) if one.type in kinds] if listed is not None else []
        return tuple(_parameter(one) for one in nodes if text_of(one) != "void")

    @cached_property
    def initializers(self) -> tuple[Node, ...]:
        """Of a constructor: `: member(value)`, in order."""
        listed = next((one for one in self.node.children if one.type == "field_initializer_list"), None)
        return tuple(syntax.named(listed)) if listed is not None else ()

    @cached_property
    def broken(self) -> Node | None:
        return syntax.broken(self.node)

    @cached_property
    def place(self) -> Place:
        return self.file.place(self.node)


def _parameter(node: Node) -> Parameter:
    declarator = syntax.field(node, "declarator")
    name = syntax.name_node(declarator) if declarator is not None else None
    is_name = name is not None and name.type == "identifier"
    return Parameter(text_of(name) if is_name else "", name or node, type_of(node, declarator))


@dataclass(slots=True)
class Record:
    """A struct, class or union: its fields and the classes it derives from."""

    fields: dict[str, Type] = field(default_factory=dict)
    bases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that outlives every call: of a file, a namespace, a class, or static in a function."""

    name: str
    type: Type
    place: Place
    initial: Node | None = None
    file: SourceFile | None = None


def type_of(declaration: Node, declarator: Node | None) -> Type:
    """The type that a declaration gives to one of its declarators."""
    node = syntax.field(declaration, "type")
    words = syntax.specifiers(declaration)
    body = syntax.field(node, "body") if node is not None and node.type in _RECORDS else None
    text = "struct" if body is not None else text_of(node)
    before = " ".join(sorted(words & {"_Atomic", "volatile"}))
    parts = {part.type for part in syntax.chain(declarator)} if declarator is not None else set()
    smart = _SMART.match(text)
    pointer = bool(parts & {"pointer_declarator", "abstract_pointer_declarator"}) or smart is not None
    own_constant = declarator is not None and "const" in text_of(declarator).split("=")[0]
    return Type(
        text=f"{before} {text}".strip(),
        record=smart[1].rsplit("::", 1)[-1].strip() if smart else record_name(node),
        pointer=pointer,
        array="array_declarator" in parts,
        reference="reference_declarator" in parts or (declarator is not None and text_of(declarator).startswith("&")),
        constant="constexpr" in words or own_constant or ("const" in words and not pointer),
    )


def record_name(node: Node | None) -> str:
    """The record that a type names, without namespaces and template arguments; one without a name by its place."""
    if node is None:
        return ""
    if node.type in _RECORDS:
        name = syntax.field(node, "name")
        return record_name(name) if name is not None else f"@{node.start_byte}-{node.end_byte}"
    if node.type in ("qualified_identifier", "template_type"):
        return record_name(syntax.field(node, "name"))
    return text_of(node)


class Program:
    """All names of some parsed files. What is declared twice, because a header was read twice, counts once."""

    def __init__(self, files: Iterable[SourceFile]) -> None:
        self.files = tuple(files)
        self.functions: dict[str, list[Function]] = {}
        self.methods: dict[str, list[Function]] = {}
        self.records: dict[str, Record] = {}
        self.variables: dict[str, Variable] = {}
        self.aliases: dict[str, str] = {}
        self._roots: dict[tuple[str, str], str] = {}
        self.broken: list[tuple[SourceFile, Node]] = []
        self._seen: set[tuple[Place, str]] = set()
        for file in self.files:
            self._gather(file, file.root, "")

    # ---- looking up ----

    def variable(self, name: str, file: SourceFile) -> str | None:
        """The key in `variables` of what a file calls so: two files may each have one of that name."""
        own = self._roots.get((file.name, name))
        return own or (name if name in self.variables else None)

    def function(self, name: str, file: SourceFile | None = None) -> tuple[Function, ...]:
        """The functions of that name, those of the same file before those that other files export."""
        found = self.functions.get(name.rsplit("::", 1)[-1], [])
        own = [one for one in found if one.file is file]
        return tuple(own or [one for one in found if not one.static])

    def method(self, owner: str, name: str) -> tuple[Function, ...]:
        """The methods of that name of a class or of what it derives from; of any class when `owner` is empty."""
        found = self.methods.get(name, [])
        if not owner:
            owners = {one.owner for one in found}
            return tuple(found) if len(owners) == 1 else ()
        own = tuple(one for one in found if one.owner == self.record_named(owner))
        bases = self.records[owner].bases if owner in self.records else ()
        return own or next((more for base in bases if (more := self.method(base, name))), ())

    def record_named(self, name: str) -> str:
        """A record's own name, through typedefs."""
        for _ in range(8):
            if name in self.records or name not in self.aliases:
                break
            name = self.aliases[name]
        return name

    def type_at(self, path: tuple[str, ...]) -> Type | None:
        """The type of what a path leads to from a variable; None where it is not known."""
        variable = self.variables.get(path[0])
        current = variable.type if variable else None
        for step in path[1:]:
            if current is None:
                return None
            current = current.element() if step in ("*", "[]") else self.field(current.record, step)
        return current

    def field(self, record: str, name: str) -> Type | None:
        """The type of a field of a record or of what it derives from."""
        found = self.records.get(self.record_named(record))
        if found is None:
            return None
        own = found.fields.get(name)
        return own or next((more for base in found.bases if (more := self.field(base, name))), None)

    def has_field(self, record: str, name: str) -> bool:
        """Whether a class or what it derives from has such a field."""
        return self.field(record, name) is not None

    # ---- gathering ----

    def _gather(self, file: SourceFile, node: Node, owner: str) -> None:
        for child in syntax.named(node):
            if child.type in _TRANSPARENT:
                self._gather(file, child, owner)
            elif child.type == "function_definition":
                self._function(file, child, owner)
                self._record(file, syntax.field(child, "type"))
            elif child.type in ("declaration", "field_declaration"):
                self._declaration(file, child, owner)
            elif child.type in ("type_definition", "alias_declaration"):
                self._typedef(file, child)
            elif child.type in _RECORDS:
                self._record(file, child)
            elif child.type == "ERROR" or (child.has_error and child.type != "expression_statement"):
                self.broken.append((file, child))

    def _function(self, file: SourceFile, node: Node, owner: str) -> None:
        declarator = syntax.field(node, "declarator")
        name = syntax.name_node(declarator) if declarator is not None else None
        if name is None or syntax.field(node, "body") is None:
            if node.has_error:
                self.broken.append((file, node))
            return
        scope, last = _split(name)
        owner = owner or (scope if self.record_named(scope) in self.records else "")
        function = Function(last, owner, file, node, "static" in syntax.specifiers(node) and not owner)
        if not self._twice(function.place, function.qualified):
            (self.methods if owner else self.functions).setdefault(last, []).append(function)

    def _twice(self, place: Place, name: str) -> bool:
        known = (place, name) in self._seen
        self._seen.add((place, name))
        return known

    def _declaration(self, file: SourceFile, node: Node, owner: str) -> None:
        self._record(file, syntax.field(node, "type"))
        if node.has_error:
            self.broken.append((file, node))
        words = syntax.specifiers(node)
        for declarator in syntax.declarators(node):
            name = syntax.name_node(declarator)
            if name is None or syntax.function_declarator(declarator) is not None:
                continue
            if not owner or "static" in words:
                self.add_variable(file, node, declarator, text_of(name).rsplit("::", 1)[-1])

    def add_variable(self, file: SourceFile, node: Node, declarator: Node, name: str) -> None:
        """One variable of a declaration, unless each thread has its own."""
        words = syntax.specifiers(node)
        if words & {"thread_local", "_Thread_local", "__thread"}:
            return
        initial = syntax.field(declarator, "value") if declarator.type == "init_declarator" else None
        known, place = self.variables.get(name), file.place(node)
        key = name
        if known is not None and known.place != place and "static" in words:
            key, known = f"{name} of {file.name}", None
        self._roots[(file.name, name)] = key
        if known is None or (initial is not None and known.initial is None):
            self.variables[key] = Variable(key, type_of(node, declarator), place, initial, file)

    def _typedef(self, file: SourceFile, node: Node) -> None:
        type_node = syntax.field(node, "type")
        self._record(file, type_node)
        if node.type == "alias_declaration":
            inner = syntax.field(type_node, "type") if type_node is not None else None
            self.aliases[text_of(syntax.field(node, "name"))] = record_name(inner)
            return
        for declarator in syntax.declarators(node):
            name = syntax.name_node(declarator)
            if name is not None and not syntax.is_kind(declarator, "function_declarator"):
                self.aliases[text_of(name)] = record_name(type_node)

    def _record(self, file: SourceFile, node: Node | None) -> None:
        body = syntax.field(node, "body") if node is not None and node.type in _RECORDS else None
        if node is None or body is None:
            return
        name = record_name(node)
        bases = next((one for one in node.children if one.type == "base_class_clause"), None)
        listed = syntax.named(bases) if bases is not None else []
        derived = tuple(record_name(one) for one in listed if one.type != "access_specifier")
        record = self.records.setdefault(name, Record(bases=derived))
        for child in syntax.named(body):
            if child.type == "field_declaration":
                record.fields.update(self._fields(file, child))
        self._gather(file, body, name)

    def _fields(self, file: SourceFile, node: Node) -> Iterator[tuple[str, Type]]:
        self._record(file, syntax.field(node, "type"))
        for declarator in syntax.declarators(node):
            name = syntax.name_node(declarator)
            if name is not None and syntax.function_declarator(declarator) is None:
                yield text_of(name), type_of(node, declarator)
        if not syntax.declarators(node):  # an anonymous struct or union: its fields are the outer one's
            yield from self.records.get(record_name(syntax.field(node, "type")), Record()).fields.items()


def _split(name: Node) -> tuple[str, str]:
    """The scope and the last part of a name: ("Publisher", "run") of `net::Publisher::run`."""
    scope = ""
    current = name
    while current.type == "qualified_identifier":
        scope = record_name(syntax.field(current, "scope"))
        inner = syntax.field(current, "name")
        if inner is None:
            break
        current = inner
    if current.type == "template_function":
        current = syntax.field(current, "name") or current
    return scope, text_of(current)
