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

/* Whole ticks by vTaskDelay, so that a task wakes with the tick, as the firmware's own tasks do; the rest exactly. */
static void wait_ms(uint32_t ms)
{
    if (ms / portTICK_PERIOD_MS)
        vTaskDelay(ms / portTICK_PERIOD_MS);
    if (ms % portTICK_PERIOD_MS)
        agent_block((uint64_t)(ms % portTICK_PERIOD_MS) * 1000u);
}

static void call(unsigned task, uint16_t index, const p4v_operation *operation, p4v_reader arguments)
{
    uint8_t packed[P4V_RECORD_MAX];
    p4v_writer results = {packed, packed + sizeof packed, false};
    recorder_put(AGENT_INVOKE, task, index, NULL, 0);
    operation->call(&arguments, &results);
    if (arguments.short_read || results.overflow)
        __atomic_store_n(&s_misuse, operation->name, __ATOMIC_RELAXED);
    else
        recorder_put(AGENT_RETURN, task, index, packed, (size_t)(results.at - packed));
}

static void perform(unsigned task, const program_task *what)
{
    p4v_reader invocations = what->invocations;
    for (unsigned index = 0; index < what->count; index++) {
        program_invocation next = program_next(&invocations);
        wait_ms(next.delay_ms);
        call(task, (uint16_t)index, next.operation, next.arguments);
    }
}

static void run_task(void *number)
{
    unsigned task = (unsigned)(uintptr_t)number;
    recorder_join(task);
    xEventGroupWaitBits(s_gate, OPEN, pdFALSE, pdTRUE, portMAX_DELAY);
    if (!s_cancelled)
        perform(task, &s_program.tasks[task]);
    recorder_leave(task);
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
    for (unsigned ended = 0; ended < created; ended++)
        xSemaphoreTake(s_ended, portMAX_DELAY);
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
        wait_ms(s_program.settle_ms);
        perform(main_task, &s_program.final);
    }
    recorder_stop(main_task);
    if (!problem && s_misuse)
        problem = problem_of(s_misuse, "reads or writes more than its signature in the adapter allows");
    return problem;
}
