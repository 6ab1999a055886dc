"""x86-64 machine code as basic blocks of plain values, decoded by capstone. Knows nothing of hooks or of meaning.

It refuses to follow indirect jumps: a block that only such a jump can reach is a successor of every one of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import capstone
from capstone import x86

Flow = Literal["", "call", "jump", "branch", "indirect", "return"]


class Register(NamedTuple):
    """A register by its 64-bit name, and how many low bytes of it an instruction uses; `ah` counts as 1 byte."""

    name: str
    size: int


class Memory(NamedTuple):
    """A memory operand: base + scaled * scale + displacement; rip-relative ones have no base."""

    base: str
    scaled: str
    scale: int
    displacement: int
    segment: str
    size: int
    reads: bool
    writes: bool


Operand = Register | Memory | int


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction; `written` are all registers it changes, `target` where a direct call or jump goes."""

    address: int
    mnemonic: str
    operands: tuple[Operand, ...]
    written: tuple[str, ...]
    flow: Flow = ""
    target: int | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """Instructions that run one after the other, and the blocks that may follow."""

    instructions: tuple[Instruction, ...]
    successors: tuple[int, ...]

    @property
    def start(self) -> int:
        """The address of its first instruction."""
        return self.instructions[0].address


_LEGACY = {letter + "x": f"r{letter}x" for letter in "abcd"} | {name: f"r{name}" for name in ("si", "di", "bp", "sp")}
_MOVES = ("mov", "vmov", "pextr", "vpextr", "extractps", "stos")
_STORES = ("fst", "fist", "fnst", "stmxcsr", "set")
_NO_ACCESS = ("lea", "nop", "endbr", "prefetch", "ud2", "hint")


def blocks_of(code: bytes, start: int) -> dict[int, Block]:
    """The basic blocks of a function by address, in ascending order; empty when nothing can be decoded."""
    instructions = list(_decoded(code, start))
    leaders = _leaders(instructions, start, start + len(code))
    groups: list[list[Instruction]] = []
    for instruction in instructions:
        if instruction.address in leaders or not groups:
            groups.append([])
        groups[-1].append(instruction)
    starts = [group[0].address for group in groups]
    known = set(starts)
    plain = [
        Block(tuple(group), _successors(group[-1], following, known))
        for group, following in zip(groups, [*starts[1:], None], strict=True)
    ]
    return _with_indirect(plain, start)


def _with_indirect(plain: Sequence[Block], start: int) -> dict[int, Block]:
    reached = {start, *(successor for block in plain for successor in block.successors)}
    orphans = tuple(block.start for block in plain if block.start not in reached)
    return {
        block.start: replace(block, successors=orphans) if block.instructions[-1].flow == "indirect" else block
        for block in plain
    }


def _leaders(instructions: Sequence[Instruction], start: int, stop: int) -> set[int]:
    leaders = {start}
    for this, following in itertools.pairwise(instructions):
        if this.flow not in ("", "call"):
            leaders.add(following.address)
    targets = (i.target for i in instructions if i.flow in ("jump", "branch") and i.target is not None)
    return leaders | {target for target in targets if start <= target < stop}


def _successors(last: Instruction, following: int | None, known: set[int]) -> tuple[int, ...]:
    ways = [last.target] if last.flow in ("jump", "branch") else []
    if last.flow in ("", "call", "branch"):
        ways.append(following)
    return tuple(way for way in ways if way in known)


def _decoded(code: bytes, start: int) -> Iterator[Instruction]:
    engine = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    engine.detail = True
    for raw in engine.disasm(code, start):
        _, written = raw.regs_access()
        operands = tuple(_operand(raw, number, operand) for number, operand in enumerate(raw.operands))
        flow, target = _flow(raw)
        names = tuple({_register(raw.reg_name(number)).name for number in written})
        yield Instruction(raw.address, raw.mnemonic, operands, names, flow, target)


def _flow(raw: Any) -> tuple[Flow, int | None]:
    immediate = raw.operands[0].imm if raw.operands and raw.operands[0].type == x86.X86_OP_IMM else None
    if raw.group(capstone.CS_GRP_CALL):
        return "call", immediate
    if raw.group(capstone.CS_GRP_RET) or raw.mnemonic in ("ud2", "hlt"):
        return "return", None
    if raw.group(capstone.CS_GRP_JUMP):
        if immediate is None:
            return "indirect", None
        return ("jump" if raw.mnemonic == "jmp" else "branch"), immediate
    return "", None


def _operand(raw: Any, number: int, operand: Any) -> Operand:
    if operand.type == x86.X86_OP_REG:
        return _register(raw.reg_name(operand.reg))
    if operand.type == x86.X86_OP_IMM:
        return int(operand.imm)
    reads, writes = _direction(raw.mnemonic.split()[-1], number, operand.access)
    return _memory(raw, operand, reads=reads, writes=writes)


def _direction(mnemonic: str, number: int, access: int) -> tuple[bool, bool]:
    """Whether operand `number` is read and written. Of SSE and x87 stores capstone says that they read."""
    if mnemonic.startswith(_NO_ACCESS):
        return False, False
    if mnemonic.startswith(_MOVES):
        return number > 0, number == 0
    if mnemonic.startswith(_STORES):
        return False, True
    writes = bool(access & capstone.CS_AC_WRITE)
    return bool(access & capstone.CS_AC_READ) or not writes, writes


def _memory(raw: Any, operand: Any, *, reads: bool, writes: bool) -> Memory:
    memory = operand.mem
    base = raw.reg_name(memory.base) if memory.base else ""
    relative = base == "rip"
    return Memory(
        base="" if relative or not base else _register(base).name,
        scaled=_register(raw.reg_name(memory.index)).name if memory.index else "",
        scale=memory.scale,
        displacement=memory.disp + (raw.address + raw.size if relative else 0),
        segment=raw.reg_name(memory.segment) if memory.segment else "",
        size=operand.size,
        reads=reads,
        writes=writes,
    )


@lru_cache(maxsize=512)
def _register(name: str) -> Register:
    if name.endswith(("l", "h")) and len(name) == 2:  # al, ah
        return Register(f"r{name[0]}x", 1)
    if name.endswith("l") and name[:-1] in _LEGACY:  # sil
        return Register(_LEGACY[name[:-1]], 1)
    if name in _LEGACY:
        return Register(_LEGACY[name], 2)
    if name.startswith("e") and name[1:] in _LEGACY:
        return Register(_LEGACY[name[1:]], 4)
    if name[0] == "r" and name[1:2].isdigit():
        size = {"d": 4, "w": 2, "b": 1}.get(name[-1], 8)
        return Register(name.rstrip("dwb"), size)
    return Register(name, 8)
