/*
 * port_inline.h: what of port.h is part of every RTOS call, inlined into the shim. Included by engine.h and by shim.h.
 */
#ifndef P4V_PORT_INLINE_H
#define P4V_PORT_INLINE_H

#include "engine.h"

static inline port_task *port_self(void) { return engine.running ? engine.self : NULL; }
static inline void *port_user(port_task *task) { return task->user; }
static inline bool port_in_critical(void) { return engine.self->depth_critical > 0; }
static inline bool port_in_isr(void) { return false; }
static inline uint64_t port_now_us(void) { return engine.now_us; }

static inline void port_enter(const char *call, const void *object) {
    settle();
    engine.heartbeat++;
    point();
    if (UNLIKELY(engine.tracing)) trace_step(STEP_CALL, 0, object, 0, call);
}

static inline void port_leave(void) {
    if (UNLIKELY(engine.stale)) point_stale();
}

static inline void port_acquire(const void *object) { if (UNLIKELY(engine.racing)) race_acquire(object); }
static inline void port_release(const void *object) { if (UNLIKELY(engine.racing)) race_release(object); }
static inline void port_hold(const void *lock) { if (UNLIKELY(engine.racing)) race_hold(lock); }
static inline void port_drop(const void *lock) { if (UNLIKELY(engine.racing)) race_drop(lock); }

static inline long port_answer(long answer) {
    if (UNLIKELY(engine.tracing)) trace_answer(answer);
    port_leave();
    return answer;
}

static inline bool port_block(uint64_t deadline_us, const char *why, const void *object, port_task *owner) {
    port_task *self = engine.self;
    self->woken = false;
    self->polls = 0;
    self->why = why;
    self->object = object;
    self->owner_task = owner;
    self->deadline_us = deadline_us;
    if (deadline_us != PORT_FOREVER) {
        if (deadline_us <= engine.now_us) return false;
        engine.sleepers |= TASK_BIT(self);
    }
    task_unready(self, TASK_BLOCKED);
    if (UNLIKELY(engine.tracing)) trace_step(STEP_BLOCK, 0, object, 0, why);
    cores_schedule();
    self->owner_task = NULL;
    self->deadline_us = PORT_FOREVER;
    return self->woken;
}

static inline void port_wake(port_task *task) {
    if (task->state != TASK_BLOCKED) return;
    task->woken = true;
    task_ready(task);
    if (UNLIKELY(engine.tracing)) trace_step(STEP_WAKE, 0, NULL, 0, task->name);
}

#endif
