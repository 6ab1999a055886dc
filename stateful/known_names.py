"""Whether what an adapter calls by a name that p4verify knows is what p4verify knows under that name.

Invariants read certain observers and results by the names of their fields, and families call certain operations with
certain arguments. What these are is said in one place, the declarations of the model, which a test compares with those
of the bundled C adapters. It asks for the fewest that a bundled firmware has: for any beyond, invariants have needs of
their own. It refuses to guess which of two meanings an adapter's author had in mind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from p4verify.stateful.own_operations import FAMILIAR
from p4verify.targets.model.device import VARIANTS
from p4verify.targets.protocol.description import Description, OperationKind
from p4verify.targets.protocol.signature import Signature
from p4verify.targets.target import AdapterError
from p4verify.verify.criteria import INVARIANTS
from p4verify.verify.timeline import INDEXED

FEWEST = "as_found"


def require_known_fields(description: Description) -> None:
    """AdapterError that names each operation and observer which has a known name and lacks what is known of it."""
    problems = [*_observers(description), *_operations(description)]
    if problems:
        raise AdapterError("\n".join([*problems, "rename what is meant otherwise, or declare these fields"]))


@cache
def _known() -> Description:
    return VARIANTS[FEWEST].catalogue.description(FEWEST, "")


@cache
def _read() -> frozenset[str]:
    """The operations and observers that invariants look at."""
    return INDEXED.union(*(invariant.needs for invariant in INVARIANTS.values()))


def _observers(description: Description) -> Iterator[str]:
    known = {kind.name: kind.fields for kind in _known().observers if kind.name in _read()}
    for kind in description.observers:
        if kind.name in known and _lacks(kind.fields, known[kind.name]):
            yield _told(f"the observer {kind.name} has the fields", kind.fields, "invariants read", known[kind.name])


def _operations(description: Description) -> Iterator[str]:
    known: Mapping[str, OperationKind] = {kind.name: kind for kind in _known().operations if kind.name in FAMILIAR}
    for kind in description.operations:
        if kind.name not in known:
            continue
        arguments, results = known[kind.name].arguments, known[kind.name].results
        if [_sort(type_) for type_ in kind.arguments.types] != [_sort(type_) for type_ in arguments.types]:
            yield _told(f"the operation {kind.name} takes", kind.arguments, "programs call it with", arguments)
        if kind.name in _read() and _lacks(kind.results, results):
            yield _told(f"the operation {kind.name} gives", kind.results, "invariants read", results)


def _lacks(declared: Signature, known: Signature) -> bool:
    """Whether a known field is not declared, or is of another sort."""
    sorts = dict(zip(declared.names, map(_sort, declared.types), strict=True))
    return any(sorts.get(name) != _sort(type_) for name, type_ in zip(known.names, known.types, strict=True))


def _sort(type_: str) -> str:
    """Numbers of whatever width read alike."""
    return type_ if type_ in {"str", "bytes"} else "number"


def _told(what: str, declared: Signature, who: str, known: Signature) -> str:
    return f"{what} ({declared.text}), but under that name p4verify's {who} ({known.text})"
