from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from p4verify.targets.building.build import build_litmus
from p4verify.targets.building.compilers import Compiler, available
from p4verify.targets.building.linking import functions_of
from p4verify.targets.building.renaming import interface, with_suffix
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Exploration, Origin

COMPILERS = available()

CLASHING = """\
#include <pthread.h>
#include <stdio.h>
#include "freertos/FreeRTOS.h"
int engine = 1, subject = 2, session_ring[400] = {3}, strategy_random, trace_steps, trace_count, end = 4;
int explore(int x), execute(int x), poll(int x);
int explore(int x) { return x + engine; }
int execute(int x) { return explore(x) + subject; }
int poll(int x) { return execute(x) + end; }
void write(char *to); void write(char *to) { *to = '!'; }
void point_choose(void); void point_choose(void) { engine = 10; }
__attribute__((weak)) int shim_wait(int x); int shim_wait(int x) { return x * 2; }
void *memcpy(void *to, const void *from, size_t bytes);
static int copies;
void *memcpy(void *to, const void *from, size_t bytes) {
    copies++;
    for (size_t i = 0; i < bytes; i++) ((volatile char *)to)[i] = ((const volatile char *)from)[i];
    return to;
}
static void *task(void *unused) { point_choose(); return unused; }
int main(void) {
    pthread_t other;
    char text[3] = {'a', 'b', 0}, own[3];
    memcpy(own, text, 3);
    write(text);
    pthread_create(&other, NULL, task, NULL);
    pthread_join(other, NULL);
    printf("%d %d %s %s %d", poll(1), shim_wait(session_ring[0]), text, own, copies > 0);
}
"""


@pytest.mark.parametrize("compiler", COMPILERS, ids=lambda one: f"{one.kind}-{one.major}")
def test_a_firmware_may_use_the_names_of_p4verify_and_of_the_c_library(tmp_path: Path, compiler: Compiler) -> None:
    (tmp_path / "clash.c").write_text(CLASHING)
    built = build_litmus([tmp_path / "clash.c"], compiler)
    with SimTarget(built) as target:
        plan = Exploration(executions=2)
        assert target.explore(None, plan, lambda _: True).executions == 2
        target.again(None, Origin(plan, 0, 0, 0))
        assert target.log == "17 6 !b ab 1"
    names = functions_of(built.executable)
    assert {"poll", "execute", "execute.p4verify", "memcpy"} <= names
    assert built.symbols.code_of("poll") is not None


def test_comments_are_no_interface(tmp_path: Path) -> None:
    (tmp_path / "a.h").write_text("/* execute\n this */ void give(int much);  // settle\n#define PEND 1\n")
    assert interface([tmp_path / "a.h"]) == {"void", "give", "int", "much", "define", "PEND"}


@pytest.mark.parametrize("compiler", COMPILERS, ids=lambda one: f"{one.kind}-{one.major}")
def test_an_object_without_such_a_name_stays_as_it_is(tmp_path: Path, compiler: Compiler) -> None:
    (tmp_path / "clash.c").write_text("static int local(void) { return 1; }\nint other(void) { return local(); }\n")
    subprocess.run([*compiler.c, "-c", "clash.c"], cwd=tmp_path, check=True)
    data = (tmp_path / "clash.o").read_bytes()
    assert with_suffix(data, {"local", "absent"}, ".x") == data
    assert b"other.x" in with_suffix(data, {"other"}, ".x")
