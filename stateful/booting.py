"""Whether a firmware boots at all: where an adapter's boot function says no by itself, nothing can be judged.

A boot that fails only in some interleaving, or after a power cut, is a finding like any other, and so are a crash, a
deadlock or a hang while booting: the firmware's doing. It refuses to tell why a boot function said no.
"""

from __future__ import annotations

from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Shared, TargetError
from p4verify.verify.execution import Ending, Outcome
from p4verify.verify.program import Invocation, Program, Task
from p4verify.verify.schedule import Granularity, Schedule

IDLE = Program((Task("idle", (Invocation("agent.idle"),)),))
_FAILED = " did not boot"
"""How the agent ends the sentence that begins with the adapter's name (c/agent/agent.c)."""


def require_boot(target: SimTarget) -> None:
    """Boots once, without preemption. TargetError (and no process) where an adapter's boot function returned false."""
    try:
        target.load(IDLE)
        ending = target.execute(None, Schedule((), Granularity.SYNC)).ending
        target.restore(Shared(()))
    except TargetError:
        target.close()  # what destroys the very process is judged by whoever explores
        return
    if failed(ending):
        target.close()
        name = ending.detail.removesuffix(_FAILED)
        raise TargetError(
            f"the firmware {target.build.name} does not boot: the boot function of the adapter {name!r} returned false"
            " before any task ran beside it, so nothing can be judged. See which of the calls in it fails, and what"
            " [config] and the doubles would have to offer"
        )


def failed(ending: Ending) -> bool:
    """Whether an execution ended because a boot function returned false."""
    return ending.outcome is Outcome.MISUSE and ending.detail.endswith(_FAILED)
