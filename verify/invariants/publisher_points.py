"""What the publisher's points carry and in which order they arrive: np.point-intact, np.freshness, np.fifo.

A point shows the state of the publisher, which is the last battery event and the last pack event whose handlers have
taken effect. A handler takes effect at some moment between its entry and its return, so for a moment inside that
interval both states are right. Composite records (a battery put together from registers) have several tokens and are
intact all the same: a point is compared with the *events* that the publisher was given, and tokens only explain.
"""

from __future__ import annotations

from p4verify.verify.execution import Execution
from p4verify.verify.history import Operation
from p4verify.verify.invariants.publisher_ring import out_of_order
from p4verify.verify.linearizability.judging import between, check_execution
from p4verify.verify.model import Model
from p4verify.verify.points import BATTERY_KEYS, BATTERY_ROUNDING, PACK_KEYS, PACK_ROUNDING, Point, carries
from p4verify.verify.timeline import Handler, Post, View, at
from p4verify.verify.verdict import HELD, NOT_EXERCISED, Judgement, Setting, Verdict, violated

COMPONENT = "network_publisher"


def point_intact(execution: Execution, setting: Setting) -> Judgement:
    """np.point-intact: every point carries one battery event and one pack event that the publisher was given."""
    view = View.of(execution, setting)
    if not view.posts:
        return NOT_EXERCISED
    batteries, packs = view.handled(COMPONENT, "battery"), view.handled(COMPONENT, "pack")
    exercised = False
    for post in view.posts:
        if post.point is None:
            return violated(f"the body of HTTP request {post.serial} is no telemetry point: {post.problem}", post.start)
        exercised = exercised or bool(post.point.battery or post.point.pack)
        torn = _torn(post, post.point, batteries, packs)
        if torn is not None:
            return torn
    return HELD if exercised else NOT_EXERCISED


def _torn(post: Post, point: Point, batteries: list[Handler], packs: list[Handler]) -> Judgement | None:
    groups = (("battery", point.battery, batteries, BATTERY_ROUNDING), ("pack", point.pack, packs, PACK_ROUNDING))
    for name, group, events, rounding in groups:
        given = [event for event in events if event.enter < post.start]
        if group and not any(carries(group, event.fields, rounding) for event in given):
            parts = [e.enter for e in given if any(carries((field,), e.fields, rounding) for field in group)]
            return violated(
                f"the {name} of the point of {point.stamp_ms / 1000:.3f} s is none that the publisher was given, but a"
                f" mixture: {Point(0, *_only(name, group)).describe()}",
                *parts[-3:],
                post.start,
            )
    return None


def _only(
    name: str, group: tuple[tuple[str, float], ...]
) -> tuple[tuple[tuple[str, float], ...], tuple[tuple[str, float], ...]]:
    return (group, ()) if name == "battery" else ((), group)


def freshness(execution: Execution, setting: Setting) -> Judgement:
    """np.freshness: a point shows the state at its stamp; buffered points keep both."""
    view = View.of(execution, setting)
    if not view.posts:
        return NOT_EXERCISED
    states = view.handled(COMPONENT, "battery", "pack")
    exercised = False
    open_ = []
    for post in view.posts:
        point = post.point
        if point is None or not (point.battery or point.pack) or not 0 <= point.stamp_ms * 1000 <= view.history.end_us:
            continue  # no point, no data, or a stamp of another clock than the records have
        exercised = True
        first, last = _window(view, post, point)
        cuts = _cuts_between(states, first, last)
        shown = any(_shows(point, states, cut) for cut in cuts)
        if not shown and _intact(point, states):
            return _stale(post, point, states, cuts)
        if shown and len(cuts) > 1 and first <= last:
            open_.append((post, first, last))
    turned = _turned_back(states, open_) if len(open_) > 1 else None
    return turned or (HELD if exercised else NOT_EXERCISED)


def _turned_back(states: list[Handler], points: list[tuple[Post, int, int]]) -> Judgement | None:
    """Points whose stamps leave open which event was the latest: each may be right, and yet no order explains all."""
    writes = [between(state.kind, state.enter, state.leave, (place,)) for place, state in enumerate(states)]
    reads = [between("read", low, high, results={"point": place}) for place, (_, low, high) in enumerate(points)]
    result = check_execution(_Points(states, [post for post, _, _ in points]), [*writes, *reads])
    if result.verdict is Verdict.OK:
        return None
    if result.blocked is None or result.blocked.results is None:
        return NOT_EXERCISED
    earlier = [points[int(one.results["point"])][0] for one in result.prefix if one.name == "read" and one.results]
    post = points[int(result.blocked.results["point"])][0]
    point = post.point
    assert point is not None
    return violated(
        f"the point posted at {at(post.start_us)} is stamped {point.stamp_ms / 1000:.3f} s and shows"
        f" {point.describe()}, but a point built before it shows a later event",
        *(one.start for one in earlier[-3:]),
        post.start,
    )


class _Points(Model[tuple[int, int]]):
    """Which battery and which pack handler took effect last, by number; -1 for none. A point shows both."""

    def __init__(self, states: list[Handler], posts: list[Post]) -> None:
        self._states, self._posts = states, posts

    def init(self) -> tuple[int, int]:
        return -1, -1

    def reads(self, operation: Operation) -> bool:
        return operation.name == "read"

    def step(self, state: tuple[int, int], operation: Operation) -> tuple[int, int] | None:
        if operation.name == "battery":
            return int(operation.invocation.arguments[0]), state[1]
        if operation.name == "pack":
            return state[0], int(operation.invocation.arguments[0])
        point = self._posts[int((operation.results or {})["point"])].point
        battery, pack = (self._states[place] if place >= 0 else None for place in state)
        fits = point is not None and _shows_records(point, battery, pack)
        return state if fits else None


def _window(view: View, post: Post, point: Point) -> tuple[int, int]:
    """Positions around every moment at which a clock that counts ticks or milliseconds could read this stamp."""
    stamp_us = int(point.stamp_ms * 1000)
    slack = view.execution.slack_us
    return view.last_before(stamp_us - slack), min(view.first_after(stamp_us + view.margin_us), post.start)


def _cuts_between(states: list[Handler], first: int, last: int) -> range:
    """The numbers k of handlers that may have taken effect at some moment between two positions."""
    low = sum(1 for state in states if state.leave <= first)
    high = sum(1 for state in states if state.enter < last)
    return range(low, high + 1)


def _latest(states: list[Handler], cut: int, kind: str) -> Handler | None:
    return next((state for state in reversed(states[:cut]) if state.kind == kind), None)


def _shows(point: Point, states: list[Handler], cut: int) -> bool:
    return _shows_records(point, _latest(states, cut, "battery"), _latest(states, cut, "pack"))


def _shows_records(point: Point, battery: Handler | None, pack: Handler | None) -> bool:
    return _shows_group(point.battery, battery, BATTERY_ROUNDING) and _shows_group(point.pack, pack, PACK_ROUNDING)


def _shows_group(group: tuple[tuple[str, float], ...], event: Handler | None, rounding: float) -> bool:
    if event is None:
        return not group
    return carries(group, event.fields, rounding) or (not group and _shows_nothing(event))


def _shows_nothing(event: Handler) -> bool:
    """An event whose own values are all zero (a pack that was reset) looks like no event."""
    return not any(float(value) for name, value in event.fields.items() if name in _MEASURED)


_MEASURED = frozenset({*BATTERY_KEYS, *PACK_KEYS})


def _intact(point: Point, states: list[Handler]) -> bool:
    """Torn groups are np.point-intact's finding; here only whole ones of the wrong moment count."""
    groups = ((point.battery, "battery", BATTERY_ROUNDING), (point.pack, "pack", PACK_ROUNDING))
    return all(
        not group or any(carries(group, state.fields, rounding) for state in states if state.kind == kind)
        for group, kind, rounding in groups
    )


def _stale(post: Post, point: Point, states: list[Handler], cuts: range) -> Judgement:
    newest = [handler for kind in ("battery", "pack") if (handler := _latest(states, cuts[-1], kind)) is not None]
    shown = " and ".join(_name_event(handler) for handler in newest) or "nothing"
    return violated(
        f"the point posted at {at(post.start_us)} is stamped {point.stamp_ms / 1000:.3f} s but shows"
        f" {point.describe()}; at that moment the publisher had {shown}",
        *(handler.enter for handler in newest),
        post.start,
    )


def _name_event(handler: Handler) -> str:
    keys = ("soc", "soh", "voltage") if handler.kind == "battery" else ("cell_min", "cell_max", "cell_delta")
    group = tuple((key, float(handler.fields[key])) for key in keys if key in handler.fields)
    return Point(0, *_only(handler.kind, group)).describe()


Identity = tuple[float, tuple[tuple[str, float], ...], tuple[tuple[str, float], ...]]


def fifo(execution: Execution, setting: Setting) -> Judgement:
    """np.fifo: in the order they were built, and none twice except after an attempt that was reported as failed."""
    view = View.of(execution, setting)
    twice = _twice(view)
    if twice is not None:
        return twice
    arrivals = _arrivals(view)
    ended = sorted(arrivals, key=lambda post: post.end)
    newest: Post | None = None
    index = 0
    for post in arrivals:
        while index < len(ended) and ended[index].end < post.start:
            newest = ended[index] if newest is None or _stamp(ended[index]) > _stamp(newest) else newest
            index += 1
        if newest is not None and _stamp(newest) > _stamp(post):
            return violated(
                f"the point of {_stamp(post) / 1000:.3f} s arrived after the point of {_stamp(newest) / 1000:.3f} s,"
                " although it was built before",
                newest.start,
                post.start,
            )
    return out_of_order(view, arrivals) or (HELD if len(arrivals) > 1 else NOT_EXERCISED)


def _stamp(post: Post) -> float:
    return post.point.stamp_ms if post.point is not None else -1.0


def _identity(post: Post) -> Identity | None:
    return (post.point.stamp_ms, post.point.battery, post.point.pack) if post.point is not None else None


def _twice(view: View) -> Judgement | None:
    """Another attempt is right only when every earlier one of that point had been reported as failed."""
    attempts: dict[Identity, Post] = {}
    for post in view.posts:
        identity = _identity(post)
        if identity is None:
            continue
        earlier = attempts.get(identity)
        if earlier is not None and not (earlier.end < post.start and earlier.ok is False):
            return violated(
                f"the point of {_stamp(post) / 1000:.3f} s was posted at {at(earlier.start_us)} and again at"
                f" {at(post.start_us)}, although no attempt had been reported as failed",
                earlier.start,
                post.start,
            )
        attempts[identity] = post
    return None


def _arrivals(view: View) -> list[Post]:
    """The posts by which a point first reached the sink, also those that were then reported as failed (code 2)."""
    codes = view.setting.program.environment.get("http", ())
    known: set[Identity] = set()
    arrivals = []
    for post in view.posts:
        identity = _identity(post)
        code = codes[post.serial - 1] // 1_000_000 if 0 < post.serial <= len(codes) else 0
        if identity is None or identity in known or not (post.ok or (post.ok is False and code == 2)):
            continue
        known.add(identity)
        arrivals.append(post)
    return arrivals
