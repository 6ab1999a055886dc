/*
 * port.h: what the FreeRTOS/ESP-IDF shim needs from whatever runs its tasks.
 *
 * The shim (tasks, queues, mutexes, notifications, timers...) is one layer over these functions. Its ports: controlled
 * fibers (targets/c/sim) and POSIX threads. The shim holds the RTOS's rules about objects (who waits for what, in which
 * order, who inherits which priority); the port holds the cores: which ready task runs where, critical sections, time.
 *
 * It refuses to know anything about queues or semaphores: a blocked task is a blocked task with a deadline.
 */
#ifndef P4V_PORT_H
#define P4V_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PORT_CORES 2
#define PORT_ANY_CORE (-1)
#define PORT_FOREVER UINT64_MAX

typedef struct port_task port_task;

/* The calls of every RTOS call. A port may offer their bodies in a header (PORT_INLINE names it), so that they cost no
 * call of their own; else they are functions like the rest. */
#ifdef PORT_INLINE
#define PORT_HOT static inline
#else
#define PORT_HOT
#endif

/* How an execution ends when it does not end by itself. Same order as verify/execution.py's Outcome. */
enum port_outcome {
    PORT_COMPLETED, PORT_CRASH, PORT_ASSERTION, PORT_DEADLOCK, PORT_HANG, PORT_LIVELOCK, PORT_MEMORY, PORT_MISUSE,
    PORT_RESTART, PORT_EXIT, PORT_UNSUPPORTED
};

/* ---- tasks ---- */

/* A new ready task; `user` is the shim's own block (its TCB). NULL when there is no room. The name is copied. It may
 * preempt the caller at the caller's next port_leave(). Highest priority is the largest number (0..31). */
port_task *port_task_create(void (*entry)(void *), void *argument, const char *name, uint32_t stack_bytes,
                            unsigned priority, int core, void *user);
void port_task_exit(void) __attribute__((noreturn));  /* the calling task ends */
void port_task_destroy(port_task *task);              /* another task ends, wherever it is */
PORT_HOT port_task *port_self(void);                           /* NULL outside tasks */
PORT_HOT void *port_user(port_task *task);                     /* what port_task_create was given; the main task's: NULL until
                                                         port_set_user */
void port_set_user(port_task *task, void *user);
const char *port_task_name(port_task *task);
void port_set_priority(port_task *task, unsigned priority);  /* the effective one, inheritance included */
unsigned port_task_priority(port_task *task);         /* as set last: tells what the main task was started with */
int port_core(void);                                  /* 0 or 1: where the calling task runs */
int port_task_core(port_task *task);                  /* the core it runs on, or PORT_ANY_CORE */

/* ---- every public RTOS call is bracketed ---- */

/* Before the call takes effect: a schedule point, then the shim's own state is exclusive until port_leave() (a lock
 * under threads, nothing under fibers). `call` is the API's name for traces, `object` the queue, mutex... or NULL. */
PORT_HOT void port_enter(const char *call, const void *object);
/* After it took effect: gives up exclusivity, and the core too when a task of higher priority was woken. */
PORT_HOT void port_leave(void);
/* The same, and `answer` is what the call answers: traces show it. Returns it. */
PORT_HOT long port_answer(long answer);

/* Who knows what: all that a task did before it released an object happened before what others do after they acquire it.
 * Holding and dropping a lock is that, too. A port that is no race detector does nothing. */
PORT_HOT void port_acquire(const void *object);
PORT_HOT void port_release(const void *object);
PORT_HOT void port_hold(const void *lock);
PORT_HOT void port_drop(const void *lock);

/* Between enter and leave: give up the core until port_wake(self) or `deadline_us` (absolute, PORT_FOREVER). Returns
 * true when woken, false at the deadline; exclusivity is given up meanwhile and held again on return. `why` is a
 * static text for deadlock reports ("xQueueReceive"), `owner` the task that must act first (a mutex's holder; it may
 * have ended without acting) or NULL. */
PORT_HOT bool port_block(uint64_t deadline_us, const char *why, const void *object, port_task *owner);
PORT_HOT void port_wake(port_task *task);                      /* between enter and leave; no effect when it is not blocked */
/* vTaskSuspend/vTaskResume: not scheduled while suspended, whatever else it waits for. */
void port_suspend(port_task *task);
void port_resume(port_task *task);
void port_yield(void);                                /* taskYIELD: between enter and leave */
/* vTaskSuspendAll on this core, nested; false when it was not suspended. */
void port_scheduler_suspend(void);
bool port_scheduler_resume(void);

/* ---- critical sections: per core, interrupts masked, recursive (portMUX semantics) ---- */
struct port_mux { uint32_t owner; uint32_t count; };  /* owner: 0 free, else core + 1 */
void port_critical_enter(struct port_mux *mux);       /* spins (its core is lost) until the other core gives it up */
bool port_critical_try(struct port_mux *mux);
void port_critical_exit(struct port_mux *mux);        /* fails the execution when this core does not own it */
PORT_HOT bool port_in_critical(void);                          /* of the calling core; blocking is forbidden then */
PORT_HOT bool port_in_isr(void);                               /* never under fibers for now */

/* ---- time: microseconds since this boot ---- */
PORT_HOT uint64_t port_now_us(void);                           /* free, no schedule point: for the shim's own sums */
uint64_t port_read_clock_us(void);                    /* what firmware calls: under virtual time reading costs 1 us */
void port_spend(uint64_t us);                         /* the calling task keeps its core busy that long */

/* ---- memory (the arena, poisoned when freed; no libc heap) ---- */
void *port_alloc(size_t bytes);                       /* 16-byte aligned, filled with 0xA5; NULL when exhausted */
void *port_reserve(size_t bytes);                     /* the same for the RTOS itself, zeroed: the firmware must not touch it */
void port_free(void *memory);                         /* NULL is fine; anything not from port_alloc ends the execution */
size_t port_alloc_size(const void *memory);
size_t port_heap_free(void);
size_t port_heap_minimum_free(void);
/* Copy between the shim's memory and the firmware's: announces the firmware's side to the access hooks as one
 * indivisible access (queues copy under a lock), so that dead or wild memory is caught. */
void port_copy_from_user(void *to, const void *from, size_t bytes);
void port_copy_to_user(void *to, const void *from, size_t bytes);
/* Between memory of the arena and the firmware's, word by word as memcpy does it: nobody protects the source. */
void port_copy_torn(void *to, const void *from, size_t bytes);

/* ---- interrupts: hardware that acts by itself ---- */
/* `handler` runs at moments of its own, needs no core, and is nobody's choice; it must not block. To traces and histories
 * it is a task of that name. Lives until the end of the boot. */
port_task *port_interrupt_create(void (*handler)(void *), void *argument, const char *name);
void port_interrupt_at(port_task *interrupt, uint64_t at_us);   /* once, at that time; PORT_FOREVER: not any more */

/* ---- the world outside: peers, power, flash ---- */
/* The next value of an environment stream of the program, `otherwise` when it has run out or there is none. Doubles of
 * hardware take their answers from it. */
int64_t port_environment(const char *stream, int64_t otherwise);
/* Memory that lives through boots, 16-byte aligned and zero when an execution begins: what is in flash, or outside the
 * chip. Everybody who asks by the same name gets the same memory; `bytes` is decided by the first to ask. */
void *port_retained(const char *name, size_t bytes);
/* A moment at which the power may fail: before or after a write to flash, before or after a frame of telemetry. Does not
 * return when the program cuts the power here. Between enter and leave or outside, but in a task. */
enum port_power_step { PORT_POWER_NVS_BEFORE, PORT_POWER_NVS_AFTER, PORT_POWER_FRAME_BEFORE, PORT_POWER_FRAME_AFTER };
void port_power_step(enum port_power_step step);
/* Boots again where the program says so, else ends the execution as a restart. */
void port_restart(void) __attribute__((noreturn));
enum port_boot { PORT_BOOT_POWER = 1, PORT_BOOT_RESTART = 3 };   /* numbers of esp_reset_reason_t */
enum port_boot port_boot_reason(void);                /* why this boot happened */

/* ---- ends ---- */
/* Ends the execution (not the process) with an outcome and a printf-formatted detail. */
void port_fail(enum port_outcome outcome, const char *format, ...)
    __attribute__((noreturn, format(printf, 2, 3)));
void port_log(const char *text, size_t length);       /* what the firmware prints */

#ifdef __cplusplus
}
#endif
#endif
