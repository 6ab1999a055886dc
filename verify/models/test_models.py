"""Each specification, called by one task: what it answers, what it refuses, and which results it finds possible."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from p4verify.verify.history import Operation
from p4verify.verify.model import Executable
from p4verify.verify.models.counters import Counter, MetricsCounters, PublicationCounters
from p4verify.verify.models.register import Register, RegisterFile
from p4verify.verify.models.request_queue import RequestQueue
from p4verify.verify.models.ring import Ring
from p4verify.verify.models.snapshot import Snapshot
from p4verify.verify.program import Invocation, Value

Call = tuple[Value, ...]


def answers(model: Executable[Any], *calls: Call) -> list[Mapping[str, Value]]:
    """What these calls, one after the other, return. Each must be possible with that, and pending."""
    state, results = model.init(), []
    for name, *arguments in calls:
        invocation = Invocation(str(name), tuple(arguments))
        after, answer = model.apply(state, invocation)
        assert model.step(state, called(invocation, answer)) == after
        assert model.step(state, called(invocation, None)) == after
        assert hash(after) == hash(after)
        if model.reads(called(invocation, answer)):
            assert after == state
        results.append(answer)
        state = after
    return results


def called(invocation: Invocation, results: Mapping[str, Value] | None) -> Operation:
    end = None if results is None else 1
    return Operation("t", 0, invocation, 0, 0, end, end, results)


def test_a_register_shows_what_was_written_last() -> None:
    seen = answers(Register(), ("read",), ("write", 7), ("write", 8), ("read",))
    assert seen == [{"value": 0}, {}, {}, {"value": 8}]


def test_a_record_is_written_and_read_as_a_whole() -> None:
    battery = Register((0.0, 0.0), ("soc", "voltage"))
    assert answers(battery, ("write", 50.0, 48.5), ("read",))[1] == {"soc": 50.0, "voltage": 48.5}
    torn = called(Invocation("read"), {"soc": 50.0, "voltage": 0.0})
    assert battery.step((50.0, 48.5), torn) is None
    part = called(Invocation("read"), {"voltage": 48.5})
    assert battery.step((50.0, 48.5), part) == (50.0, 48.5)
    assert battery.step((50.0, 0.0), part) is None


def test_registers_of_a_file_differ_by_address() -> None:
    registers = RegisterFile()
    assert answers(registers, ("write", 0x12C, 5), ("read", 0x12C)) == [{}, {"value": 5}]
    keys = {registers.key(called(Invocation("read", (address,)), None)) for address in (1, 2, 1)}
    assert keys == {1, 2}


def test_a_snapshot_shows_the_records_of_one_instant() -> None:
    model = Snapshot(("battery", "pack"), (0, 0))
    seen = answers(model, ("battery", 3), ("read",), ("pack", 4), ("read",))
    assert seen[1::2] == [{"battery": 3, "pack": 0}, {"battery": 3, "pack": 4}]
    assert model.step((3, 4), called(Invocation("read"), {"battery": 3, "pack": 0})) is None


def test_the_oldest_point_of_a_full_ring_gives_way_and_is_counted() -> None:
    seen = answers(Ring(2), ("push", 1), ("push", 2), ("push", 3), ("count",), ("peek",), ("pop",), ("pop",), ("pop",))
    assert seen[3:] == [
        {"buffered": 2, "capacity": 2, "overwritten": 1},
        {"taken": True, "value": 2},
        {"taken": True, "value": 2},
        {"taken": True, "value": 3},
        {"taken": False},
    ]


def test_a_point_put_back_comes_first_or_gives_way() -> None:
    room = answers(Ring(2), ("push", 1), ("pop",), ("push", 2), ("put_back", 1), ("pop",), ("count",))
    assert room[4:] == [{"taken": True, "value": 1}, {"buffered": 1, "capacity": 2, "overwritten": 0}]
    full = answers(Ring(1), ("push", 1), ("pop",), ("push", 2), ("put_back", 1), ("pop",), ("count",))
    assert full[4:] == [{"taken": True, "value": 2}, {"buffered": 0, "capacity": 1, "overwritten": 1}]


def test_a_full_queue_refuses_and_keeps_its_order() -> None:
    calls = (("enqueue", 1), ("enqueue", 2), ("enqueue", 3), ("depth",), ("dequeue",), ("enqueue", 4), ("dequeue",))
    seen = answers(RequestQueue(2), *calls)
    assert [answer.get("accepted") for answer in seen[:3]] == [True, True, False]
    assert seen[3:5] == [{"depth": 2}, {"taken": True, "value": 1}]
    assert seen[5:] == [{"accepted": True}, {"taken": True, "value": 2}]
    assert answers(RequestQueue(), *[("enqueue", n) for n in range(50)])[-1] == {"accepted": True}


def test_counters_count() -> None:
    seen = answers(Counter(initial=5), ("add",), ("add", 3), ("fetch_add",), ("read",))
    assert seen == [{}, {}, {"value": 9}, {"value": 10}]
    metrics = MetricsCounters(("buffered", "published"))
    assert answers(metrics, ("change", "published", 1, "buffered", -1), ("read",))[1] == {
        "buffered": -1,
        "published": 1,
    }


def test_a_publication_changes_count_and_time_together() -> None:
    model = PublicationCounters(boot_us=10_000, other_clock_ms=10**11)

    def after(state: tuple[int, int, int], published: int, sync_ms: int) -> object:
        shown = {"published_points": published, "last_sync_ms": sync_ms}
        return model.step(state, called(Invocation("read"), shown))

    published = model.step(model.init(), called(Invocation("publication", (1_000_000, 1_020_000)), {}))
    assert published == (1, 1_000_000, 1_020_000)
    assert after(published, 1, 1002) == published
    assert after(published, 1, 10**12) == published
    assert after(published, 1, 900) is None
    assert after(published, 0, 1002) is None
    assert after(model.init(), 0, 0) == model.init()
    assert after(model.init(), 0, 1002) is None
    assert model.step(published, called(Invocation("read"), None)) == published


@pytest.mark.parametrize(
    ("model", "call"),
    [
        (Register(), ("write",)),
        (Register(), ("write", 1, 2)),
        (Register(), ("format",)),
        (Snapshot(("battery",), (0,)), ("pack", 1)),
        (Ring(1), ("push",)),
        (Ring(1), ("clear",)),
        (RequestQueue(), ("enqueue",)),
        (RequestQueue(), ("flush",)),
        (Counter(), ("add", 1, 2)),
        (Counter(), ("add", "much")),
        (Counter(), ("reset",)),
        (MetricsCounters(("sent",)), ("change", "lost", 1)),
        (MetricsCounters(("sent",)), ("change", "sent")),
        (MetricsCounters(("sent",)), ("reset",)),
    ],
)
def test_what_a_specification_does_not_know_is_an_error(model: Executable[Any], call: Call) -> None:
    name, *arguments = call
    with pytest.raises(ValueError, match=r"\w"):
        model.apply(model.init(), Invocation(str(name), tuple(arguments)))


def test_specifications_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="one initial record"):
        Snapshot(("battery", "pack"), (0,))
    with pytest.raises(ValueError, match="at least one point"):
        Ring(0)


def test_results_that_no_specification_knows_are_no_agreement() -> None:
    with pytest.raises(ValueError, match="returned count, its specification value"):
        Counter().step(0, called(Invocation("read"), {"count": 0}))
