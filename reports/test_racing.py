"""A race within the toolchain's code is found in a trace, whose steps stand where the firmware called that code."""

from __future__ import annotations

from p4verify.reports.racing import racing
from p4verify.verify.execution import Access, Caller, Race
from p4verify.verify.schedule import Step, StepKind

CALLS = (Caller("<optional>", 1062, "std::optional::operator="), Caller("box.cpp", 26, "put"))
WRITE = Access("put", True, False, "<optional>", 458, "std::optional::construct", callers=CALLS)
READ = Access("get", False, False, "box.cpp", 39, "get")


def steps(line: int) -> tuple[Step, ...]:
    return (
        Step("put", StepKind.WRITE, "s_box", "box.cpp", line, 0, address=64, size=4),
        Step("get", StepKind.READ, "s_box", "box.cpp", 39, 0, address=64, size=4),
    )


def test_its_steps_are_those_of_the_nearest_call_in_the_firmware() -> None:
    found = racing(steps(26), Race("s_box", WRITE, READ))
    assert found is not None
    assert found.steps == (0, 1)
    assert racing(steps(27), Race("s_box", WRITE, READ)) is None
