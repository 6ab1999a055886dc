"""The publisher's counters against what was seen of it: np.monotone, np.metrics-coherent, np.conservation and
np.collisions-counted.

A post is counted at some moment after its response and before the publisher rests (blocks with nothing under way), so
every bound here is an interval: never less than what had surely been counted, never more than what could have been.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import ClassVar

from p4verify.verify.execution import Execution
from p4verify.verify.history import Operation
from p4verify.verify.invariants.publisher_points import COMPONENT, fifo
from p4verify.verify.invariants.publisher_ring import ring_kept
from p4verify.verify.limits import config, offline_buffer
from p4verify.verify.linearizability.judging import between, check_execution
from p4verify.verify.linearizability.result import Linearizability
from p4verify.verify.models.counters import Counter, PublicationCounters
from p4verify.verify.timeline import NEVER, Post, View, at, metrics
from p4verify.verify.verdict import HELD, NOT_EXERCISED, Judgement, Setting, Verdict, violated

OTHER_CLOCK_MS = 100_000_000_000
"""A time above this is an epoch time, not time since boot: it cannot be compared with the records."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One np.metrics with its interval."""

    invoked: int
    invoked_us: int
    returned: int
    returned_us: int
    published: int
    buffered: int
    capacity: int
    last_sync_ms: int
    overwritten: int | None

    @property
    def accounted(self) -> int:
        """How many built points it accounts for."""
        return self.published + self.buffered + (self.overwritten or 0)


def snapshots(view: View) -> list[Snapshot]:
    """The metrics reads that returned, by invocation."""
    return [_snapshot(operation) for operation in metrics(view, "np.metrics")]


def _snapshot(operation: Operation) -> Snapshot:
    results = operation.results or {}
    overwritten = results.get("overwritten")
    return Snapshot(
        operation.invoked,
        operation.invoked_us,
        NEVER if operation.returned is None else operation.returned,
        NEVER if operation.returned_us is None else operation.returned_us,
        int(results["published_points"]),
        int(results["buffered_points"]),
        int(results["buffer_capacity"]),
        int(results["last_sync_ms"]),
        None if overwritten is None else int(overwritten),
    )


def acknowledged(view: View) -> list[Post]:
    """The posts that were reported as delivered, by their response."""
    return sorted((post for post in view.posts if post.ok), key=lambda post: post.end)


class _Rests:
    """What is known of the view that was asked for last: several invariants ask the same."""

    view: ClassVar[View | None] = None
    known: ClassVar[dict[int, int]] = {}


def rest_after(view: View, post: Post) -> int:
    """The position after which the task that got this response surely rests: all it had to count is counted."""
    if _Rests.view is not view:
        _Rests.view, _Rests.known = view, {}
    found = _Rests.known.get(post.end)
    if found is None:
        found = _Rests.known[post.end] = _rest_since(view, post.task, post.end, post.end_us)
    return found


def _rest_since(view: View, task: str, position: int, reached: int) -> int:
    """The position after which a task that was seen at this position and time (us) surely rests."""
    waiting_until = -1
    activity = view.activity.get(task, ())
    for later, time_us in activity[bisect_right(activity, (position, NEVER)) :]:
        if time_us - reached > view.rest_us and later > waiting_until:
            break
        reached = time_us
        if later in view.post_at:
            waiting_until = view.post_at[later].end
    if waiting_until == NEVER or view.history.end_us - reached <= view.rest_us:
        return NEVER
    return view.last_before(reached + view.rest_us + 1)


def monotone(execution: Execution, setting: Setting) -> Judgement:
    """np.monotone: published_points never falls, and grows by the publications between two reads."""
    view = View.of(execution, setting)
    reads = snapshots(view)
    if not reads:
        return NOT_EXERCISED
    posts = [(post, rest_after(view, post)) for post in acknowledged(view)]
    exercised = any(post.end < max(read.returned for read in reads) for post, _ in posts)
    if not _are_apart(reads, posts):
        wrong = _no_order(reads, posts)
        if wrong is not None:
            return wrong
    return HELD if exercised else NOT_EXERCISED


def _are_apart(reads: list[Snapshot], posts: list[tuple[Post, int]]) -> bool:
    """Whether every read shows the publications that surely came before it, and none that may have: one order is plain.

    Of most histories that says it all, at a fraction of the price.
    """
    rests = sorted(rest for _, rest in posts)
    ends = [post.end for post, _ in posts]
    return all(bisect_left(rests, read.invoked) == read.published == bisect_left(ends, read.returned) for read in reads)


def _no_order(reads: list[Snapshot], posts: list[tuple[Post, int]]) -> Judgement | None:
    """Whether the count is a counter to which each publication adds one."""
    publications = [between("add", post.end, rest) for post, rest in posts]
    shown = [between("read", read.invoked, read.returned, results={"value": read.published}) for read in reads]
    result = check_execution(Counter(), [*publications, *shown])
    if result.blocked is None:
        return None
    return _first_growth(reads, posts) or _uncounted(reads, result)


def _uncounted(reads: list[Snapshot], result: Linearizability) -> Judgement:
    """No two reads disagree with what was acknowledged between them, and yet no order explains all."""
    assert result.blocked is not None
    read = next(read for read in reads if read.invoked == result.blocked.invoked)
    return violated(
        f"published_points was {read.published} at {at(read.invoked_us)}, which no order of the publications explains"
        f" beside what was read before: {result.reason}",
        *(one.invoked for one in result.prefix if one.name == "read"),
        read.returned,
    )


def _first_growth(reads: list[Snapshot], posts: list[tuple[Post, int]]) -> Judgement | None:
    """The first two reads, or boot and a read, between which the count grew by the wrong number."""
    boot = Snapshot(-1, 0, -1, 0, 0, 0, 0, 0, None)
    for later in reads:
        for earlier in [*reversed(reads), boot]:
            if earlier.returned < later.invoked:
                wrong = _growth(earlier, later, posts)
                if wrong is not None:
                    return wrong
    return None


def _growth(earlier: Snapshot, later: Snapshot, posts: list[tuple[Post, int]]) -> Judgement | None:
    grown = later.published - earlier.published
    most = sum(1 for post, rest in posts if post.end < later.returned and rest > earlier.invoked)
    least = sum(1 for post, rest in posts if post.end > earlier.returned and rest < later.invoked)
    if least <= grown <= most:
        return None
    since = f"{earlier.published} at {at(earlier.invoked_us)}" if earlier.returned >= 0 else "0 at boot"
    expected = f"{least}" if least == most else f"{least} to {most}"
    return violated(
        f"published_points went from {since} to {later.published} at {at(later.invoked_us)};"
        f" {expected} publications were acknowledged in between",
        *(post.end for post, _ in posts if earlier.returned < post.end < later.invoked),
        later.returned,
    )


def metrics_coherent(execution: Execution, setting: Setting) -> Judgement:
    """np.metrics-coherent: a snapshot is the state of one instant, and its numbers agree with each other."""
    view = View.of(execution, setting)
    reads = snapshots(view)
    if not reads:
        return NOT_EXERCISED
    posts = acknowledged(view)
    for read in reads:
        wrong = _arithmetic(view, read) or _last_sync(view, read, posts) or _double_count(view, read)
        if wrong is not None:
            return violated(f"the metrics read at {at(read.invoked_us)} {wrong}", read.invoked, read.returned)
    unordered = _no_instants(view, posts) if len(reads) > 1 and posts else None
    return unordered or (HELD if reads and (view.builds or view.posts) else NOT_EXERCISED)


def _no_instants(view: View, posts: list[Post]) -> Judgement | None:
    """Each read may be the state of some instant, and yet there may be no order of such instants.

    Counts that were lost are np.monotone's finding, and leave nothing to compare with.
    """
    publications = [
        between("publication", post.end, rest_after(view, post), _shown_times(view, post)) for post in posts
    ]
    model = PublicationCounters(view.margin_us, OTHER_CLOCK_MS)
    result = check_execution(model, [*publications, *metrics(view, "np.metrics")])
    if result.verdict is Verdict.OK:
        return None
    if result.blocked is None or monotone(view.execution, view.setting).violation is not None:
        return NOT_EXERCISED
    read = _snapshot(result.blocked)
    return violated(
        f"the metrics read at {at(read.invoked_us)} belong to no one instant: no order of the publications explains"
        f" published_points {read.published} with last_sync_ms {read.last_sync_ms} after what was read before",
        *(earlier.invoked for earlier in metrics(view, "np.metrics") if earlier in result.prefix),
        read.invoked,
        read.returned,
    )


def _shown_times(view: View, post: Post) -> tuple[int, int]:
    """Between which times last_sync_ms may say that this post was published."""
    return post.start_us - view.margin_us, post.end_us + view.margin_us


def _arithmetic(view: View, read: Snapshot) -> str | None:
    depth = config(view.setting, "CONFIG_NETWORK_TELEMETRY_BUFFER_DEPTH")
    if read.buffered > read.capacity:
        return f"say that {read.buffered} points are buffered in a buffer of {read.capacity}"
    if read.capacity != depth and "CONFIG_NETWORK_TELEMETRY_BUFFER_DEPTH" in view.setting.config:
        return f"say that the buffer holds {read.capacity}, but it is configured for {depth}"
    return None


def _last_sync(view: View, read: Snapshot, posts: list[Post]) -> str | None:
    """published_points and last_sync_ms are written by one publication: the n-th says when the n-th happened."""
    done = [post for post in posts if post.end < read.returned]
    if read.published > len(done):
        return f"count {read.published} published points, but only {len(done)} posts had been acknowledged"
    if read.last_sync_ms > OTHER_CLOCK_MS:
        return None
    if read.published == 0:
        late = read.last_sync_ms * 1000 > view.margin_us
        return f"count no published point, yet say the last one was at {read.last_sync_ms} ms" if late else None
    latest = done[read.published - 1]
    # Posts of two tasks may overlap: then either may have been counted as the n-th.
    same = [post for post in done if post.start <= latest.end and post.end >= latest.start]
    if any(_during(view, post, read.last_sync_ms * 1000) for post in same):
        return None
    return (
        f"belong to no one instant: publication {read.published} ended at {at(latest.end_us)},"
        f" but last_sync_ms is {read.last_sync_ms}"
    )


def _during(view: View, post: Post, time_us: int) -> bool:
    earliest, latest = _shown_times(view, post)
    return earliest <= time_us <= latest


def _double_count(view: View, read: Snapshot) -> str | None:
    built = sum(1 for build in view.builds if build.position < read.returned)
    if not view.builds or read.accounted <= built:
        return None
    counts = f"{read.published} published + {read.buffered} buffered + {read.overwritten or 0} overwritten"
    return f"account for {read.accounted} points ({counts}), but only {built} had been built"


def resting(view: View, read: Snapshot) -> bool:
    """Whether the publisher had nothing under way during this read: no request, no build, and it was surely blocked.

    A task that wakes may have taken a point out of the buffer before anything is seen of it. So nothing may be seen of
    the publisher's tasks right after the read, and no wake-up may be due: by the period, or by a system status.
    """
    if any(post.start < read.returned and post.end > read.invoked for post in view.posts):
        return False
    tasks = {build.task for build in view.builds} | {post.task for post in view.posts}
    seen = sorted(moment for task in tasks for moment in view.activity[task])
    before = [time for position, time in seen if position < read.returned]
    after = [time for position, time in seen if position > read.invoked]
    if any(read.invoked_us - time <= view.rest_us for time in before):
        return False
    if any(time - read.returned_us <= view.rest_us for time in after):
        return False
    return not _told(view, read) and (
        view.history.end_us - read.returned_us > view.rest_us or not _due(view, read, before)
    )


def _told(view: View, read: Snapshot) -> bool:
    """Whether a system status may have woken the publisher just before or during the read."""
    since = read.invoked_us - view.rest_us
    statuses = view.handled(COMPONENT, "system")
    return any(status.enter < read.returned and status.leave_us >= since for status in statuses)


def _due(view: View, read: Snapshot, seen: list[int]) -> bool:
    """Whether a period that began with something the publisher did ends at the time of the read."""
    period = config(view.setting, "CONFIG_NETWORK_TELEMETRY_PERIOD_MS") * 1000
    phases = ((read.invoked_us - time) % period for time in seen)
    return any(min(phase, period - phase) <= view.margin_us for phase in phases)


def _overflowed(view: View, before: int) -> bool:
    """Whether, before this position, more points may have been unsent than the buffer holds."""
    moments = [(build.position, 1) for build in view.builds] + [(post.end, -1) for post in view.posts if post.ok]
    depth = config(view.setting, "CONFIG_NETWORK_TELEMETRY_BUFFER_DEPTH")
    unsent = 0
    for position, change in sorted(moments):
        unsent += change
        if position < before and unsent >= depth:
            return True
    return False


def conservation(execution: Execution, setting: Setting) -> Judgement:
    """np.conservation: at rest, built = published + buffered + overwritten; at every moment, what was built is sent
    once and in order, waits, or is counted as overwritten.
    """
    view = View.of(execution, setting)
    exercised = False
    reads = snapshots(view) if offline_buffer(setting) else []
    plain = True
    for read in reads:
        if not resting(view, read) or (read.overwritten is None and _overflowed(view, read.returned)):
            plain = False
            continue
        plain = plain and not read.overwritten
        built = sum(1 for build in view.builds if build.position < read.invoked)
        exercised = exercised or built > 0
        if built != read.accounted:
            return violated(
                f"{built} points had been built by {at(read.invoked_us)}, but {read.published} published +"
                f" {read.buffered} buffered + {read.overwritten or 0} overwritten = {read.accounted}",
                *(build.position for build in view.builds[:built][-3:]),
                read.returned,
            )
    # Where every read was at rest and nothing was overwritten, the sums have said it all.
    kept = ring_kept(view, rest_after) if not plain else False
    if isinstance(kept, Judgement):
        return NOT_EXERCISED if fifo(execution, setting).violation is not None else kept
    return HELD if exercised or kept else NOT_EXERCISED


def collisions_counted(execution: Execution, setting: Setting) -> Judgement:
    """np.collisions-counted: at rest, what was built, and is neither delivered nor buffered, is counted."""
    view = View.of(execution, setting)
    exercised = False
    for read in snapshots(view) if offline_buffer(setting) else ():
        if read.overwritten is None or not resting(view, read):
            continue
        built = sum(1 for build in view.builds if build.position < read.invoked)
        delivered = sum(1 for post in view.posts if post.ok and post.end < read.invoked)
        lost = built - delivered - read.buffered
        exercised = exercised or lost > 0 or read.overwritten > 0
        if lost != read.overwritten:
            return violated(
                f"of {built} points built by {at(read.invoked_us)}, {delivered} were delivered and {read.buffered} are"
                f" buffered, so {lost} were overwritten, but {read.overwritten} are counted",
                read.returned,
            )
    return HELD if exercised else NOT_EXERCISED
