"""What each instruction does to registers and to the stack slots that hold spilled registers, in symbolic values.

Frame pointer and stack pointer are followed exactly; callee-saved registers survive calls; whatever is not understood
becomes an unknown of its own. Other memory is not modelled: a load gives an unknown that belongs to its instruction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from p4verify.targets.machine.machine_code import Instruction, Operand, Register
from p4verify.targets.machine.machine_code import Memory as MemoryOperand
from p4verify.targets.machine.values import MASK, STACK, Memory, Unknowns, Value

FLAGS = "rflags"
REGISTERS = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", *(f"r{number}" for number in range(8, 16)), FLAGS)
CALLER_SAVED = ("rax", "rcx", "rdx", "rsi", "rdi", *(f"r{number}" for number in range(8, 12)), FLAGS)

_PURE = frozenset({"and", "or", "xor", "shr", "sar", "neg", "not", "imul", "bswap"})
_EXTENDING = frozenset({"movsx", "movsxd"})


class Slot(NamedTuple):
    """What lies in a stack slot: `size` bytes of `value`."""

    size: int
    value: Value


@dataclass(slots=True)
class Machine:
    """The state before an instruction: a value for each general register, and stack slots by offset from rsp at entry.

    `escaped` are the offsets whose address was taken somewhere in the function: a call may change what lies there.
    `constant_loads` are instructions whose result points to memory that nobody writes, as those that load a vtable.
    """

    unknowns: Unknowns
    registers: dict[str, Value]
    slots: dict[int, Slot] = field(default_factory=dict)
    escaped: set[int] = field(default_factory=set)
    constant_loads: set[int] = field(default_factory=set)

    @classmethod
    def at_entry(cls, unknowns: Unknowns) -> Machine:
        """The state at the entry of a function: every register is unknown, and rsp is a stack pointer."""
        registers = {name: unknowns.of(("entry", name)) for name in REGISTERS}
        registers["rsp"] = unknowns.of(STACK, Memory.STACK)
        return cls(unknowns, registers)

    def copy(self) -> Machine:
        """An independent copy, but for what belongs to the whole function."""
        return Machine(self.unknowns, dict(self.registers), dict(self.slots), self.escaped, self.constant_loads)

    def address(self, operand: MemoryOperand) -> Value:
        """The address a memory operand names."""
        value = Value(operand.displacement & MASK)
        if operand.segment in ("fs", "gs"):
            value = value.plus(self.unknowns.of(operand.segment))
        if operand.base:
            value = value.plus(self._whole(operand.base))
        if operand.scaled:
            value = value.plus(self._whole(operand.scaled).times(operand.scale))
        return value

    def step(self, this: Instruction) -> None:
        """Changes the state as the instruction does; of a call only what every callee may change."""
        root = this.mnemonic.split()[-1]
        if this.flow == "call":
            for name in CALLER_SAVED:
                self.registers[name] = self._made(this, name)
        elif root in ("push", "pop", "leave"):
            self._stack(root, this)
        else:
            flags = self._flags(root, this)
            value = self._result(root, this)
            if value is None:
                self._unknown_results(root, this)
            else:
                self._write(this, this.operands[0], value)
            self.registers[FLAGS] = flags

    def _flags(self, root: str, this: Instruction) -> Value:
        """The flags afterwards: the same comparison of the same values sets the same ones."""
        if FLAGS not in this.written:
            return self.registers[FLAGS]
        return self.unknowns.of(("flags", root, *(self._read(this, operand) for operand in this.operands)))

    def forget_escaped(self) -> None:
        """After a call of code that may write through pointers into this frame."""
        for offset in self.escaped:
            self.slots.pop(offset, None)

    # ---- operands ----

    def _whole(self, name: str) -> Value:
        return self.registers.get(name) or self.unknowns.of(("register", name))

    def _read(self, this: Instruction, operand: Operand) -> Value:
        if isinstance(operand, int):
            return Value(operand & MASK)
        if isinstance(operand, Register):
            return self._low(self._whole(operand.name), operand.size)
        return self._load(this, operand)

    def _load(self, this: Instruction, operand: MemoryOperand) -> Value:
        address = self.address(operand)
        offset = self._stack_offset(address)
        if offset is not None:
            slot = self.slots.get(offset)
            if slot is None or slot.size != operand.size:
                slot = self.slots[offset] = Slot(operand.size, self.unknowns.of(("load", this.address)))
            return slot.value
        if operand.segment == "fs" and address.constant == 0:  # [fs:0] holds the thread's own base address
            return self.unknowns.of("fs")
        if self.unknowns.points_to(address) is Memory.READ_ONLY:
            return self.unknowns.of(("constant", address, operand.size))
        pointing = Memory.READ_ONLY if this.address in self.constant_loads else Memory.ANY
        return self.unknowns.of(("load", this.address), pointing)

    def _low(self, value: Value, size: int) -> Value:
        """The low bytes of a value, the rest 0."""
        if size >= 8:
            return value
        if not value.terms:
            return Value(value.constant & ((1 << 8 * size) - 1))
        return self.unknowns.of(("low", size, value))

    def _stack_offset(self, address: Value) -> int | None:
        """The distance from the stack pointer at entry, None when the address is anything else."""
        return self.unknowns.frame_offset(address) if len(address.terms) == 1 else None

    def _write(self, this: Instruction, operand: Operand, value: Value) -> None:
        if isinstance(operand, MemoryOperand):
            self._store(self.address(operand), operand.size, value)
        elif isinstance(operand, Register) and operand.name in self.registers:
            # Writing 32 bits clears the upper half; writing fewer leaves the rest, a mixture that is not followed.
            self.registers[operand.name] = (
                self._low(value, operand.size) if operand.size >= 4 else self._made(this, operand.name)
            )

    def _store(self, address: Value, size: int, value: Value) -> None:
        offset = self._stack_offset(address)
        if offset is None:
            return
        stale = [start for start, old in self.slots.items() if start < offset + size and offset < start + old.size]
        for start in stale:
            del self.slots[start]
        self.slots[offset] = Slot(size, value)

    def _made(self, this: Instruction, name: str, memory: Memory = Memory.ANY) -> Value:
        return self.unknowns.of(("made", this.address, name), memory)

    # ---- instructions ----

    def _result(self, root: str, this: Instruction) -> Value | None:
        """What an understood instruction leaves in its first operand; None for all others."""
        match root, this.operands:
            case "mov" | "movabs" | "movzx", (_, source):
                return self._read(this, source)
            case "lea", (_, MemoryOperand() as source):
                return self._taken(self.address(source))
            case "add", (to, source):
                return self._read(this, to).plus(self._read(this, source))
            case "sub", (to, source):
                return self._read(this, to).plus(self._read(this, source).times(MASK))
            case "inc" | "dec", (to,):
                return self._read(this, to).plus(Value(1 if root == "inc" else MASK))
            case "xor", (to, source) if to == source:
                return Value(0)
            case "shl", (to, int(count)):
                return self._read(this, to).times(1 << (count & 63))
            case "imul", (_, source, int(factor)):
                return self._read(this, source).times(factor)
            case _, (_, source) if root in _EXTENDING and not isinstance(source, int):
                return self.unknowns.of(("signed", source.size, self._read(this, source)))
        return None

    def _taken(self, address: Value) -> Value:
        offset = self._stack_offset(address)
        if offset is not None:
            self.escaped.add(offset)
        return address

    def _stack(self, root: str, this: Instruction) -> None:
        if root == "push":
            value = self._read(this, this.operands[0])
            self.registers["rsp"] = self.registers["rsp"].plus(Value(MASK - 7))
            self._store(self.registers["rsp"], 8, value)
            return
        if root == "leave":
            self.registers["rsp"] = self.registers["rbp"]
        top = MemoryOperand("rsp", "", 1, 0, "", 8, reads=True, writes=False)
        value = self._load(this, top)
        self.registers["rsp"] = self.registers["rsp"].plus(Value(8))
        self._write(this, Register("rbp", 8) if root == "leave" else this.operands[0], value)

    def _unknown_results(self, root: str, this: Instruction) -> None:
        """Value numbering of what is not understood: the same operation on the same inputs gives the same result."""
        reads = [self._read(this, operand) for operand in this.operands]
        conditional = root.startswith("cmov")
        pure = root in _PURE or conditional
        if conditional:
            reads.append(self.registers[FLAGS])
        chosen = reads[:2] if conditional else reads[:1] if pure else []
        memory = self.unknowns.common(chosen) if chosen else Memory.ANY
        if this.operands and isinstance(this.operands[0], MemoryOperand) and this.operands[0].writes:
            self._write(this, this.operands[0], self._made(this, "stored"))
        for name in this.written:
            if name in self.registers:
                key = (root, *reads) if pure else ("made", this.address, name)
                self.registers[name] = self.unknowns.of(key, memory)


@dataclass(slots=True)
class Junction:
    """Where blocks meet: what all predecessors agree on stays, the rest becomes an unknown of this place.

    What once was found to differ stays so, which makes the iteration over loops end.
    """

    start: int
    differing: set[object] = field(default_factory=set)

    def merge(self, states: Sequence[Machine]) -> Machine:
        """The state in which the block begins."""
        first = states[0]
        registers = {name: self._meet(first, name, [state.registers[name] for state in states]) for name in REGISTERS}
        slots = {}
        for offset, slot in first.slots.items():
            others = [state.slots.get(offset) for state in states]
            same = [other for other in others if other is not None and other.size == slot.size]
            if len(same) == len(states):
                slots[offset] = Slot(slot.size, self._meet(first, offset, [other.value for other in same]))
        return Machine(first.unknowns, registers, slots, first.escaped, first.constant_loads)

    def _meet(self, state: Machine, name: object, values: Iterable[Value]) -> Value:
        distinct = set(values)
        if len(distinct) == 1 and name not in self.differing:
            return distinct.pop()
        self.differing.add(name)
        return state.unknowns.of(("junction", self.start, name), state.unknowns.common(distinct))
