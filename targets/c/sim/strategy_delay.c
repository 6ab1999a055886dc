/*
 * strategy_delay.c: few deviations. The running task goes on, and who is next in the ring follows when it blocks,
 * except at `depth` choice points drawn among the length of a typical execution, where another task is taken.
 *
 * After Emmi, Qadeer and Rakamaric, "Delay-bounded scheduling" (POPL 2011); sampled instead of enumerated. What it
 * finds needs few preemptions by construction, so that it is also what minimisation searches with.
 */
#include "engine.h"

enum { MAX_DEPTH = 16 };
static uint32_t deviations[MAX_DEPTH];
static unsigned deviation_count;

static void begin(void) {
    deviation_count = engine.plan.depth < MAX_DEPTH ? engine.plan.depth : MAX_DEPTH;
    uint32_t length = engine.plan.length + engine.plan.length / 8 + 1;   /* a deviation may lengthen it */
    for (unsigned i = 0; i < deviation_count; i++) deviations[i] = 1 + draw_below(length);
}

static unsigned choose(unsigned n) {
    for (unsigned i = 0; i < deviation_count; i++) {
        if (deviations[i] != engine.choice_points) continue;
        if (UNLIKELY(engine.ticks_left) && (draw() & 3) == 0) return CHOICE_TICK;
        return n > 1 ? 1 + draw_below(n - 1) : 0;
    }
    return 0;
}

const struct strategy strategy_delay = {"delay", begin, choose};
