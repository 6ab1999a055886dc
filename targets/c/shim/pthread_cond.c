/* pthread_cond.c: condition variables. Their state is one wait list in the pthread_cond_t; all zero is a fresh one. */
#include "threads.h"

struct condition { task *waiters; };
_Static_assert(sizeof(struct condition) <= sizeof(pthread_cond_t), "a pthread_cond_t holds a condition");

static struct condition *of(pthread_cond_t *condition) { return (struct condition *)condition; }

int __wrap_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes) {
    (void)attributes; /* all clocks show the same time */
    port_enter("pthread_cond_init", condition);
    of(condition)->waiters = NULL;
    port_leave();
    return 0;
}

int __wrap_pthread_cond_destroy(pthread_cond_t *condition) {
    port_enter("pthread_cond_destroy", condition);
    bool busy = of(condition)->waiters != NULL;
    port_leave();
    return busy ? EBUSY : 0;
}

static int wait(const char *call, pthread_cond_t *condition, pthread_mutex_t *mutex, uint64_t deadline_us) {
    port_enter(call, condition);
    task *self = shim_self();
    shim_may_block(call, self);
    struct shim_mutex *held = thread_held(call, mutex, self);
    uint32_t recursion = held->recursion;
    held->recursion = 0;
    shim_mutex_give(held, self, held);
    bool signalled = shim_wait(self, &of(condition)->waiters, deadline_us, call, condition, NULL);
    thread_relock(held, self, call);
    held->recursion = recursion;
    port_leave();
    return signalled ? 0 : ETIMEDOUT;
}

int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex) {
    return wait("pthread_cond_wait", condition, mutex, PORT_FOREVER);
}

int __wrap_pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until) {
    return wait("pthread_cond_timedwait", condition, mutex, until_us(until));
}

int __wrap_pthread_cond_clockwait(pthread_cond_t *condition, pthread_mutex_t *mutex, clockid_t clock,
                                  const struct timespec *until) {
    (void)clock;
    return wait("pthread_cond_clockwait", condition, mutex, until_us(until));
}

int __wrap_pthread_cond_signal(pthread_cond_t *condition) {
    port_enter("pthread_cond_signal", condition);
    shim_wake_first(&of(condition)->waiters);
    port_leave();
    return 0;
}

int __wrap_pthread_cond_broadcast(pthread_cond_t *condition) {
    port_enter("pthread_cond_broadcast", condition);
    while (shim_wake_first(&of(condition)->waiters)) continue;
    port_leave();
    return 0;
}
