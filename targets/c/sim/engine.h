/*
 * engine.h: the state of the controlled scheduler, shared by the files of this folder and by nobody else.
 *
 * One process, one OS thread. Firmware tasks are fibers; whoever runs is `engine.self`. Between two hooks of a fiber
 * nothing else happens, so no locks. Everything here survives the reset between executions (it lies outside the reset
 * range), and what belongs to one execution is cleared in execute.c.
 *
 * Addresses the firmware can see lie below 4 GiB (non-PIE image, arena and stacks at fixed places), as on a 32-bit
 * chip: the high word of a pointer is always 0, so pointers never tear.
 */
#ifndef P4V_ENGINE_H
#define P4V_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../shim/port.h"
#include "libc_real.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define TASK_BIT(task) (1ull << (task)->id)
#define CALLER ((uintptr_t)__builtin_return_address(0))

enum { MAX_TASKS = 64, PRIORITIES = 32, NAME_MAX_BYTES = 24, CALL_DEPTH = 64 };

/* ---- address map: one shadow byte per 32-bit word ("granule") of the low 4 GiB ---- */
#define ARENA_BASE 0x40000000u
#define ARENA_BYTES 0x01000000u
#define STACKS_BASE 0x50000000u
#define STACK_BYTES 0x00040000u
#define SHADOW_BYTES (1ull << 30)
#define ADDRESS_SPACE_GIB 8          /* shadow memory 3, table of the race detector 4; little of it is ever touched */
#define GRANULE(address) ((uintptr_t)(address) >> 2)

enum shadow {
    SHADOW_FOREIGN = 0,      /* not the firmware's: libc, read-only data, ours; what untouched pages say */
                             /* 1..MAX_TASKS: only that task (id + 1) has touched it in this execution */
    SHADOW_UNOWNED = 0xF0,   /* the firmware's, and nobody has touched it in this execution */
    SHADOW_REDZONE = 0xF1,   /* around and beyond allocations */
    SHADOW_FREED = 0xF2,
    SHADOW_WATCHED = 0xF3,   /* while tracing: not yet shared, and going to be (watch.c) */
    SHADOW_NOBODY = 0xFB,    /* no task's: what engine.me is outside executions */
    SHADOW_STACK = 0xFC,     /* shared, and on a stack: whoever touches it is asked whether the frame still exists */
    SHADOW_PROMOTED = 0xFD,  /* shared, and found racy in this execution: in a later boot of it, nothing else yet */
    SHADOW_RACY = 0xFE,      /* shared, and found racy in an earlier execution: a point at either granularity */
    SHADOW_SHARED = 0xFF,    /* a second task has touched it, in this execution or an earlier one */
};

enum task_state { TASK_FREE = 0, TASK_READY, TASK_BLOCKED, TASK_SPINNING, TASK_SPENDING, TASK_DEAD, TASK_INTERRUPT };

struct port_task {
    void *sp;                /* saved stack pointer while not running */
    uint8_t id, owner;       /* index in engine.tasks; owner = id + 1, its mark in the shadow */
    uint8_t state, priority;
    int8_t affinity, core;   /* core it was last given, PORT_ANY_CORE when displaced */
    bool suspended, woken, aborted;
    bool rests;              /* in the agent, with no frame of the firmware or of an adapter on its stack */
    uint8_t depth_critical;  /* nesting over all muxes */
    uint16_t suspensions;    /* vTaskSuspendAll nesting */
    uint16_t depth;          /* of `calls` */
    uint32_t polls;          /* clock reads since it last blocked */
    uintptr_t stack_end;     /* below it lies more than was declared; 0: not looked at */
    uint64_t deadline_us;
    void *user;
    void (*entry)(void *);
    void *argument;
    const char *why;         /* what it waits in, for reports */
    const void *object;
    port_task *owner_task;   /* who must act first */
    char name[NAME_MAX_BYTES];
    uintptr_t calls[CALL_DEPTH];  /* of the functions entered: where the frames of what they call begin */
};

/* A strategy chooses who goes on at a choice point: the offset in the ring of enabled tasks, or CHOICE_TICK. */
enum { CHOICE_TICK = 255 };
struct strategy {
    const char *name;
    void (*begin)(void);              /* an execution starts; engine.random is seeded */
    unsigned (*choose)(unsigned n);   /* n > 1 enabled, or a tick can be delivered; never called otherwise */
};
extern const struct strategy strategy_random, strategy_pct, strategy_explicit, strategy_segments,
    strategy_delay;

enum granularity { AT_WORDS, AT_SYNC };
enum { ENTRIES_PROBED = 1, ENTRIES_TRACED = 2 };

struct plan {                /* what an exploration asks for; one execution is (plan, ordinal) */
    const struct strategy *strategy;
    uint8_t granularity, relaxed, depth, tick_budget, races;
    uint64_t seed;
    uint32_t max_points;
    uint32_t length;         /* k of PCT: points of a typical execution */
};

struct pending {             /* a torn access whose load or store the compiled code has not done yet: see tear.c */
    uint8_t *address;
    uint32_t bytes;
    uint8_t *saved;          /* write: bytes before it; read: the real bytes to put back */
    bool late;               /* write: a read was announced in between */
};

struct engine {
    port_task *self;
    uint8_t me;                       /* self->owner, what own granules carry */
    uint8_t granularity;
    uint8_t pending;                  /* any of pending_read, pending_write, traced write */
    uint8_t enabled_count;            /* > 1: choices exist */
    bool stale;                       /* enabled[] must be computed again */
    bool running;                     /* an execution is under way */
    bool tracing;
    uint8_t entries;                  /* why functions that are entered matter, ENTRIES_... */
    bool untraced;                    /* in an execution neither traced nor searched for races: a shared word is a point at most */
    bool racing;                      /* in an execution that is searched for races */
    bool logging;                     /* of choices: what a replay can be made of */
    bool walking;                     /* a random walk without ticks and logs, as most executions are */
    bool paired;                      /* unless stale: in it, self and `other` are enabled, have a core each, and nobody sleeps */
    bool yielding;                    /* the choice under way is a taskYIELD's */
    bool fair;                        /* the strategy's points are used up: everybody has its turn (point_exhausted) */
    uint8_t ticks_left;
    uint32_t points_left, choice_points, preemptions;
    uint32_t polls;                   /* accesses and calls that may be part of a polling loop */
    uint32_t moved_at;                /* what points_left was when time last moved */
    uint64_t random;
    uint64_t coins;                   /* bits drawn and not used yet, below a 1 */
    port_task *other;                 /* when paired */
    uint64_t now_us;                  /* since this boot */
    uint64_t cut_us;                  /* when the power is cut */
    uint64_t heartbeat;
    const struct strategy *strategy;
    uint8_t enabled[MAX_TASKS];       /* ids, ascending */
    uint8_t position;                 /* in it: of the running task, or of whom comes after it in the ring */
    /* cores */
    uint64_t ready;                   /* bit per task: READY and not suspended */
    uint64_t occupying;               /* SPENDING: holds a core at its priority without being able to step */
    uint32_t levels;                  /* bit per priority that some task has */
    uint64_t at_priority[PRIORITIES];
    uint64_t pinned[PORT_CORES];      /* tasks of that affinity */
    port_task *locked[PORT_CORES];    /* holder of a critical section or of the scheduler on that core */
    port_task *on_core[PORT_CORES];
    uint32_t spinning;                /* how many */
    uint64_t sleepers;                /* bit per task with a finite deadline */
    uint16_t task_count;              /* ids used, dead ones included */
    /* ranges, for PCT */
    uint32_t range_words, range_index;
    /* the plan and the ending */
    struct plan plan;
    uint64_t slack_us;
    uint64_t boot_us;                 /* when this boot began, since the execution did */
    uint8_t boots;                    /* how many have begun */
    uint8_t boot_reason;              /* enum port_boot, of this one */
    bool rebooting;                   /* the boot has ended and the execution has not */
    enum port_outcome outcome;
    char detail[512], detail_task[NAME_MAX_BYTES];
    uintptr_t detail_pc;
    void *host_sp;
    struct pending pending_read, pending_write;
    port_task tasks[MAX_TASKS];
};
extern struct engine engine;
#define SHADOW_BASE 0x100000000000ull   /* 16 TiB: far from everything the kernel places by itself */
#define shadow ((uint8_t *)SHADOW_BASE)

/* ---- fiber.c ---- */
void fiber_switch(void **save, void *load);
void *fiber_prepare(void *stack_top, void (*entry)(void));
void *task_stack_top(unsigned id);

/* ---- cores.c ---- */
void cores_update(void);
void cores_schedule(void);            /* the running fiber can not go on: run another, or let time pass, or end */
void cores_run(unsigned position);    /* switch to that one of the enabled tasks, giving it a core */
void cores_place(port_task *task);
void cores_yield(void);
bool clock_advance(void);             /* to the next deadline; false when there is none */

static inline void cores_level(port_task *task, unsigned priority) {   /* it has this priority from now on */
    engine.at_priority[priority] |= TASK_BIT(task);
    engine.levels |= 1u << priority;
}

static inline void cores_unlevel(port_task *task) { engine.at_priority[task->priority] &= ~TASK_BIT(task); }

static inline void cores_leave(port_task *task) {
    if (task->core >= 0) engine.on_core[(int)task->core] = NULL;
    task->core = PORT_ANY_CORE;
}

static inline void task_ready(port_task *task) {
    if (task->deadline_us != PORT_FOREVER) engine.sleepers &= ~TASK_BIT(task);
    task->state = TASK_READY;
    engine.occupying &= ~TASK_BIT(task);
    if (!task->suspended) engine.ready |= TASK_BIT(task);
    engine.stale = true;
}

static inline void task_unready(port_task *task, enum task_state state) {
    task->state = (uint8_t)state;
    engine.ready &= ~TASK_BIT(task);
    engine.stale = true;
    if (state == TASK_SPENDING) engine.occupying |= TASK_BIT(task);
    else if (state != TASK_SPINNING) cores_leave(task);
}

/* More tasks want a core than there are cores? (Two bits taken away, for want of a popcnt in the baseline x86-64.) */
static inline bool cores_crowded(void) {
    uint64_t rest = engine.ready | engine.occupying;
    rest &= rest - 1;
    return (rest & (rest - 1)) != 0;
}

/* Can what is locked, or of which priority, decide who runs? Not when there are no more tasks than cores, none pinned and
 * none holding a core while it spins: then each has a core. */
static inline bool cores_contended(void) {
    return engine.pinned[0] || engine.pinned[1] || engine.spinning || cores_crowded();
}

/* ---- interrupts.c ---- */
void interrupt_run(port_task *interrupt);   /* its moment has come */

/* ---- points ---- */
void point_choose(void);              /* there is a choice */
void point_paired(void);              /* the same, much quicker, when engine.paired */
bool point_stale(void);               /* who is enabled has changed; true when the caller lost its core meanwhile */
void point_unusual(void);             /* who is enabled has changed, or the points are used up */
/* Calls in tail position only, here and in what it calls when all is as usual: after a change of stacks every return is
 * mispredicted, and registers that need not be saved are not. */
static inline __attribute__((always_inline)) void point(void) {
    if (UNLIKELY((--engine.points_left == 0) | engine.stale)) point_unusual();
    else if (LIKELY(engine.paired)) point_paired();
    else if (engine.enabled_count > 1 || UNLIKELY(engine.ticks_left)) point_choose();
}

/* ---- tear.c ---- */
void tear_settle(void);
void tear_read(uint8_t *address, uint32_t bytes);
void tear_write(uint8_t *address, uint32_t bytes);
struct pending tear_postpone(void);
void tear_resume(struct pending write);
static inline void settle(void) { if (UNLIKELY(engine.pending)) tear_settle(); }

/* ---- shadow.c ---- */
void shadow_start(void);
void shadow_reset(void);
/* Every access that is not known to be the task's own: claims, finds sharing, ends the execution on dead or wild
 * memory. True when any of it is shared. */
bool shadow_touch(uintptr_t address, size_t bytes, bool write, uintptr_t pc);
void shadow_learn(uintptr_t granule, bool tearable);
void shadow_watch(uintptr_t granule, bool watched);
bool shadow_tearable(uintptr_t address);   /* has the high word of this 8-byte cell ever changed */
void shadow_allocated(uintptr_t address, size_t bytes);
void shadow_mark(uintptr_t address, size_t bytes, uint8_t mark);
/* What was learnt, in order: granule << 1 and a bit for what; neither bit: shared. Restoring a prefix restores the state
 * of that moment. */
#define TEARABLE_BIT 1u
#define RACY_BIT (1u << 31)
extern uint32_t shadow_log_length;
extern uint32_t *shadow_log;
void shadow_forget(void);
void shadow_restore(const uint32_t *entries, uint32_t count);
void shadow_recall(const uint32_t *entries, uint32_t count);   /* these too */

void shadow_promote(uintptr_t granule);    /* from the next execution on it is a point at sync points, too */
void shadow_begin(void);                   /* an execution begins */
static inline bool shadow_shared(uint8_t mark) { return mark >= SHADOW_STACK; }

/* ---- races.c: see races.h ---- */
void race_begin(void);                     /* an execution begins */
void race_boot(void);                      /* and a boot: nothing is ordered */
void race_fork(const port_task *child);
void race_acquire(const void *object);
void race_release(const void *object);
void race_hold(const void *lock);
void race_drop(const void *lock);
void race_atomic(const void *address, bool reads, bool writes, int order);
void race_fence(int order);
void race_atomics(bool begin);             /* the accesses that follow are atomic */
void race_word(uintptr_t granule, uintptr_t address, size_t bytes, bool write, uintptr_t pc);

/* ---- dead_stack.c ---- */
void dead_stack_touch(uintptr_t address, size_t bytes, bool write, uintptr_t pc);   /* ends the execution if it is */

/* ---- arena.c ---- */
void arena_reset(void);
void arena_baseline(void);
extern uint32_t arena_used, arena_marked;   /* the shadow of what lies between is that of no allocation */

/* ---- power.c ---- */
enum { MAX_BOOTS = 8 };
void power_reset(void);               /* an execution begins: no cuts, and a restart ends it */
void power_plan(int64_t cut);         /* a boot begins: how it ends; restarts boot again from here on */

/* ---- retained.c ---- */
void retained_reset(void);            /* all zero, and nobody's */

/* ---- hooks.c / libc.c ---- */
enum { POLLS_PER_POINT = 256 };
void grow_impatient(void);            /* takes a point now and then, outside accesses */
void hooks_set_probe(unsigned index, uintptr_t begin, uintptr_t stop);   /* the code of p4v_probes[index] */
void copy_torn(void *to, const void *from, size_t bytes, uintptr_t pc);

/* Does this code carry hooks? Calls of the C library from anywhere else (ours, the shim's, those that a compiler makes of
 * a struct assignment) are nobody's business. */
void p4v_code_begin(void);
void p4v_code_end(void);
static inline bool from_firmware(uintptr_t pc) {
    return pc >= (uintptr_t)p4v_code_begin && pc < (uintptr_t)p4v_code_end && engine.running;
}

/* ---- execute.c ---- */
typedef struct agent_ring agent_ring;
void engine_start(void);
void execute(void (*entry)(void *), uint64_t ordinal);
/* `pc` is an address that is returned to; 0 or one outside the firmware stands for where it called us. */
void engine_end(enum port_outcome outcome, uintptr_t pc, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));
void engine_finish(void) __attribute__((noreturn));  /* ends the execution with what engine.outcome says */
void engine_boot(enum port_boot reason) __attribute__((noreturn));   /* ends the boot; the execution has another one */
static inline uint64_t engine_time_us(void) { return engine.boot_us + engine.now_us; }   /* since the execution began */

/* Where the firmware called what we are in: the nearest return address into its code on this task's stack, else of the
 * functions it has entered; 0 when it has entered none. */
uintptr_t firmware_caller(void);
bool is_firmware_return(uintptr_t pc);   /* Can this word be an address that a function of the firmware is returned to? */

/* ---- trace.c ---- */
enum step_kind { STEP_READ, STEP_WRITE, STEP_CALL, STEP_BLOCK, STEP_WAKE, STEP_TIME, STEP_BOOT };
struct step {
    uint64_t time_us, pc, address, value;
    const char *name;
    uint32_t point, position;
    uint16_t task;           /* in trace_tasks */
    uint16_t calls;          /* that led there, see call_stack.h */
    uint8_t kind, core, size, choice;
};
struct trace_task { char name[NAME_MAX_BYTES]; uintptr_t handle; uint8_t boot; };
void trace_step(enum step_kind kind, uintptr_t pc, const void *address, unsigned size, const char *name);
void trace_answer(long answer);       /* of the call that the running task made last */
void trace_choice(unsigned choice, unsigned task);
void trace_settle(void);
void trace_begin(void);
void trace_boot_ends(void);
void trace_end(void);                 /* trace_tasks is complete afterwards */

/* ---- watch.c ---- */
void watch_add(const uint32_t *entries, uint32_t count);   /* of the log of what was learnt */
void watch_start(void);
void watch_stop(void);
void watch_boot(void);                 /* nobody has touched anything yet */
bool watch_claim(uintptr_t granule);   /* the running task touches it: is it still the only one? */
void watch_trace(uintptr_t address, size_t bytes, bool write, uintptr_t pc);

struct choice { uint32_t point; uint8_t offset; };
extern struct step *trace_steps;
extern uint32_t trace_count, trace_dropped;
extern struct trace_task trace_tasks[];   /* of all boots, in order */
extern uint32_t trace_task_count;
extern struct choice *segment_log;    /* who went on at the choice points: so many of them (point), that task (offset) */
extern uint32_t segment_count;
extern struct choice *choice_log;     /* non-zero choices made, while tracing */
extern uint32_t choice_count;

/* ---- watchdog.c ---- */
void watchdog_start(void);

/* ---- random numbers: splitmix64 to seed, xorshift64* to draw ---- */
static inline uint64_t mix(uint64_t x) {
    x += 0x9E3779B97F4A7C15ull;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
    return x ^ (x >> 31);
}
static inline uint32_t draw(void) {
    uint64_t x = engine.random;
    x ^= x >> 12; x ^= x << 25; x ^= x >> 27;
    engine.random = x;
    return (uint32_t)((x * 0x2545F4914F6CDD1Dull) >> 32);
}
static inline uint32_t draw_below(uint32_t n) { return (uint32_t)(((uint64_t)draw() * n) >> 32); }

/* Every choice between two is one bit: they are drawn in dozens. */
static inline unsigned draw_coin(void) {
    if (UNLIKELY(engine.coins <= 1)) engine.coins = 1ull << 32 | draw();
    unsigned coin = engine.coins & 1;
    engine.coins >>= 1;
    return coin;
}

/* One of n with equal probability. */
static inline unsigned draw_choice(unsigned n) { return n == 2 ? draw_coin() : draw_below(n); }

#ifdef PORT_INLINE
#include PORT_INLINE
#endif

#endif
