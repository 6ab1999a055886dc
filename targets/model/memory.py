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


class _Steps(dict[str, Step]):
    """The steps of one kind by field, each made when it is first taken: most of a record never is."""

    def __init__(self, kind: Kind, name: str, words: dict[str, Any]) -> None:
        super().__init__()
        self._kind, self._name, self._words = kind, name, words

    def __missing__(self, field: str) -> Step:
        step = self[field] = Step(self._kind, f"{self._name}.{field}", (field,), self._words)
        return step


class Memory:
    """Named values and records, such as a component's `s_state`."""

    def __init__(self, name: str, **values: Any) -> None:
        self.name = name
        self.words: dict[str, Any] = values
        self._reads, self._writes = (_Steps(kind, name, self.words) for kind in (Kind.READ, Kind.WRITE))
        self._layouts: dict[str, Layout] = {}
        self._records: dict[str, tuple[_Word, ...]] = {}
        self._scan: Step | None = None

    def add_record(self, name: str, layout: Layout, zero: Mapping[str, Any]) -> None:
        """A record within: its fields are values called `name.field`."""
        self.words.update({f"{name}.{field}": value for field, value in zero.items()})
        self._layouts[name] = layout

    def _record(self, name: str) -> tuple[_Word, ...]:
        """Its words."""
        words = self._records.get(name)
        if words is None:
            words = self._records[name] = tuple(self._word(name, word) for word in self._layouts[name])
        return words

    def _word(self, record: str, word: str) -> _Word:
        fields = tuple((f"{record}.{field}", field) for field in word.split("+"))
        places = tuple(place for place, _ in fields)
        if len(places) == 1:
            return _Word(self._reads[places[0]], self._writes[places[0]], fields)
        name = f"{self.name}.{places[0]}"
        read, write = (Step(kind, name, places, self.words) for kind in (Kind.READ, Kind.WRITE))
        return _Word(read, write, fields)

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
        for word in self._record(name):
            yield word.read
            for place, field in word.fields:
                record[field] = self.words[place]
        return record

    def store(self, name: str, record: Mapping[str, Any]) -> Steps[None]:
        """Copies a record into memory."""
        for word in self._record(name):
            yield word.write
            for place, field in word.fields:
                self.words[place] = record[field]

    def seen(self, name: str) -> Record:
        """What a probe sees of a record: all of it in one moment. No code of the firmware may call it."""
        return {field: self.words[place] for word in self._record(name) for place, field in word.fields}
