"""The publisher's offline ring as a bounded queue of points: what was built is sent once, in order, or counted as
overwritten, and the numbers that it shows are those of one instant.

Each step of a point happened between two known positions, so a history of points and metrics is judged like any other
history of calls. What cannot be seen exactly (builds, the count of overwritten points, which build a post belongs to)
is not judged here at all.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import ClassVar

from p4verify.verify.history import Operation
from p4verify.verify.limits import config
from p4verify.verify.linearizability.judging import between, check_execution
from p4verify.verify.linearizability.result import Linearizability
from p4verify.verify.models.offline_ring import OLDEST, OfflineRing
from p4verify.verify.models.request_queue import RequestQueue
from p4verify.verify.timeline import NEVER, Post, View, at, metrics
from p4verify.verify.verdict import Judgement, Verdict, violated

Rest = Callable[[View, Post], int]
"""The position after which the task that got this response surely rests."""
Step = tuple[str, tuple[int, ...], int, int]
"""What happened; to which point, or what was counted; between which positions."""
COUNT, ENQUEUE, DEQUEUE = "count", "enqueue", "dequeue"
UNBOUNDED = 0
"""The capacity of a queue that refuses nothing, and from which nothing gives way."""


def ring_kept(view: View, rest: Rest) -> Judgement | bool:
    """The violation where no order explains what was sent and counted; whether one was found, where there is none."""
    steps = _steps(view, rest)
    if not steps:
        return False
    capacity = config(view.setting, "CONFIG_NETWORK_TELEMETRY_BUFFER_DEPTH")
    verdict = _verdict(capacity, *_shape(steps))
    return _unexplained(view, _decided(capacity, steps)) if verdict is Verdict.VIOLATION else verdict is Verdict.OK


def out_of_order(view: View, arrivals: list[Post]) -> Judgement | None:
    """The violation where the points that arrived left no queue in the order in which they were built."""
    numbers = _numbers_of(view) if view.builds and len(arrivals) > 1 else None
    if numbers is None:
        return None
    number_of = {post.serial: number for post, number in zip(view.posts, numbers, strict=True)}
    arrived = {number_of[post.serial] for post in arrivals}
    built = ((ENQUEUE, step[1], *step[2:]) for step in _built(view) if step[1][0] in arrived)
    steps = [*built, *((DEQUEUE, (number_of[post.serial],), post.start, post.end) for post in arrivals)]
    if _verdict(UNBOUNDED, *_shape(steps)) is not Verdict.VIOLATION:
        return None
    blocked = _decided(UNBOUNDED, steps).blocked
    assert blocked is not None
    assert blocked.results is not None
    number = int(blocked.results["value"])
    return violated(
        f"the point of {at(view.builds[number].time_us)} arrived, although an older one was still unsent",
        view.builds[number].position,
        blocked.invoked,
    )


def _steps(view: View, rest: Rest) -> list[Step]:
    """The steps of every point and the reads of the metrics, none where they cannot be told."""
    reads = [read for read in metrics(view, "np.metrics") if "overwritten" in (read.results or {})]
    numbers = _numbers_of(view) if reads and view.builds else None
    if numbers is None:
        return []
    return [*_built(view), *_sendings(view, numbers, rest), *map(_count, reads)]


class _Last:
    """The view that was asked for last: two invariants ask the same."""

    view: ClassVar[View | None] = None
    numbers: ClassVar[list[int] | None] = None


def _numbers_of(view: View) -> list[int] | None:
    if _Last.view is not view:
        _Last.view, _Last.numbers = view, _numbers(view)
    return _Last.numbers


def _numbers(view: View) -> list[int] | None:
    """Of each post the number of the build that it belongs to, by its stamp; None where one has none, or several."""
    times = [build.time_us for build in view.builds]
    margin = view.margin_us
    if any(later - earlier <= 2 * margin for earlier, later in pairwise(times)):
        return None
    numbers = []
    for post in view.posts:
        stamp_us = post.point.stamp_ms * 1000 if post.point is not None else NEVER
        number = bisect_left(times, stamp_us - margin)
        if number == len(times) or times[number] > stamp_us + margin or view.builds[number].position > post.start:
            return None
        numbers.append(number)
    return numbers


def _built(view: View) -> Iterator[Step]:
    """A point is in the ring, or on its way, before its task is seen to do something else, or surely rests."""
    for number, build in enumerate(view.builds):
        activity = view.activity[build.task]
        later = bisect_left(activity, (build.position + 1, 0))
        high = activity[later][0] - 1 if later < len(activity) else NEVER
        rested_us = build.time_us + view.rest_us + 1
        if rested_us < view.history.end_us:
            high = min(high, view.last_before(rested_us))
        yield "built", (number,), build.position, high


def _sendings(view: View, numbers: list[int], rest: Rest) -> Iterator[Step]:
    """Each attempt: its point is taken before it begins, and settled once it has ended."""
    free = [build.position for build in view.builds]
    for post, number in zip(view.posts, numbers, strict=True):
        yield "taken", (number,), min(free[number], post.start), post.start
        free[number] = post.end
        if post.end != NEVER:
            yield "sent" if post.ok else "failed", (number,), post.end, rest(view, post)
    if all(post.end != NEVER for post in view.posts):  # one more may have been taken, and its request not yet begun
        yield "taken", (OLDEST,), max([free[0], *(post.end for post in view.posts)]), NEVER


def _count(read: Operation) -> Step:
    results = read.results or {}
    shown = (int(results["buffered_points"]), int(results["overwritten"]))
    return COUNT, shown, read.invoked, NEVER if read.returned is None else read.returned


Shape = tuple[tuple[tuple[str, tuple[int, ...]], ...], tuple[int, ...]]


def _shape(steps: list[Step]) -> Shape:
    """Steps without positions, and the order of their beginnings and ends: a step's number, or -1 minus it for an end.

    At one position what begins comes first, since intervals are closed.
    """
    moments = [(low, 0, number) for number, (_, _, low, _) in enumerate(steps)]
    moments += [(high, 1, number) for number, (_, _, _, high) in enumerate(steps) if high != NEVER]
    moments.sort()
    return tuple(step[:2] for step in steps), tuple(-1 - number if end else number for _, end, number in moments)


@lru_cache(maxsize=1 << 12)
def _verdict(capacity: int, steps: tuple[tuple[str, tuple[int, ...]], ...], order: tuple[int, ...]) -> Verdict:
    """Histories of one program differ in what else happened, and share a few dozen shapes."""
    low, high = dict[int, int](), dict[int, int]()
    for position, moment in enumerate(order):
        if moment < 0:
            high[-1 - moment] = position
        else:
            low[moment] = position
    placed = [(*step, low[number], high.get(number, NEVER)) for number, step in enumerate(steps)]
    return _decided(capacity, placed).verdict


def _decided(capacity: int, steps: list[Step]) -> Linearizability:
    """A firmware may take a point out before it sends it, or afterwards: either order will do."""
    operations = [_operation(*step) for step in steps]
    if capacity == UNBOUNDED:
        return check_execution(RequestQueue(), operations)
    result = check_execution(OfflineRing(capacity), operations)
    if result.verdict is not Verdict.VIOLATION:
        return result
    kept = check_execution(OfflineRing(capacity, keeps=True), operations)
    return result if kept.verdict is Verdict.VIOLATION else kept


def _operation(name: str, numbers: tuple[int, ...], low: int, high: int) -> Operation:
    if name == DEQUEUE:
        return between(name, low, high, results={"taken": True, "value": numbers[0]})
    if name != COUNT:
        return between(name, low, high, numbers)
    return between(name, low, high, results=dict(zip(("buffered", "overwritten"), numbers, strict=True)))


def _unexplained(view: View, result: Linearizability) -> Judgement:
    assert result.blocked is not None
    blocked, before = result.blocked, result.prefix
    end = blocked.invoked if blocked.returned is None else blocked.returned
    return violated(
        f"{_what(view, blocked)}, which no order of what was built, sent and counted explains: {result.reason}"
        f" ({len(before)} steps before it can be put in one)",
        *[step.invoked for step in before][-3:],
        blocked.invoked,
        end,
    )


def _what(view: View, blocked: Operation) -> str:
    """What has no place, for people."""
    if blocked.results and blocked.name == COUNT:
        return "the metrics count " + " and ".join(f"{value!r} {key}" for key, value in blocked.results.items())
    step = {"taken": "was posted", "built": "was built", "sent": "was delivered", "failed": "failed"}[blocked.name]
    return f"the point of {at(view.builds[int(blocked.invocation.arguments[0])].time_us)} {step}"
