"""What a verdict may not rest on: invariants of a component with accesses that the scheduler cannot see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath

from p4verify.stateful.opened import AnyBuild
from p4verify.targets.machine.audit import BlindSpot
from p4verify.verify.verdict import Invariant

PREFIXES: Mapping[str, str] = {
    "event_bus": "bus.",
    "network_publisher": "np.",
    "remote_event_adapter": "re.",
    "telemetry_model": "tm.",
    "tinybms_client": "tc.",
}
"""Whose invariants a source file's accesses bear on; those of the system as a whole bear on every file."""


def blind_invariants(build: AnyBuild, invariants: Sequence[Invariant]) -> Mapping[str, str]:
    """Invariant ids, each with the reason why `ok` would be more than is known."""
    return blinded(build.audit, [invariant.id for invariant in invariants])


def blinded(spots: Sequence[BlindSpot], ids: Sequence[str]) -> Mapping[str, str]:
    """The same for a list of blind spots."""
    reasons: dict[str, str] = {}
    for spot in spots:
        for id_ in ids:
            if _bears_on(spot, id_):
                reasons.setdefault(id_, f"not all accesses are seen: {spot}; clang from 18 on announces more")
    return reasons


def _bears_on(spot: BlindSpot, id_: str) -> bool:
    parts = {PurePath(part).stem for part in PurePath(spot.file).parts}
    prefixes = {prefix for name, prefix in PREFIXES.items() if name in parts}
    return id_.startswith("sys.") or not prefixes or any(id_.startswith(prefix) for prefix in prefixes)
