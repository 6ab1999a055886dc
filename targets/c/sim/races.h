/* races.h: what the race detector tells, and what tells it; see races.c. */
#ifndef P4V_RACES_H
#define P4V_RACES_H

#include "engine.h"

enum { RACE_LOCKS = 4, RACE_REPORTS = 32 };

/* `clock` is the task's own at that time (0: there was no access), `pc` a return address in the firmware, `stack` the
 * calls that led there (call_stack.h), known in a trace only. */
struct race_access { uint32_t clock, pc; uint16_t locks, stack; uint8_t task; bool write, atomic; };
/* With the names of both tasks: in another boot their numbers are other tasks'. */
struct race { uint32_t granule; struct race_access first, second; char first_task[NAME_MAX_BYTES], second_task[NAME_MAX_BYTES]; };

extern struct race race_reports[];   /* of this execution, pairs of places new to the exploration only */
extern uint32_t race_count;
extern uint64_t race_novelty;        /* 0, or a digest of these pairs */

bool race_start(void);               /* before the first execution that is looked at; false: no address space */
void race_forget(void);              /* an exploration begins: every pair of places is new */
uint32_t race_handle(uint32_t lock); /* the address of the variable through which the firmware knows it, else its own */
unsigned race_locks(const struct race_access *access, const uint32_t **locks);

#endif
