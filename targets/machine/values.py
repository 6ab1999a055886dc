"""Symbolic values of registers: sums of unknowns and a constant, so that two ways to compute one address compare equal.

A value is `constant + coefficient * unknown + ...` modulo 2^64. Unknowns are numbers; each stands for what is known of
how it came about, so that the same computation of the same inputs is the same unknown. This is value numbering, not
execution: it never asks what a value is, only whether two are the same, and whether it points into the stack or into
read-only data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

MASK = (1 << 64) - 1
STACK = "stack"
"""What the unknown that is the stack pointer at a function's entry stands for."""


class Memory(Enum):
    """What kind of memory an address lies in, as far as it matters to whoever asks."""

    ANY = "any"
    STACK = "stack"
    READ_ONLY = "read-only"


class Value(NamedTuple):
    """constant + sum of coefficient * unknown; `terms` is sorted by unknown, coefficients are not 0."""

    constant: int
    terms: tuple[tuple[int, int], ...] = ()

    def plus(self, other: Value) -> Value:
        """The sum."""
        if not other.terms:
            return Value((self.constant + other.constant) & MASK, self.terms)
        sums = dict(self.terms)
        for unknown, coefficient in other.terms:
            sums[unknown] = (sums.get(unknown, 0) + coefficient) & MASK
        terms = tuple(sorted((unknown, count) for unknown, count in sums.items() if count))
        return Value((self.constant + other.constant) & MASK, terms)

    def times(self, factor: int) -> Value:
        """The product with a constant."""
        products = ((unknown, coefficient * factor & MASK) for unknown, coefficient in self.terms)
        return Value(self.constant * factor & MASK, tuple(term for term in products if term[1]))


@dataclass(slots=True)
class Unknowns:
    """The unknowns of one function by what they stand for; `is_read_only` tells of a constant address."""

    is_read_only: Callable[[int], bool]
    numbers: dict[object, int] = field(default_factory=dict)
    memory: dict[int, Memory] = field(default_factory=dict)

    def of(self, key: object, memory: Memory = Memory.ANY) -> Value:
        """The unknown that stands for `key`, the same one each time; `memory` is where it points now."""
        number = self.numbers.setdefault(key, len(self.numbers))
        self.memory[number] = memory
        return Value(0, ((number, 1),))

    def number(self, key: object) -> int | None:
        """The number of the unknown that stands for `key`, if there is one."""
        return self.numbers.get(key)

    def comes_from(self, key: object, value: Value) -> bool:
        """Whether a value is the unknown that stands for `key`, plus whatever."""
        return (self.number(key), 1) in value.terms

    def frame_offset(self, value: Value) -> int | None:
        """How far from the stack pointer at entry an address lies, but for an index; None outside the frame."""
        if not self.comes_from(STACK, value):
            return None
        return value.constant - (1 << 64) if value.constant >> 63 else value.constant

    def points_to(self, value: Value) -> Memory:
        """Where an address lies: a stack pointer plus anything is stack, a read-only table plus an index read-only."""
        kinds = {self.memory[unknown] for unknown, _ in value.terms}
        if Memory.STACK in kinds:
            return Memory.STACK
        if Memory.READ_ONLY in kinds or self.is_read_only(value.constant):
            return Memory.READ_ONLY
        return Memory.ANY

    def common(self, values: Iterable[Value]) -> Memory:
        """Where all of these addresses lie."""
        kinds = {self.points_to(value) for value in values}
        return kinds.pop() if len(kinds) == 1 else Memory.ANY
