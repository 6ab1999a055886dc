"""The calls that led to a race: whose, in which order, and that nothing is said where none are known."""

from __future__ import annotations

from dataclasses import replace

from p4verify.reports.call_stacks import call_stacks
from p4verify.reports.example import torn_finding
from p4verify.reports.finding import ConfirmedFinding
from p4verify.reports.lanes import report
from p4verify.verify.execution import Access, Caller, Race
from p4verify.verify.invariants.races import sentence

READ = Access("net_pub", False, False, "publisher.c", 82, "copy", callers=(Caller("publisher.c", 141, "net_task"),))
WRITE = Access("dispatch\x1b", True, False, "publisher.c", 148, "on_battery_status", callers=())


def finding_of(*races: Race, tells: Race) -> ConfirmedFinding:
    finding = torn_finding()
    return replace(finding, execution=replace(finding.execution, races=races), summary=sentence(tells))


def test_both_stacks_are_shown_innermost_first() -> None:
    other = Race("flag", WRITE, WRITE)
    race = Race("s_state", READ, WRITE)
    assert [line.plain for line in call_stacks(finding_of(other, race, tells=race), 80)] == [
        "  net_pub reads in",
        "    copy               publisher.c:82",
        "    net_task           publisher.c:141",
        "  dispatch· writes in",
        "    on_battery_status  publisher.c:148",
    ]


def test_they_stand_under_a_heading_of_the_report() -> None:
    race = Race("s_state", READ, WRITE)
    lines = [line.plain for line in report(finding_of(race, tells=race), 80)]
    assert lines[lines.index("Calls") + 1] == "  net_pub reads in"


def test_a_race_without_known_callers_and_what_is_no_race_have_no_stacks() -> None:
    race = Race("s_state", WRITE, WRITE)
    assert call_stacks(finding_of(race, tells=race), 80) == []
    assert call_stacks(torn_finding(), 80) == []
