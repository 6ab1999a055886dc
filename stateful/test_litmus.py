"""`p4verify litmus` on small files: what goes wrong is found, named, minimised and replayed; the rest is counted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from p4verify.reports.lanes import report
from p4verify.reports.source_text import SourceText
from p4verify.stateful.litmus import LitmusPlan, LitmusResult, LitmusStatus, portfolio, run_litmus
from p4verify.targets.building.build import BuildError
from p4verify.targets.building.compilers import Compiler, available
from p4verify.targets.building.plan import RUNTIME
from p4verify.targets.target import TargetError
from p4verify.verify.execution import Outcome

BENCH = RUNTIME / "sim" / "bench"
LOCKS = """
#include <pthread.h>
static pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER, b = PTHREAD_MUTEX_INITIALIZER;
static void both(pthread_mutex_t *first, pthread_mutex_t *second) {
    pthread_mutex_lock(first);
    pthread_mutex_lock(second);
    pthread_mutex_unlock(second);
    pthread_mutex_unlock(first);
}
static void *other(void *unused) {
    both(&FIRST, &SECOND);
    return unused;
}
int main(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, other, NULL);
    both(&a, &b);
    pthread_join(thread, NULL);
}
"""


def run(file: Path, defines: Mapping[str, str] | None = None, executions: int = 4000) -> LitmusResult:
    return run_litmus(LitmusPlan((file,), executions=executions, seconds=60.0, defines=defines or {}))


def written(folder: Path, text: str, name: str = "file.c") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def outcome(result: LitmusResult) -> Outcome:
    assert result.finding is not None
    return result.finding.execution.ending.outcome


def test_a_torn_snapshot_is_found_with_one_preemption_and_shown_as_lanes() -> None:
    result = run(BENCH / "snap.c", defines={"LOCK": "0"})
    assert result.status == 1
    assert result.finding is not None
    assert outcome(result) is Outcome.ASSERTION
    assert result.finding.preemptions == 1
    assert (result.finding.replayed, result.finding.replays) == (100, 100)
    text = "\n".join(line.plain for line in report(result.finding, 100))
    assert "writes a = 1" in text
    assert "p4verify litmus" in text
    assert "LOCK=0" in text


@pytest.mark.parametrize("name", ["snap.c", "ring.c"])
def test_with_its_mutex_nothing_is_found(name: str) -> None:
    result = run(BENCH / name)
    assert (result.status, result.executions, result.finding) == (0, 4000, None)


def test_a_deadlock_names_both_locks(tmp_path: Path) -> None:
    file = written(tmp_path, LOCKS)
    result = run(file, defines={"FIRST": "b", "SECOND": "a"})
    assert outcome(result) is Outcome.DEADLOCK
    assert result.finding is not None
    assert result.finding.execution.ending.detail.count("pthread_mutex_lock") == 2
    assert run(file, defines={"FIRST": "a", "SECOND": "b"}).status == 0


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return 3;", Outcome.EXIT),
        ("char *p = malloc(4); free(p); p[0] = 1; return 0;", Outcome.MEMORY),
        ("volatile char *p = malloc(4); p[argc + 8] = 1; return 0;", Outcome.MEMORY),
        ("*(volatile int *)0 = argc; return 0;", Outcome.CRASH),
        ("*(int *)0 = 3; return argc;", Outcome.CRASH),
        ("abort();", Outcome.ASSERTION),
    ],
)
def test_what_goes_wrong_is_told_apart(tmp_path: Path, body: str, expected: Outcome) -> None:
    text = f"#include <stdlib.h>\nint main(int argc, char **argv) {{ (void)argv; {body} }}\n"
    result = run(written(tmp_path, text))
    assert outcome(result) is expected
    assert result.status == 1


@pytest.mark.parametrize("made", ["xSemaphoreCreateMutex()", "xQueueCreate(2, 4)"])
def test_an_object_of_the_rtos_is_out_of_bounds_for_the_firmware(tmp_path: Path, made: str) -> None:
    head = '#include "freertos/FreeRTOS.h"\n#include "freertos/queue.h"\n#include "freertos/semphr.h"\n'
    result = run(written(tmp_path, head + f"void app_main(void) {{ *(volatile int *){made} = 7; }}\n"))
    assert outcome(result) is Outcome.MEMORY
    assert result.finding is not None
    assert result.finding.execution.ending.detail.startswith("out of bounds of its allocation: write of 4 bytes")


DEAD_FRAME = """
#include <stdlib.h>
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
static int *volatile s_place;
static void worker(void *unused) { (void)unused; vTaskDelay(2); *s_place = 7; vTaskDelete(NULL); }
__attribute__((noinline)) static int asks(int waits) {
    volatile int answer = 0;
    s_place = (int *)&answer;
    vTaskDelay(waits);
    return answer;
}
static void caller(void *unused) { (void)unused; asks(WAITS); if (STAYS) vTaskDelay(9); vTaskDelete(NULL); }
void app_main(void) {
    xTaskCreatePinnedToCore(caller, "caller", 4096, NULL, 5, NULL, 1);
    xTaskCreatePinnedToCore(worker, "worker", 4096, NULL, 5, NULL, 0);
    vTaskDelay(20);
}
"""


@pytest.mark.parametrize("stays", ["0", "1"])
def test_a_write_into_a_frame_that_has_returned_is_found(tmp_path: Path, stays: str) -> None:
    file = written(tmp_path, DEAD_FRAME)
    result = run(file, {"WAITS": "1", "STAYS": stays}, executions=200)
    assert result.finding is not None
    ending = result.finding.execution.ending
    assert (ending.outcome, ending.task) == (Outcome.MEMORY, "worker")
    assert "use after return: write of 4 bytes" in ending.detail
    assert ending.detail.endswith("on the stack of caller" + ("" if stays == "1" else ", which has ended"))
    assert run(file, {"WAITS": "4", "STAYS": stays}, executions=200).status == 0, "the frame was alive"


LIVE_FRAMES = """
#include <stdlib.h>
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
static TaskHandle_t s_owner;
static void fill(void *place) {
    volatile int *words = place;
    for (int i = 0; i < 40; i++) words[i] = i;
    xTaskNotifyGive(s_owner);
    vTaskDelete(NULL);
}
void app_main(void) {
    s_owner = xTaskGetCurrentTaskHandle();
    for (int round = 0; round < 3; round++) {
        volatile int words[40 + round];
        xTaskCreate(fill, "fill", 4096, (void *)words, 5, NULL);
        ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
        if (words[39] != 39) abort();
    }
}
"""


def test_an_array_of_variable_length_belongs_to_the_frame_that_waits(tmp_path: Path) -> None:
    assert run(written(tmp_path, LIVE_FRAMES), executions=1000).status == 0


def shown(result: LitmusResult) -> str:
    assert result.finding is not None
    return "\n".join(line.plain for line in report(result.finding, 100, SourceText(result.root)))


TASKS = """
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
"""
OPPOSITE = TASKS + """
static SemaphoreHandle_t s_bus, s_state;
static void both(SemaphoreHandle_t first, SemaphoreHandle_t second) {
    xSemaphoreTake(first, portMAX_DELAY);
    xSemaphoreTake(second, portMAX_DELAY);
    xSemaphoreGive(second);
    xSemaphoreGive(first);
}
static void sender(void *unused) { (void)unused; both(s_bus, s_state); vTaskDelete(NULL); }
void app_main(void) {
    s_bus = xSemaphoreCreateMutex();
    s_state = xSemaphoreCreateMutex();
    xTaskCreatePinnedToCore(sender, "sender", 4096, NULL, 5, NULL, 1);
    both(s_state, s_bus);
}
"""
LOST = TASKS + """
static TaskHandle_t s_consumer;
static volatile int s_filled;
static void producer(void *unused) { (void)unused; s_filled = 1; xTaskNotifyGive(s_consumer); vTaskDelete(NULL); }
void app_main(void) {
    s_consumer = xTaskGetCurrentTaskHandle();
    xTaskCreatePinnedToCore(producer, "producer", 4096, NULL, 5, NULL, 1);
    if (!s_filled) {
        xTaskNotifyStateClear(NULL);
        ulTaskNotifyValueClear(NULL, UINT32_MAX);
        ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    }
}
"""


def test_the_lanes_of_a_deadlock_show_who_holds_what_and_who_waits(tmp_path: Path) -> None:
    text = shown(run(written(tmp_path, OPPOSITE)))
    for words in ("takes s_bus", "takes s_state", "waits for s_bus, held by sender", "waits for s_state, held by main"):
        assert words in text
    assert text.index("takes s_bus") < text.index("waits for s_state")


def test_the_lanes_of_a_lost_wake_up_show_where_it_went(tmp_path: Path) -> None:
    text = shown(run(written(tmp_path, LOST)))
    order = ["reads s_filled = 0", "writes s_filled = 1", "notifies main", "clears a pending", "waits for a notif"]
    assert sorted(order, key=text.index) == order


def test_source_is_shown_wherever_the_command_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """File names in traces are relative to the file's folder, not to where one is."""
    (tmp_path / "elsewhere").mkdir()
    file = written(tmp_path, LOST)
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert "if (!s_filled) {" in shown(run(file))


def test_a_null_pointer_is_called_one_although_it_is_a_constant(tmp_path: Path) -> None:
    text = shown(run(written(tmp_path, "int main(void) {\n    *(int *)0 = 3;\n    return 0;\n}\n")))
    assert "file.c:2: null pointer: write of 4 bytes at 0x0" in " ".join(text.split())


STORE_OF_A_FUNCTION = """struct state { int cells[8]; int count; };
static void clear(struct state *state) { state->count = 0; }
int main(void) {
    clear(0);
    return 0;
}
"""


@pytest.mark.parametrize("compiler", available(), ids=lambda compiler: f"{compiler.kind}-{compiler.major}")
def test_a_store_through_null_is_dropped_by_no_compiler(compiler: Compiler, tmp_path: Path) -> None:
    plan = LitmusPlan((written(tmp_path, STORE_OF_A_FUNCTION),), executions=10, seconds=60.0)
    text = shown(run_litmus(plan, compiler))
    assert "file.c:2: null pointer: write of 4 bytes at 0x20" in " ".join(text.split())


def test_what_shares_a_word_is_shown_member_by_member(tmp_path: Path) -> None:
    text = shown(run(written(tmp_path, TASKS + PACKED)))
    shown_words = " ".join(text.replace("│", " ").split())
    assert "ok = false, wifi = false" in shown_words
    assert 'name = "p4 core"' in text
    assert 'ok = true, wifi = true, link = LINK_UP, volts = 3.25, mode = 2, name = "p4 core"' in shown_words


PACKED = """
#include <assert.h>
#include <stdbool.h>
typedef enum { LINK_DOWN, LINK_UP } link_t;
struct status { bool ok, wifi; link_t link; double volts; unsigned mode : 3; char name[11]; } s_status, s_copy;
static void writer(void *unused) {
    (void)unused;
    struct status fresh = {true, true, LINK_UP, 3.25, 2, "p4 core"};
    s_status = fresh;
    vTaskDelete(NULL);
}
void app_main(void) {
    xTaskCreatePinnedToCore(writer, "writer", 4096, NULL, 5, NULL, 1);
    s_copy = s_status;
    assert((s_copy.name[0] == 'p') == s_copy.ok);
}
"""


def test_outcomes_are_counted() -> None:
    result = run(RUNTIME / "sim" / "litmus" / "counter.c")
    assert set(result.outcomes) == {"2", "3", "4"}
    assert sum(result.outcomes.values()) == result.executions
    assert list(result.outcomes.values()) == sorted(result.outcomes.values(), reverse=True)


def test_main_in_cxx_may_end_without_return(tmp_path: Path) -> None:
    file = written(tmp_path, '#include <cstdio>\nint main() { std::printf("done"); }\n', "main.cpp")
    assert run(file, executions=10).outcomes == {"done": 10}


def test_what_the_shim_lacks_is_named(tmp_path: Path) -> None:
    text = "void i2c_driver_install(int);\nvoid app_main(void) { i2c_driver_install(1); }\n"
    with pytest.raises(BuildError, match="i2c_driver_install"):
        run(written(tmp_path, text))
    text = "#include <pthread.h>\nint main(void) { pthread_cancel(pthread_self()); return 0; }\n"
    with pytest.raises(TargetError, match="pthread_cancel"):
        run(written(tmp_path, text, "cancel.c"))


def test_a_pthread_call_that_is_not_offered_is_said_to_be_so_once(tmp_path: Path) -> None:
    call = "static pthread_rwlock_t lock;\nint main(void) { return pthread_rwlock_rdlock(&lock); }\n"
    with pytest.raises(TargetError) as caught:
        run(written(tmp_path, "#include <pthread.h>\n" + call))
    assert str(caught.value) == "unsupported in task main at file.c:3: pthread_rwlock_rdlock is not offered"


def test_the_portfolio_never_repeats_itself_and_goes_deeper() -> None:
    plans = portfolio(LitmusPlan((Path("x.c"),), seed=7))
    first = [next(plans) for _ in range(20)]
    assert len({plan.seed for plan in first}) == 20
    assert {plan.strategy for plan in first} == {"delay", "random", "pct"}
    assert first[19].executions > first[0].executions


def test_the_same_seed_finds_the_same() -> None:
    plan = LitmusPlan((BENCH / "ring.c",), executions=3000, seconds=60.0, defines={"LOCK": "0"}, seed=5)
    seen: list[LitmusStatus] = []
    one, other = run_litmus(plan, watch=seen.append), run_litmus(plan)
    assert one.executions == other.executions
    assert one.finding is not None
    assert other.finding is not None
    assert one.finding.execution.trace == other.finding.execution.trace
    assert seen[-1].doing == "confirming"


@pytest.mark.parametrize(
    ("call", "named"),
    [
        ("fork()", "fork: a firmware has one process"),
        ('execl("/bin/true", "true", NULL)', "execl: a firmware has one process"),
        ("socket(1, 1, 0)", "socket: the host's network is not the firmware's; write a stub"),
        ("for (int fd = 64; fd >= 0; fd--) close(fd)", "close(2): descriptors 0 to 2 are not the firmware's"),
        ("dup2(2, 1)", "dup2(1): descriptors 0 to 2 are not the firmware's"),
        ("read(0, &fork, 1)", "read(0): descriptors 0 to 2 are not the firmware's"),
    ],
)
def test_what_a_firmware_has_none_of_is_named_with_its_place(tmp_path: Path, call: str, named: str) -> None:
    file = written(tmp_path, f"#include <sys/socket.h>\n#include <unistd.h>\nint main(void) {{ {call}; return 0; }}\n")
    with pytest.raises(TargetError, match=re.escape(f"unsupported in task main at file.c:3: {named}")):
        run(file, executions=10)


def test_a_firmwares_own_close_and_an_exit_without_handlers_are_no_surprise(tmp_path: Path) -> None:
    text = """
    #include <stdio.h>
    int close(int descriptor) { return printf("closed %d", descriptor); }
    void _exit(int status);
    int main(void) { close(0); _exit(STATUS); }
    """
    file = written(tmp_path, text)
    assert list(run(file, {"STATUS": "0"}, executions=10).outcomes) == ["closed 0"]
    assert outcome(run(file, {"STATUS": "3"}, executions=10)) is Outcome.EXIT
