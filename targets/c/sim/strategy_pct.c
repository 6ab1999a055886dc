/*
 * strategy_pct.c: probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte, ASPLOS 2010).
 *
 * Tasks get random priorities; the enabled task of the highest always runs; at d - 1 steps drawn among k the running
 * task falls below all others. A bug of depth d is found with probability at least 1 / (n k^(d-1)).
 * Deviations: k is the length measured on this program, not a bound; the copy of a record counts as one step whose
 * tear position is drawn, so that copies do not eat the budget; the firmware's own priorities decide who is enabled.
 */
#include "engine.h"

enum { MAX_DEPTH = 16, FLOOR = 1 << 20 };
static uint32_t rank[MAX_TASKS];          /* the strategy's priority of each task, drawn when it first appears */
static uint32_t changes[MAX_DEPTH];       /* steps at which the running task is demoted, ascending */
static unsigned change_count, next_change;
static uint32_t step, lowest, tear_at;

static void sort_changes(void) {
    for (unsigned i = 1; i < change_count; i++)
        for (unsigned j = i; j > 0 && changes[j] < changes[j - 1]; j--) {
            uint32_t swap = changes[j];
            changes[j] = changes[j - 1];
            changes[j - 1] = swap;
        }
}

static void begin(void) {
    for (unsigned i = 0; i < MAX_TASKS; i++) rank[i] = 0;
    change_count = engine.plan.depth > MAX_DEPTH ? MAX_DEPTH : engine.plan.depth ? engine.plan.depth - 1u : 0;
    for (unsigned i = 0; i < change_count; i++) changes[i] = 1 + draw_below(engine.plan.length ? engine.plan.length : 1);
    sort_changes();
    next_change = 0;
    step = 0;
    tear_at = 0;
    lowest = FLOOR;
}

static uint32_t rank_of(unsigned id) {
    if (!rank[id]) rank[id] = FLOOR + 1 + (draw() >> 8);
    return rank[id];
}

/* One step per access; of a range only the word drawn for it counts. */
static bool step_counts(void) {
    if (!engine.range_words) return true;
    if (engine.range_index == 0) tear_at = draw_below(engine.range_words);
    return engine.range_index == tear_at;
}

/* Once round the ring from whoever runs. */
static unsigned best(unsigned n) {
    uint32_t highest = 0;
    unsigned found = 0;
    for (unsigned i = 0, at = engine.position; i < n; i++, at = at + 1 == n ? 0 : at + 1) {
        uint32_t here = rank_of(engine.enabled[at]);
        if (here <= highest) continue;
        highest = here;
        found = i;
    }
    return found;
}

static unsigned choose(unsigned n) {
    if (UNLIKELY(engine.yielding)) rank[engine.self->id] = --lowest;   /* a loop around taskYIELD makes progress */
    if (step_counts()) {
        step++;
        if (next_change < change_count && step >= changes[next_change]) {
            next_change++;
            rank[engine.self->id] = --lowest;
            if (UNLIKELY(engine.ticks_left) && (draw() & 3) == 0) return CHOICE_TICK;
        }
    }
    return best(n);
}

const struct strategy strategy_pct = {"pct", begin, choose};
