"""When the publisher publishes: np.cadence, np.reconnect, np.retry.

All bounds allow one tick and the time that passed early (`execution.slack_us`); what the history is too short to show
is not judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from p4verify.verify.execution import Execution, Outcome
from p4verify.verify.history import Observation
from p4verify.verify.invariants.publisher_points import COMPONENT
from p4verify.verify.limits import config, limit, offline_buffer, tick_us
from p4verify.verify.timeline import NEVER, Handler, Post, View, at
from p4verify.verify.verdict import HELD, NOT_EXERCISED, Judgement, Setting, violated


def _period_us(setting: Setting) -> int:
    return config(setting, "CONFIG_NETWORK_TELEMETRY_PERIOD_MS") * 1000


def cadence(execution: Execution, setting: Setting) -> Judgement:
    """np.cadence: periodic publications start one period apart; after a window of longer posts, at once.

    A firmware that keeps to a fixed grid catches up after such a window: shorter gaps are right until it is back on
    the grid of its first start.
    """
    view = View.of(execution, setting)
    starts = starts_of(view)
    behind = False
    for earlier, later in pairwise(starts):
        verdict = judged_gap(view, earlier, later, since_first=later[0] - starts[0][0], behind=behind)
        if verdict is None:
            gap, posting = later[0] - earlier[0], _posting(view, earlier[2], earlier[0], later[0])
            return violated(
                f"publications started at {at(earlier[0])} and {at(later[0])}, {gap / 1000:g} ms apart instead of"
                f" {_period_us(setting) / 1000:g} ms, while posts took {posting / 1000:g} ms",
                earlier[1],
                later[1],
            )
        behind = verdict
    missing = _missing_start(view, starts) if view.builds and execution.ending.outcome is Outcome.COMPLETED else None
    return missing or (HELD if len(starts) > 1 else NOT_EXERCISED)


Start = tuple[int, int, str]
"""When a periodic publication began, at which position, in which task."""


def starts_of(view: View) -> list[Start]:
    """The builds outside of handlers; where no build is visible, the stamps of points that were posted at once."""
    if view.builds:
        return [(b.time_us, b.position, b.task) for b in view.builds if not _in_handler(view, b)]
    live = []
    for post in view.posts:
        since = post.start_us - post.point.stamp_ms * 1000 if post.point is not None else NEVER
        if not post.ok or not 0 <= since <= view.margin_us:
            return []  # offline or late, points may be missing in between
        live.append((post.start_us - round(since), post.start, post.task))
    return live


def _in_handler(view: View, build: Observation) -> bool:
    return any(run.enter < build.position < run.leave for run in view.ran(build.task))


def _tolerance(view: View) -> int:
    return round(limit(view.setting, "cadence_tolerance") * tick_us(view.setting)) + view.execution.slack_us


def _posting(view: View, task: str, begin_us: int, end_us: int) -> int:
    """How long this task's requests that started in a window took within it."""
    posts = (post for post in view.posts if post.task == task and begin_us <= post.start_us < end_us)
    return sum(min(post.end_us, end_us) - post.start_us for post in posts)


def judged_gap(view: View, before: Start, after: Start, *, since_first: int, behind: bool) -> bool | None:
    """None when the gap is wrong, else whether the publisher is now behind its grid."""
    period, tolerance = _period_us(view.setting), _tolerance(view)
    (earlier, _, task), later = before, after[0]
    if abs(later - earlier - period) <= tolerance:
        return behind and not _on_grid(since_first, period, tolerance)
    ends = [post.end_us for post in view.posts if post.task == task and earlier <= post.start_us < later]
    at_once = later - max(ends, default=earlier) <= tolerance
    if at_once and (behind or _posting(view, task, earlier, later) + tolerance >= period):
        return True
    if behind and later - earlier < period and _on_grid(since_first, period, tolerance):
        return False
    return None


def _on_grid(since_first: int, period: int, tolerance: int) -> bool:
    off = since_first % period
    return min(off, period - off) <= tolerance


def _missing_start(view: View, starts: list[Start]) -> Judgement | None:
    if not starts:
        return None
    last, position, task = starts[-1]
    end = view.history.end_us
    idle = end - last - _posting(view, task, last, end)
    if idle <= _period_us(view.setting) + _tolerance(view):
        return None
    return violated(
        f"the publication at {at(last)} was the last, although the run went on until {at(end)}:"
        f" more than a period of {_period_us(view.setting) // 1000} ms",
        position,
    )


def _statuses(view: View) -> list[Handler]:
    return view.handled(COMPONENT, "system")


def _reachable(status: Handler) -> bool:
    return bool(status.fields.get("wifi")) and bool(status.fields.get("server"))


def reconnect(execution: Execution, setting: Setting) -> Judgement:
    """np.reconnect: after a status that says reachable, the backlog drains at the stated minimum per period.

    A request that began before the status and fails after it does not excuse anything: that failure is older.
    """
    view = View.of(execution, setting)
    exercised = False
    statuses = _statuses(view) if offline_buffer(setting) else []
    for index, status in enumerate(statuses):
        lost_us = next((later.enter_us for later in statuses[index + 1 :] if not _reachable(later)), NEVER)
        if not _reachable(status) or status.leave == NEVER or not view.builds:
            continue
        backlog = _backlog(view, status)
        need = min(backlog, int(limit(setting, "drain_per_period")))
        verdict = _drained(view, status, need, lost_us) if need > 0 else None
        exercised = exercised or verdict is not None
        if verdict is not None and verdict.violation is not None:
            return verdict
    return HELD if exercised else NOT_EXERCISED


def _backlog(view: View, status: Handler) -> int:
    """How many unsent points were surely buffered when the status had been handled."""
    built = [(build.position, 1) for build in view.builds if build.position < status.enter]
    sent = [(post.start, -1) for post in view.posts if post.ok and post.start < status.leave]
    depth = config(view.setting, "CONFIG_NETWORK_TELEMETRY_BUFFER_DEPTH")
    waiting = 0
    for _, change in sorted(built + sent):
        waiting = max(0, min(waiting + change, depth))
    return waiting


def _drained(view: View, status: Handler, need: int, lost_us: int) -> Judgement | None:
    """None when the period after the status cannot be judged: too short, unreachable again, or a newer failure."""
    after = [post for post in view.posts if post.start > status.leave]
    posting = 0
    sent = 0
    deadline = status.leave_us + _period_us(view.setting) + view.margin_us
    # A request under way when the status came may hold the publisher until it ends.
    deadline += sum(min(post.end_us, view.history.end_us) - status.leave_us for post in _under_way(view, status))
    for post in after:
        if post.start_us > deadline + posting:
            break
        if not post.ok:
            return None
        posting += post.end_us - post.start_us
        sent += 1
        if sent >= need:
            return HELD
    if min(view.history.end_us, lost_us) <= deadline + posting:
        return None
    return violated(
        f"the network was reported reachable at {at(status.leave_us)} with at least {need} points waiting, but only"
        f" {sent} were sent by {at(deadline + posting)}",
        status.leave,
        *(post.start for post in after[:sent]),
    )


def _under_way(view: View, status: Handler) -> list[Post]:
    return [post for post in view.posts if post.start < status.leave < post.end]


def retry(execution: Execution, setting: Setting) -> Judgement:
    """np.retry: while the network is reported reachable, a failed publication is tried again within a period."""
    view = View.of(execution, setting)
    exercised = False
    for post, again, deadline in retried(view):
        exercised = True
        if again is None or again.start_us > deadline:
            return violated(
                f"the post at {at(post.start_us)} failed at {at(post.end_us)}; the network was reported reachable all"
                f" the time, but nothing was posted by {at(deadline)}",
                post.start,
                post.end,
            )
    return HELD if exercised else NOT_EXERCISED


def retried(view: View) -> Iterator[tuple[Post, Post | None, int]]:
    """The posts that failed and must be tried again, each with the next post and by when (us) it is due."""
    statuses = _statuses(view)
    for post in view.posts:
        if post.ok is not False or not _reported_reachable(statuses, post):
            continue
        deadline = post.end_us + _period_us(view.setting) + view.margin_us
        again = next((later for later in view.posts if later.start > post.end), None)
        woken = any(status.leave > post.start and status.enter_us <= deadline for status in statuses)
        if not woken and (again is not None or view.history.end_us > deadline):
            yield post, again, deadline


def _reported_reachable(statuses: list[Handler], post: Post) -> bool:
    before = [status for status in statuses if status.enter < post.start]
    return bool(before) and before[-1].leave < post.start and _reachable(before[-1])
