"""All invariants of the TinyBMS client, with what each needs to see, and those that are judged by how a run ended.

The other checks are in the tinybms_* files.
"""

from __future__ import annotations

from p4verify.verify.execution import Ending, Execution, Outcome
from p4verify.verify.invariants import tinybms_answers, tinybms_stats, tinybms_timing
from p4verify.verify.invariants.event_bus import ending_words
from p4verify.verify.invariants.tinybms import TIMEOUT, Wire
from p4verify.verify.verdict import HELD, NOT_EXERCISED, Invariant, Judgement, Setting, violated


def _is_ours(ending: Ending) -> bool:
    return "tinybms" in ending.where or "tinybms" in ending.task


def _gave_up(execution: Execution, setting: Setting) -> bool:
    """Whether a caller was told a time-out, so that something may still have been under way for it."""
    waits = (request for wire in Wire.of(execution, setting) for request in wire.requests)
    return any(request.result == TIMEOUT for request in waits)


def no_dead_stack(execution: Execution, setting: Setting) -> Judgement:
    """tc.no-dead-stack: nobody writes through a pointer into a frame that has returned."""
    ending = execution.ending
    if ending.outcome is Outcome.MEMORY and "after return" in ending.detail and _is_ours(ending):
        return violated(f"a frame that had returned was accessed: {ending_words(ending)}", execution.history.end)
    return _exercised_when_given_up(execution, setting)


def no_dead_task(execution: Execution, setting: Setting) -> Judgement:
    """tc.no-dead-task: nobody notifies a task that is gone."""
    ending = execution.ending
    gone = "Notify" in ending.detail and "has been deleted" in ending.detail
    if ending.outcome is Outcome.MEMORY and gone and _is_ours(ending):
        return violated(f"a task that is gone was notified: {ending_words(ending)}", execution.history.end)
    return _exercised_when_given_up(execution, setting)


def _exercised_when_given_up(execution: Execution, setting: Setting) -> Judgement:
    completed = execution.ending.outcome is Outcome.COMPLETED
    return HELD if completed and _gave_up(execution, setting) else NOT_EXERCISED


_CALLS = frozenset({"tc.read", "tc.write"})
_WIRE = _CALLS | {"uart.tx", "bms.request", "bms.answer"}

TINYBMS_CLIENT = (
    Invariant(
        "tc.bounded-wait",
        "No call blocks longer than its configured wait",
        tinybms_timing.bounded_wait,
        _CALLS,
    ),
    Invariant(
        "tc.no-overrun",
        "An attempt ends within its time-out",
        tinybms_timing.no_overrun,
        _WIRE,
    ),
    Invariant(
        "tc.queue-bounded",
        "No more requests wait than the queue holds, and who finds it full is told at once",
        tinybms_timing.queue_bounded,
        _CALLS | {"tc.stats/queue_depth_max"},
    ),
    Invariant(
        "tc.progress",
        "Every request is answered or timed out, and none is passed over",
        tinybms_timing.progress,
        _WIRE,
    ),
    Invariant(
        "tc.stats-coherent",
        "Counters, latency and depth agree with what happened",
        tinybms_stats.stats_coherent,
        _WIRE | {"tc.stats", "bus.publish.stats"},
    ),
    Invariant(
        "tc.serialised",
        "Transactions on the wire never overlap",
        tinybms_timing.serialised,
        _WIRE,
    ),
    Invariant(
        "tc.own-answer",
        "Each caller is given the answer to its own request",
        tinybms_answers.own_answer,
        _WIRE,
    ),
    Invariant(
        "tc.no-dead-stack",
        "Nobody writes into a frame that has returned",
        no_dead_stack,
        _CALLS,
        frozenset({"sim"}),
    ),
    Invariant(
        "tc.no-dead-task",
        "Nobody notifies a task that is gone",
        no_dead_task,
        _CALLS,
        frozenset({"sim", "native", "serial"}),  # of the model no task is ever gone while somebody knows it
    ),
    Invariant(
        "tc.no-zombie-write",
        "No attempt of a write begins after its caller was told the outcome",
        tinybms_answers.no_zombie_write,
        _WIRE,
    ),
    Invariant(
        "tc.verify-kept",
        "A write succeeds only when its read-back matches, and failures are tried again",
        tinybms_answers.verify_kept,
        _WIRE,
    ),
)
