"""All families of programs: which there are for a firmware, and which bear on which invariants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from p4verify.stateful.bms_families import bms_families
from p4verify.stateful.gateway_families import gateway_families
from p4verify.stateful.own_operations import FAMILIAR, own_operations
from p4verify.stateful.strategies import (
    BATTERY,
    PACK,
    Programs,
    arrivals,
    backlog_programs,
    bursts,
    cell_updates,
    failing_posts,
    flag_keepers,
    mode_storms,
    overflows,
    publisher_programs,
    reconnects,
    resets,
    system_programs,
    telemetry_programs,
)
from p4verify.targets.target import ControlledTarget
from p4verify.verify.program import Program, Value

FOCUS: Mapping[str, tuple[str, ...]] = {
    "np.": ("reconnects", "batteries", "packs", "publisher", "failures", "backlog", "overflows", "system"),
    "tm.": ("modes", "cells", "resets", "telemetry", "flags", "system"),
    "bus.": ("bursts", "publisher", "backlog", "system", "telemetry"),
    "re.": ("frames", "cuts", "crossing", "flash", "broken", "configs", "steady", "hostile"),
    "tc.": ("conversations", "late", "halves", "silence", "writes", "floods", "polling", "queued"),
}
"""The families that bear on a component's invariants, by the prefix of their ids; the system's need all."""


def focused(families: Mapping[str, Programs], ids: Iterable[str]) -> Mapping[str, Programs]:
    """Those families that bear on these invariants; all of them where a firmware has none of those."""
    prefixes = {f"{id_.partition('.')[0]}." for id_ in ids}
    if not prefixes <= FOCUS.keys():
        return families
    wanted = dict.fromkeys(name for prefix in sorted(prefixes) for name in FOCUS[prefix])
    return {name: families[name] for name in wanted if name in families} or families


def offered(program: Program, operations: frozenset[str]) -> Program:
    """The program without the operations that a firmware does not have; tasks that have nothing left are dropped."""
    tasks = (
        replace(task, invocations=tuple(call for call in task.invocations if call.operation in operations))
        for task in program.tasks
    )
    final = tuple(call for call in program.final if call.operation in operations)
    return replace(program, tasks=tuple(task for task in tasks if task.invocations), final=final)


def families(config: Mapping[str, Value], operations: frozenset[str]) -> Mapping[str, Programs]:
    """The families for a firmware with these CONFIG values and operations; first those that are short and pointed."""
    period = int(config.get("CONFIG_NETWORK_TELEMETRY_PERIOD_MS", 5000))
    capacity = int(config.get("CONFIG_NETWORK_TELEMETRY_BUFFER_DEPTH", 32))
    made: Mapping[str, Programs] = {
        "reconnects": reconnects(period),
        "batteries": arrivals(BATTERY, period),
        "packs": arrivals(PACK, period),
        "cells": cell_updates(),
        "modes": mode_storms(),
        "publisher": publisher_programs(period),
        "failures": failing_posts(period),
        "backlog": backlog_programs(period, capacity),
        "overflows": overflows(period, capacity),
        "resets": resets(),
        "telemetry": telemetry_programs(),
        "flags": flag_keepers(),
        **(gateway_families(config) if "re.telemetry" in operations else {}),
        **(bms_families(config) if "tc.read" in operations else {}),
        "system": system_programs(period),
        "bursts": bursts(),
    }
    return {name: programs.map(lambda p: offered(p, operations)) for name, programs in made.items()}


def families_of(target: ControlledTarget, config: Mapping[str, Value]) -> Mapping[str, Programs]:
    """The program families that call something in this firmware."""
    operations = target.description.operations
    names = frozenset(kind.name for kind in operations)
    own = own_operations(operations)
    familiar = families(config, names) if names & FAMILIAR else {}
    return {**familiar, **({"own": own} if own is not None else {})}
