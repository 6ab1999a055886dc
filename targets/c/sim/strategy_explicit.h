/* strategy_explicit.h: the lists that the explicit strategies follow; valid while they run. */
#ifndef P4V_STRATEGY_EXPLICIT_H
#define P4V_STRATEGY_EXPLICIT_H
#include "engine.h"
void explicit_choices(const struct choice *list, uint32_t length);
void segments_follow(const struct choice *list, uint32_t length);
#endif
