"""Memory that tasks share, word by word: every access is a step, and a record is copied one word after the other.

So a copy tears as it does on the 32-bit chip: whoever steps in between two words sees, or leaves, half a record.
What one task alone can see (its locals, a payload that a queue handed over) is plain Python and takes no steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from p4verify.targets.model.steps import Kind, Step, Steps

Record = dict[str, Any]
"""A record's fields by name."""
Layout = Sequence[str]
"""A record's words, in order; "a+b" is one word that holds two fields."""


@dataclass(frozen=True, slots=True)
class _Word:
    """One word of a record in memory: the steps that read and write it, and what lies in it."""

    read: Step
    write: Step
    fields: tuple[tuple[str, str], ...]
    """Name in the memory, name in the record."""


class Memory:
    """Named values and records, such as a component's `s_state`."""

    def __init__(self, name: str, **values: Any) -> None:
        self.name = name
        self.words: dict[str, Any] = {}
        self._reads: dict[str, Step] = {}
        self._writes: dict[str, Step] = {}
        self._records: dict[str, tuple[_Word, ...]] = {}
        self._scan: Step | None = None
        for field, value in values.items():
            self._add((field,))
            self.words[field] = value

    def _add(self, fields: tuple[str, ...]) -> tuple[Step, Step]:
        """The steps that touch a word."""
        name = f"{self.name}.{fields[0]}"
        read, write = Step(Kind.READ, name, fields, self.words), Step(Kind.WRITE, name, fields, self.words)
        for field in fields:
            self._reads[field] = Step(Kind.READ, f"{self.name}.{field}", (field,), self.words)
            self._writes[field] = Step(Kind.WRITE, f"{self.name}.{field}", (field,), self.words)
        return read, write

    def add_record(self, name: str, layout: Layout, zero: Mapping[str, Any]) -> None:
        """A record within: its fields are values called `name.field`."""
        self.words.update({f"{name}.{field}": value for field, value in zero.items()})
        words = []
        for word in layout:
            fields = tuple((f"{name}.{field}", field) for field in word.split("+"))
            read, write = self._add(tuple(place for place, _ in fields))
            words.append(_Word(read, write, fields))
        self._records[name] = tuple(words)

    # ---- one value ----

    def read(self, field: str) -> Steps[Any]:
        """The value of a field."""
        yield self._reads[field]
        return self.words[field]

    def write(self, field: str, value: Any) -> Steps[None]:
        """Sets a field."""
        yield self._writes[field]
        self.words[field] = value

    def add(self, field: str, more: int) -> Steps[None]:
        """`field += more` of an uint32_t: a read, then a write."""
        value = yield from self.read(field)
        yield from self.write(field, (value + more) & 0xFFFFFFFF)

    def scan(self) -> Steps[Mapping[str, Any]]:
        """All values, in one step: for a table that is looked through under its lock, where order is no matter."""
        if self._scan is None:
            self._scan = Step(Kind.READ, self.name, tuple(self.words), self.words)
        yield self._scan
        return self.words

    # ---- records ----

    def load(self, name: str) -> Steps[Record]:
        """A copy of a record, as it is while it is being copied."""
        record: Record = {}
        for word in self._records[name]:
            yield word.read
            for place, field in word.fields:
                record[field] = self.words[place]
        return record

    def store(self, name: str, record: Mapping[str, Any]) -> Steps[None]:
        """Copies a record into memory."""
        for word in self._records[name]:
            yield word.write
            for place, field in word.fields:
                self.words[place] = record[field]

    def seen(self, name: str) -> Record:
        """What a probe sees of a record: all of it in one moment. No code of the firmware may call it."""
        return {field: self.words[place] for word in self._records[name] for place, field in word.fields}
