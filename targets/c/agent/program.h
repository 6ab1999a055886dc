/* program.h: an encoded Program (agent.h says which bytes), taken apart without copying. */
#ifndef P4V_AGENT_PROGRAM_H
#define P4V_AGENT_PROGRAM_H

#include "agent.h"

#define PROGRAM_TASKS_MAX 32u
#define PROGRAM_STREAMS_MAX AGENT_STREAMS_MAX
#define PROGRAM_NAME_MAX 15u /* of a task: FreeRTOS keeps 16 bytes, the terminator included */

typedef struct program_stream {
    const uint8_t *name;
    uint8_t name_length;
    p4v_reader values; /* i64 each; what has been taken is behind it */
} program_stream;

typedef struct program_task {
    char name[PROGRAM_NAME_MAX + 1];
    uint8_t priority;
    int8_t core; /* -1: any */
    uint16_t count;
    p4v_reader invocations;
} program_task;

typedef struct program {
    uint32_t settle_ms;
    uint8_t stream_count, task_count;
    program_stream streams[PROGRAM_STREAMS_MAX];
    program_task tasks[PROGRAM_TASKS_MAX];
    program_task final;
} program;

typedef struct program_invocation {
    const p4v_operation *operation;
    uint32_t delay_ms;
    p4v_reader arguments;
} program_invocation;

/* NULL, or what is wrong with the bytes (valid until the next call). Afterwards everything in `out` is known to be
 * well formed: operations exist, and their arguments are what their signatures say. */
const char *program_parse(const uint8_t *bytes, size_t length, program *out);
/* The next invocation; only of a program that has been parsed. */
program_invocation program_next(p4v_reader *invocations);

#endif
