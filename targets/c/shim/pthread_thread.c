/*
 * pthread_thread.c: threads over tasks. They have ESP-IDF's default priority (5) and run on any core.
 *
 * The linker's --wrap sends the program's pthread calls here (wraps.txt); calls from inside shared libraries do not
 * come this way. Cancellation, barriers, spin and read-write locks are not offered and end the execution as such.
 */
#include "threads.h"

#include <sched.h>
#include <string.h>

enum { THREAD_PRIORITY = 5, THREAD_STACK = 3072 };

struct thread {
    task task;                 /* first: a pthread_t is the address of the task block, the main task's too */
    uint32_t mark;
    bool detached, ended;
    task *joiners;
    void *(*start)(void *);
    void *argument;
    void *result;
};

static unsigned started;
static task *once_waiters;

static void end_thread(struct thread *thread, void *result) __attribute__((noreturn));
static void end_thread(struct thread *thread, void *result) {
    thread->result = result;
    port_release(thread);
    thread->ended = true;
    if (thread->detached) thread->mark = MARK_DEAD;
    shim_wake_first(&thread->joiners);
    shim_task_end(&thread->task);
}

static void run_thread(void *argument) {
    struct thread *thread = argument;
    void *result = thread->start(thread->argument);
    port_enter("pthread_exit", thread);
    end_thread(thread, result);
}

static bool wants_detached(const pthread_attr_t *attributes) {
    int state = PTHREAD_CREATE_JOINABLE;
    if (attributes) pthread_attr_getdetachstate(attributes, &state);
    return state == PTHREAD_CREATE_DETACHED;
}

/* "thread 1" and so on. By hand: programs make threads more often than anything prints. */
static void write_name(char *name, unsigned number) {
    unsigned digits = 1, rest = number;
    while (rest /= 10) digits++;
    memcpy(name, "thread ", 7);
    name[7 + digits] = 0;
    for (char *at = name + 7 + digits; digits; digits--, number /= 10) *--at = (char)('0' + number % 10);
}

static task *start_thread(const pthread_attr_t *attributes, void *(*start)(void *), void *argument, pthread_t *id) {
    char name[20];
    struct thread *thread = port_reserve(sizeof *thread);
    if (thread == NULL) return NULL;
    thread->mark = MARK_THREAD;
    thread->detached = wants_detached(attributes);
    thread->ended = false;
    thread->joiners = NULL;
    thread->start = start;
    thread->argument = argument;
    write_name(name, ++started);
    pthread_t made = (pthread_t)(uintptr_t)thread;
    port_copy_to_user(id, &made, sizeof made);
    return shim_task_start("pthread_create", &thread->task, run_thread, name, THREAD_STACK, thread, THREAD_PRIORITY,
                           tskNO_AFFINITY, NULL);
}

int __wrap_pthread_create(pthread_t *id, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
    port_enter("pthread_create", NULL);
    bool done = start_thread(attributes, start, argument, id) != NULL;
    port_leave();
    return done ? 0 : EAGAIN;
}

static struct thread *thread_named(const char *call, pthread_t id) {
    task *block = (task *)(uintptr_t)id;
    if (block && block->mark == MARK_TASK && block->code != run_thread)
        port_fail(PORT_MISUSE, "%s: task '%s' is no thread", call, port_task_name(block->port));
    struct thread *thread = (struct thread *)block;
    if (thread == NULL || thread->mark != MARK_THREAD)
        shim_bad_handle(call, "thread", thread, thread ? thread->mark : 0);
    return thread;
}

int __wrap_pthread_join(pthread_t id, void **result) {
    port_enter("pthread_join", (void *)(uintptr_t)id);
    struct thread *thread = thread_named("pthread_join", id);
    task *self = shim_self();
    shim_may_block("pthread_join", self);
    int error = thread->detached || thread->joiners ? EINVAL : self == &thread->task ? EDEADLK : 0;
    if (error == 0) {
        while (!thread->ended)
            shim_wait(self, &thread->joiners, PORT_FOREVER, "pthread_join", thread, &thread->task);
        port_acquire(thread);
        thread->mark = MARK_DEAD;
        if (result) port_copy_to_user(result, &thread->result, sizeof *result);
    }
    port_leave();
    return error;
}

int __wrap_pthread_detach(pthread_t id) {
    port_enter("pthread_detach", (void *)(uintptr_t)id);
    struct thread *thread = thread_named("pthread_detach", id);
    int error = thread->detached ? EINVAL : 0;
    thread->detached = true;
    if (thread->ended) thread->mark = MARK_DEAD;
    port_leave();
    return error;
}

void __wrap_pthread_exit(void *result) {
    port_enter("pthread_exit", NULL);
    task *self = shim_self();
    if (self->code == run_thread) end_thread((struct thread *)self, result);
    shim_task_end(self); /* the main task: the others go on */
}

pthread_t __wrap_pthread_self(void) { return (pthread_t)(uintptr_t)shim_self(); }
int __wrap_pthread_equal(pthread_t one, pthread_t other) { return one == other; }

int __wrap_sched_yield(void) {
    port_enter("sched_yield", NULL);
    port_yield();
    port_leave();
    return 0;
}

/* All zero is fresh (PTHREAD_ONCE_INIT); then 1 while the routine runs, and 2. */
int __wrap_pthread_once(pthread_once_t *once, void (*routine)(void)) {
    enum { FRESH, RUNNING, DONE };
    port_enter("pthread_once", once);
    while (*once == RUNNING)
        shim_wait(shim_self(), &once_waiters, PORT_FOREVER, "pthread_once", once, NULL);
    if (*once == FRESH) {
        *once = RUNNING;
        port_leave();
        routine();
        port_enter("pthread_once", once);
        *once = DONE;
        port_release(once);
        while (once_waiters) shim_wake(once_waiters);
    }
    port_acquire(once);
    port_leave();
    return 0;
}

#define NOT_OFFERED(name) \
    int __wrap_##name(void); \
    int __wrap_##name(void) { port_fail(PORT_UNSUPPORTED, #name " is not offered"); }
NOT_OFFERED(pthread_cancel)
NOT_OFFERED(pthread_barrier_wait)
NOT_OFFERED(pthread_spin_lock)
NOT_OFFERED(pthread_rwlock_rdlock)
NOT_OFFERED(pthread_rwlock_wrlock)
