"""Whether an adapter writes what it declares: where it does not, its records cannot be read, and nothing can be judged.

A record of another length can also be the doing of a firmware that writes where it must not, in some interleaving. So
the adapter is at fault only where the same happens to the program without any preemption, and nothing races in it. It
refuses to look for it: whoever met such a record asks.
"""

from __future__ import annotations

from p4verify.targets.target import AdapterError, ControlledTarget, TargetError
from p4verify.verify.history import History
from p4verify.verify.program import Program
from p4verify.verify.schedule import Granularity, Schedule


def is_misdeclared(history: History) -> bool:
    """Whether it cannot be read because a record is not what the adapter declares."""
    return history.unreadable is not None and history.unreadable.misdeclared


def require_declared(target: ControlledTarget, program: Program) -> None:
    """Runs a program without preemption. AdapterError where a record of that is not what the adapter declares."""
    try:
        execution = target.execute(program, Schedule((), Granularity.SYNC))
    except TargetError:  # what destroys the very process tells nothing of the adapter
        target.close()
        return
    unreadable = execution.history.unreadable
    if unreadable is not None and unreadable.misdeclared and not execution.races:
        raise AdapterError(
            f"an adapter does not write what it declares, so nothing can be judged: {unreadable.why}. Mend the"
            " signature, or what is written"
        )
