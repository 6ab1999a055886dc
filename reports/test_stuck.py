"""What is shown of executions in which nobody could go on."""

from __future__ import annotations

from dataclasses import replace

from p4verify.reports.example import FILE, torn_finding
from p4verify.reports.lanes import report
from p4verify.reports.stuck import MOST_CALLS, stuck
from p4verify.verify.execution import Ending, Outcome
from p4verify.verify.schedule import Step, StepKind

READ, WRITE, CALL, BLOCK = StepKind.READ, StepKind.WRITE, StepKind.CALL, StepKind.BLOCK
A, B = 0x40000010, 0x40000080
NAMES = {A: "s_a", B: "s_b", 0: ""}


def call(task: str, name: str, address: int, answer: int | None = 1, line: int = 1) -> Step:
    """A call that answered, or (None) did not come back."""
    size, value = (0, 0) if answer is None else (8, answer)
    return Step(task, CALL, name, FILE, line, 0, address, size, value, about=NAMES[address])


def wait(task: str, name: str, address: int, holder: str = "", line: int = 1) -> Step:
    return Step(task, BLOCK, name, FILE, line, 0, address, about=NAMES[address], holder=holder)


def access(task: str, kind: StepKind, name: str, address: int, value: int) -> Step:
    return Step(task, kind, name, FILE, 5, 0, address, 4, value)


OPPOSITE_ORDER = (
    call("x", "xSemaphoreTake", A, line=10),
    call("x", "xSemaphoreTake", B),
    call("x", "xSemaphoreGive", B),
    call("y", "xSemaphoreTake", B, line=20),
    call("y", "xSemaphoreTake", A, None),
    wait("y", "xSemaphoreTake", A, "x", line=21),
    call("x", "xSemaphoreTake", B, None),
    wait("x", "xSemaphoreTake", B, "y", line=11),
)
SERVER = (call("server", "xQueueReceive", 0, None), wait("server", "xQueueReceive", 0))


def text_of(steps: tuple[Step, ...], outcome: Outcome = Outcome.DEADLOCK) -> str:
    finding = torn_finding(steps)
    finding = replace(finding, positions=(), execution=replace(finding.execution, ending=Ending(outcome)))
    return "\n".join(line.plain for line in report(finding, 100))


def test_of_a_cycle_it_shows_the_locks_that_are_held_and_the_waits() -> None:
    found = stuck(OPPOSITE_ORDER)
    assert found is not None
    assert found.steps == (0, 3, 5, 7)
    assert found.waits == {5, 7}
    assert [(one.task, one.before, one.after) for one in found.suspensions] == [("x", 2, 6)]


def test_who_took_what_and_who_waits_for_whom_is_said_in_words() -> None:
    text = text_of(OPPOSITE_ORDER)
    for words in ("takes s_a", "takes s_b", "✗ waits for s_a, held by x", "✗ waits for s_b, held by y"):
        assert text.count(words) == 1
    assert "▼ x (core 0) " in text or "▼ x is preempted" in text


def test_a_server_that_waits_for_work_has_no_part_in_a_cycle() -> None:
    found = stuck((*SERVER, *OPPOSITE_ORDER))
    assert found is not None
    assert found.steps == (2, 5, 7, 9)


LOST = (
    access("main", READ, "s_filled", 0x2000, 0),
    access("y", WRITE, "s_filled", 0x2000, 1),
    call("y", "xSemaphoreGive", A),
    call("main", "xSemaphoreTake", A),
    call("main", "xSemaphoreTake", A, None),
    wait("main", "xSemaphoreTake", A),
)


def test_of_a_lost_wake_up_it_shows_where_it_went_and_what_had_been_read_before() -> None:
    found = stuck((*SERVER, *LOST))
    assert found is not None
    assert found.steps == (2, 3, 4, 5, 7)
    assert [(one.task, one.by) for one in found.suspensions] == [("main", "y")]
    text = text_of(LOST)
    assert text.index("reads s_filled = 0") < text.index("writes s_filled = 1") < text.index("gives s_a")
    assert text.index("gives s_a") < text.index("takes s_a") < text.index("✗ waits for s_a")


def test_what_was_read_again_after_the_write_is_not_stale() -> None:
    fresh = (*LOST[:2], access("main", READ, "s_filled", 0x2000, 1), *LOST[2:])
    found = stuck(fresh)
    assert found is not None
    assert found.steps == (3, 4, 6)


def test_a_notification_is_about_the_task_that_gets_it() -> None:
    task = 0x40000200
    steps = (
        replace(call("y", "xTaskNotifyGive", A), address=task, about="main"),
        call("main", "xTaskNotifyStateClear", 0, 1),
        call("main", "ulTaskNotifyTake", 0, None),
        replace(wait("main", "ulTaskNotifyTake", A), address=task, about="main"),
    )
    found = stuck(steps)
    assert found is not None
    assert found.steps == (0, 1, 3)
    text = text_of(steps)
    assert "notifies main" in text
    assert "clears a pending notification of itself" in text
    assert "✗ waits for a notification" in text


def test_calls_that_failed_or_had_to_wait_say_so() -> None:
    steps = (
        call("main", "xSemaphoreTake", A, 0),
        call("main", "xQueueSend", A, 0),
        call("main", "pthread_mutex_trylock", A, 16),
        call("main", "xSemaphoreTake", A),
        wait("main", "xSemaphoreTake", A),
        call("main", "xSemaphoreTake", A, None),
        wait("main", "xSemaphoreTake", A),
    )
    text = text_of(steps)
    assert "finds no room in s_a" in text
    assert text.count("does not get s_a") == 2
    assert "takes s_a after a wait" in text


def test_of_a_long_life_only_the_end_is_shown() -> None:
    steps = tuple(call("y", "xSemaphoreGive", A) for _ in range(1000)) + LOST[-1:]
    found = stuck(steps)
    assert found is not None
    assert len(found.steps) == MOST_CALLS + 1


def test_where_nobody_waits_there_is_nothing_to_show() -> None:
    assert stuck(OPPOSITE_ORDER[:4]) is None
    assert stuck(()) is None


def test_a_trace_that_was_cut_says_so() -> None:
    finding = torn_finding()
    trace = finding.execution.trace
    assert trace is not None
    cut = replace(finding, execution=replace(finding.execution, trace=replace(trace, cut=1234)))
    assert "trace cut" not in "\n".join(line.plain for line in report(finding, 80))
    assert "trace cut: its last 1,234 steps are missing" in " ".join(line.plain.strip() for line in report(cut, 80))


def test_waits_of_an_earlier_boot_have_ended() -> None:
    boot = Step("main", StepKind.BOOT, "power cut", "", 0, 0)
    assert stuck((*OPPOSITE_ORDER, boot, call("main", "xSemaphoreTake", A))) is None
    found = stuck((*SERVER, boot, *OPPOSITE_ORDER))
    assert found is not None
    assert found.steps == (3, 6, 8, 10)
    assert found.waits == {8, 10}
    assert [(one.task, one.before, one.after) for one in found.suspensions] == [("x", 5, 9)]
