/*
 * agent.h: the agent's core, without any link: takes an encoded Program, runs it on FreeRTOS tasks, records a history.
 *
 * The same source runs under the controlled scheduler, on threads and on the board; only who calls these functions
 * and where the bytes go differs. It uses the FreeRTOS API and nothing of any port but agent_port.h.
 */
#ifndef P4V_AGENT_H
#define P4V_AGENT_H

#include "p4v_adapter.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Record kinds of the history ring. */
enum agent_record_kind {
    AGENT_FILLER = 0,   /* nothing: room that an observation did not need; to be skipped, its bytes mean nothing */
    AGENT_INVOKE = 1,   /* id: index of the invocation in its task; no payload */
    AGENT_RETURN = 2,   /* id: the same index; payload: packed results */
    AGENT_OBSERVE = 3,  /* id: observer; payload: packed fields */
    AGENT_TASK = 4,     /* id: 0; payload: the task's name; precedes the first record of a task not in the Program */
    AGENT_LOADED = 5,   /* the last task of the Program has ended: settling begins */
    AGENT_DONE = 6,     /* all is over: the last record */
    AGENT_BOOT = 7,     /* a boot after the first begins. payload: u8 why, as esp_reset_reason_t. What was invoked before
                         * does not return; tasks that are not in the Program are numbered anew */
};

/* 16 bytes, little endian, then `length` payload bytes; the next record follows at once. Tasks of the Program are
 * numbered 0.. in its order, then the main task (it runs `final`), then others as they first record in this boot. */
typedef struct agent_record {
    uint8_t kind;
    uint8_t task;
    uint16_t id;
    uint32_t length;
    uint64_t time_us;
} agent_record;

/*
 * An encoded Program, packed little endian; a name is u8 length and its bytes, an invocation is u16 operation, u32
 * delay_ms, u16 length and the packed arguments:
 *   u8 version (1), u32 settle_ms,
 *   u8 streams, each: name, u16 count, i64 values[count]
 *   u8 tasks, each: name, u8 priority, i8 core (-1 any), u16 count, invocations
 *   u16 count of final invocations, invocations
 */
/* NULL when the program is well formed and all its operations exist, else what is wrong with it. The bytes must stay
 * valid and unchanged while it runs. */
const char *agent_check_program(const uint8_t *program, size_t length);

/* Where records go; from the start, dropping (and counting) what does not fit. An observation reserves room for the
 * largest one while it is made, so the last 1056 bytes may stay unused. `records` counts without fillers. */
typedef struct agent_ring {
    uint8_t *bytes;
    size_t capacity;
    size_t used;
    uint32_t lost;
    uint32_t records;
    uint64_t began_us; /* by agent_now_us: times are counted from here */
} agent_ring;

/* What goes on from one boot of a run to the next, as the ring does. All zero when the run begins. */
#define AGENT_STREAMS_MAX 16u
typedef struct agent_life {
    uint8_t reason;                            /* of this boot, as in AGENT_BOOT; 0: the first. The caller's */
    const uint8_t *reached[AGENT_STREAMS_MAX]; /* the environment's next values, NULL at a stream's begin. The agent's */
} agent_life;

/* Boots the adapters (once: a second run on the same boot finds them running), runs the program, settles, performs
 * `final`; called in the main task. After another boot nothing of the program's tasks is resumed: it boots, settles and
 * performs `final`. Returns NULL, or why it could not run. */
const char *agent_run(const uint8_t *program, size_t length, agent_ring *ring, agent_life *life);

/* Whether an operation did not keep to its signature in the run before: the adapter's fault and not the firmware's. */
bool agent_misdeclared(void);

/* Numbers operations and observers; once, before everything else. */
void agent_start(void);
/* The part of HELLO from the number of operations on (see wire/message.h for what precedes it). Returns the bytes
 * written, 0 when it does not fit. */
size_t agent_describe(uint8_t *bytes, size_t capacity);
/* Called by the port when function number `probe` of p4v_probes is entered. */
void agent_probe(uint16_t probe);

#ifdef __cplusplus
}
#endif
#endif
