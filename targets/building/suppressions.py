"""Races that the manifest declares to be none, or harmless, each with its reason.

A suppression hides findings, so it must name what it hides; the run says how often it did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from p4verify.verify.execution import Access, Race


@dataclass(frozen=True, slots=True)
class Suppression:
    """Shell patterns (`*`, `?`): the variable's name, and file and function of at least one of the two accesses."""

    reason: str
    variable: str = "*"
    file: str = "*"
    function: str = "*"

    def covers(self, race: Race) -> bool:
        """Whether this race is meant."""
        return fnmatchcase(race.variable, self.variable) and any(map(self._at, (race.first, race.second)))

    def _at(self, access: Access) -> bool:
        return fnmatchcase(access.file, self.file) and fnmatchcase(access.function, self.function)

    def __str__(self) -> str:
        said = (("variable", self.variable), ("file", self.file), ("function", self.function))
        return ", ".join(f"{key} {pattern}" for key, pattern in said if pattern != "*")


class Suppressor:
    """Hides what the first suppression that covers it hides, and remembers how many pairs of places that were."""

    def __init__(self, suppressions: Sequence[Suppression]) -> None:
        self._suppressions = suppressions
        self._hidden: dict[Suppression, set[tuple[str, str, str]]] = {}

    def left(self, races: tuple[Race, ...] | None) -> tuple[Race, ...] | None:
        """Those that are not hidden; None where races were not looked for."""
        if not races or not self._suppressions:
            return races
        return tuple(race for race in races if not self._hides(race))

    def _hides(self, race: Race) -> bool:
        covering = next((one for one in self._suppressions if one.covers(race)), None)
        if covering is not None:
            places = sorted((race.first.place, race.second.place))
            self._hidden.setdefault(covering, set()).add((race.variable, places[0], places[1]))
        return covering is not None

    def used(self) -> tuple[tuple[Suppression, int], ...]:
        """In the manifest's order, each suppression that hid something, and how many pairs of places."""
        return tuple((one, len(self._hidden[one])) for one in self._suppressions if one in self._hidden)
