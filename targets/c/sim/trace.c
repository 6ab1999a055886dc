/*
 * trace.c: what happened in one execution, step by step, when a replay asks for it. Never on while exploring.
 */
#include "call_stack.h"
#include "engine.h"

#include <stdlib.h>

enum { STEPS_MAX = 1 << 20, CHOICES_MAX = 1 << 20, SLICE = 8 };

struct step *trace_steps;
uint32_t trace_count, trace_dropped, choice_count, segment_count;
struct choice *choice_log, *segment_log;
static uint32_t record_choice;
static uint32_t open_write = UINT32_MAX;   /* the first of the last writes, whose values are known at the task's next hook */
static uint32_t open_call[MAX_TASKS];      /* index + 1 of the call that a task is in */
static uint32_t steps_capacity;
struct trace_task trace_tasks[MAX_BOOTS * MAX_TASKS];
uint32_t trace_task_count;                 /* of the boots that have ended */

uint32_t session_position(void);  /* records in the history so far */

void trace_begin(void) {
    if (!choice_log) choice_log = __real_malloc(CHOICES_MAX * sizeof *choice_log);
    if (!segment_log) segment_log = __real_malloc(CHOICES_MAX * sizeof *segment_log);
    if (!choice_log || !segment_log) __real_abort();
    trace_count = trace_dropped = choice_count = segment_count = trace_task_count = 0;
    record_choice = 0;
    open_write = UINT32_MAX;
    __real_memset(open_call, 0, sizeof open_call);
}

static uint16_t number_of(const port_task *task) { return (uint16_t)(trace_task_count + task->id); }

void trace_end(void) {
    for (unsigned i = 0; i < engine.task_count; i++) {
        struct trace_task *kept = &trace_tasks[trace_task_count++];
        *kept = (struct trace_task){.handle = (uintptr_t)engine.tasks[i].user, .boot = engine.boots};
        __real_memcpy(kept->name, engine.tasks[i].name, sizeof kept->name);
    }
}

/* Calls that were under way have no answer. */
void trace_boot_ends(void) {
    trace_settle();
    __real_memset(open_call, 0, sizeof open_call);
    trace_end();
}

static bool room(void) {
    if (trace_count < steps_capacity) return true;
    if (steps_capacity >= STEPS_MAX) { trace_dropped++; return false; }
    uint32_t wanted = steps_capacity ? 2 * steps_capacity : 4096;
    struct step *grown = __real_realloc(trace_steps, wanted * sizeof *grown);
    if (!grown) { trace_dropped++; return false; }
    trace_steps = grown;
    steps_capacity = wanted;
    return true;
}

static uint64_t bits_at(const void *address, unsigned size) {
    uint64_t value = 0;
    __real_memcpy(&value, address, size < SLICE ? size : SLICE);
    return value;
}

/* gcc announces the whole of a struct; its words are steps of their own. */
static void trace_words(enum step_kind kind, uintptr_t pc, const uint8_t *address, unsigned size) {
    for (unsigned done = 0, part; done < size; done += part) {
        part = 4 - ((uintptr_t)(address + done) & 3);
        if (part > size - done) part = size - done;
        trace_step(kind, pc, address + done, part, NULL);
    }
}

void trace_step(enum step_kind kind, uintptr_t pc, const void *address, unsigned size, const char *name) {
    if (size > SLICE && kind <= STEP_WRITE) { trace_words(kind, pc, address, size); return; }
    if (!room()) return;
    if (kind >= STEP_CALL && kind <= STEP_WAKE) pc = firmware_caller();
    struct step *step = &trace_steps[trace_count++];
    *step = (struct step){.time_us = engine_time_us(), .pc = pc, .calls = call_stack_now(), .address = (uintptr_t)address, .name = name,
                          .position = session_position(), .kind = (uint8_t)kind, .task = number_of(engine.self),
                          .core = (uint8_t)port_core(), .size = (uint8_t)(size < 255 ? size : 255),
                          .point = engine.choice_points, .choice = (uint8_t)record_choice};
    record_choice = 0;
    if (kind == STEP_READ) step->value = bits_at(address, size);
    if (kind == STEP_CALL) open_call[engine.self->id] = trace_count;
    if (kind == STEP_BLOCK && engine.self->owner_task) step->value = number_of(engine.self->owner_task) + 1;
    if (kind == STEP_WRITE) {
        if (open_write == UINT32_MAX) open_write = trace_count - 1;
        engine.pending = 1;
    }
}

/* A call's answer is known when it ends: its step then has a size. */
void trace_answer(long answer) {
    uint32_t *open = &open_call[engine.self->id];
    if (!*open) return;
    trace_steps[*open - 1].value = (uint64_t)answer;
    trace_steps[*open - 1].size = sizeof answer;
    *open = 0;
}

void trace_settle(void) {
    if (open_write == UINT32_MAX) return;
    for (uint32_t i = open_write; i < trace_count; i++) {
        struct step *step = &trace_steps[i];
        if (step->kind == STEP_WRITE) step->value = bits_at((const void *)(uintptr_t)step->address, step->size);
    }
    open_write = UINT32_MAX;
}

static void extend_segment(unsigned task) {
    if (segment_count && segment_log[segment_count - 1].offset == task) segment_log[segment_count - 1].point++;
    else if (segment_count < CHOICES_MAX) segment_log[segment_count++] = (struct choice){1, (uint8_t)task};
}

/* The next step, by whichever task, carries the choice that led to it. */
void trace_choice(unsigned choice, unsigned task) {
    extend_segment(task);
    if (!choice) return;
    record_choice = choice;
    if (choice_count < CHOICES_MAX)
        choice_log[choice_count++] = (struct choice){engine.choice_points - 1, (uint8_t)choice};
}
