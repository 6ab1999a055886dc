/* strategy_explicit.h: the list that the explicit strategy follows; points ascending, valid while it runs. */
#ifndef P4V_STRATEGY_EXPLICIT_H
#define P4V_STRATEGY_EXPLICIT_H
#include "engine.h"
void explicit_choices(const struct choice *list, uint32_t length);
#endif
