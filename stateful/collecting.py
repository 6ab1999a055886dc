"""Python's search for cyclic garbage, made rare while histories are judged by the thousand.

A history and its indexes hold no cycles, so that they are freed without it. It refuses to switch the search off: what
else runs in the process may need it.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

OBJECTS: Final = 50_000
"""Made and not freed, before the search begins: some hundred histories, where the default is a part of one."""


@contextmanager
def rarely_collecting() -> Iterator[None]:
    """What is there when it begins is not searched at all; afterwards everything is as before."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
