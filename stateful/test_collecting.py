from __future__ import annotations

import gc
import weakref

import pytest

from p4verify.stateful.collecting import OBJECTS, rarely_collecting


class Looped:
    """Refers to itself, so that only the search frees it."""

    def __init__(self) -> None:
        self.myself = self


def test_everything_is_as_before_afterwards_whatever_happened() -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    with pytest.raises(ValueError, match="boom"):
        _fail_within(before[1])
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


def _fail_within(frozen: int) -> None:
    with rarely_collecting():
        assert gc.get_threshold()[0] == OBJECTS
        assert gc.get_freeze_count() > frozen
        raise ValueError("boom")


def test_cycles_are_still_freed_in_time() -> None:
    with rarely_collecting():
        gone = weakref.ref(Looped())
        assert gone() is not None
        kept = [[] for _ in range(2 * OBJECTS)]  # type: ignore[var-annotated]
        assert gone() is None
        assert kept
