"""Which records of the history are shown."""

from __future__ import annotations

from dataclasses import replace

from p4verify.reports.evidence import records
from p4verify.reports.example import torn_finding
from p4verify.verify.history import History, Observation


def seen(position: int, task: str, observer: str) -> Observation:
    fields = {"serial": 1, "ok": True} if observer.startswith("http.") else {}
    return Observation(position, 0, task, observer, fields)


def test_requests_between_the_evidence_are_shown_because_they_take_time() -> None:
    names = ("http.request", "np.built", "http.request", "http.response", "np.built", "http.request")
    observations = [seen(position, "net_pub", name) for position, name in enumerate(names)]
    observations.append(seen(3, "event_dispatch", "http.request"))
    finding = torn_finding()
    execution = replace(finding.execution, history=History((), tuple(observations), 6, 0))
    found = records(replace(finding, execution=execution, positions=(1, 4)))
    assert [(record.verb, record.what, record.evidence) for record in found] == [
        ("sees", "np.built", True),
        ("posts", "HTTP request 1", False),
        ("gets", "the answer to request 1", False),
        ("sees", "np.built", True),
    ]
