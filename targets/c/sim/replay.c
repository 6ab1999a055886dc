/*
 * replay.c: one execution again, by ordinal or by an explicit schedule, with its choices and on request its trace.
 *
 * REPLAY: a request (session.h), u32 known (how many entries of the log of shared words to start from; ffffffff all),
 * u8 flags (1 trace, 2 choices, 4 known to hang), u32 count of explicit choices, each u32 point, u8 offset
 * (of segments: u32 choice points, u8 task).
 * Answer: TRACE* (steps), CHOICES* and SEGMENTS*, then REPLAYED (a result).
 */
#include "call_stack.h"
#include "races.h"
#include "session.h"
#include "strategy_explicit.h"

enum { WITH_TRACE = 1, WITH_CHOICES = 2, KNOWN_TO_HANG = 4, MOST_CHOICES = 1 << 16 };

static struct choice asked[MOST_CHOICES];

static bool read_choices(wire_reader *reader, bool ascending) {
    uint32_t count = (uint32_t)wire_get_uint(reader, 4);
    if (count > MOST_CHOICES) return false;
    for (uint32_t i = 0; i < count && !reader->short_read; i++) {
        asked[i].point = (uint32_t)wire_get_uint(reader, 4);
        asked[i].offset = (uint8_t)wire_get_uint(reader, 1);
        if (ascending && i && asked[i].point <= asked[i - 1].point) return false;
    }
    explicit_choices(asked, count);
    segments_follow(asked, count);
    return !reader->short_read;
}

static void put_step(wire_writer *writer, const struct step *step) {
    wire_put_uint(writer, step->kind, 1);
    wire_put_uint(writer, step->task, 2);
    wire_put_uint(writer, step->core, 1);
    wire_put_uint(writer, step->choice, 1);
    wire_put_uint(writer, step->size, 1);
    wire_put_uint(writer, step->point, 4);
    wire_put_uint(writer, step->position, 4);
    wire_put_uint(writer, step->time_us, 8);
    wire_put_uint(writer, step->pc, 8);
    wire_put_uint(writer, step->address, 8);
    wire_put_uint(writer, step->value, 8);
    wire_put_str(writer, step->name ? step->name : "");
    const struct call_stack *calls = call_stack_at(step->calls);
    wire_put_uint(writer, calls->count, 1);
    for (uint32_t i = 0; i < calls->count; i++) wire_put_uint(writer, calls->sites[i], 4);
}

/* How many steps are missing at the end (u32), and the tasks of all boots: u16 count, each its boot (u8, from 1), a str
 * and the u64 that is its handle. */
static void send_tasks(void) {
    static uint8_t payload[WIRE_PAYLOAD_MAX];
    wire_writer writer = {payload, payload + sizeof payload, false};
    wire_put_uint(&writer, trace_dropped, 4);
    wire_put_uint(&writer, trace_task_count, 2);
    for (unsigned i = 0; i < trace_task_count; i++) {
        wire_put_uint(&writer, trace_tasks[i].boot, 1);
        wire_put_str(&writer, trace_tasks[i].name);
        wire_put_uint(&writer, trace_tasks[i].handle, 8);
    }
    session_send(WIRE_TRACE_TASKS, payload, (size_t)(writer.at - payload));
}

/* The tasks, then the steps, a frame of them at a time. */
static void send_trace(void) {
    static uint8_t payload[32768];
    wire_writer writer = {payload, payload + sizeof payload, false};
    send_tasks();
    for (uint32_t i = 0; i < trace_count; i++) {
        put_step(&writer, &trace_steps[i]);
        if (writer.end - writer.at >= 512 && i + 1 < trace_count) continue;
        session_send(WIRE_TRACE, payload, (size_t)(writer.at - payload));
        writer.at = payload;
    }
}

static void send_list(uint8_t type, const struct choice *list, uint32_t count) {
    static uint8_t payload[32765];
    wire_writer writer = {payload, payload + sizeof payload, false};
    for (uint32_t i = 0; i < count; i++) {
        wire_put_uint(&writer, list[i].point, 4);
        wire_put_uint(&writer, list[i].offset, 1);
        if (writer.end - writer.at >= 5 && i + 1 < count) continue;
        session_send(type, payload, (size_t)(writer.at - payload));
        writer.at = payload;
    }
}

/* What this execution is going to share, found out by running it. */
static void watch(uint64_t ordinal, const uint32_t *log, uint32_t known, uint32_t now) {
    session_execute(ordinal);
    if (shadow_log_length > known) watch_add(shadow_log + known, shadow_log_length - known);
    watch_add(log + known, now - known);
    shadow_restore(log, known);
    watch_start();
}

/* The state of learning in which the execution began; what has been learnt since is learnt again afterwards. */
static void execute_from(uint32_t known, uint64_t ordinal, unsigned flags) {
    static uint32_t saved[WIRE_PAYLOAD_MAX / 4];
    uint32_t now = shadow_log_length < WIRE_PAYLOAD_MAX / 4 ? shadow_log_length : WIRE_PAYLOAD_MAX / 4;
    __real_memcpy(saved, shadow_log, now * sizeof *saved);
    if (known < now) shadow_restore(saved, known);
    if (flags & WITH_TRACE) watch(ordinal, saved, known < now ? known : now, now);
    engine.tracing = flags & WITH_TRACE;
    engine.logging = flags & (WITH_CHOICES | WITH_TRACE);
    if (engine.logging) trace_begin();
    call_stack_keep(engine.tracing);
    watchdog_hang_is_known = flags & KNOWN_TO_HANG;
    race_forget();
    session_execute(ordinal);
    if (engine.tracing) trace_end();
    watchdog_hang_is_known = false;
    engine.tracing = engine.logging = false;
    call_stack_keep(false);
    watch_stop();
    if (known < now) shadow_restore(saved, now);
}

void replay(wire_reader *reader) {
    struct request request;
    bool valid = request_read(reader, &request);
    uint32_t known = (uint32_t)wire_get_uint(reader, 4);
    unsigned flags = (unsigned)wire_get_uint(reader, 1);
    if (!valid || !read_choices(reader, request.plan.strategy != &strategy_segments)) { session_error("malformed replay request"); return; }
    engine.plan = request.plan;
    if (engine.plan.races && !race_start()) engine.plan.races = false;
    execute_from(known, request.first, flags);
    if (flags & WITH_TRACE) send_trace();
    if (flags & WITH_CHOICES) send_list(WIRE_CHOICES, choice_log, choice_count);
    if (flags & WITH_CHOICES) send_list(WIRE_SEGMENTS, segment_log, segment_count);
    session_send_result(WIRE_REPLAYED, 0, request.first, known);
}
