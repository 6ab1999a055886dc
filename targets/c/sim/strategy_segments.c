/*
 * strategy_segments.c: follows a list of segments, each so many choice points of one task. A segment whose task can not
 * go on is left early. Unlike choices by number, segments keep their meaning when one of them is taken out, which is
 * what minimisation needs (Jalbert and Sen, "A trace simplification technique for effective debugging of concurrent
 * programs", FSE 2010).
 */
#include "strategy_explicit.h"

static const struct choice *segments;   /* point: how many choice points; offset: the task */
static uint32_t count, next, used;

void segments_follow(const struct choice *list, uint32_t length) {
    segments = list;
    count = length;
}

static void begin(void) { next = used = 0; }

/* The offset in the ring that leads to a task; n when it is not enabled. */
static unsigned offset_of(unsigned task, unsigned n) {
    unsigned at = 0;
    while (at < n && engine.enabled[at] != task) at++;
    return at == n ? n : (at + n - engine.position) % n;
}

static unsigned choose(unsigned n) {
    for (; next < count; next++, used = 0) {
        if (used++ >= segments[next].point) continue;
        if (segments[next].offset == CHOICE_TICK) return CHOICE_TICK;
        unsigned offset = offset_of(segments[next].offset, n);
        if (offset < n) return offset;
    }
    return 0;
}

const struct strategy strategy_segments = {"segments", begin, choose};
