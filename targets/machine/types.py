"""The layout of C and C++ types, out of DWARF: which member lies at an offset, and which scalars lie in some bits.

It refuses to look into the objects of the RTOS and of pthread: what a mutex is made of is nobody's business here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from p4verify.verify.schedule import Encoding, Part

_TRANSPARENT = frozenset({
    "DW_TAG_typedef", "DW_TAG_const_type", "DW_TAG_volatile_type", "DW_TAG_restrict_type", "DW_TAG_atomic_type",
})  # fmt: skip
_RECORDS = frozenset({"DW_TAG_structure_type", "DW_TAG_class_type", "DW_TAG_union_type"})
_POINTERS = frozenset({
    "DW_TAG_pointer_type", "DW_TAG_reference_type", "DW_TAG_rvalue_reference_type", "DW_TAG_ptr_to_member_type",
})  # fmt: skip
_OPAQUE = frozenset({
    "portMUX_TYPE", "spinlock_t", "StaticSemaphore_t", "StaticQueue_t", "StaticEventGroup_t", "StaticTimer_t",
    "StaticTask_t", "pthread_mutex_t", "pthread_cond_t", "pthread_once_t", "sem_t",
})  # fmt: skip
_ENCODINGS = {2: Encoding.BOOL, 4: Encoding.FLOAT, 5: Encoding.SIGNED, 6: Encoding.SIGNED}
"""DW_ATE_boolean, float, signed, signed_char; all others are unsigned."""
Names = tuple[tuple[int, str], ...]


@dataclass(slots=True)
class Layout:
    """A type: `size` bytes; a struct has `members`, an array has `element` and `counts` (one a dimension).

    What has neither is a scalar, with its `encoding` and (an enum) the `names` of its values.
    """

    size: int
    members: list[Member] = field(default_factory=list)
    element: Layout | None = None
    counts: tuple[int, ...] = ()
    encoding: Encoding = Encoding.UNSIGNED
    names: Names = ()
    fields: list[Bitfield] = field(default_factory=list)
    union: bool = False

    def path(self, offset: int) -> str:
        """What lies at `offset`: `.last_batt.soc`, `[3].stamp`, or "" for the thing itself."""
        if self.element is not None and self.element.size:
            number, rest = divmod(offset, self.element.size)
            return self._subscripts(number) + self.element.path(rest)
        for member in self.members:
            if member.offset <= offset < member.offset + member.layout.size:
                return (f".{member.name}" if member.name else "") + member.layout.path(offset - member.offset)
        return ""

    def scalars(self, name: str, low: int, high: int, at: int = 0) -> Iterator[Part]:
        """What the bits [low, high) hold of this thing, which begins at bit `at`; an array of char is one scalar."""
        if self.members or self.fields:
            yield from self._of_record(name, low, high, at)
        elif self.element is None:
            yield from _clipped(name, self, 8 * self.size, (low, high), at)
        elif self.element.encoding is Encoding.TEXT and len(self.counts) == 1:
            yield from _clipped(name, self.element, 8 * self.size, (low, high), at)
        elif self.element.size:
            yield from self._of_array(self.element, name, low, high, at)

    def _of_record(self, name: str, low: int, high: int, at: int) -> Iterator[Part]:
        whole = (
            member.layout.scalars(f"{name}.{member.name}" if member.name else name, low, high, at + 8 * member.offset)
            for member in self.members
        )
        small = (
            _clipped(f"{name}.{one.name}", one.layout, one.width, (low, high), at + one.first) for one in self.fields
        )
        if self.union:  # the bits are those of any member: the first that has them will do
            yield from next((found for parts in chain(whole, small) if (found := list(parts))), [])
        else:
            yield from sorted(chain.from_iterable(chain(whole, small)), key=lambda part: part.shift)

    def _of_array(self, element: Layout, name: str, low: int, high: int, at: int) -> Iterator[Part]:
        width = 8 * element.size
        for number in range(max(low - at, 0) // width, min(-(-(high - at) // width), self.size // element.size)):
            yield from element.scalars(name + self._subscripts(number), low, high, at + number * width)

    def _subscripts(self, number: int) -> str:
        text = ""
        for count in reversed(self.counts[1:]):
            number, inner = divmod(number, count) if count else (number, 0)
            text = f"[{inner}]{text}"
        return f"[{number}]{text}"


def _clipped(name: str, kind: Layout, width: int, span: tuple[int, int], at: int) -> Iterator[Part]:
    begin, end = max(span[0], at), min(span[1], at + width)
    if begin < end:
        yield Part(name, kind.encoding, width, begin - at, end - begin, begin - span[0], kind.names)


@dataclass(frozen=True, slots=True)
class Member:
    """A member; base classes and anonymous structs have an empty name."""

    name: str
    offset: int
    layout: Layout


@dataclass(frozen=True, slots=True)
class Bitfield:
    """A bitfield: `width` bits from bit `first` of the struct on."""

    name: str
    first: int
    width: int
    layout: Layout


class Types:
    """Layouts of the types of one compilation unit, each worked out once."""

    def __init__(self, dwarf: Any) -> None:
        self.dwarf = dwarf
        self.known: dict[int, Layout] = {}

    def layout(self, die: Any) -> Layout:
        """The layout of what `DW_AT_type` of `die` names; size 0 when it has none."""
        kind, opaque = reference(die, "DW_AT_type"), False
        while kind is not None and kind.tag in _TRANSPARENT:
            opaque |= kind.tag == "DW_TAG_typedef" and text(kind) in _OPAQUE
            kind = reference(kind, "DW_AT_type")
        if kind is None:
            return Layout(0)
        return Layout(self._of(kind).size) if opaque else self._of(kind)

    def _of(self, die: Any) -> Layout:
        known = self.known.get(die.offset)
        if known is None:
            known = self.known[die.offset] = Layout(number(die, "DW_AT_byte_size", 8 if "pointer" in die.tag else 0))
            if die.tag == "DW_TAG_array_type":
                self._fill_array(known, die)
            elif die.tag in _RECORDS:
                self._fill_record(known, die)
            else:
                known.encoding = _encoding(die)
                known.names = tuple(_enumerators(die, 8 * known.size))
        return known

    def _fill_array(self, layout: Layout, die: Any) -> None:
        layout.element = self.layout(die)
        layout.counts = tuple(_count(child) for child in die.iter_children() if child.tag == "DW_TAG_subrange_type")
        size = layout.element.size
        for count in layout.counts:
            size *= count
        layout.size = size

    def _fill_record(self, layout: Layout, die: Any) -> None:
        layout.union = die.tag == "DW_TAG_union_type"
        for child in die.iter_children():
            inherited = child.tag == "DW_TAG_inheritance"
            if not inherited and (child.tag != "DW_TAG_member" or "DW_AT_external" in child.attributes):
                continue
            place, kind = number(child, "DW_AT_data_member_location"), self.layout(child)
            if "DW_AT_bit_size" not in child.attributes and kind.size:
                layout.members.append(Member("" if inherited else text(child), place, kind))
            elif "DW_AT_bit_size" in child.attributes and text(child):
                layout.fields.append(_bitfield(child, 8 * place, kind))
        if layout.union:  # an optional's value, and not the byte that stands in for its absence
            layout.members.sort(key=lambda member: -member.layout.size)
        if not layout.members and not layout.fields:  # the byte that C++ gives to what is empty holds nothing
            layout.size = 0


def _bitfield(die: Any, place: int, kind: Layout) -> Bitfield:
    """Its first bit: as DWARF 4 counts, or from the most significant bit of the storage as those before it did."""
    width = number(die, "DW_AT_bit_size")
    storage = 8 * number(die, "DW_AT_byte_size", kind.size)
    first = place + storage - number(die, "DW_AT_bit_offset", storage - width) - width
    return Bitfield(text(die), number(die, "DW_AT_data_bit_offset", first), width, kind)


def _encoding(die: Any) -> Encoding:
    if die.tag in _POINTERS:
        return Encoding.POINTER
    if die.tag == "DW_TAG_enumeration_type":
        return Encoding.ENUM
    if text(die) == "char":
        return Encoding.TEXT
    return _ENCODINGS.get(number(die, "DW_AT_encoding"), Encoding.UNSIGNED)


def _enumerators(die: Any, width: int) -> Iterator[tuple[int, str]]:
    for child in die.iter_children() if die.tag == "DW_TAG_enumeration_type" else ():
        if child.tag == "DW_TAG_enumerator":
            yield number(child, "DW_AT_const_value") & ((1 << width) - 1), text(child)


def _count(subrange: Any) -> int:
    if "DW_AT_count" in subrange.attributes:
        return number(subrange, "DW_AT_count")
    return number(subrange, "DW_AT_upper_bound", -1) + 1


def reference(die: Any, attribute: str) -> Any | None:
    """The DIE that an attribute refers to."""
    return die.get_DIE_from_attribute(attribute) if attribute in die.attributes else None


def text(die: Any) -> str:
    """The name of a DIE, "" where it has none."""
    found = die.attributes.get("DW_AT_name")
    return found.value.decode(errors="replace") if found else ""


def number(die: Any, attribute: str, default: int = 0) -> int:
    """An attribute that is a number."""
    found = die.attributes.get(attribute)
    return found.value if found and isinstance(found.value, int) else default
