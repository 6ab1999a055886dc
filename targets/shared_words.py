"""What has been learnt about shared memory, by the names of variables: what survives a rebuild in which they moved.

Heap and stacks have no names; there the addresses themselves are kept, which a rebuild as a rule does not move. Where
several files have static variables of one name, all of them count: a word too many that is taken for shared only adds
choice points.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from p4verify.targets.machine.variables import Variables
from p4verify.targets.target import KINDS, LETTERS, MARKS, MOST_SHARED, RACY, Shared

_NAMED = re.compile(r"([^+~!]{1,200})\+([0-9]{1,9})([~!]?)")
_DYNAMIC = 0x4000_0000
"""Where heap and stacks begin (c/sim/engine.h); everything static lies below."""


def _address(entry: int) -> int:
    return (entry & ~RACY) // 2 * 4


def names_of(shared: Shared, variables: Variables) -> tuple[str, ...]:
    """The static words as `variable+offset` in bytes, a trailing "~" for words known to tear, "!" for racy ones."""
    names: dict[str, None] = {}
    for entry in shared.entries:
        held = variables.holder(_address(entry))
        if held is not None:
            names[f"{held[0]}+{held[1]}{LETTERS[entry & KINDS]}"] = None
    return tuple(names)


def words_of(names: Sequence[str], shared: Shared, variables: Variables) -> Shared:
    """The words of these names in another executable, and those of `shared` that lie in heap and stacks."""
    entries: dict[int, None] = {}
    for name in names:
        found = _NAMED.fullmatch(name)
        if found is None:
            raise ValueError(f"not a word of a variable: {name!r}")
        for address in variables.bytes_of(found[1], int(found[2])):
            entries[address // 4 << 1 | MARKS[found[3]]] = None
    entries.update(dict.fromkeys(entry for entry in shared.entries if _address(entry) >= _DYNAMIC))
    return Shared(tuple(entries)[:MOST_SHARED])
