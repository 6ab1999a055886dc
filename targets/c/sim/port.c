/*
 * port.c: port.h over fibers. Exclusivity between port_enter and port_leave is free here: nothing else runs.
 */
#include "stack_use.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- tasks ---- */

static void fiber_entry(void) {
    port_task *self = engine.self;
    self->entry(self->argument);
    port_task_exit();
}

static void name_task(port_task *task, const char *name) {
    size_t i = 0;
    for (; name && name[i] && i < NAME_MAX_BYTES - 1; i++) task->name[i] = name[i];
    task->name[i] = 0;
}

port_task *port_task_create(void (*entry)(void *), void *argument, const char *name, uint32_t stack_bytes,
                            unsigned priority, int core, void *user) {
    if (engine.task_count == MAX_TASKS)
        engine_end(PORT_UNSUPPORTED, CALLER, "more than %d tasks in one execution", MAX_TASKS);
    port_task *task = &engine.tasks[engine.task_count++];
    task->priority = (uint8_t)(priority < PRIORITIES ? priority : PRIORITIES - 1);
    task->affinity = (int8_t)core;
    if (core != PORT_ANY_CORE) engine.pinned[core] |= TASK_BIT(task);
    task->core = PORT_ANY_CORE;
    task->suspended = task->woken = task->rests = false;
    task->depth_critical = 0;
    task->suspensions = task->depth = 0;
    task->polls = 0;
    task->deadline_us = PORT_FOREVER;
    task->user = user;
    task->entry = entry;
    task->argument = argument;
    task->why = NULL;
    task->owner_task = NULL;
    name_task(task, name);
    task->stack_end = stack_use_end(task, stack_bytes);   /* every fiber has the same roomy stack */
    task->sp = fiber_prepare(task_stack_top(task->id), fiber_entry);
    cores_level(task, task->priority);
    if (UNLIKELY(engine.racing)) race_fork(task);
    task_ready(task);
    return task;
}

static void bury(port_task *task) {
    task_unready(task, TASK_DEAD);
    engine.sleepers &= ~TASK_BIT(task);
    engine.occupying &= ~TASK_BIT(task);
    cores_unlevel(task);
    for (int core = 0; core < PORT_CORES; core++)
        if (engine.locked[core] == task) engine.locked[core] = NULL;
}

void port_task_exit(void) {
    bury(engine.self);
    cores_schedule();
    __builtin_unreachable();
}

void port_task_destroy(port_task *task) {
    if (task == engine.self) port_task_exit();
    bury(task);
}

void port_set_user(port_task *task, void *user) { task->user = user; }
const char *port_task_name(port_task *task) { return task->name; }
unsigned port_task_priority(port_task *task) { return task->priority; }
int port_core(void) { return engine.self->core < 0 ? 0 : engine.self->core; }
int port_task_core(port_task *task) { return task->core; }

void port_set_priority(port_task *task, unsigned priority) {
    if (task->priority == priority) return;
    cores_unlevel(task);
    task->priority = (uint8_t)priority;
    if (task->state != TASK_DEAD) cores_level(task, priority);
    if (cores_contended()) engine.stale = true;
}

/* ---- calls ---- */

void port_yield(void) { cores_yield(); }

void port_suspend(port_task *task) {
    task->suspended = true;
    engine.ready &= ~TASK_BIT(task);
    engine.stale = true;
    if (task == engine.self) cores_schedule();
}

void port_resume(port_task *task) {
    task->suspended = false;
    if (task->state == TASK_READY) task_ready(task);
}

/* ---- what keeps a core ---- */

static void lock_core(port_task *self) {
    cores_place(self);
    engine.locked[(int)self->core] = self;
    if (cores_contended()) engine.stale = true;
}

static void unlock_core(port_task *self) {
    if (self->depth_critical || self->suspensions) return;
    engine.locked[(int)self->core] = NULL;
    if (cores_contended()) engine.stale = true;
}

void port_scheduler_suspend(void) {
    if (engine.self->suspensions++ == 0) lock_core(engine.self);
}

bool port_scheduler_resume(void) {
    if (engine.self->suspensions == 0) return false;
    engine.self->suspensions--;
    unlock_core(engine.self);
    return true;
}

static bool take_mux(struct port_mux *mux, uint32_t mine) {
    if (mux->owner != 0 && mux->owner != mine) return false;
    mux->owner = mine;
    mux->count++;
    return true;
}

static void spin(struct port_mux *mux) {
    port_task *self = engine.self;
    self->why = "portENTER_CRITICAL";
    self->object = mux;
    self->owner_task = engine.locked[mux->owner - 1];
    engine.spinning++;
    task_unready(self, TASK_SPINNING);
    if (UNLIKELY(engine.tracing)) trace_step(STEP_BLOCK, 0, mux, 0, self->why);
    cores_schedule();
    self->owner_task = NULL;
}

static void check_mux(const struct port_mux *mux) {
    if (mux->owner > PORT_CORES) port_fail(PORT_MISUSE, "critical section with a portMUX that was never initialised");
}

/* Interrupts are masked before spinning: from here on nothing else runs on this core. */
void port_critical_enter(struct port_mux *mux) {
    settle();
    engine.heartbeat++;
    point();
    check_mux(mux);
    port_task *self = engine.self;
    if (self->depth_critical++ == 0 && self->suspensions == 0) lock_core(self);
    if (UNLIKELY(engine.tracing)) trace_step(STEP_CALL, CALLER, mux, 0, "portENTER_CRITICAL");
    while (!take_mux(mux, (uint32_t)self->core + 1)) spin(mux);
    port_hold(mux);
}

bool port_critical_try(struct port_mux *mux) {
    settle();
    engine.heartbeat++;
    point();
    check_mux(mux);
    port_task *self = engine.self;
    cores_place(self);
    if (!take_mux(mux, (uint32_t)self->core + 1)) return false;
    port_hold(mux);
    if (self->depth_critical++ == 0 && self->suspensions == 0) lock_core(self);
    return true;
}

static void release_spinners(const struct port_mux *mux) {
    for (unsigned i = 0; engine.spinning && i < engine.task_count; i++) {
        port_task *task = &engine.tasks[i];
        if (task->state != TASK_SPINNING || task->object != mux) continue;
        engine.spinning--;
        task_ready(task);
    }
}

void port_critical_exit(struct port_mux *mux) {
    settle();
    port_task *self = engine.self;
    if (UNLIKELY(engine.tracing)) trace_step(STEP_CALL, CALLER, mux, 0, "portEXIT_CRITICAL");
    if (mux->owner != (uint32_t)self->core + 1 || self->depth_critical == 0)
        port_fail(PORT_ASSERTION, "portEXIT_CRITICAL of a portMUX that core %d does not own", port_core());
    port_drop(mux);
    if (--mux->count == 0) {
        mux->owner = 0;
        if (UNLIKELY(engine.spinning)) release_spinners(mux);
    }
    self->depth_critical--;
    unlock_core(self);
    port_leave();
}

void port_spend(uint64_t us) {
    port_task *self = engine.self;
    if (us == 0) return;
    self->polls = 0;
    self->why = "a costed call";
    self->deadline_us = engine.now_us + us;
    engine.sleepers |= TASK_BIT(self);
    task_unready(self, TASK_SPENDING);
    cores_schedule();
    self->deadline_us = PORT_FOREVER;
}

/* ---- memory of the firmware, touched by the shim ---- */

void port_copy_from_user(void *to, const void *from, size_t bytes) {
    shadow_touch((uintptr_t)from, bytes, false, CALLER);
    __real_memcpy(to, from, bytes);
}

void port_copy_to_user(void *to, const void *from, size_t bytes) {
    shadow_touch((uintptr_t)to, bytes, true, CALLER);
    __real_memcpy(to, from, bytes);
}

void port_copy_torn(void *to, const void *from, size_t bytes) { copy_torn(to, from, bytes, CALLER); }

void port_fail(enum port_outcome outcome, const char *format, ...) {
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    __real_vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    engine_end(outcome, 0, "%s", text);
}
