/*
 * waits.c: how a task waits: wait lists, deadlines, and the refusal to block where that is forbidden.
 *
 * A wait list is the chain of task blocks that wait for one thing, highest priority first, first come first served
 * within a priority. A task's place is fixed when it begins to wait, as in K/list.c: inheritance later changes the
 * value it is compared by, but not its place. A waiter that is woken must look again: what it waited for may be gone.
 */
#include "shim.h"

uint64_t shim_deadline(TickType_t ticks) {
    if (ticks == portMAX_DELAY) return PORT_FOREVER;
    return (port_now_us() / TICK_US + ticks) * TICK_US;
}

bool shim_expired(task *self, uint64_t deadline_us) {
    return self->aborted || (deadline_us != PORT_FOREVER && port_now_us() >= deadline_us);
}

void shim_enlist(task *waiter, task **list) {
    task **place = list;
    while (*place && (*place)->priority >= waiter->priority) place = &(*place)->wait_next;
    waiter->wait_next = *place;
    waiter->wait_list = list;
    *place = waiter;
}

void shim_unlist(task *waiter) {
    task **place = waiter->wait_list;
    if (place == NULL) return;
    while (*place != waiter) place = &(*place)->wait_next;
    *place = waiter->wait_next;
    waiter->wait_list = NULL;
}

void shim_wake(task *waiter) {
    shim_unlist(waiter);
    waiter->blocked = false;
    port_wake(waiter->port);
}

/* The tick takes a task whose time is up out of its list, so such a task is passed over although it has not run yet. */
bool shim_still_waits(const task *waiter) {
    return waiter->deadline_us == PORT_FOREVER || waiter->deadline_us > port_now_us();
}

task *shim_wake_next(task *first) {
    for (; first; first = first->wait_next) {
        if (!shim_still_waits(first)) continue;
        shim_wake(first);
        return first;
    }
    return NULL;
}

void shim_tell_woken(BaseType_t *flag, const task *woken) {
    static const BaseType_t yes = pdTRUE;
    if (flag == NULL || woken == NULL) return;
    task *self = shim_self();
    if (self == NULL || woken->priority > self->priority) port_copy_to_user(flag, &yes, sizeof yes);
}

void shim_refuse_blocking(const char *call) {
    port_task *self = port_self();
    if (self == NULL) port_fail(PORT_MISUSE, "%s may block and was called outside tasks", call);
    const char *name = port_task_name(self);
    if (port_in_isr()) port_fail(PORT_MISUSE, "%s may block and was called in an interrupt", call);
    if (port_in_critical())
        port_fail(PORT_MISUSE, "%s may block and was called by task '%s' inside a critical section", call, name);
    port_fail(PORT_MISUSE, "%s may block and was called by task '%s' with the scheduler suspended", call, name);
}

void shim_bad_handle(const char *call, const char *kind, const void *object, uint32_t mark) {
    if (object == NULL) port_fail(PORT_ASSERTION, "%s: the %s is NULL", call, kind);
    if (mark == MARK_DEAD) port_fail(PORT_MEMORY, "%s: the %s at %p has been deleted", call, kind, object);
    port_fail(PORT_MEMORY, "%s: there is no %s at %p", call, kind, object);
}

void vAssertCalled(const char *file, int line, const char *expression) {
    port_fail(PORT_ASSERTION, "assert failed: %s at %s:%d", expression, file, line);
}
