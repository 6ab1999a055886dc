/*
 * cores.c: two cores, as ESP-IDF's FreeRTOS runs them. Who may take the next step, and who does.
 *
 * Each core runs the highest ready task that its affinity admits and that does not run on the other core; among equals
 * any may be on the core (a time slice can end anywhere). A holder of a critical section keeps its core whatever
 * happens: its interrupts are masked. So the *enabled* tasks are those that could execute the next instruction.
 * Source: ESP-IDF freertos_idf.rst, K/tasks.c (prvSelectHighestPriorityTaskSMP), spinlock.h.
 *
 * Time stands still while any task is enabled; when none is, it jumps to the next deadline.
 */
#include "engine.h"

#include <stdio.h>

enum { BOTH_CORES = (1 << PORT_CORES) - 1, BUSY_POINTS = 10000, FAIR_TURN = 16 };

/* ---- who is enabled ---- */

/* The lone task of a level with both cores free keeps the core it has, else takes one that nobody below is pinned to. */
static int core_of_lone(port_task *task, uint64_t others) {
    if (task->core >= 0) return task->core;
    return others & engine.pinned[0] ? 1 : 0;
}

/* Gives the free cores to the tasks of one priority level; returns the cores still free. */
static unsigned share_level(uint64_t group, uint64_t below, unsigned free_cores, uint64_t *enabled) {
    uint64_t floating = group;
    for (int core = 0; core < PORT_CORES; core++) {
        uint64_t pinned = group & engine.pinned[core];
        floating &= ~pinned;
        if (!pinned || !(free_cores & 1u << core)) continue;
        *enabled |= pinned;
        free_cores &= ~(1u << core);
    }
    if (!floating || !free_cores) {
        if (floating && group != floating) *enabled |= free_cores ? floating : 0;
        return free_cores;
    }
    *enabled |= floating;
    if (free_cores != BOTH_CORES || (floating & (floating - 1))) return 0;
    return free_cores & ~(1u << core_of_lone(&engine.tasks[__builtin_ctzll(floating)], below));
}

static uint64_t enabled_by_priority(void) {
    uint64_t enabled = 0, candidates = engine.ready | engine.occupying;
    unsigned free_cores = BOTH_CORES;
    for (int core = 0; core < PORT_CORES; core++) {
        if (!engine.locked[core]) continue;
        free_cores &= ~(1u << core);
        enabled |= TASK_BIT(engine.locked[core]) & engine.ready;
        candidates &= ~TASK_BIT(engine.locked[core]);
    }
    for (uint32_t levels = engine.levels; levels && free_cores && candidates;) {
        unsigned level = 31u - (unsigned)__builtin_clz(levels);
        levels &= ~(1u << level);
        uint64_t group = candidates & engine.at_priority[level];
        if (!group) continue;
        candidates &= ~group;
        uint64_t busy = group & engine.occupying;   /* in a costed call: has its core already */
        if (busy) free_cores = share_level(busy, candidates | (group & ~busy), free_cores, &enabled);
        if (group != busy) free_cores = share_level(group & ~busy, candidates, free_cores, &enabled);
    }
    return enabled & engine.ready;
}

/* Of two that are enabled: what may be done then without a look at cores, time and order, which only walks gain from. */
static void pair_up(const port_task *running) {
    port_task *first = &engine.tasks[engine.enabled[0]], *second = &engine.tasks[engine.enabled[1]];
    engine.other = running == first ? second : first;
    engine.paired = engine.walking && !engine.sleepers && first->core >= 0 && second->core >= 0 &&
                    (running == first || running == second);
}

static void list_enabled(uint64_t enabled) {
    unsigned count = 0, before = 0;
    for (; enabled; enabled &= enabled - 1) {
        unsigned id = (unsigned)__builtin_ctzll(enabled);
        before += id < engine.self->id;
        engine.enabled[count++] = (uint8_t)id;
    }
    engine.enabled_count = (uint8_t)count;
    engine.position = (uint8_t)(before < count ? before : 0);
}

static inline void seat(port_task *task) { if (UNLIKELY(task->core < 0)) cores_place(task); }

/* Two without a rival: each has a core at once. */
static void list_pair(unsigned first, unsigned second) {
    engine.enabled[0] = (uint8_t)first;
    engine.enabled[1] = (uint8_t)second;
    engine.enabled_count = 2;
    engine.position = first < engine.self->id && engine.self->id <= second;
    seat(&engine.tasks[first]);
    seat(&engine.tasks[second]);
    pair_up(engine.self);
}

static void list_one(uint64_t enabled) {
    engine.enabled[0] = (uint8_t)(enabled ? __builtin_ctzll(enabled) : 0);
    engine.enabled_count = enabled != 0;
    engine.position = 0;
}

void cores_update(void) {
    engine.stale = engine.paired = false;
    bool contended = cores_contended() || engine.plan.relaxed;
    uint64_t enabled = !contended || engine.plan.relaxed ? engine.ready : enabled_by_priority();
    if (UNLIKELY(engine.self->state == TASK_INTERRUPT)) enabled = TASK_BIT(engine.self);
    uint64_t rest = enabled & (enabled - 1);
    if (!rest) list_one(enabled);
    else if (contended) list_enabled(enabled);
    else list_pair((unsigned)__builtin_ctzll(enabled), (unsigned)__builtin_ctzll(rest));
}

static bool self_enabled(void) {
    return engine.enabled_count && engine.enabled[engine.position] == engine.self->id;
}

/* ---- giving a core ---- */

static int displaceable_core(const port_task *task) {
    int best = PORT_ANY_CORE;
    for (int core = 0; core < PORT_CORES; core++) {
        if (task->affinity != PORT_ANY_CORE && task->affinity != core) continue;
        if (engine.locked[core]) continue;
        const port_task *holder = engine.on_core[core];
        if (!holder) return core;
        if (best == PORT_ANY_CORE || holder->priority < engine.on_core[best]->priority) best = core;
    }
    return best;
}

void cores_place(port_task *task) {
    if (task->core >= 0) return;
    int core = displaceable_core(task);
    if (core == PORT_ANY_CORE) core = task->affinity == PORT_ANY_CORE ? 0 : task->affinity;  /* relaxed only */
    if (engine.on_core[core]) engine.on_core[core]->core = PORT_ANY_CORE;
    engine.on_core[core] = task;
    task->core = (int8_t)core;
}

static inline void go_on(unsigned position, port_task *next) {
    port_task *previous = engine.self;
    engine.position = (uint8_t)position;
    if (next == previous) return;
    engine.self = next;
    engine.other = previous;
    engine.me = next->owner;
    engine.heartbeat++;
    fiber_switch(&previous->sp, next->sp);
}

static __attribute__((noinline)) void place_and_go_on(unsigned position, port_task *next) {
    cores_place(next);
    go_on(position, next);
}

void cores_run(unsigned position) {
    port_task *next = &engine.tasks[engine.enabled[position]];
    if (UNLIKELY(next->core < 0)) place_and_go_on(position, next);
    else go_on(position, next);
}

/* ---- time ---- */

static bool expire(void) {
    bool any = false;
    for (uint64_t rest = engine.sleepers; rest; rest &= rest - 1) {
        port_task *task = &engine.tasks[__builtin_ctzll(rest)];
        if (task->deadline_us > engine.now_us) continue;
        if (UNLIKELY(task->state == TASK_INTERRUPT)) interrupt_run(task);
        else task_ready(task);
        any = true;
    }
    return any;
}

static inline uint64_t next_deadline(void) {
    uint64_t soonest = PORT_FOREVER;
    for (uint64_t rest = engine.sleepers; rest; rest &= rest - 1) {
        port_task *task = &engine.tasks[__builtin_ctzll(rest)];
        if (task->deadline_us < soonest) soonest = task->deadline_us;
    }
    return soonest;
}

/* Whoever waits until this very moment does not see it. */
static __attribute__((noinline, noreturn)) void cut_power(void) {
    if (engine.now_us < engine.cut_us) engine.now_us = engine.cut_us;
    engine_boot(PORT_BOOT_POWER);
}

bool clock_advance(void) {
    uint64_t soonest = next_deadline();
    if (soonest == PORT_FOREVER) return false;
    if (UNLIKELY(soonest >= engine.cut_us)) cut_power();
    if (soonest > engine.now_us) engine.now_us = soonest;
    engine.moved_at = engine.points_left;
    if (engine.tracing) trace_step(STEP_TIME, 0, NULL, 0, "time");
    return expire();
}

/* Reading costs a microsecond, more when a task does nothing else, so that a polling loop reaches its deadline. */
uint64_t port_read_clock_us(void) {
    port_task *task = engine.self;
    unsigned doublings = task->polls++ / 64;
    engine.now_us += 1ull << (doublings < 10 ? doublings : 10);
    if (UNLIKELY(engine.now_us >= engine.cut_us)) cut_power();
    if (engine.sleepers) expire();
    return engine.now_us;
}

/* ---- who waits for whom ---- */

static bool waits_for_a_task(const port_task *task) {
    return task->state == TASK_SPINNING || (task->state == TASK_BLOCKED && task->owner_task);
}

static bool is_stuck(const port_task *task) { return task->state == TASK_BLOCKED || task->state == TASK_SPINNING; }

/* Waits without end for a task that does too, and so on until it comes back to this one. */
static bool is_in_a_cycle(const port_task *task) {
    const port_task *at = task;
    for (unsigned steps = 0; steps < engine.task_count; steps++) {
        if (at->state != TASK_BLOCKED || !at->owner_task || at->deadline_us != PORT_FOREVER) return false;
        at = at->owner_task;
        if (at == task) return true;
    }
    return false;
}

static void describe(char *text, size_t capacity, bool (*wanted)(const port_task *)) {
    size_t used = 0;
    for (unsigned i = 0; i < engine.task_count; i++) {
        const port_task *task = &engine.tasks[i];
        if (!wanted(task)) continue;
        int more = __real_snprintf(text + used, capacity - used, "%s%s waits in %s%s%s", used ? "; " : "", task->name,
                            task->why ? task->why : "?", task->owner_task ? " held by " : "",
                            task->owner_task ? task->owner_task->name : "");
        if (more < 0 || (size_t)more >= capacity - used) return;
        used += (size_t)more;
    }
}

static void __attribute__((noreturn)) end_deadlocked(bool (*who)(const port_task *)) {
    char text[400] = "";
    describe(text, sizeof text, who);
    engine_end(PORT_DEADLOCK, 0, "%s", text);
}

static void end_if_deadlocked(void) {
    for (unsigned i = 0; i < engine.task_count; i++) {
        if (!is_in_a_cycle(&engine.tasks[i])) continue;
        engine.self = &engine.tasks[i];   /* whoever runs has no part in it */
        end_deadlocked(is_in_a_cycle);
    }
}

/* ---- choices ---- */

static void deliver_tick(void) {
    uint64_t next = next_deadline();
    if (next > engine.cut_us) next = engine.cut_us;
    engine.ticks_left--;
    if (next > engine.now_us) engine.slack_us += next - engine.now_us;
    clock_advance();
    if (engine.stale) cores_update();
}

/* Which of the enabled tasks a choice means. Both summands are below the count: a subtraction is their remainder. */
static unsigned chosen(unsigned choice) {
    unsigned at = engine.position + choice;
    return at < engine.enabled_count ? at : at - engine.enabled_count;
}

/* Asks the strategy; the tick is offered only while there is budget and somebody sleeps. */
static unsigned choose(void) {
    engine.choice_points++;
    if (UNLIKELY(engine.fair)) return engine.enabled_count > 1 && engine.choice_points % FAIR_TURN == 0;
    unsigned choice = engine.strategy->choose(engine.enabled_count);
    if (choice == CHOICE_TICK && (!engine.ticks_left || !engine.sleepers)) choice = 0;
    if (UNLIKELY(engine.logging)) trace_choice(choice, choice == CHOICE_TICK ? choice : engine.enabled[chosen(choice)]);
    return choice;
}

/* A strategy may let one task wait for ever for what another would do that has a core of its own: both run on the chip.
 * So before it is called a livelock, everybody has its turn for as many points. In a replay, too, and nothing is logged. */
static void be_fair(void) {
    engine.fair = true;
    engine.walking = false;
    engine.stale = true;
    engine.ticks_left = 0;
    engine.points_left = engine.moved_at = engine.plan.max_points;
}

static void point_exhausted(void) {
    end_if_deadlocked();   /* beside a timer that rings for ever */
    if (engine.fair) engine_end(PORT_LIVELOCK, 0, "no end after %u schedule points", engine.plan.max_points);
    be_fair();
}

/* Instructions take time after all: a task that keeps busy long enough lets the others' waits end. */
static bool busy(void) { return engine.moved_at - engine.points_left > BUSY_POINTS; }
static void busy_time(void) {
    engine.moved_at = engine.points_left;
    clock_advance();
}

static inline void preempt(unsigned choice) {
    engine.preemptions += !engine.fair;
    cores_run(chosen(choice));
}

static __attribute__((noinline)) void choose_with_care(void) {
    if (busy() && engine.sleepers) busy_time();
    if (engine.stale && point_stale()) return;
    if (engine.enabled_count < 2 && !engine.sleepers) return;
    unsigned choice = choose();
    if (choice == 0) return;
    if (choice == CHOICE_TICK) {
        deliver_tick();
        if (!self_enabled()) cores_schedule();
        return;
    }
    preempt(choice);
}

void point_choose(void) {
    if (UNLIKELY(busy() | !engine.walking)) { choose_with_care(); return; }
    engine.choice_points++;
    unsigned choice = draw_choice(engine.enabled_count);
    if (choice) preempt(choice);
}

void point_paired(void) {
    engine.choice_points++;
    if (!draw_coin()) return;
    engine.preemptions++;
    go_on(engine.position ^ 1u, engine.other);
}

/* taskYIELD: an equal goes on, if there is one. */
void cores_yield(void) {
    if (engine.stale) cores_update();
    if (engine.enabled_count < 2) return;
    engine.yielding = true;
    unsigned choice = choose();
    engine.yielding = false;
    if (choice == CHOICE_TICK) choice = 0;
    cores_run(chosen(choice ? choice : 1));
}

bool point_stale(void) {
    cores_update();
    if (self_enabled()) return false;
    cores_schedule();
    return true;
}

void point_unusual(void) {
    if (engine.points_left == 0) point_exhausted();
    if (point_stale()) return;
    if (engine.enabled_count > 1 || engine.ticks_left) point_choose();
}

/* ---- nobody can go on ---- */

static void stuck(void) {
    bool deadlock = engine.tasks[0].state != TASK_DEAD;
    for (unsigned i = 0; i < engine.task_count; i++) deadlock |= waits_for_a_task(&engine.tasks[i]);
    if (!deadlock) engine_finish();
    end_deadlocked(is_stuck);
}

void cores_schedule(void) {
    for (;;) {
        if (engine.stale) cores_update();
        unsigned count = engine.enabled_count;
        if (count == 0) {
            if (!clock_advance()) stuck();
            continue;
        }
        unsigned choice = count > 1 || engine.ticks_left ? choose() : 0;
        if (choice == CHOICE_TICK) { deliver_tick(); continue; }
        cores_run(chosen(choice));
        return;
    }
}
