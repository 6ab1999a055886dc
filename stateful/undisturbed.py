"""What a campaign keeps away from its clock and from its seed: the collector of garbage, and Hypothesis' constants.

It refuses to touch anything for good: when the campaign is over, all is as it was.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis.internal.conjecture import providers


@contextmanager
def undisturbed() -> Iterator[None]:
    """No collection walks what is there already; no program depends on which modules happen to be loaded.

    The debug information of a firmware is a million objects, and a walk through them takes a fifth of a second.
    Hypothesis draws constants of the modules that it takes for the user's own, after reading them all: one seed would
    give other programs in a clone than in an installed package. There is no setting for it; should a later Hypothesis
    have another name for this, it goes on as it likes.
    """
    found = getattr(providers, "_get_local_constants", None)
    gc.freeze()
    if found is not None:
        providers._get_local_constants = lambda: providers._local_constants  # noqa: SLF001
    try:
        yield
    finally:
        gc.unfreeze()
        if found is not None:
            providers._get_local_constants = found  # noqa: SLF001
