"""The program's answers to what the doubles ask: one value a request from each stream, until it has run out.

It lives through the boots of an execution.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping


class Environment:
    """Where each stream has got to."""

    def __init__(self, streams: Mapping[str, tuple[int, ...]]) -> None:
        self._streams: dict[str, Iterator[int]] = {name: iter(values) for name, values in streams.items()}

    def next(self, stream: str, otherwise: int) -> int:
        """The next value; `otherwise` from a stream that has run out or that there is not."""
        return next(self._streams.get(stream, iter(())), otherwise)

    def __contains__(self, stream: str) -> bool:
        return stream in self._streams
