from __future__ import annotations

from pathlib import Path

import pytest

from p4verify.targets.building.build import build_litmus
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import MOST_SHARED, RACY, Exploration, Found, Shared

WORDS = 40_000
MANY = f"""\
#include <pthread.h>
#include <stdio.h>
int shared[{WORDS}];
static void *fill(void *unused) {{ for (int i = 0; i < {WORDS}; i++) shared[i] = 1; return unused; }}
int main(void) {{
    pthread_t other;
    int sum = 0;
    pthread_create(&other, NULL, fill, NULL);
    for (int i = 0; i < {WORDS}; i++) sum += shared[i];
    pthread_join(other, NULL);
    printf("%d", sum);
}}
"""


def test_more_words_than_one_message_carries_are_shared_and_replay(tmp_path: Path) -> None:
    (tmp_path / "many.c").write_text(MANY)
    found: list[Found] = []

    def keep(one: Found) -> bool:
        found.append(one)
        return True

    with SimTarget(build_litmus([tmp_path / "many.c"])) as target:
        target.explore(None, Exploration(executions=3, max_points=1 << 20), keep)
        learnt = target.shared()
        assert len(learnt.entries) >= WORDS
        target.again(None, found[-1].origin)
        first = target.log
        target.restore(Shared(()))
        assert target.shared().entries == ()
        target.restore(learnt)
        assert target.shared() == learnt
        target.again(None, found[-1].origin)
        assert target.log == first


def test_runs_are_read_as_they_were_written() -> None:
    runs, racy = range(0x100, 0x100 + 70_000), (0x100, 0x101, 0x200)
    shared = Shared((*(word << 1 for word in runs), 0x100 << 1 | 1, *(word << 1 | RACY for word in racy)))
    assert sorted(Shared.decode(shared.encode()).entries) == sorted(shared.entries)
    assert shared.encode() == ("400+70000", "400+1~", "400+2!", "800+1!")


@pytest.mark.parametrize("run", ["100+0", f"0+{MOST_SHARED + 1}", "fffffffc+2", "-4+1", "100", "x+1", ""])
def test_what_is_no_run_of_words_is_refused(run: str) -> None:
    with pytest.raises(ValueError, match=r"run of words|invalid literal"):
        Shared.decode((run,))


def test_all_runs_together_are_bounded() -> None:
    with pytest.raises(ValueError, match="run of words"):
        Shared.decode(("0+1000", f"4000+{MOST_SHARED - 999}"))
