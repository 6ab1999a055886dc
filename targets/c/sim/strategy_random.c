/*
 * strategy_random.c: a uniform random walk. At every choice point each enabled task is equally likely.
 * With a tick budget, one choice in 16 is the tick.
 */
#include "engine.h"

static void begin(void) {}

static unsigned choose(unsigned n) {
    if (UNLIKELY(engine.ticks_left) && (draw() & 15) == 0) return CHOICE_TICK;
    return draw_choice(n);
}

const struct strategy strategy_random = {"random", begin, choose};
