"""Data races, one invariant per component (np.race-free, re.race-free, tm.race-free, tc.race-free, bus.race-free) and
sys.race-free for the code that belongs to none of them: a firmware's other components, its main, its adapters.

The races come with the execution; where they were not looked for, nothing is exercised. A race belongs to the
components in whose files the two accesses are, not to where the variable is defined. The bus copies what it is handed:
when it reads what another component changes meanwhile, that is the other's race alone. A race of a component with code
that is none's is the component's. What p4verify's own runtime does by itself is nobody's.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import PurePath

from p4verify.verify.execution import Access, Execution, Race
from p4verify.verify.verdict import HELD, NOT_EXERCISED, Check, Invariant, Judgement, Setting, violated

BUS = "bus"
ELSEWHERE = "sys.race-free"
RUNTIME = "p4verify/c/"
"""What the debug information calls the folder of the agent, the shim and the scheduler."""
COMPONENTS = {
    "network": "np",
    "network_publisher": "np",
    "remote_event_adapter": "re",
    "telemetry_model": "tm",
    "tinybms_client": "tc",
    "tinybms_model": "tc",
    "event_bus": BUS,
}
"""The prefix of a component's invariants, by the name of its folder or file."""
_KNOWN_BY = {
    "np": ("The publisher", "http.request"),
    "re": ("The gateway's adapter", "re.telemetry"),
    "tm": ("The telemetry model", "tm.read"),
    "tc": ("The TinyBMS client", "tc.read"),
    BUS: ("The event bus", "bus.published"),
}
"""What each is called, and what a firmware with it offers or shows."""


def component_of(file: str) -> str | None:
    """Whose file this is, None when it is none of the components'. The innermost folder that is named decides."""
    parts = PurePath(file.replace("\\", "/")).parts
    owners = [COMPONENTS[name] for part in reversed(parts) if (name := PurePath(part).stem) in COMPONENTS]
    return owners[0] if owners else None


def owners(race: Race) -> frozenset[str]:
    """The components that a race belongs to."""
    found = {owner for access in (race.first, race.second) if (owner := component_of(access.file)) is not None}
    return frozenset(found - {BUS} if len(found) > 1 else found)


def is_elsewhere(race: Race, components: AbstractSet[str]) -> bool:
    """Whether a race belongs to none of these components, and at least one of its accesses to the firmware's code."""
    files = (race.first.file, race.second.file)
    return not owners(race) & components and any(file and not file.startswith(RUNTIME) for file in files)


def race_free(prefix: str) -> Check:
    """The check that no race belongs to this component."""
    return _free_of(lambda race: prefix in owners(race))


def race_free_elsewhere(components: AbstractSet[str]) -> Check:
    """The check that no race belongs to code outside these components."""
    return _free_of(lambda race: is_elsewhere(race, components))


def fitted(invariant: Invariant, offered: AbstractSet[str]) -> Invariant:
    """The invariant for a firmware that offers these names: a file may be called like a component that is not there."""
    if invariant.id != ELSEWHERE:
        return invariant
    return replace(invariant, check=race_free_elsewhere({p for p, (_, shown) in _KNOWN_BY.items() if shown in offered}))


def _free_of(meant: Callable[[Race], bool]) -> Check:
    def check(execution: Execution, setting: Setting) -> Judgement:
        if execution.races is None or not any(task.invocations for task in setting.program.tasks):
            return NOT_EXERCISED
        race = next(filter(meant, execution.races), None)
        if race is None:
            return HELD
        return violated(sentence(race), execution.history.end)

    return check


def sentence(race: Race) -> str:
    """Who races for what, and where."""
    tasks = f"tasks {race.first.task} and {race.second.task}"
    return f"{tasks} race for {race.variable}: {_words(race.first)}, and {_words(race.second)}"


def _words(access: Access) -> str:
    kind = ("atomic " if access.atomic else "") + ("write" if access.write else "read")
    held = f" holding {', '.join(access.locks)}" if access.locks else " without a lock"
    function = f" ({access.function})" if access.function else ""
    return f"a {kind} at {access.place}{function}{held}"


RACE_FREE = (
    *(
        Invariant(
            f"{prefix}.race-free",
            f"{name} shares no data without order",
            race_free(prefix),
            frozenset({shown}),
            frozenset({"model", "sim"}),
        )
        for prefix, (name, shown) in _KNOWN_BY.items()
    ),
    Invariant(
        ELSEWHERE,
        "Code that belongs to none of the known components shares no data without order",
        race_free_elsewhere(_KNOWN_BY.keys()),
        targets=frozenset({"sim"}),
    ),
)
