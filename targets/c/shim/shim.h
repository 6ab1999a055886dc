/*
 * shim.h: what the files of the shim share: task blocks, wait lists, mutexes, and the checks before a call may block.
 *
 * Everything declared here is used between port_enter() and port_leave() only. Objects carry a mark that tells a live
 * object from a deleted one, so that a stale handle is a finding and not a crash of the shim.
 */
#ifndef P4V_SHIM_H
#define P4V_SHIM_H

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "freertos/semphr.h"

#include "port.h"
#ifdef PORT_INLINE
#include PORT_INLINE
#endif

#define TICK_US (1000000ull / configTICK_RATE_HZ)
#define NOTIFY_SLOTS configTASK_NOTIFICATION_ARRAY_ENTRIES
#ifndef UNLIKELY
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#endif

enum shim_mark {
    MARK_TASK = 0x7a5c0b1e, MARK_QUEUE = 0x0c1e0e5a, MARK_EVENTS = 0x0e7e6a0b, MARK_TIMER = 0x713e2a0b,
    MARK_ESP_TIMER = 0x713e2e5b, MARK_THREAD = 0x74b0ead0, MARK_DEAD = 0x00deadf0
};

/* ---- tasks ---- */
typedef struct tskTaskControlBlock task;
struct tskTaskControlBlock {
    port_task *port;
    task *wait_next;           /* in the wait list */
    task **wait_list;          /* the list's head, NULL when in none */
    task *all_next;            /* in the list of all tasks */
    uint64_t deadline_us;      /* of the wait it is in */
    TaskFunction_t code;
    void *argument;
    uint32_t mark;
    uint8_t priority;          /* effective, inheritance included */
    uint8_t base_priority;
    uint8_t scheduler_suspensions;
    int8_t core;               /* PORT_ANY_CORE when not pinned */
    uint16_t mutexes_held;
    bool suspended, aborted;
    bool blocked;              /* and not woken yet */
    uint32_t event_wish;       /* event groups: bits and flags while waiting, the outcome afterwards */
    uint32_t notify_value[NOTIFY_SLOTS];
    uint8_t notify_state[NOTIFY_SLOTS];
};

/* The calling task; the main task's block is made at its first call. NULL outside tasks. */
task *shim_adopt(void);
static inline task *shim_self(void) {
    port_task *self = port_self();
    task *known = self ? (task *)port_user(self) : NULL;
    return known ? known : shim_adopt();
}
/* A new task; `call` fails with the right words when an argument is wrong. `memory` NULL: from the heap. */
task *shim_task_start(const char *call, task *memory, TaskFunction_t code, const char *name, uint32_t stack_bytes,
                      void *argument, unsigned priority, int core, TaskHandle_t *created);
/* The task that a handle names, the calling one for NULL; ends the execution when it is deleted. */
task *shim_task_named(const char *call, TaskHandle_t handle);
void shim_set_priority(task *task, unsigned priority);

/* ---- waiting ---- */
/* Ends the execution as a misuse when the calling task must not block now: every call that may wait says this, also
 * when it would not have had to. */
void shim_refuse_blocking(const char *call) __attribute__((noreturn));
static inline void shim_may_block(const char *call, task *self) {
    if (UNLIKELY(self == NULL || self->scheduler_suspensions || port_in_critical() || port_in_isr()))
        shim_refuse_blocking(call);
}
uint64_t shim_deadline(TickType_t ticks); /* the tick boundary `ticks` ahead, or PORT_FOREVER */
bool shim_expired(task *self, uint64_t deadline_us);
void shim_enlist(task *waiter, task **list);   /* by priority, first come first served within one */
void shim_unlist(task *waiter);
/* Inline, like the next two: after a change of stacks every return is mispredicted. */
static inline void shim_block(task *self, uint64_t deadline_us, const char *why, const void *object, port_task *owner) {
    self->deadline_us = deadline_us;
    self->aborted = false;
    self->blocked = true;
    port_block(deadline_us, why, object, owner);
    self->blocked = false;
}
/* Waits in no list. */
static inline void shim_sleep(task *self, uint64_t deadline_us, const char *why, const void *object) {
    shim_block(self, deadline_us, why, object, NULL);
}
/* Waits in `list` for a wake-up or the deadline. False when nobody had taken the task out of the list. */
static inline bool shim_wait(task *self, task **list, uint64_t deadline_us, const char *why, const void *object,
                             task *owner) {
    shim_enlist(self, list);
    shim_block(self, deadline_us, why, object, owner ? owner->port : NULL);
    bool taken_out = self->wait_list == NULL;
    shim_unlist(self);
    return taken_out;
}
void shim_wake(task *waiter);
bool shim_still_waits(const task *waiter);
/* Wakes the first of the chain that still waits, and returns it; NULL when nobody does. */
task *shim_wake_next(task *first);
/* For the FromISR calls: sets *flag when `woken` precedes the calling task. Both may be NULL. */
void shim_tell_woken(BaseType_t *flag, const task *woken);
static inline task *shim_wake_first(task **list) { return UNLIKELY(*list) ? shim_wake_next(*list) : NULL; }

/* ---- mutexes: of FreeRTOS and of pthread; `object` is what the firmware knows it by ---- */
struct shim_mutex {
    task *holder;
    task *waiters;
    int kind;                  /* pthread's __kind lies here */
    uint32_t recursion;
};
static inline bool shim_mutex_try(struct shim_mutex *mutex, task *self, const void *object) {
    if (UNLIKELY(mutex->holder)) return false;
    port_hold(object);
    mutex->holder = self;
    self->mutexes_held++;
    return true;
}
/* False when the deadline passed. */
bool shim_mutex_await(struct shim_mutex *mutex, task *self, uint64_t deadline_us, const char *call,
                      const void *object);
void shim_mutex_give(struct shim_mutex *mutex, task *self, const void *object);

/* ---- queues ---- */
enum queue_kind { KIND_QUEUE, KIND_BINARY, KIND_COUNTING, KIND_MUTEX, KIND_RECURSIVE };
typedef struct QueueDefinition queue;
struct QueueDefinition {
    uint32_t mark;
    uint8_t kind;
    bool from_heap;
    uint32_t length, item_bytes, count, first;
    uint8_t *storage;
    task *receivers, *senders;
    struct shim_mutex mutex;   /* of the two mutex kinds, which use nothing above but mark and kind */
};
enum queue_position { TO_BACK, TO_FRONT, OVERWRITE };
/* These lie between enter and leave; the public calls bracket them. */
queue *shim_queue_create(const char *call, queue *memory, uint8_t *storage, uint32_t length, uint32_t item_bytes,
                         enum queue_kind kind);
void shim_queue_check(const char *call, const queue *queue);
BaseType_t shim_queue_send(const char *call, queue *queue, const void *item, TickType_t ticks,
                           enum queue_position position, BaseType_t *woken);
BaseType_t shim_queue_receive(const char *call, queue *queue, void *item, TickType_t ticks, bool keep,
                              BaseType_t *woken);

/* Ends the execution as a failed assertion of the RTOS when `holds` is false. */
#define SHIM_ASSERT(holds, ...) \
    do { if (UNLIKELY(!(holds))) port_fail(PORT_ASSERTION, __VA_ARGS__); } while (0)
/* What is wrong with an object whose mark is not `wanted`: NULL, deleted, or none of that kind. */
void shim_bad_handle(const char *call, const char *kind, const void *object, uint32_t mark) __attribute__((noreturn));

#endif
