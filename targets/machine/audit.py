"""The audit of blind spots: every memory access of instrumented code that no hook announces, by file and line.

Compilers do not instrument everything. gcc and clang copy a struct that is passed by value without a word (newer clangs
only when it is aligned like the stack), gcc also writes struct results so. Such an access can neither be a schedule
point nor take part in a race, and a verdict that rests on it would be a lie; so they are listed. The method: within a
function, registers are followed as symbolic values (registers.py); a call of `__tsan_read4` with address E in rdi
announces [E, E+4) for reading, and a load or store is seen when an announcement of it arrived on every path.

Not reported, because no other task can reach them or nobody can write there: the function's own frame but for variables
whose address escaped before (escapes.py), read-only data, functions' addresses, vtables. Limits: a libc function that
nobody wrapped is not noticed; a 4-byte load at an announced 1- or 2-byte address is taken for a widened one; a load of
bytes announced for writing is the read of a bitfield update, which gcc leaves to the write's hook.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from elftools.elf.elffile import ELFFile

from p4verify.targets.machine.escapes import ARGUMENTS, Escapes, Thing, given
from p4verify.targets.machine.frames import locals_of, nameless
from p4verify.targets.machine.machine_code import Block, Instruction, Register, blocks_of
from p4verify.targets.machine.machine_code import Memory as MemoryOperand
from p4verify.targets.machine.registers import Junction, Machine
from p4verify.targets.machine.source_lines import Function, SourceLines
from p4verify.targets.machine.values import MASK, Memory, Unknowns, Value

Kind = Literal["read", "write"]

ROUNDS = 50
"""Iterations over the blocks of one function; loops need two or three."""
UNBOUNDED = 1 << 62
_WRITABLE, _ALLOCATED = 1, 2
_HOOK = re.compile(r"__tsan_(?:unaligned_|volatile_|unaligned_volatile_)?(read_write|read|write)(\d+|_range)")
_VTABLE = re.compile(r"__tsan_vptr_(read|update)")
_ATOMIC = re.compile(r"__tsan_atomic(\d+)_load")
_RELOCATED_ONCE = (".got", ".data.rel.ro", ".init_array", ".fini_array")


@dataclass(frozen=True, slots=True, order=True)
class BlindSpot:
    """Accesses of one source line that the scheduler cannot see; `size` bytes in all."""

    file: str
    line: int
    function: str
    access: Kind
    size: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.function} {self.access}s {self.size} bytes without a hook"


class Span(NamedTuple):
    """Announced bytes: [low, high) from the sum of `terms`, for one kind of access; `vtable` when they point to one."""

    kind: Kind
    terms: tuple[tuple[int, int], ...]
    low: int
    high: int
    vtable: bool = False


@dataclass(slots=True)
class State:
    """Registers, and what has been announced; `used` are announcements that an access fell under.

    Until the next hook nothing else runs, so another access of the same bytes is one with the first: gcc copies a
    28-byte struct by two overlapping moves. With the next hook, used announcements end.
    """

    machine: Machine
    spans: set[Span] = field(default_factory=set)
    used: set[Span] = field(default_factory=set)
    escapes: Escapes = field(default_factory=Escapes)

    def copy(self) -> State:
        """An independent copy."""
        return State(self.machine.copy(), set(self.spans), set(self.used), self.escapes.copy())

    def announce(self, spans: Iterable[Span]) -> None:
        """A hook was called."""
        self.spans -= self.used
        self.used.clear()
        self.spans.update(spans)

    def forget(self) -> None:
        """Code that may do anything was called."""
        self.spans.clear()
        self.used.clear()
        self.machine.forget_escaped()


def audit(executable: Path, sources: frozenset[str]) -> tuple[BlindSpot, ...]:
    """The blind spots of the code that was compiled from `sources` (names as in the debug information), sorted.

    OSError or an ELFError of pyelftools when `executable` is no executable.
    """
    image = Image(executable, sources)
    found: dict[tuple[str, int, str, Kind], int] = defaultdict(int)
    for function in image.lines.functions:
        if image.lines.unit(function.start) in sources:
            for address, kind, size in _Walk(image, function).blind():
                place = image.lines.place(address)
                found[place.file, place.line, place.function, kind] += size
    return tuple(sorted(BlindSpot(*key, size) for key, size in found.items()))


class Image:
    """What the audit needs of an executable: code, names, frames, and which constant addresses are read-only."""

    def __init__(self, executable: Path, sources: frozenset[str]) -> None:
        self.lines = SourceLines(executable)
        self.frames = locals_of(self.lines.dwarf, sources)
        self._keeps: dict[int, frozenset[str]] = {}
        self.names = {function.start: function.name for function in self.lines.functions}
        self._code: list[tuple[int, bytes]] = []
        constant: list[tuple[int, int]] = []
        with executable.open("rb") as file:
            for section in ELFFile(file).iter_sections():
                start, size, flags = section["sh_addr"], section["sh_size"], section["sh_flags"]
                if not flags & _ALLOCATED or not size:
                    continue
                if not flags & _WRITABLE or section.name.startswith(_RELOCATED_ONCE):
                    constant.append((start, start + size))
                if section.name.startswith(".text"):
                    self._code.append((start, section.data()))
        self._constant = sorted(constant)
        self._starts = [start for start, _ in self._constant]

    def code(self, function: Function) -> bytes:
        """The machine code of a function."""
        for start, code in self._code:
            if start <= function.start < start + len(code):
                return code[function.start - start : function.stop - start]
        return b""

    def keeps(self, callee: int | None, caller: Function) -> frozenset[str]:
        """The argument registers in which the callee may keep an address; compilers know as much of their own file."""
        function = self.lines.function(callee) if callee is not None else None
        if function is None or self.lines.unit(function.start) != self.lines.unit(caller.start):
            return frozenset(given(self.names.get(callee or 0, "")))
        if function.start not in self._keeps:
            self._keeps[function.start] = frozenset()  # recursion: what this call keeps shows elsewhere
            self._keeps[function.start] = _Walk(self, function).kept()
        return self._keeps[function.start]

    def is_read_only(self, address: int) -> bool:
        """True for an address that nothing can write to while the program runs."""
        number = bisect_right(self._starts, address) - 1
        return number >= 0 and address < self._constant[number][1]


class _Walk:
    """One function: states by block up to a fixed point, then one pass that lists what was not announced."""

    def __init__(self, image: Image, function: Function) -> None:
        self.image = image
        self.function = function
        self.locals = image.frames.get(function.start, [])
        self.unknowns = Unknowns(image.is_read_only)
        self.blocks = blocks_of(image.code(function), function.start)
        self.before: dict[int, list[int]] = defaultdict(list)
        for block in self.blocks.values():
            for successor in block.successors:
                self.before[successor].append(block.start)
        self.junctions = {start: Junction(start) for start in self.blocks}
        self.blindness: list[tuple[int, Kind, int]] = []

    def blind(self) -> list[tuple[int, Kind, int]]:
        """(address, kind, size) of each access that no hook announced."""
        for block, state in self._settled():
            self.blindness_of(block, state)
        return self.blindness

    def kept(self) -> frozenset[str]:
        """The argument registers whose addresses escape from this function."""
        ends = (self._after(block, state) for block, state in self._settled())
        return frozenset(thing for end in ends for thing in end.escapes.escaped if isinstance(thing, str))

    def _settled(self) -> Iterator[tuple[Block, State]]:
        entries: dict[int, State] = {}
        exits: dict[int, State] = {}
        for _ in range(ROUNDS):
            changed = False
            for start, block in self.blocks.items():
                state = self._entry(start, exits)
                if state is not None and state != entries.get(start):
                    entries[start] = state
                    exits[start] = self._after(block, state.copy())
                    changed = True
            if not changed:
                break
        return ((self.blocks[start], state.copy()) for start, state in entries.items())

    def _entry(self, start: int, exits: dict[int, State]) -> State | None:
        states = [exits[before] for before in self.before[start] if before in exits]
        if start == self.function.start:
            states.append(State(Machine.at_entry(self.unknowns)))
        if not states:
            return None
        if len(states) == 1:
            return states[0].copy()
        machine = self.junctions[start].merge([state.machine for state in states])
        spans = set(states[0].spans).intersection(*(state.spans for state in states))
        used = {span for state in states for span in state.used}
        return State(machine, spans, spans & used, Escapes.merged(state.escapes for state in states))

    def _after(self, block: Block, state: State) -> State:
        for this in block.instructions:
            self._step(this, state)
        return state

    def blindness_of(self, block: Block, state: State) -> None:
        """Walks a block once more and keeps its blind accesses."""
        for this in block.instructions:
            self.blindness += [(this.address, kind, size) for kind, size in self._step(this, state)]

    def _step(self, this: Instruction, state: State) -> list[tuple[Kind, int]]:
        """Performs one instruction; returns its accesses that nobody announced."""
        blind = []
        for operand in this.operands:
            if isinstance(operand, MemoryOperand):
                blind += self._accesses(this, operand, state)
        if this.flow == "call":
            self._call(this, state)
        else:
            self._escape_by_store(this, state)
        state.machine.step(this)
        return blind

    def _call(self, this: Instruction, state: State) -> None:
        for register in self.image.keeps(this.target, self.function):
            state.escapes.give_away(self._things(state.machine.registers[register], this.address))
        name = self.image.names.get(this.target or 0, "")
        if name.startswith("__tsan_"):
            state.announce(_announced(name, state.machine))
        else:
            state.forget()

    def _escape_by_store(self, this: Instruction, state: State) -> None:
        match this.operands:
            case MemoryOperand(writes=True) as to, Register() as source if this.mnemonic == "mov" and source.size == 8:
                things = self._things(state.machine.registers[source.name], this.address)
                address = state.machine.address(to)
                if things and self.unknowns.points_to(address) is Memory.STACK:
                    state.escapes.keep(self._things(address, this.address), things)
                else:
                    state.escapes.give_away(things)

    def _things(self, value: Value, address: int) -> set[Thing]:
        """What a value points to at an instruction: variables of the frame, or those of a caller that it got."""
        if not value.terms:
            return set()
        found: set[Thing] = {name for name in ARGUMENTS if self.unknowns.comes_from(("entry", name), value)}
        offset = self.unknowns.frame_offset(value)
        if offset is not None:
            named = {one for one in self.locals if one.holds(offset, address)}
            found |= named or {nameless(offset)}
        return found

    def _accesses(self, this: Instruction, operand: MemoryOperand, state: State) -> list[tuple[Kind, int]]:
        address = state.machine.address(operand)
        if operand.segment == "fs" or self._private(address, this, state):
            return []
        size = _repeated(this, operand, state.machine)
        kinds: list[Kind] = ["read"] if operand.reads else []
        if operand.writes:
            kinds.append("write")
        blind: list[tuple[Kind, int]] = []
        for kind in kinds:
            span = covering(state.spans, kind, address, size)
            if span is None:
                blind.append((kind, operand.size))
            else:
                state.used.add(span)
                if span.vtable:
                    state.machine.constant_loads.add(this.address)
        return blind

    def _private(self, address: Value, this: Instruction, state: State) -> bool:
        kind = self.unknowns.points_to(address)
        if kind is Memory.STACK and state.escapes.escaped:
            return not self._things(address, this.address) & state.escapes.escaped
        return kind is not Memory.ANY


def _repeated(this: Instruction, operand: MemoryOperand, machine: Machine) -> int:
    """The bytes an instruction accesses by one operand; `rep` multiplies them by rcx."""
    if not this.mnemonic.startswith("rep"):
        return operand.size
    count = machine.registers["rcx"]
    return UNBOUNDED if count.terms else operand.size * count.constant


def _announced(name: str, machine: Machine) -> list[Span]:
    """What a hook's call announces: its name says kind and size, rdi the address, rsi the size of a range."""
    address = machine.registers["rdi"]
    low = _signed(address.constant)
    if match := _HOOK.fullmatch(name):
        size = int(match[2]) if match[2].isdigit() else _constant(machine.registers["rsi"])
        kinds: list[Kind] = ["read"] if match[1] == "read" else ["write"] if match[1] == "write" else ["read", "write"]
        return [Span(kind, address.terms, low, low + size) for kind in kinds]
    if match := _VTABLE.fullmatch(name):
        return [Span("read" if match[1] == "read" else "write", address.terms, low, low + 8, vtable=True)]
    if match := _ATOMIC.fullmatch(name):  # clang leaves a dead plain load behind the call that did the work
        return [Span("read", address.terms, low, low + int(match[1]) // 8)]
    return []


def _constant(value: Value) -> int:
    return UNBOUNDED if value.terms else value.constant


def covering(spans: set[Span], kind: Kind, address: Value, size: int) -> Span | None:
    """The announcement that an access falls under, None when nobody announced it.

    An access of unknown length falls under an announcement that begins at its address.
    """
    low = _signed(address.constant)
    candidates = [span for span in spans if span.terms == address.terms and span.low <= low < span.high]
    for span in candidates:
        widened = kind == "read" and size == 4 and low == span.low and span.high - low < 4
        whole = size == UNBOUNDED and low == span.low
        if span.kind == kind and (low + size <= span.high or widened or whole):
            return span
    updates = (span for span in candidates if kind == "read" and span.kind == "write" and low + size <= span.high)
    return next(updates, None)


def _signed(value: int) -> int:
    value &= MASK
    return value - (1 << 64) if value >> 63 else value
