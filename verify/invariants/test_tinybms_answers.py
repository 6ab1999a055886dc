from __future__ import annotations

import pytest

from p4verify.verify.criteria import INVARIANTS
from p4verify.verify.execution import Outcome
from p4verify.verify.invariants.tinybms import FAIL, INVALID_CRC, TIMEOUT
from p4verify.verify.scenario_peers import TinybmsScenario
from p4verify.verify.verdict import HELD, Invariant

# ---- tc.own-answer


def test_an_answer_to_its_own_request_holds() -> None:
    story = TinybmsScenario()
    read = story.read_register(0x0101)
    story.exchange(0x0101, 7)
    story.told(read, value=7)
    story.holds("tc.own-answer")


def late_reply(*, echo: bool, before: bool, sends: bool = True) -> TinybmsScenario:
    """A read of 0x0101 is given up; its reply comes before or after the next read has been sent, and answers that."""
    story = TinybmsScenario()
    first = story.read_register(0x0101)
    story.sends(0x0101, echo=echo)
    serial = story.hears(0x0101)
    story.wait(50)
    story.told(first, TIMEOUT)
    second = story.read_register(0x0102)
    if before:
        story.replies(serial, 0x0101, 7)
        story.wait(5)
    if sends:
        story.sends(0x0102, echo=echo)
    if not before:
        story.replies(serial, 0x0101, 7)
    story.told(second, value=7)
    return story


def test_a_reply_that_arrived_before_the_request_was_sent_is_found() -> None:
    late_reply(echo=False, before=True).violates("tc.own-answer", "0x0101", "before its own request was sent")


def test_a_late_reply_without_an_address_cannot_be_told_apart() -> None:
    late_reply(echo=False, before=False).holds("tc.own-answer")


def test_a_late_reply_that_names_another_address_is_found() -> None:
    late_reply(echo=True, before=False).violates("tc.own-answer", "read of 0x0102", "which said so")


def test_an_answer_without_a_request_of_its_own_is_found() -> None:
    late_reply(echo=False, before=True, sends=False).violates("tc.own-answer", "was never sent")


@pytest.mark.parametrize(("kind", "told"), [(4, 7), (1, 9)])
def test_what_no_intact_reply_said_is_found(kind: int, told: int) -> None:
    story = TinybmsScenario()
    read = story.read_register(0x0101)
    story.sends(0x0101)
    story.replies(story.hears(0x0101), 0x0101, 7, kind=kind)
    story.told(read, value=told)
    story.violates("tc.own-answer", f"answered {told}", "no intact reply")


def test_an_answer_to_an_earlier_read_of_the_same_register_is_found() -> None:
    story = TinybmsScenario()
    for told in (7, 7):
        read = story.read_register(0x0101)
        if told == 7 and story.asked == 0:
            story.exchange(0x0101, 7)
        else:
            story.wait(5)
            story.exchange(0x0101, 8)
        story.told(read, value=told)
    story.violates("tc.own-answer", "answered 7", "before its own request was sent")


def test_other_registers_say_nothing() -> None:
    story = TinybmsScenario()
    read = story.read_register(0x0200)
    story.told(read, value=0)
    story.is_silent("tc.own-answer")


# ---- tc.verify-kept


def test_a_verified_write_holds() -> None:
    story = TinybmsScenario()
    write = story.write_register(0x0200, 5)
    story.accept(0x0200, 5)
    story.wait(50)
    story.exchange(0x0200, 5)
    story.told(write, value=5)
    story.holds("tc.verify-kept")


def test_a_write_that_was_not_read_back_is_found() -> None:
    story = TinybmsScenario()
    write = story.write_register(0x0200, 5)
    story.accept(0x0200, 5)
    story.told(write, value=5)
    story.violates("tc.verify-kept", "no reply since it was accepted")


@pytest.mark.parametrize(("shown", "told"), [(6, 6), (6, 5), (5, 6)])
def test_a_read_back_of_another_value_is_no_success(shown: int, told: int) -> None:
    story = TinybmsScenario()
    write = story.write_register(0x0200, 5)
    story.accept(0x0200, 5)
    story.exchange(0x0200, shown)
    story.told(write, value=told)
    story.violates("tc.verify-kept", f"read-back {told:#06x}")


def test_a_write_that_was_not_accepted_is_found() -> None:
    story = TinybmsScenario()
    write = story.write_register(0x0200, 5)
    story.sends(0x0200, 5)
    story.replies(story.hears(0x0200, 5), 0x0200, 5, kind=3)
    story.exchange(0x0200, 5)
    story.told(write, value=5)
    story.violates("tc.verify-kept", "had not accepted")


def test_a_restart_is_accepted_and_not_read_back() -> None:
    story = TinybmsScenario()
    restart = story.begin("tc.restart", task="gui")
    story.accept(0x0086, 0xA55A)
    story.told(restart)
    story.holds("tc.verify-kept")
    story.told(story.begin("tc.restart", task="gui"))
    story.violates("tc.verify-kept", "never sent")


@pytest.mark.parametrize(("ms", "right"), [(0.5, True), (5, False)])
def test_an_ack_that_still_arrives_when_a_restart_is_sent_may_be_taken_for_its_own(ms: float, right: bool) -> None:
    story = TinybmsScenario()
    story.see("bms.answer", "bms", serial=0, kind=2, address=0x0086, value=0xA55A)
    story.wait(ms)
    restart = story.begin("tc.restart", task="gui")
    story.sends(0x0086, 0xA55A)
    story.told(restart)
    if right:
        story.holds("tc.verify-kept")
    else:
        story.violates("tc.verify-kept", "had not accepted")


@pytest.mark.parametrize("result", [FAIL, INVALID_CRC])
@pytest.mark.parametrize(("attempts", "right"), [(1, False), (2, False), (3, True), (4, False)])
def test_failures_are_tried_again_as_often_as_configured(result: int, attempts: int, right: bool) -> None:
    story = TinybmsScenario()
    write = story.write_register(0x0200, 5)
    for _ in range(attempts):
        story.sends(0x0200, 5)
        story.replies(story.hears(0x0200, 5), 0x0200, kind=3)
        story.wait(100)
    story.told(write, result)
    if right:
        assert story.judge("tc.verify-kept").violation is None
    else:
        story.violates("tc.verify-kept", f"attempted {attempts} times")


def test_a_caller_that_gave_up_needs_no_further_attempt() -> None:
    story = TinybmsScenario()
    write = story.write_register(0x0200, 5)
    story.sends(0x0200, 5)
    story.wait(400)
    story.told(write, TIMEOUT)
    assert story.judge("tc.verify-kept").violation is None


# ---- tc.no-zombie-write


def test_an_attempt_after_the_caller_was_told_is_found() -> None:
    story = TinybmsScenario()
    write = story.write_register(0x0200, 5)
    story.sends(0x0200, 5)
    story.wait(400)
    story.told(write, TIMEOUT)
    story.holds("tc.no-zombie-write")
    story.wait(450)
    story.sends(0x0200, 5)
    story.violates("tc.no-zombie-write", "began at 0.850 s", "a time-out at 0.400 s")


def test_another_caller_may_want_the_same() -> None:
    story = TinybmsScenario()
    story.told(story.write_register(0x0200, 5), TIMEOUT)
    again = story.write_register(0x0200, 5, task="mqtt")
    story.sends(0x0200, 5)
    story.told(again, TIMEOUT)
    story.holds("tc.no-zombie-write")


def test_reads_and_writes_of_the_firmwares_own_are_no_zombies() -> None:
    story = TinybmsScenario()
    story.told(story.write_register(0x0200, 5), TIMEOUT)
    story.sends(0x0200)
    story.sends(0x0200, 6)
    story.holds("tc.no-zombie-write")


def test_a_power_cut_ends_what_was_asked() -> None:
    story = TinybmsScenario()
    story.write_register(0x0200, 5)
    story.sends(0x0200, 5)
    story.boot()
    story.is_silent("tc.no-zombie-write")


# ---- tc.no-dead-stack, tc.no-dead-task


@pytest.mark.parametrize(
    ("invariant", "detail"),
    [
        (INVARIANTS["tc.no-dead-stack"], "use after return: write of 2 bytes at 0x60001234"),
        (INVARIANTS["tc.no-dead-task"], "xTaskNotify: the task at 0x1234 has been deleted"),
    ],
)
def test_what_is_gone_is_left_alone(invariant: Invariant, detail: str) -> None:
    story = TinybmsScenario()
    assert not invariant.check(story.execution(), story.setting).exercised
    story.told(story.read_register(0x0101), TIMEOUT)
    assert invariant.check(story.execution(), story.setting) == HELD
    for task, words, found in (
        ("tinybms_io", detail, True),
        ("net_pub", detail, False),
        ("tinybms_io", "use after free", False),
    ):
        execution = story.execution(Outcome.MEMORY, detail=words, task=task)
        violation = invariant.check(execution, story.setting).violation
        assert (violation is not None) is found
        assert violation is None or detail in violation.summary
