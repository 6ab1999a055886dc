"""What follows from the fields of one record alone is worked out once for all the histories that share the record.

Thousands of histories of one program are made of the same few records, and a decoder gives equal records the very same
fields. So they are known again by identity, which costs a tenth of looking at them. It refuses to remember errors, and
nobody may change what is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from p4verify.verify.program import Value

Record = Mapping[str, Value]
Derived = TypeVar("Derived")
MOST: Final = 1 << 14
"""Records that one function remembers; then it begins anew."""


def remembered(derive: Callable[[Record], Derived]) -> Callable[[Record], Derived]:
    """The same function of a record's fields, which is called once for each."""
    kept: dict[int, tuple[Derived, Record]] = {}

    def look_up(fields: Record) -> Derived:
        found = kept.get(id(fields))
        if found is None:
            if len(kept) >= MOST:
                kept.clear()
            # What is kept holds the fields, so that no others can have their identity meanwhile.
            kept[id(fields)] = found = (derive(fields), fields)
        return found[0]

    return look_up
