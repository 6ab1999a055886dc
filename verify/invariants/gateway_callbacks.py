"""What the callbacks of the gateway's adapter cost: re.no-nvs-in-callback, re.callback-time, re.write-reduction."""

from __future__ import annotations

from itertools import pairwise

from p4verify.verify import tokens
from p4verify.verify.execution import Execution
from p4verify.verify.invariants.gateway import CONFIG, Call, Frame, Gateway
from p4verify.verify.limits import limit, tick_us
from p4verify.verify.timeline import NEVER, at
from p4verify.verify.verdict import HELD, NOT_EXERCISED, Judgement, Setting, violated

FRAME_US = 500_000
"""The gateway's frames come twice a second."""
STEADY_FRAMES = 20
"""Fewer say nothing of a rate of writes: they do not fill the flush interval."""
STEADY_SHARE, CHANGING_SHARE = 0.10, 0.15
"""Writes per frame, at most: while nothing changes much, and when every frame is worth an early write."""


def callbacks(gateway: Gateway) -> list[tuple[str, int, int, int, int]]:
    """Task and interval (positions, times) of every run of a JSON callback."""
    frames = [(f.task, f.given, f.given_us, f.done, f.done_us) for f in gateway.frames]
    texts = [
        (o.task, o.invoked, o.invoked_us, NEVER if o.returned is None else o.returned,
         NEVER if o.returned_us is None else o.returned_us)
        for o in gateway.texts
    ]  # fmt: skip
    return sorted(frames + texts, key=lambda run: run[1])


def no_nvs_in_callback(execution: Execution, setting: Setting) -> Judgement:
    """re.no-nvs-in-callback: the task that runs a JSON callback enters no function of NVS before it returns."""
    exercised = False
    for gateway in Gateway.of(execution, setting):
        runs = callbacks(gateway)
        exercised = exercised or bool(runs)
        tasks = {run[0] for run in runs}
        for call in gateway.nvs if runs else ():
            if call.task not in tasks:
                continue
            inside = next((run for run in runs if run[0] == call.task and run[1] < call.start < run[3]), None)
            if inside is not None:
                name = f"nvs_{Call(call.call).name.lower()}" if call.call in Call._value2member_map_ else "NVS"
                return violated(
                    f"task {call.task} called {name}{f' of {call.key!r}' if call.key else ''} at {at(call.start_us)},"
                    f" in the JSON callback that it had entered at {at(inside[2])}",
                    inside[1],
                    call.start,
                )
    return HELD if exercised else NOT_EXERCISED


def callback_time(execution: Execution, setting: Setting) -> Judgement:
    """re.callback-time: a JSON callback returns within the budget; only ticks that came early are allowed for."""
    budget = round(limit(setting, "callback_budget_ms") * 1000) + execution.slack_us
    exercised = False
    for gateway in Gateway.of(execution, setting):
        for task, given, given_us, done, done_us in callbacks(gateway):
            exercised = True
            took = min(done_us, gateway.end_us) - given_us
            if took > budget:
                return violated(
                    f"the JSON callback that task {task} entered at {at(given_us)} took {took / 1000:g} ms, more than"
                    f" {limit(setting, 'callback_budget_ms'):g} ms",
                    given,
                    *([done] if done != NEVER else []),
                )
    return HELD if exercised else NOT_EXERCISED


def write_reduction(execution: Execution, setting: Setting) -> Judgement:
    """re.write-reduction: at two frames a second in connected mode, few frames lead to a write.

    A run of frames may begin with a write that an older change had made necessary, hence one more than the share.
    """
    exercised = False
    for gateway in Gateway.of(execution, setting):
        for run in steady_runs(gateway):
            exercised = True
            verdict = _written_too_often(gateway, run)
            if verdict is not None:
                return verdict
    return HELD if exercised else NOT_EXERCISED


def steady_runs(gateway: Gateway) -> list[list[Frame]]:
    """The longest runs of frames at the gateway's rate in connected mode, without failures of NVS."""
    tolerance = tick_us(gateway.setting) + gateway.view.execution.slack_us
    runs: list[list[Frame]] = []
    current = gateway.whole[:1]
    for earlier, later in pairwise(gateway.whole):
        if abs(later.given_us - earlier.given_us - FRAME_US) > tolerance:
            runs.append(current)
            current = []
        current.append(later)
    return [run for run in (*runs, current) if len(run) >= STEADY_FRAMES and _is_calm(gateway, run)]


def _is_calm(gateway: Gateway, run: list[Frame]) -> bool:
    first, last = run[0].given, run[-1].given
    failed = any(call.result not in (None, 0) and first < call.start < last for call in gateway.nvs)
    return not failed and gateway.connected(first, last)


def _written_too_often(gateway: Gateway, run: list[Frame]) -> Judgement | None:
    first, last = run[0].given, run[-1].given
    stored = [
        record
        for record in gateway.view.seen("nvs.stored")
        if first < record.position < last and record["key"] != CONFIG
    ]
    used = {frame.token for frame in run}
    steady = all(tokens.is_fine(token) for token in used) or len(used) == 1
    share = STEADY_SHARE if steady else CHANGING_SHARE
    allowed = int(share * len(run)) + 1
    if len(stored) <= allowed:
        return None
    return violated(
        f"{len(stored)} writes to NVS for the {len(run)} frames from {at(run[0].given_us)} to {at(run[-1].given_us)},"
        f" more than {share:.0%} of them ({'no' if steady else 'every'} change was worth an early write)",
        first,
        *(record.position for record in stored[:3]),
    )
