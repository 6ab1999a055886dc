from __future__ import annotations

import gc

import pytest

from p4verify.verify import remembered as module
from p4verify.verify.remembered import Record, remembered


class Counting:
    """Doubles `n`, and counts how often it is asked to."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, fields: Record) -> int:
        self.calls += 1
        return 2 * int(fields["n"])


def test_one_record_is_worked_out_once() -> None:
    counting = Counting()
    double = remembered(counting)
    fields = {"n": 21}
    assert [double(fields), double(fields)] == [42, 42]
    assert counting.calls == 1


def test_equal_records_are_not_taken_for_one_another() -> None:
    double = remembered(Counting())
    assert [double({"n": number % 3}) for number in range(9)] == [0, 2, 4] * 3


def test_fields_that_nobody_holds_any_more_never_answer_for_others() -> None:
    double = remembered(Counting())
    for number in range(1000):
        assert double({"n": number}) == 2 * number
        gc.collect(0)


def test_it_begins_anew_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 2)
    counting = Counting()
    double = remembered(counting)
    records = [{"n": number} for number in range(5)]
    assert [double(record) for record in records * 2] == [0, 2, 4, 6, 8] * 2
    assert counting.calls == 10
    assert double(records[4]) == 8
    assert counting.calls == 10


def test_an_error_is_not_remembered() -> None:
    counting = Counting()
    double = remembered(counting)
    fields = {"m": 1}
    for _ in range(2):
        with pytest.raises(KeyError):
            double(fields)
    assert counting.calls == 2
