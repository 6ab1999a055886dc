/* tasks.h: what the files about tasks share beyond shim.h. */
#ifndef P4V_SHIM_TASKS_H
#define P4V_SHIM_TASKS_H

#include "shim.h"

enum notify_state { NOT_WAITING = 0, WAITING, RECEIVED };

extern task *all_tasks;                                    /* newest first, chained by all_next */
void shim_task_end(task *self) __attribute__((noreturn)); /* the calling task; leaves, too */

#endif
