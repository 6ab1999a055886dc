"""The history of a file that has no agent: what it printed, one observation per line."""

from __future__ import annotations

from p4verify.verify.history import History, Observation

OUTPUT = "output"


def printed_history(data: bytes, *, end_us: int, lost: int) -> History:
    """One observation of `output` per line, with its `text`; nobody knows when or by whom it was printed."""
    lines = data.decode("utf-8", "replace").splitlines()
    printed = tuple(Observation(i, end_us, "", OUTPUT, {"text": line}) for i, line in enumerate(lines))
    return History((), printed, len(printed), end_us, lost=lost)


def text_of(history: History) -> str:
    """What was printed, its lines joined by newlines."""
    return "\n".join(str(line["text"]) for line in history.seen(OUTPUT))
