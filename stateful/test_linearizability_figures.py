"""The figures of the linearizability check measure what is documented, and a wrong verdict is no figure."""

from __future__ import annotations

import pytest

from p4verify.stateful.figures import BenchError, figures
from p4verify.stateful.linearizability_figures import Linearizing, Load
from p4verify.verify.linearizability.check import linearizable
from p4verify.verify.models.register import Register
from p4verify.verify.verdict import Verdict


def test_the_documented_names_are_measured() -> None:
    names = {figure.name for figure in figures() if figure.name.startswith("linearizability.")}
    kinds = ("register_10k", "register_100k", "repeated_values_1k")
    assert names == {f"linearizability.{kind}_seconds{end}" for kind in kinds for end in ("", ".violation")}


@pytest.mark.parametrize("values", [None, 5])
@pytest.mark.parametrize("holds", [True, False])
def test_histories_are_what_they_are_said_to_be(values: int | None, holds: bool) -> None:
    history = Load(200, 4, values, holds).history(1)
    returned = [one for one in history if one.returned is not None]
    assert len(returned) == 200
    assert len(history) == 204
    writes = [one.invocation.arguments for one in history if one.name == "write"]
    assert 70 < len(writes) < 130
    assert (len(set(writes)) == len(writes)) is (values is None)
    assert linearizable(Register(), history).verdict is (Verdict.OK if holds else Verdict.VIOLATION)


@pytest.mark.parametrize("holds", [True, False])
def test_a_figure_is_a_time(holds: bool) -> None:
    assert Linearizing("small", Load(100, 4, None, holds)).run(0, 1) > 0


def test_a_wrong_verdict_is_no_figure() -> None:
    class Wrong(Load):
        def history(self, seed: int) -> list[object]:  # type: ignore[override]
            return list(Load(100, 4, None, not self.holds).history(seed))

    with pytest.raises(BenchError, match="has no place in any order"):
        Linearizing("wrong", Wrong(100, 4)).run(0, 1)
