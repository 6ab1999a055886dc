"""Which steps of a trace matter."""

from __future__ import annotations

from p4verify.reports.example import TraceWriter, torn_steps
from p4verify.reports.relevance import relevant
from p4verify.verify.schedule import StepKind

READ, WRITE, CALL, BLOCK = StepKind.READ, StepKind.WRITE, StepKind.CALL, StepKind.BLOCK


def test_a_torn_copy_is_one_suspension_with_both_sides() -> None:
    found = relevant(torn_steps(), 3)
    assert found.steps == (6, 7, 8, 9, 11, 12)
    (suspension,) = found.suspensions
    assert (suspension.task, suspension.before, suspension.after, suspension.waiting) == ("net_pub", 6, 11, "")


def test_two_whole_copies_one_after_the_other_are_no_suspension() -> None:
    trace = TraceWriter()
    for index in range(3):
        trace.member("event_dispatch", WRITE, index, 12, 148)
    for index in range(3):
        trace.member("net_pub", READ, index, 12, 82 + index)
    assert relevant(trace.steps, 3).suspensions == ()


def test_reading_what_another_only_read_is_no_conflict() -> None:
    trace = TraceWriter()
    trace.member("x", READ, 0, 12, 1)
    trace.member("y", READ, 0, 12, 2)
    trace.member("x", READ, 0, 12, 3)
    assert relevant(trace.steps, 3).suspensions == ()


def test_a_lost_update_shows_read_foreign_write_and_write() -> None:
    trace = TraceWriter()
    for task, kind in (("x", READ), ("y", READ), ("y", WRITE), ("x", WRITE)):
        trace.access(task, kind, "s_state.count", 7, 0x2000)
    found = relevant(trace.steps, 3)
    assert found.steps == (0, 1, 2, 3)
    assert [s.task for s in found.suspensions] == ["x"]


def test_memory_that_is_only_used_under_a_lock_is_left_out_where_there_is_other() -> None:
    trace = TraceWriter()
    trace.access("x", READ, "s_state.torn", 1, 0x2000)
    trace.call("x", CALL, "portENTER_CRITICAL")
    trace.access("x", WRITE, "s_state.counted", 2, 0x3000)
    trace.call("x", CALL, "portEXIT_CRITICAL")
    trace.access("y", WRITE, "s_state.torn", 3, 0x2000)
    trace.access("y", WRITE, "s_state.counted", 4, 0x3000)
    trace.access("x", READ, "s_state.torn", 5, 0x2000)
    assert relevant(trace.steps, 3).steps == (0, 4, 6)


def test_two_critical_sections_where_one_was_needed_are_shown_with_their_locks() -> None:
    trace = TraceWriter()
    for task, kind in (("x", READ), ("y", WRITE), ("x", READ)):
        trace.call(task, CALL, "portENTER_CRITICAL")
        trace.access(task, kind, "s_state.count", 7, 0x2000)
        trace.call(task, CALL, "portEXIT_CRITICAL")
    assert relevant(trace.steps, 3).steps == tuple(range(9))


def test_a_wait_in_a_call_that_costs_time_counts_as_suspension() -> None:
    trace = TraceWriter()
    trace.access("x", READ, "s_state.tail", 1, 0x2000)
    trace.call("x", BLOCK, "a costed call")
    trace.access("y", WRITE, "s_state.tail", 2, 0x2000)
    trace.access("x", WRITE, "s_state.tail", 3, 0x2000)
    (suspension,) = relevant(trace.steps, 3).suspensions
    assert suspension.waiting == "a costed call"


def test_a_new_turn_of_the_main_loop_is_another_run() -> None:
    trace = TraceWriter()
    trace.access("x", READ, "s_state.tail", 1, 0x2000)
    trace.call("x", CALL, "vTaskDelay")
    trace.call("x", BLOCK, "vTaskDelay")
    trace.access("y", WRITE, "s_state.tail", 2, 0x2000)
    trace.access("x", READ, "s_state.tail", 1, 0x2000)
    assert relevant(trace.steps, 3).suspensions == ()


def test_without_suspension_it_shows_who_wrote_what_the_evidence_was_made_from() -> None:
    trace = TraceWriter()
    trace.access("x", WRITE, "s_state.mode", 1, 0x2000)
    trace.access("x", WRITE, "s_state.other", 1, 0x3000)
    trace.access("y", READ, "s_state.mode", 2, 0x2000)
    assert relevant(trace.steps, 3).steps == (0, 2)


def test_what_was_read_under_a_lock_is_shown_where_nothing_was_read_without() -> None:
    """The writer, which had none, was left in the middle and never went on."""
    trace = TraceWriter()
    trace.access("x", WRITE, "s_state.a", 3, 0x2000)
    trace.call("y", CALL, "xSemaphoreTake")
    trace.access("y", READ, "s_state.a", 4, 0x2000)
    trace.access("y", READ, "s_state.b", 4, 0x2004)
    trace.call("y", CALL, "xSemaphoreGive")
    found = relevant(trace.steps, 3)
    assert found.steps == (0, 1, 2, 3, 4)
    assert found.unfinished == (0,)


def test_an_empty_trace_has_nothing_to_show() -> None:
    assert relevant((), 3).steps == ()


def test_a_long_trace_that_nobody_minimised_is_cut_to_the_last_suspensions() -> None:
    trace = TraceWriter()
    for number in range(30_000):
        trace.access("xy"[number % 2], WRITE, "s_state.count", 7, 0x2000)
    found = relevant(trace.steps, 3)
    assert [s.before for s in found.suspensions] == [29_996, 29_997]


def test_a_task_that_waited_is_left_out_where_another_was_preempted() -> None:
    trace = TraceWriter()
    trace.access("x", READ, "s_state.count", 7, 0x2000)
    trace.call("x", BLOCK, "http")
    trace.access("y", READ, "s_state.count", 7, 0x2000)
    trace.access("z", WRITE, "s_state.count", 8, 0x2000)
    trace.access("y", WRITE, "s_state.count", 7, 0x2000)
    trace.access("x", WRITE, "s_state.count", 7, 0x2000)
    assert [(one.task, one.waiting) for one in relevant(trace.steps, 3).suspensions] == [("y", "")]


def test_a_copy_is_shown_with_all_of_its_record_whatever_the_violation_speaks_of() -> None:
    trace = TraceWriter()
    record = [(f"s_state.{name}", 0x2000 + 4 * number) for number, name in enumerate("abcd")]
    for name, address in record[:2]:
        trace.access("x", READ, name, 17, address)
    for name, address in record:
        trace.access("y", WRITE, name, 12, address)
    for name, address in record[2:]:
        trace.access("x", READ, name, 17, address)
    assert relevant(trace.steps, 3, named=frozenset({"a", "c"})).steps == tuple(range(8))


def test_where_the_member_in_question_was_used_before_and_after_the_others_are_left_out() -> None:
    trace = TraceWriter()
    members = (("s_state.count", 0x2000), ("s_state.stamp", 0x2004))
    for task, kind in (("x", READ), ("y", READ), ("y", WRITE), ("x", WRITE)):
        for name, address in members:
            trace.access(task, kind, name, 7, address)
    assert relevant(trace.steps, 3, named=frozenset({"count"})).steps == (0, 2, 4, 6)
    assert relevant(trace.steps, 3, named=frozenset({"points"})).steps == tuple(range(8))


def test_nobody_goes_on_after_a_boot() -> None:
    trace = TraceWriter()
    trace.access("x", READ, "s_state.count", 7, 0x2000)
    trace.access("y", WRITE, "s_state.count", 8, 0x2000)
    trace.call("main", StepKind.BOOT, "power cut")
    trace.access("x", READ, "s_state.count", 0, 0x2000)
    found = relevant(trace.steps, 3)
    assert found.suspensions == ()
    assert found.steps == (2,), "the boot is shown; what was written before it was not read after it"
