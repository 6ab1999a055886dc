"""Copies that were torn, updates that were lost, and tasks that have no column: what the rows say of them."""

from __future__ import annotations

from p4verify.reports.example import TraceWriter, torn_finding
from p4verify.reports.lanes import report
from p4verify.reports.relevance import relevant
from p4verify.reports.rows import Row, Switch, rows
from p4verify.verify.schedule import StepKind

READ, WRITE = StepKind.READ, StepKind.WRITE


def copied(trace: TraceWriter, task: str, kind: StepKind, *members: str, line: int = 9) -> None:
    for member in members:
        trace.access(task, kind, f"shared.{member}", line, 0x1000 + 4 * "xyzw".index(member))


def told(trace: TraceWriter) -> list[str]:
    """What each task did with how many members, and where one was left for good."""
    found = []
    for entry in rows(trace.steps, relevant(trace.steps, 3), ()):
        if isinstance(entry, Row):
            done = (f"{one.verb} {one.part} {one.what} {len(one.readings)}" for one in entry.actions)
            found.append(" ".join(f"{entry.task} {', '.join(done)}".split()))
        elif isinstance(entry, Switch) and "does not go on" in entry.text:
            found.append(entry.text)
    return found


def test_a_copy_torn_in_its_middle_is_in_two_parts_with_what_came_between() -> None:
    trace = TraceWriter()
    copied(trace, "writer", WRITE, "x")
    copied(trace, "reader", READ, *"xyzw", line=14)
    copied(trace, "writer", WRITE, *"yzw")
    assert told(trace) == [
        "writer writes a part of shared 1",
        "reader reads shared 4",
        "writer writes the rest of shared 3",
    ]


def test_a_copy_torn_twice_is_in_three_parts() -> None:
    trace = TraceWriter()
    for members, writer in (("xy", "one"), ("z", "two"), ("w", "three")):
        copied(trace, "reader", READ, *members)
        copied(trace, writer, WRITE, *"xyzw", line=20)
    assert [line for line in told(trace) if "reader" in line] == [
        "reader reads a part of shared 2", "reader reads another part of shared 1", "reader reads the rest of shared 1",
    ]  # fmt: skip


def test_a_line_that_wrote_the_same_again_copied_nothing_in_parts() -> None:
    trace = TraceWriter()
    for _ in range(2):
        copied(trace, "writer", WRITE, *"xy")
        copied(trace, "reader", READ, *"xy", line=14)
    assert not [line for line in told(trace) if "part" in line or "rest" in line]


def test_a_copy_that_never_ends_is_told_with_all_that_was_read_of_it() -> None:
    trace = TraceWriter()
    copied(trace, "writer", WRITE, "x")
    copied(trace, "reader", READ, "x", "w", line=14)
    assert told(trace) == [
        "writer writes shared 1",
        "writer stops at line 9 and does not go on: reader runs",
        "reader reads shared 2",
    ]


def test_a_task_that_went_on_did_not_stop() -> None:
    trace = TraceWriter()
    copied(trace, "writer", WRITE, "x")
    copied(trace, "reader", READ, "x", line=14)
    trace.call("writer", StepKind.CALL, "pthread_exit")
    assert not [line for line in told(trace) if "does not go on" in line]


def test_of_a_lost_update_both_reads_and_both_writes_have_their_values_whoever_else_was_preempted() -> None:
    """main, which waits for both, is left too: those whose update was lost come first, and main is told beside them."""
    trace = TraceWriter()
    trace.access("main", WRITE, "done", 12, 0x3000, bits=16)
    for task, kind, bits in (("one", READ, 5), ("two", READ, 5), ("two", WRITE, 6)):
        trace.access(task, kind, "n", 8, 0x2000, bits=bits)
    trace.access("two", READ, "done", 8, 0x3000, bits=16)
    trace.access("main", READ, "done", 15, 0x3000, bits=16)
    trace.access("one", WRITE, "n", 8, 0x2000, bits=6)
    trace.access("main", READ, "n", 17, 0x2000, bits=6)
    text = [line.plain for line in report(torn_finding(tuple(trace.steps)), 80)]
    told = [line.replace("│", "").strip() for line in text]
    assert next(line for line in text if "─┼─" in line).count("┼") == 1
    assert [line for line in told if line.startswith(("reads n", "writes n"))] == [
        "reads n = 5", "reads n = 5", "writes n = 6", "writes n = 6",
    ]  # fmt: skip
    assert "· main writes done = 16" in told
