/* pthread_sem.c: POSIX semaphores between the threads of one program. Their state lies in the sem_t. */
#include "threads.h"

#include <limits.h>
#include <semaphore.h>

struct semaphore { uint32_t value; task *waiters; };
_Static_assert(sizeof(struct semaphore) <= sizeof(sem_t), "a sem_t holds a semaphore");

static struct semaphore *of(sem_t *semaphore) { return (struct semaphore *)semaphore; }

static int fail(int error) {
    errno = error;
    return -1;
}

int __wrap_sem_init(sem_t *semaphore, int shared, unsigned value) {
    if (shared) return fail(ENOSYS);
    if (value > SEM_VALUE_MAX) return fail(EINVAL);
    port_enter("sem_init", semaphore);
    *of(semaphore) = (struct semaphore){ .value = value };
    port_leave();
    return 0;
}

int __wrap_sem_destroy(sem_t *semaphore) {
    port_enter("sem_destroy", semaphore);
    bool busy = of(semaphore)->waiters != NULL;
    port_leave();
    return busy ? fail(EBUSY) : 0;
}

static bool await(const char *call, struct semaphore *semaphore, uint64_t deadline_us) {
    task *self = shim_self();
    shim_may_block(call, self);
    self->aborted = false;
    while (semaphore->value == 0) {
        if (shim_expired(self, deadline_us)) return false;
        shim_wait(self, &semaphore->waiters, deadline_us, call, semaphore, NULL);
    }
    port_acquire(semaphore);
    return true;
}

static int take(const char *call, sem_t *semaphore, uint64_t deadline_us) {
    port_enter(call, semaphore);
    bool there = await(call, of(semaphore), deadline_us);
    if (there) of(semaphore)->value--;
    return port_answer(there) ? 0 : fail(ETIMEDOUT);
}

int __wrap_sem_wait(sem_t *semaphore) { return take("sem_wait", semaphore, PORT_FOREVER); }
int __wrap_sem_timedwait(sem_t *semaphore, const struct timespec *until) {
    return take("sem_timedwait", semaphore, until_us(until));
}

int __wrap_sem_trywait(sem_t *semaphore) {
    port_enter("sem_trywait", semaphore);
    bool there = of(semaphore)->value > 0;
    if (there) port_acquire(semaphore);
    if (there) of(semaphore)->value--;
    return port_answer(there) ? 0 : fail(EAGAIN);
}

int __wrap_sem_post(sem_t *semaphore) {
    port_enter("sem_post", semaphore);
    port_release(semaphore);
    of(semaphore)->value++;
    shim_wake_first(&of(semaphore)->waiters);
    port_leave();
    return 0;
}

int __wrap_sem_getvalue(sem_t *semaphore, int *value) {
    port_enter("sem_getvalue", semaphore);
    int now = (int)of(semaphore)->value;
    port_copy_to_user(value, &now, sizeof now);
    port_leave();
    return 0;
}
