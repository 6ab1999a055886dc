/* stack_use.h: what functions need of the stacks that were declared; see stack_use.c. */
#ifndef P4V_STACK_USE_H
#define P4V_STACK_USE_H

#include "engine.h"

struct stack_need { uint32_t begin, end, bytes; };

bool stack_use_add(struct stack_need function);   /* in the order of addresses; false: there is no room for more */
uintptr_t stack_use_end(const port_task *task, uint32_t declared);   /* of what was declared; 0: it is not looked at */
/* A function was entered beyond that end: `frame` is its frame pointer. Ends the execution when the stack overflows. */
void stack_use_look(const uintptr_t *frame, uintptr_t pc);

#endif
