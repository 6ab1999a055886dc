/*
 * mutex.c: a mutex with priority inheritance, as xQueueSemaphoreTake and prvCopyDataToQueue do it (K/queue.c,
 * K/tasks.c). The same for FreeRTOS and for pthread.
 *
 * Nobody is handed the mutex: giving wakes the highest waiter, and whoever looks first takes it. The holder inherits
 * when somebody blocks, and gives the priority back only when it holds no mutex any more; after a time-out it drops to
 * the highest remaining waiter, if this is the only mutex it holds.
 */
#include "shim.h"

static bool inherit(task *holder, const task *waiter) {
    if (holder->mark != MARK_TASK) return false;
    if (holder->priority >= waiter->priority) return holder->base_priority < waiter->priority;
    shim_set_priority(holder, waiter->priority);
    return true;
}

static void disinherit_after_timeout(const struct shim_mutex *mutex) {
    task *holder = mutex->holder;
    if (holder == NULL || holder->mark != MARK_TASK || holder->mutexes_held != 1) return;
    unsigned highest = mutex->waiters ? mutex->waiters->priority : tskIDLE_PRIORITY;
    shim_set_priority(holder, highest > holder->base_priority ? highest : holder->base_priority);
}

bool shim_mutex_await(struct shim_mutex *mutex, task *self, uint64_t deadline_us, const char *call,
                      const void *object) {
    bool inherited = false;
    self->aborted = false;
    while (!shim_mutex_try(mutex, self, object)) {
        if (shim_expired(self, deadline_us)) {
            if (inherited) disinherit_after_timeout(mutex);
            return false;
        }
        inherited |= inherit(mutex->holder, self);
        shim_wait(self, &mutex->waiters, deadline_us, call, object, mutex->holder);
    }
    return true;
}

void shim_mutex_give(struct shim_mutex *mutex, task *self, const void *object) {
    port_drop(object);
    if (--self->mutexes_held == 0) shim_set_priority(self, self->base_priority);
    mutex->holder = NULL;
    shim_wake_first(&mutex->waiters);
}
