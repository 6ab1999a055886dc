"""Who goes on at a choice point: the strategies of the simulator (c/sim/strategy_*.c), in Python.

Random walk; PCT (Burckhardt, Kothari, Musuvathi, Nagarakatte, ASPLOS 2010); few deviations (Emmi, Qadeer, Rakamaric,
POPL 2011); a given schedule; and segments. Each is determined by an exploration and an ordinal. Unlike there, a
record's copy counts as many steps for PCT as it has words.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from p4verify.targets.model.kernel import Chooser, Kernel
from p4verify.targets.target import Exploration, Segments
from p4verify.verify.schedule import TICK

STRATEGIES = ("random", "pct", "delay")
NEEDS_LENGTH = ("pct", "delay")
"""They place their changes among the choice points of a typical execution."""


class Walk:
    """A uniform random walk; with a tick budget, one choice in 16 is the tick."""

    def __init__(self, random: Random) -> None:
        self._random = random.random

    def choose(self, kernel: Kernel) -> int:
        if kernel.ticks_left and self._random() < 1 / 16:
            return TICK
        return int(self._random() * len(kernel.enabled))


class Pct:
    """The task of the highest drawn rank runs; at `depth - 1` drawn steps the running one falls below all others."""

    def __init__(self, random: Random, depth: int, length: int) -> None:
        self._random = random
        self._ranks: dict[int, float] = {}
        self._changes = sorted((random.randrange(max(length, 1)) for _ in range(depth - 1)), reverse=True)
        self._steps, self._lowest = 0, 0

    def choose(self, kernel: Kernel) -> int:
        if self._changes and self._steps >= self._changes[-1]:
            self._changes.pop()
            self._lowest -= 1
            self._ranks[kernel.current.number] = self._lowest
            if kernel.ticks_left and self._random.random() < 1 / 4:
                return TICK
        self._steps += 1
        return self._best(kernel)

    def _best(self, kernel: Kernel) -> int:
        """Once round the ring from whoever runs."""
        first, count = kernel.position, len(kernel.enabled)
        ring = [self._rank(kernel.enabled[(first + offset) % count].number) for offset in range(count)]
        return ring.index(max(ring)) if ring else 0

    def _rank(self, task: int) -> float:
        rank = self._ranks.get(task)
        if rank is None:
            rank = self._ranks[task] = 1 + self._random.random()
        return rank


class Delay:
    """The running task goes on, but for `depth` drawn choice points at which another one is taken."""

    def __init__(self, random: Random, depth: int, length: int) -> None:
        self._random = random
        self._deviations = {random.randrange(length + length // 8 + 1) for _ in range(depth)}

    def choose(self, kernel: Kernel) -> int:
        if kernel.choice_points - 1 not in self._deviations:
            return 0
        if kernel.ticks_left and self._random.random() < 1 / 4:
            return TICK
        others = len(kernel.enabled) - 1
        return 1 + int(self._random.random() * others) if others > 0 else 0


class Explicit:
    """The choices of a schedule, and 0 everywhere else."""

    def __init__(self, choices: Iterable[tuple[int, int]]) -> None:
        self._choices = dict(choices)

    def choose(self, kernel: Kernel) -> int:
        choice = self._choices.get(kernel.choice_points - 1, 0)
        return choice if choice == TICK or not choice else choice % max(len(kernel.enabled), 1)


class Following:
    """Segments, each so many choice points of one task; one whose task cannot go on is left early."""

    def __init__(self, segments: Segments) -> None:
        self._left = [list(segment) for segment in reversed(segments)]

    def choose(self, kernel: Kernel) -> int:
        while self._left:
            segment = self._left[-1]
            if segment[0] > 0:
                segment[0] -= 1
                if segment[1] == TICK:
                    return TICK
                offset = _offset_of(kernel, segment[1])
                if offset is not None:
                    return offset
            self._left.pop()
        return 0


def _offset_of(kernel: Kernel, task: int) -> int | None:
    numbers = [one.number for one in kernel.enabled]
    return (numbers.index(task) - kernel.position) % len(numbers) if task in numbers else None


class Logging:
    """Notes what another chooser chooses: the schedule and the segments that lead there again."""

    def __init__(self, chooser: Chooser) -> None:
        self._chooser = chooser
        self.choices: list[tuple[int, int]] = []
        self._segments: list[list[int]] = []

    def choose(self, kernel: Kernel) -> int:
        choice = self._chooser.choose(kernel)
        if choice == TICK and not (kernel.ticks_left and kernel.somebody_sleeps):
            choice = 0
        if choice:
            self.choices.append((kernel.choice_points - 1, choice))
        self._note(TICK if choice == TICK else self._chosen(kernel, choice))
        return choice

    @staticmethod
    def _chosen(kernel: Kernel, choice: int) -> int:
        return kernel.enabled[(kernel.position + choice) % len(kernel.enabled)].number

    def _note(self, task: int) -> None:
        if self._segments and self._segments[-1][1] == task:
            self._segments[-1][0] += 1
        else:
            self._segments.append([1, task])

    @property
    def segments(self) -> Segments:
        """Who went on for how many choice points."""
        return tuple((count, task) for count, task in self._segments)


def chooser_of(exploration: Exploration, ordinal: int, length: int) -> Chooser:
    """The strategy of one execution of an exploration; ValueError for one that there is not."""
    random = Random(exploration.seed << 32 | ordinal)
    if exploration.strategy == "random":
        return Walk(random)
    if exploration.strategy == "pct":
        return Pct(random, exploration.depth, length)
    if exploration.strategy == "delay":
        return Delay(random, exploration.depth, length)
    raise ValueError(f"no strategy of the model is called {exploration.strategy!r}; there are {', '.join(STRATEGIES)}")
