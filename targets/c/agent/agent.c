/*
 * agent.c: runs a Program on FreeRTOS tasks.
 *
 * Every task of the Program waits behind one gate, an event group, until all of them exist; setting its bit makes all
 * of them ready in one step. So no task of the Program runs far ahead because it was created first, and the moments
 * of creation are no interleavings worth exploring. Raising the main task's priority instead would hold back only the
 * tasks of its own core. The main task counts the ends on a semaphore, not on its notification, which belongs to the
 * firmware whose boot functions and `final` operations it runs.
 *
 * It refuses to decide how long is too long: a hang is seen by who runs the agent.
 */
#include "agent.h"

#include "agent_port.h"
#include "freertos/FreeRTOS.h"
#include "freertos/event_groups.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "program.h"
#include "recorder.h"

#include <stdio.h>

#define STACK_BYTES 8192u
#define OPEN 1u /* the gate's bit */

static program s_program;
static agent_life *s_life;
static EventGroupHandle_t s_gate; /* made once and kept, as the semaphore */
static SemaphoreHandle_t s_ended;
static const char *s_booting = "";
static bool s_booted;
static bool s_cancelled;           /* not all tasks could be created: those that were end at once */
static const char *s_misuse;       /* the operation whose adapter broke its own signature */

/* ---- what adapters ask ---- */

const char *p4v_booting(void)
{
    return s_booting;
}

void p4v_cost(uint64_t us, bool busy)
{
    if (busy)
        agent_spend(us);
    else
        agent_block(us);
}

static bool is_named(const program_stream *stream, const char *name)
{
    for (size_t i = 0; i < stream->name_length; i++)
        if (!name[i] || (uint8_t)name[i] != stream->name[i])
            return false;
    return !name[stream->name_length];
}

/* Its number; the number of streams when there is none. */
static unsigned stream_named(const char *name)
{
    unsigned number = 0;
    while (number < s_program.stream_count && !is_named(&s_program.streams[number], name))
        number++;
    return number;
}

int64_t p4v_environment(const char *name, int64_t otherwise)
{
    int64_t value = otherwise;
    agent_lock();
    unsigned number = stream_named(name);
    if (number < s_program.stream_count) {
        p4v_reader *values = &s_program.streams[number].values;
        if (values->at != values->end)
            value = (int64_t)p4v_get_uint(values, sizeof value);
        s_life->reached[number] = values->at;
    }
    agent_unlock();
    return value;
}

void p4v_frame(bool before)
{
    agent_frame(before);
}

/* ---- tasks ---- */

/*
 * What a task of the program is at. Firmware may have kept a pointer into a frame that has returned, and write through
 * it to whatever lies there by then: saved registers included, whenever the task waits. So what is needed after a wait
 * or an operation is looked up here by the task's handle. It lies in the outermost frame, which no other one has ever
 * lain in; of what is static, every byte is copied back between executions.
 */
typedef struct performing {
    p4v_reader invocations, arguments;
    p4v_writer results;
    const p4v_operation *operation;
    unsigned task;
    uint32_t delay_ms;
    uint16_t index, count;
    uint8_t packed[P4V_RECORD_MAX];
} performing;

static performing *s_performing[PROGRAM_TASKS_MAX + 1]; /* by the number of the task */

#define APART __attribute__((noinline)) /* so that no caller keeps in a register what this reads */

static APART performing *here(void)
{
    return s_performing[recorder_self()];
}

/* Whole ticks by vTaskDelay, so that a task wakes with the tick, as the firmware's own tasks do; the rest exactly.
 * No frame of the firmware is left while it waits. */
static APART void wait_ticks(void)
{
    TickType_t ticks = here()->delay_ms / portTICK_PERIOD_MS;
    if (ticks)
        vTaskDelay(ticks);
}

static APART void wait_rest(void)
{
    uint32_t ms = here()->delay_ms % portTICK_PERIOD_MS;
    if (ms)
        agent_block((uint64_t)ms * 1000u);
}

static APART void wait_delay(void)
{
    if (!here()->delay_ms)
        return;
    agent_rest(true);
    wait_ticks();
    wait_rest();
    agent_rest(false);
}

static APART bool take_next(void)
{
    performing *at = here();
    if (at->index == at->count)
        return false;
    program_invocation next = program_next(&at->invocations);
    at->operation = next.operation;
    at->arguments = next.arguments;
    at->delay_ms = next.delay_ms;
    return true;
}

static APART void call(void)
{
    performing *at = here();
    at->results = (p4v_writer){at->packed, at->packed + P4V_RECORD_MAX, false};
    recorder_put(AGENT_INVOKE, at->task, at->index, NULL, 0);
    at->operation->call(&at->arguments, &at->results);
}

static APART void conclude(void)
{
    performing *at = here();
    if (at->arguments.short_read || at->results.overflow)
        __atomic_store_n(&s_misuse, at->operation->name, __ATOMIC_RELAXED);
    else
        recorder_put(AGENT_RETURN, at->task, at->index, at->packed, (size_t)(at->results.at - at->packed));
    at->index++;
}

/* Waits, then performs all that `what` has to do; `own` is in a frame as the comment above says. */
static APART void perform(performing *own, const program_task *what, uint32_t delay_ms)
{
    own->task = recorder_self();
    own->invocations = what->invocations;
    own->count = what->count;
    own->index = 0;
    own->delay_ms = delay_ms;
    s_performing[own->task] = own;
    wait_delay();
    while (take_next()) {
        wait_delay();
        call();
        conclude();
    }
}

static void run_task(void *number)
{
    unsigned task = (unsigned)(uintptr_t)number;
    performing own;
    recorder_join(task);
    xEventGroupWaitBits(s_gate, OPEN, pdFALSE, pdTRUE, portMAX_DELAY);
    if (!s_cancelled)
        perform(&own, &s_program.tasks[task], 0);
    recorder_leave(recorder_self());
    xSemaphoreGive(s_ended);
    vTaskDelete(NULL);
}

static bool create(unsigned task)
{
    const program_task *what = &s_program.tasks[task];
    BaseType_t core = what->core < 0 ? tskNO_AFFINITY : what->core;
    return xTaskCreatePinnedToCore(run_task, what->name, STACK_BYTES, (void *)(uintptr_t)task, what->priority, NULL,
                                   core) == pdPASS;
}

/* ---- a run, in the main task ---- */

static const char *problem_of(const char *whose, const char *problem)
{
    static char text[128];
    snprintf(text, sizeof text, "%s %s", whose, problem);
    return text;
}

static const char *boot(void)
{
    for (const p4v_adapter *const *adapter = p4v_adapters; *adapter && !s_booted; adapter++) {
        s_booting = (*adapter)->name;
        if ((*adapter)->boot && !(*adapter)->boot())
            return problem_of(s_booting, "did not boot");
    }
    s_booting = "";
    s_booted = true;
    return NULL;
}

static bool make_gate(void)
{
    if (s_gate)
        xEventGroupClearBits(s_gate, OPEN);
    else
        s_gate = xEventGroupCreate();
    if (!s_ended)
        s_ended = xSemaphoreCreateCounting(PROGRAM_TASKS_MAX, 0);
    return s_gate && s_ended;
}

static const char *run_tasks(void)
{
    if (!make_gate())
        return "no memory for the agent's own event group and semaphore";
    unsigned created = 0;
    while (created < s_program.task_count && create(created))
        created++;
    s_cancelled = created < s_program.task_count;
    xEventGroupSetBits(s_gate, OPEN);
    agent_rest(true); /* what ran here before were boot functions, and they have returned */
    for (unsigned ended = 0; ended < created; ended++)
        xSemaphoreTake(s_ended, portMAX_DELAY);
    agent_rest(false);
    return s_cancelled ? "no memory for the tasks of the program" : NULL;
}

/* ---- boots ---- */

/* The environment goes on where the boot before had got to. */
static void resume_streams(void)
{
    for (unsigned i = 0; i < s_program.stream_count; i++)
        if (s_life->reached[i])
            s_program.streams[i].values.at = s_life->reached[i];
}

static void begin_boot(agent_ring *ring, agent_life *life)
{
    s_life = life;
    s_misuse = NULL;
    resume_streams();
    if (life->reason)
        recorder_resume(ring, s_program.task_count, life->reason);
    else
        recorder_start(ring, s_program.task_count);
    if (stream_named("power") < s_program.stream_count)
        agent_power(p4v_environment("power", 0));
}

bool agent_misdeclared(void)
{
    return s_misuse != NULL;
}

const char *agent_run(const uint8_t *bytes, size_t length, agent_ring *ring, agent_life *life)
{
    performing own;
    const char *problem = program_parse(bytes, length, &s_program);
    if (problem)
        return problem;
    unsigned main_task = s_program.task_count;
    begin_boot(ring, life);
    problem = boot();
    if (!problem && !life->reason)
        problem = run_tasks();
    if (!problem) {
        recorder_put(AGENT_LOADED, main_task, 0, NULL, 0);
        perform(&own, &s_program.final, s_program.settle_ms);
    }
    recorder_stop(s_program.task_count);
    if (!problem && s_misuse)
        problem = problem_of(s_misuse, "reads or writes more than its signature in the adapter allows");
    return problem;
}
