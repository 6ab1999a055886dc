/* call_stack.h: the calls that led to a place; see call_stack.c. */
#ifndef P4V_CALL_STACK_H
#define P4V_CALL_STACK_H

#include "engine.h"

enum { CALL_STACK_SITES = 16 };

/* Return addresses in the firmware, innermost first, without the place itself. */
struct call_stack { uint32_t count, sites[CALL_STACK_SITES]; };

void call_stack_keep(bool keep);   /* from now on; what was known is forgotten */
void call_stack_enter(uintptr_t return_address);   /* the running task has entered a function */
uint16_t call_stack_now(void);   /* of the running task; 0: none is known */
const struct call_stack *call_stack_at(uint16_t index);

#endif
