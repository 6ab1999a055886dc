/*
 * session.h: the engine's end of the pipe: frames in, frames out, and the executions asked for.
 */
#ifndef P4V_SESSION_H
#define P4V_SESSION_H

#include "../wire/frame.h"
#include "../wire/message.h"
#include "engine.h"
#include "subject.h"

void session_send(uint8_t type, const void *payload, size_t length);   /* goes out with the next flush, or before */
void session_flush(void);
void session_error(const char *text);
bool session_interrupted(void);      /* the host has said something: stop and listen */

/* What EXPLORE and REPLAY have in common, 41 bytes: u8 strategy (0 random, 1 pct, 2 explicit, 3 segments,
 * 4 delay), u8 granularity (0 words,
 * 1 sync), u8 relaxed, u8 depth, u8 tick_budget, u64 seed, u64 first ordinal, u64 executions, u32 max_points,
 * u32 length (k of PCT; 0: measure), u32 quantum_us. */
struct request {
    struct plan plan;
    uint64_t first, executions;
    uint32_t quantum_us;
};
bool request_read(wire_reader *reader, struct request *request);

/* One execution of the subject; afterwards engine.* and session_ring hold its result. */
void session_execute(uint64_t ordinal);
/* The execution that comes is known to hang, a second was waited for once: some periods of silence will do (watchdog.c). */
extern bool watchdog_hang_is_known;
/* Sends the execution's result as `type`: u32 index, u64 ordinal, u32 known, u32 length, u8 outcome, u64 end_us, u64 slack_us,
 * u32 lost, u32 choice_points, u32 preemptions, u64 pc, str task, str detail, then u32 length and the history's bytes.
 * A history too long for one frame goes out in HISTORY chunks first, and the result then carries none. */
void session_send_result(uint8_t type, uint32_t index, uint64_t ordinal, uint32_t known);

/* A request, then u32 milliseconds (0: no limit), u8 twice (the self-check). Answer: FOUND*, PROGRESS*, COUNTS*, EXPLORED
 * (u64 executions, u64 points, u32 distinct histories, u32 executions that differed the second time). */
void explore(wire_reader *reader);   /* explore.c */
void replay(wire_reader *reader);    /* replay.c */

#endif
