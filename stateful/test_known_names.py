"""Names that p4verify knows mean what it knows, else nothing is begun: each way to differ, and what may differ."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from p4verify.stateful.check import CheckPlan, check
from p4verify.stateful.known_names import require_known_fields
from p4verify.stateful.subject import Subject
from p4verify.stateful.test_check import Scripted
from p4verify.stateful.test_declaring import build
from p4verify.targets.model.device import VARIANTS
from p4verify.targets.protocol.description import Description, ObserverKind, OperationKind
from p4verify.targets.protocol.signature import Signature
from p4verify.targets.target import AdapterError

EMPTY = replace(VARIANTS["as_found"].catalogue.description("mine", ""), operations=(), observers=())


def seen(name: str, fields: str) -> Description:
    return replace(EMPTY, observers=(ObserverKind(0, name, Signature.parse(fields)),))


def called(name: str, arguments: str, results: str) -> Description:
    kind = OperationKind(0, name, Signature.parse(arguments), Signature.parse(results))
    return replace(EMPTY, operations=(kind,))


@pytest.mark.parametrize("firmware", VARIANTS)
def test_what_comes_with_p4verify_is_what_is_known(firmware: str) -> None:
    require_known_fields(VARIANTS[firmware].catalogue.description(firmware, ""))


@pytest.mark.parametrize(
    "description",
    [
        seen("mine.sample", "a:u32"),
        seen("gui.battery", "a:u32"),  # known, and read by nobody
        seen("http.request", "body:str,serial:u64,more:u8"),
        called("mine.get", "a:str", "b:u8"),
        called("tc.read", "register:u8", "result:i32,value:u32,more:u8"),
        called("bus.mode", "autonomous:bool", ""),  # its result is read by nobody
    ],
)
def test_what_reads_alike_may_differ(description: Description) -> None:
    require_known_fields(description)


@pytest.mark.parametrize(
    ("description", "message"),
    [
        (
            seen("http.request", "a:u32"),
            "the observer http.request has the fields (a:u32), but under that name p4verify's invariants read (serial",
        ),
        (seen("http.request", "serial:u32,body:bytes"), "invariants read (serial:u32,body:str)"),
        (seen("deliver.alerts", ""), "invariants read (subscriber:u8,count:u8)"),
        (
            called("bus.mode", "autonomous:str", ""),
            "bus.mode takes (autonomous:str), but under that name p4verify's",
        ),
        (called("bus.metrics", "", "n:u32"), "the operation bus.metrics gives (n:u32), but under that name"),
        (called("re.online", "n:u8", ""), "programs call it with ()\nrename what is meant otherwise, or declare these"),
    ],
)
def test_a_known_name_that_lacks_a_known_field_is_told_with_both(description: Description, message: str) -> None:
    with pytest.raises(AdapterError, match=re.escape(message)):
        require_known_fields(description)


def test_nothing_is_begun_where_a_name_means_something_else(tmp_path: Path) -> None:
    made = build(tmp_path / "tree", "return 4;", called="np.metrics")
    assert made.manifest is not None
    with pytest.raises(AdapterError, match=r"np\.metrics gives \(ok:u32\)"):
        check(CheckPlan(made, "mine", tmp_path / "run"), Scripted())
    assert not (tmp_path / "run" / "run.jsonl").exists()
    with pytest.raises(AdapterError, match=r"np\.metrics gives \(ok:u32\)"):
        Subject.of(made.manifest)
