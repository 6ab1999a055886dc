/* recorder.h: makes records in the history ring; p4v_observe_begin/_end and agent_probe are implemented here too. */
#ifndef P4V_AGENT_RECORDER_H
#define P4V_AGENT_RECORDER_H

#include "agent.h"

/* Begins a history; the caller is the main task, whose number is `program_tasks`. */
void recorder_start(agent_ring *ring, unsigned program_tasks);
/* Goes on with the history in `ring` after another boot, which is recorded with its reason. */
void recorder_resume(agent_ring *ring, unsigned program_tasks, uint8_t reason);
/* Records AGENT_DONE and ends the history: nothing is recorded after it. */
void recorder_stop(unsigned main_task);
/* The calling task is number `task` of the program, from here on. */
void recorder_join(unsigned task);
/* The number of the calling task. */
unsigned recorder_self(void);
/* It ends: its handle may become another task's. */
void recorder_leave(unsigned task);
/* A record of the task of this number. */
void recorder_put(enum agent_record_kind kind, unsigned task, uint16_t id, const uint8_t *payload, size_t length);

#endif
