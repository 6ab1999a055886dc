"""Stack overflow against what was declared: what is one, and what only looks like one on a host with wider pointers."""

from __future__ import annotations

from pathlib import Path

import pytest

from p4verify.targets.building.build import build_litmus
from p4verify.targets.building.compilers import Compiler, available
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Exploration, Found
from p4verify.verify.execution import Ending, Outcome

HEAD = """
#include <stdint.h>
#include <string.h>
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "esp_timer.h"
#define APART __attribute__((noinline)) static
volatile int seen;
APART void use(char *bytes, unsigned count) { memset(bytes, 1, count); seen = bytes[count / 2]; }
"""
MAIN = """
static void worker(void *unused) { (void)unused; work(3); vTaskDelete(NULL); }
void app_main(void) {
    char roomy[6000];
    use(roomy, sizeof roomy);
    xTaskCreate(worker, "worker", 2048, NULL, 5, NULL);
    vTaskDelay(2);
}
"""
WITHIN = {
    "a buffer that fits": "APART void work(int n) { char b[1900]; (void)n; use(b, sizeof b); }",
    "one after the other": """
        APART void one(void) { char b[1500]; use(b, sizeof b); }
        APART void other(void) { char b[1500]; use(b, sizeof b); }
        static void work(int n) { (void)n; one(); other(); one(); }""",
    "pointers, which are half as wide there": """
        APART void work(int n) {
            char *p[300];
            for (int i = 0; i < 300; i++) p[i] = (char *)&p[i];
            seen = n + *p[n];
        }""",
    "words of the host": """
        APART void work(int n) { long p[300]; for (int i = 0; i < 300; i++) p[i] = n; use((char *)p, sizeof p); }""",
    "scopes that do not live together": """
        APART void work(int n) {
            if (n) { char b[1500]; use(b, sizeof b); } else { char c[1500]; use(c, sizeof c); }
        }""",
}
BEYOND = {
    "a buffer": "APART void work(int n) { char b[2100]; (void)n; use(b, sizeof b); }",
    "of a caller and of the called": """
        APART void inner(void) { char b[1200]; use(b, sizeof b); }
        APART void work(int n) { float f[300]; f[n] = 1; inner(); use((char *)f, sizeof f); }""",
    "inlined": """
        static inline void inner(void) { char b[2100]; use(b, sizeof b); }
        APART void work(int n) { (void)n; inner(); }""",
    "recursion": "APART void work(int n) { char b[600]; b[0] = (char)n; if (n) work(n - 1); use(b, sizeof b); }",
}


def ending_of(text: str, folder: Path, compiler: Compiler | None = None) -> Ending:
    path = folder / "stack.c"
    path.write_text(HEAD + text)
    endings = []

    def note(one: Found) -> bool:
        endings.append(one.execution.ending)
        return True

    with SimTarget(build_litmus([path], compiler)) as target:
        target.explore(None, Exploration(executions=2), note)
    return endings[0]


@pytest.mark.parametrize("case", WITHIN)
def test_what_fits_on_the_chip_is_no_overflow(case: str, tmp_path: Path) -> None:
    assert ending_of(WITHIN[case] + MAIN, tmp_path).outcome is Outcome.COMPLETED


@pytest.mark.parametrize("case", BEYOND)
def test_variables_that_need_more_than_was_declared_overflow(case: str, tmp_path: Path) -> None:
    ending = ending_of(BEYOND[case] + MAIN, tmp_path)
    assert (ending.outcome, ending.task) == (Outcome.MEMORY, "worker")
    assert ending.where.startswith("stack.c:")
    assert "its stack was declared with 2048" in ending.detail


@pytest.mark.parametrize("compiler", available(), ids=lambda one: one.kind)
def test_every_compiler_tells_as_much(compiler: Compiler, tmp_path: Path) -> None:
    detail = ending_of(BEYOND["of a caller and of the called"] + MAIN, tmp_path, compiler).detail
    assert detail == (
        "stack overflow: the variables of the functions that task worker is in take 2400 bytes, and its stack was"
        " declared with 2048"
    )


TIMER = """
static void ring(void *unused) { (void)unused; char b[3700]; use(b, sizeof b); }
void app_main(void) {
    esp_timer_handle_t timer;
    esp_timer_create(&(esp_timer_create_args_t){.callback = ring, .name = "ring"}, &timer);
    esp_timer_start_once(timer, 1000);
    vTaskDelay(2);
}
"""


def test_a_callback_overflows_the_stack_of_the_service_that_calls_it(tmp_path: Path) -> None:
    ending = ending_of(TIMER, tmp_path)
    assert (ending.outcome, ending.task) == (Outcome.MEMORY, "esp_timer")
