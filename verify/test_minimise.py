from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p4verify.verify.minimise import fewest_choices, fewest_segments, smallest_program
from p4verify.verify.program import Invocation, Program, Task
from p4verify.verify.schedule import TICK, Granularity, Schedule

NOISE = tuple((point, 2) for point in range(5, 200, 3))


def always() -> bool:
    return True


def attempts(number: int) -> Callable[[], bool]:
    """There is time for so many attempts."""
    left = iter(range(number))
    return lambda: next(left, None) is not None


def needs(*choices: tuple[int, int]) -> Callable[[Schedule], bool]:
    return lambda schedule: set(choices) <= set(schedule.choices)


def test_noise_is_taken_away() -> None:
    schedule = Schedule(tuple(sorted({*NOISE, (7, 1), (100, 3)})))
    assert fewest_choices(schedule, needs((7, 1), (100, 3)), always).choices == ((7, 1), (100, 3))


def test_a_violation_that_needs_no_choice_needs_none() -> None:
    assert fewest_choices(Schedule(NOISE), lambda _: True, always).choices == ()


def test_the_granularity_is_kept() -> None:
    assert fewest_choices(Schedule(NOISE, Granularity.SYNC), lambda _: True, always) == Schedule((), Granularity.SYNC)


def test_choices_move_to_where_they_are_needed_first() -> None:
    def holds(schedule: Schedule) -> bool:
        return any(offset == 1 and point >= 37 for point, offset in schedule.choices)

    assert fewest_choices(Schedule(((180, 1),)), holds, always).choices == ((37, 1),)


def test_offsets_become_small_and_an_early_tick_is_avoided() -> None:
    def holds(schedule: Schedule) -> bool:
        return any(point == 9 and offset in (2, TICK, 7) for point, offset in schedule.choices)

    for offset in (7, TICK):
        assert fewest_choices(Schedule(((9, offset),)), holds, always).choices == ((9, 2),)


def test_two_choices_near_three_that_cannot_be_left_out_are_found() -> None:
    three = ((20, 1), (40, 1), (60, 1))

    def holds(schedule: Schedule) -> bool:
        return schedule.choices in (three, ((38, 1), (62, 1)))

    assert fewest_choices(Schedule(three), holds, always).choices == ((38, 1), (62, 1))


def test_one_choice_near_them_is_better_than_two() -> None:
    three = ((20, 1), (40, 1), (60, 1))

    def holds(schedule: Schedule) -> bool:
        return schedule.choices in (three, ((38, 1), (62, 1)), ((57, 1),))

    assert fewest_choices(Schedule(three), holds, always).choices == ((57, 1),)


@given(
    st.lists(st.integers(0, 300), min_size=1, max_size=30, unique=True),
    st.data(),
    st.integers(0, 60),
)
def test_what_comes_out_holds_and_is_no_larger_however_little_time_there_is(
    points: list[int], data: st.DataObject, budget: int
) -> None:
    schedule = Schedule(tuple((point, data.draw(st.integers(1, 3))) for point in sorted(points)))
    needed = data.draw(st.lists(st.sampled_from(schedule.choices), max_size=3))
    holds = needs(*needed)
    small = fewest_choices(schedule, holds, attempts(budget))
    assert holds(small)
    assert len(small.choices) <= len(schedule.choices)
    assert Schedule.decode(small.encode()) == small
    complete = fewest_choices(schedule, holds, always)
    assert set(complete.choices) == set(needed)


# ---- programs


def call(operation: str, *arguments: int, delay_ms: int = 0) -> Invocation:
    return Invocation(operation, arguments, delay_ms)


NOISY = Program(
    (
        Task("a", (call("bus.battery", 3), call("bus.pack", 5, 32, delay_ms=500), call("bus.battery", 7)), 6),
        Task("b", (call("np.metrics"), call("bus.mode", 1, delay_ms=1000), call("np.metrics")), 4, core=1),
        Task("c", (call("bus.mqtt", 1),)),
    ),
    {"http": (1_002_000, 2000, 2000), "tinybms": (202,)},
    settle_ms=3000,
    final=(call("np.metrics"), call("bus.metrics")),
)


def search_for(*operations: str) -> Callable[[Program], str | None]:
    """Finds the violation wherever these operations are called."""

    def search(program: Program) -> str | None:
        called = {call.operation for task in program.tasks for call in task.invocations}
        return "found" if called >= set(operations) else None

    return search


def test_a_program_shrinks_to_what_the_violation_needs() -> None:
    program, case = smallest_program(NOISY, "first", search_for("bus.pack", "bus.mode"), always)
    assert case == "found"
    assert program == Program(
        (Task("a", (call("bus.pack", 5, 2),)), Task("b", (call("bus.mode", 1),))), {}, settle_ms=0
    )


def test_delays_shrink_no_further_than_the_violation_allows() -> None:
    def search(program: Program) -> str | None:
        return "found" if any(c.delay_ms >= 250 for task in program.tasks for c in task.invocations) else None

    program, _ = smallest_program(NOISY, "first", search, always)
    assert [call.delay_ms for task in program.tasks for call in task.invocations] == [250]


def test_environment_values_that_matter_are_kept() -> None:
    def search(program: Program) -> str | None:
        return "found" if program.environment.get("http", ())[:1] == (1_002_000,) else None

    program, _ = smallest_program(NOISY, "first", search, always)
    assert program.environment == {"http": (1_002_000,)}
    assert program.size == 1


def test_without_time_the_program_stays_as_it_is() -> None:
    assert smallest_program(NOISY, "first", search_for(), attempts(0)) == (NOISY, "first")


@given(st.integers(0, 40))
def test_however_little_time_there_is_the_program_never_grows(budget: int) -> None:
    search = search_for("bus.pack", "bus.mode")
    program, _ = smallest_program(NOISY, "found", search, attempts(budget))
    assert program.size <= NOISY.size
    assert search(program) == "found"


def test_no_program_is_searched_twice() -> None:
    seen: list[str] = []

    def search(program: Program) -> str | None:
        seen.append(repr(program))
        return search_for("bus.pack", "bus.mode")(program)

    smallest_program(NOISY, "first", search, always)
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_program_is_never_left_without_tasks(number: int) -> None:
    program = replace(NOISY, tasks=NOISY.tasks[:number])
    smaller, _ = smallest_program(program, "first", search_for(), always)
    assert smaller.tasks


# ---- segments: so many choice points of one task


def merged(segments: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """What really happens: neighbours of one task run as one."""
    happened: list[tuple[int, int]] = []
    for task, points in segments:
        if happened and happened[-1][0] == task:
            happened[-1] = (task, happened[-1][1] + points)
        else:
            happened.append((task, points))
    return tuple(happened)


A, B, C = 1, 2, 3
SEGMENTS = ((A, 3), (B, 1), (A, 2), (C, 4), (B, 5), (A, 1), (C, 1))
"""Seven segments, of which a violation needs that b runs between two of a."""


def b_inside_a(segments: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...] | None:
    happened = merged(segments)
    tasks = [task for task, _ in happened]
    if B not in tasks:
        return None
    first = tasks.index(B)
    return happened if A in tasks[:first] and A in tasks[first:] else None


def test_segments_that_do_not_matter_go() -> None:
    small = fewest_segments(SEGMENTS, b_inside_a, always)
    assert [task for task, _ in small] == [A, B, A]


@given(st.integers(0, 30))
def test_however_little_time_there_is_the_segments_still_show_it(budget: int) -> None:
    small = fewest_segments(SEGMENTS, b_inside_a, attempts(budget))
    assert b_inside_a(small) is not None
    assert len(small) <= len(SEGMENTS)


# ---- power cuts ----


def frames(*counts: int) -> tuple[Task, ...]:
    return tuple(Task(f"t{i}", (Invocation("frame"),) * count) for i, count in enumerate(counts))


def test_a_cut_that_is_not_needed_goes_wherever_it_is() -> None:
    program = Program(frames(1), {"power": (1_000_003, 3_000_009, 4_000_002)})
    smaller, _ = smallest_program(program, True, lambda p: 3_000_001 in p.environment.get("power", ()) or None, always)
    assert smaller.environment == {"power": (3_000_001,)}


def test_calls_before_a_cut_go_together_with_their_part_of_it() -> None:
    """Only after the last frame, whichever that is, and of which there must be two."""

    def search(program: Program) -> bool | None:
        is_last = program.environment.get("power") == (4_000_000 + program.size,)
        return (is_last and program.size >= 2) or None

    smaller, _ = smallest_program(Program(frames(4, 3), {"power": (4_000_007,)}), True, search, always)
    assert (smaller.size, smaller.environment) == (2, {"power": (4_000_002,)})


def test_a_time_comes_down_to_the_one_that_is_needed() -> None:
    def search(program: Program) -> bool | None:
        return program.environment.get("power", (0,))[0] >= 5_000_130 or None

    smaller, _ = smallest_program(Program(frames(1), {"power": (5_000_900,)}), True, search, always)
    assert smaller.environment == {"power": (5_000_130,)}
