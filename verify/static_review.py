"""What a review of source code found: places that reach shared state with and without its lock. Frozen, judges nothing.

A reviewer in `targets` makes it, `verify.invariants.static_review` judges it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of a source file, named relative to the tree; lines count from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, order=True)
class Unlocked:
    """Shared state that is reached without its lock.

    `does` is what happens there ("calls buffer_push", "writes s_state.count"), `context` who does it ("task net_pub"),
    `chain` the functions from the entry down to the place, `lock` what should be held ("" where nothing ever is).
    """

    place: Place
    does: str
    context: str
    chain: tuple[str, ...]
    lock: str = ""

    def __str__(self) -> str:
        known = self.chain and self.context.endswith(f" {self.chain[0]}")
        return f"{self.place}: {self.does} ({' > '.join(self.chain)}{'' if known else f'; {self.context}'})"


@dataclass(frozen=True, slots=True, order=True)
class Unclear:
    """A place whose effect on the locks cannot be told from the source, and why."""

    place: Place
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


@dataclass(frozen=True, slots=True, order=True)
class Guarded:
    """A shared variable, or one of its fields, with the lock that was inferred for it.

    `held` of `places` places hold the lock; `lock` is "" where none is ever held. `contexts` are who reaches it.
    """

    variable: str
    lock: str
    held: int
    places: int
    contexts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StaticReview:
    """The whole review of one component.

    `files` were read. `places` is how many distinct places of shared state and of the functions that must be called
    under the lock were judged; `exempt` how many were left out because no other task existed yet. `confined` names
    state that one task alone touches. `buffer_calls` of the places are calls of `buffer_*` functions.
    """

    component: str
    files: tuple[str, ...]
    guarded: tuple[Guarded, ...] = ()
    unlocked: tuple[Unlocked, ...] = ()
    unclear: tuple[Unclear, ...] = ()
    places: int = 0
    buffer_calls: int = 0
    exempt: int = 0
    confined: tuple[str, ...] = ()
    constant: tuple[str, ...] = ()
