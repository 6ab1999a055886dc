"""Programs for operations that only a firmware's own adapter declares: any of them, in up to three tasks.

What they do is unknown here, so nothing is aimed at: arguments are small values of the declared types, and what can
be judged is that the firmware neither crashes nor gets stuck, and shares no data without order.
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from p4verify.stateful.strategies import Programs
from p4verify.targets.protocol.description import OperationKind
from p4verify.verify.program import Invocation, Program, Task, Value

FAMILIAR = frozenset({
    "bus.battery", "bus.pack", "bus.register", "bus.system", "bus.mode", "bus.tinybms", "bus.mqtt", "bus.metrics",
    "np.metrics", "re.telemetry", "re.json", "re.mode", "re.config", "re.http", "re.online", "tc.read", "tc.write",
    "tc.restart", "tc.stats", "tc.state",
})  # fmt: skip
"""Operations that the program families call."""
DELAYS_MS = (0, 0, 10, 500)
MOST_CALLS = 5


def own_operations(operations: Sequence[OperationKind]) -> Programs | None:
    """A family over the operations that no other family calls; None where there is none."""
    own = [kind for kind in operations if kind.name not in FAMILIAR]
    if not own:
        return None
    calls = st.lists(st.one_of([_calls(kind) for kind in own]), min_size=1, max_size=MOST_CALLS).map(tuple)
    return st.lists(st.tuples(calls, st.sampled_from((5, 4, 6))), min_size=1, max_size=3).map(_program)


def _program(drawn: list[tuple[tuple[Invocation, ...], int]]) -> Program:
    return Program(tuple(Task(f"task_{'abc'[n]}", calls, priority) for n, (calls, priority) in enumerate(drawn)))


def _calls(kind: OperationKind) -> st.SearchStrategy[Invocation]:
    arguments = st.tuples(*(_values(type_) for type_ in kind.arguments.types))
    return st.builds(Invocation, st.just(kind.name), arguments, st.sampled_from(DELAYS_MS))


def _values(type_: str) -> st.SearchStrategy[Value]:
    if type_ == "bool":
        return st.booleans()
    if type_ == "str":
        return st.text("abc", max_size=8)
    if type_ == "bytes":
        return st.binary(max_size=8)
    if type_.startswith("f"):
        return st.sampled_from((0.0, 1.0, -1.0, 0.5))
    return st.integers(-4 if type_.startswith("i") else 0, 16)
