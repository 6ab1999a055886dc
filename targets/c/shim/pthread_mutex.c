/*
 * pthread_mutex.c: mutexes of pthread over mutex.c, so with priority inheritance, as ESP-IDF has them.
 *
 * The state is a shim_mutex in the pthread_mutex_t itself. All zero is a fresh normal mutex, and glibc's static
 * initialisers for the other kinds set the word where shim_mutex has its kind.
 */
#include "threads.h"

#include <string.h>

_Static_assert(sizeof(struct shim_mutex) <= sizeof(pthread_mutex_t), "a pthread_mutex_t holds a mutex");
_Static_assert(offsetof(struct shim_mutex, kind) == offsetof(pthread_mutex_t, __data.__kind), "glibc's kind");

static struct shim_mutex *of(pthread_mutex_t *mutex) { return (struct shim_mutex *)mutex; }

int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes) {
    int kind = PTHREAD_MUTEX_NORMAL;
    if (attributes) pthread_mutexattr_gettype(attributes, &kind);
    port_enter("pthread_mutex_init", mutex);
    *of(mutex) = (struct shim_mutex){ .kind = kind };
    port_leave();
    return 0;
}

int __wrap_pthread_mutex_destroy(pthread_mutex_t *mutex) {
    port_enter("pthread_mutex_destroy", mutex);
    bool busy = of(mutex)->holder || of(mutex)->waiters;
    port_leave();
    return busy ? EBUSY : 0;
}

/* The caller holds it already. A normal mutex then waits for itself: a deadlock. */
static int again(struct shim_mutex *mutex, bool trying) {
    if (mutex->kind == PTHREAD_MUTEX_RECURSIVE) {
        mutex->recursion++;
        return 0;
    }
    return trying ? EBUSY : mutex->kind == PTHREAD_MUTEX_ERRORCHECK ? EDEADLK : -1;
}

static int lock(const char *call, struct shim_mutex *mutex, uint64_t deadline_us) {
    port_enter(call, mutex);
    task *self = shim_self();
    shim_may_block(call, self);
    int error = mutex->holder == self ? again(mutex, false) : -1;
    if (error < 0) {
        bool taken = shim_mutex_try(mutex, self, mutex) || shim_mutex_await(mutex, self, deadline_us, call, mutex);
        error = taken ? 0 : ETIMEDOUT;
    }
    return (int)port_answer(error);
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *mutex) { return lock("pthread_mutex_lock", of(mutex), PORT_FOREVER); }

int __wrap_pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *until) {
    return lock("pthread_mutex_timedlock", of(mutex), until_us(until));
}

int __wrap_pthread_mutex_trylock(pthread_mutex_t *mutex) {
    port_enter("pthread_mutex_trylock", mutex);
    task *self = shim_self();
    SHIM_ASSERT(self, "pthread_mutex_trylock was called outside tasks");
    int error = of(mutex)->holder == self ? again(of(mutex), true) : shim_mutex_try(of(mutex), self, mutex) ? 0 : EBUSY;
    return (int)port_answer(error);
}

struct shim_mutex *thread_held(const char *call, pthread_mutex_t *mutex, const task *self) {
    SHIM_ASSERT(self && of(mutex)->holder == self, "%s: task '%s' does not hold the mutex", call,
                self ? port_task_name(self->port) : "(none)");
    return of(mutex);
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *mutex) {
    port_enter("pthread_mutex_unlock", mutex);
    task *self = shim_self();
    int error = 0;
    if (UNLIKELY(of(mutex)->holder != self && of(mutex)->kind == PTHREAD_MUTEX_ERRORCHECK)) {
        error = EPERM;
    } else {
        struct shim_mutex *held = thread_held("pthread_mutex_unlock", mutex, self);
        if (held->recursion) held->recursion--;
        else shim_mutex_give(held, self, held);
    }
    return (int)port_answer(error);
}

void thread_relock(struct shim_mutex *mutex, task *self, const char *call) {
    if (!shim_mutex_try(mutex, self, mutex)) shim_mutex_await(mutex, self, PORT_FOREVER, call, mutex);
}
