from __future__ import annotations

from dataclasses import replace

import pytest

from p4verify.verify.criteria import Offers, available
from p4verify.verify.execution import Access, Race
from p4verify.verify.invariants.races import component_of
from p4verify.verify.scenario import Scenario

PREFIXES = ("np", "re", "tm", "tc", "bus", "sys")


def access(file: str, *, write: bool = False, task: str = "one", locks: tuple[str, ...] = ()) -> Access:
    return Access(task, write, False, file, 12, "apply", locks)


def racing(first: str, second: str) -> set[str]:
    """The components whose invariants a race of accesses in these files violates."""
    story = Scenario()
    story.races = (Race("s_state", access(first, write=True), access(second, task="two")),)
    return {prefix for prefix in PREFIXES if story.judge(f"{prefix}.race-free").violation is not None}


@pytest.mark.parametrize(
    ("file", "owner"),
    [
        ("components/network/network_publisher.c", "np"),
        ("src/network_publisher.c", "np"),
        ("components/remote_event_adapter/event_cache.c", "re"),
        ("components/telemetry_model/pack_cells.c", "tm"),
        ("components/tinybms_client/tinybms_wire.c", "tc"),
        ("components/tinybms_model/tinybms_model.c", "tc"),
        ("components/event_bus/event_bus.c", "bus"),
        ("/home/network/tree/components/telemetry_model/x.cpp", "tm"),
        ("main/main.c", None),
        ("", None),
    ],
)
def test_a_file_belongs_to_its_innermost_component(file: str, owner: str | None) -> None:
    assert component_of(file) == owner


def test_without_a_race_each_component_holds() -> None:
    story = Scenario()
    story.races = ()
    for prefix in PREFIXES:
        story.holds(f"{prefix}.race-free")


def test_where_races_were_not_looked_for_nothing_is_said() -> None:
    for prefix in PREFIXES:
        Scenario().is_silent(f"{prefix}.race-free")


def test_a_race_belongs_to_those_who_access() -> None:
    model, client = "components/telemetry_model/telemetry_model.c", "components/tinybms_client/tinybms_client.c"
    assert racing(model, model) == {"tm"}
    assert racing(model, client) == {"tm", "tc"}
    assert racing("main/main.c", client) == {"tc"}
    assert racing("main/main.c", "gui.c") == {"sys"}


def test_the_bus_is_not_blamed_for_what_its_callers_change() -> None:
    model, bus = "components/telemetry_model/telemetry_model.c", "components/event_bus/event_bus.c"
    assert racing(model, bus) == {"tm"}
    assert racing(bus, bus) == {"bus"}


@pytest.mark.parametrize("file", ["components/ring/ring.c", "verify/ring_adapter.c", "p4verify/adapters/gui.c"])
def test_what_is_no_components_belongs_to_the_system(file: str) -> None:
    assert racing(file, file) == {"sys"}
    assert racing(file, "p4verify/c/shim/queue.c") == {"sys"}, "a buffer that the firmware handed to the RTOS"
    assert racing(file, "components/event_bus/event_bus.c") == {"bus"}


@pytest.mark.parametrize("file", ["p4verify/c/agent/agent.c", "p4verify/c/shim/queue.c", ""])
def test_what_the_runtime_does_by_itself_is_nobodys(file: str) -> None:
    assert racing(file, file) == set()


def test_a_file_may_be_called_like_a_component_that_is_not_there() -> None:
    """Else nobody would judge it: the component's own invariant is not available."""
    story = Scenario()
    wifi = access("components/network/wifi.c", write=True)
    story.races = (Race("s_tries", wifi, replace(wifi, task="two")),)
    story.holds("sys.race-free")
    for offered, violated in (({"np.metrics", "http.request"}, False), ({"bus.published"}, True)):
        (invariant,) = available(Offers(frozenset(offered)), "sim", ["sys.race-free"])
        judgement = invariant.check(story.execution(), story.setting)
        assert (judgement.exercised, judgement.violation is not None) == (True, violated)


def test_the_sentence_names_both_sides_and_their_locks() -> None:
    story = Scenario()
    one = access("event_bus.c", write=True)
    story.races = (Race("s_bus.queue", one, replace(one, task="two", write=False, locks=("s_lock",), line=40)),)
    story.violates(
        "bus.race-free",
        "tasks one and two race for s_bus.queue",
        "a write at event_bus.c:12 (apply) without a lock",
        "a read at event_bus.c:40 (apply) holding s_lock",
    )
