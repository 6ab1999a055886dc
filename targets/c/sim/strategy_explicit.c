/*
 * strategy_explicit.c: replays a given schedule: the choice at each listed choice point, 0 everywhere else.
 */
#include "strategy_explicit.h"

static const struct choice *choices;
static uint32_t count, next;

void explicit_choices(const struct choice *list, uint32_t length) {
    choices = list;
    count = length;
}

static void begin(void) { next = 0; }

static unsigned choose(unsigned n) {
    uint32_t point = engine.choice_points - 1;
    while (next < count && choices[next].point < point) next++;
    if (next == count || choices[next].point != point) return 0;
    unsigned offset = choices[next].offset;
    return offset == CHOICE_TICK ? offset : offset % n;
}

const struct strategy strategy_explicit = {"explicit", begin, choose};
