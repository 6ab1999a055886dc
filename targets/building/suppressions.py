"""Races that the manifest declares to be none, or harmless, each with its reason.

A suppression hides findings, so it must name what it hides; the run says how often it did.
"""

from __future__ import annotations

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
