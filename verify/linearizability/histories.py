"""Histories made up by running a specification: clients call it, it takes effect at some moment, they return.

What comes out is linearizable, because it happened. For tests and for measuring; it judges nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Generic

from p4verify.verify.history import Operation
from p4verify.verify.model import Executable, State
from p4verify.verify.program import Invocation, Value


@dataclass(slots=True)
class _Client:
    name: str
    calls: int = 0
    operation: Operation | None = None
    results: Mapping[str, Value] | None = None


class Simulation(Generic[State]):
    """`clients` that call `model` again and again, each with an operation under way all the time."""

    def __init__(
        self, model: Executable[State], clients: int, random: Random, draw: Callable[[Random], Invocation]
    ) -> None:
        self._model, self._random, self._draw = model, random, draw
        self._state = model.init()
        self._clients = [_Client(f"c{number}") for number in range(clients)]
        self._position = 0

    def run(self, operations: int) -> list[Operation]:
        """So many operations that returned, and with them what is still pending, whether it took effect or not."""
        done: list[Operation] = []
        for client in self._clients:
            self._call(client)
        while len(done) < operations:
            client = self._random.choice(self._clients)
            assert client.operation is not None
            if client.results is None:
                self._state, client.results = self._model.apply(self._state, client.operation.invocation)
                continue
            self._position += 1
            done.append(replace(client.operation, returned=self._position, returned_us=0, results=client.results))
            self._call(client)
        return done + [client.operation for client in self._clients if client.operation is not None]

    def _call(self, client: _Client) -> None:
        self._position += 1
        client.operation = Operation(client.name, client.calls, self._draw(self._random), self._position, 0)
        client.results = None
        client.calls += 1


Corrupt = Callable[[Operation, int], Mapping[str, Value]]
"""The results of an operation, falsified in one of many ways."""


class Decoded(Generic[State]):
    """A history that bytes spell, so that whoever draws bytes draws histories, small ones from few and small bytes.

    Each byte lets one of four clients go on: it calls, it takes effect, it returns. Every fifth return is at the same
    position as what came before it, and who has not returned at the end is pending.
    """

    def __init__(self, model: Executable[State], draw: Callable[[int], Invocation]) -> None:
        self._model, self._draw = model, draw

    def of(self, text: bytes, falsify: bytes, corrupt: Corrupt) -> list[Operation]:
        """The history of `text`. Each two bytes of `falsify` falsify one operation that returned."""
        state, position = self._model.init(), 0
        clients = [_Client(f"c{number}") for number in range(4)]
        history: list[Operation] = []
        for byte in text:
            client, choice = clients[byte & 3], byte >> 2
            position += choice % 5 > 0
            if client.operation is None:
                client.operation = Operation(client.name, client.calls, self._draw(choice), position, 0)
            elif client.results is None:
                state, client.results = self._model.apply(state, client.operation.invocation)
            else:
                history.append(replace(client.operation, returned=position, returned_us=0, results=client.results))
                client.operation, client.results, client.calls = None, None, client.calls + 1
        for where, how in zip(falsify[::2], falsify[1::2], strict=False):
            if history:
                index = where % len(history)
                history[index] = replace(history[index], results=corrupt(history[index], how))
        return history + [client.operation for client in clients if client.operation is not None]


class Writes:
    """Draws for a register: half of the calls write, the value of a counter modulo `values` (None: all different)."""

    def __init__(self, values: int | None = None) -> None:
        self.values, self.written = values, 0

    def __call__(self, random: Random) -> Invocation:
        if random.random() < 0.5:
            return Invocation("read")
        self.written += 1
        value = self.written if self.values is None else 1 + random.randrange(self.values)
        return Invocation("write", (value,))


def make_stale(history: list[Operation], random: Random, value: Value | None = None) -> list[Operation]:
    """Lets one read of the last tenth return `value`, or what was written first: where that was long before it, and
    not again, it has no place any more. The history must have reads that returned, and writes.
    """
    reads = [index for index, one in enumerate(history) if one.name == "read" and one.returned is not None]
    late = random.choice(reads[-max(1, len(reads) // 10) :])
    first = next(one for one in history if one.name == "write").invocation.arguments[0]
    stale = list(history)
    stale[late] = replace(stale[late], results={"value": first if value is None else value})
    return stale
