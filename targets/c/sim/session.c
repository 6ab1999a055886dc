/*
 * session.c: main of the simulator. Reads frames from standard input and writes frames to standard output; see
 * session.h and wire/message.h for the messages. It opens no file and talks to nobody else.
 */
#include "call_stack.h"
#include "races.h"
#include "stack_use.h"
#include "session.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

enum { RING_BYTES = 1 << 18, PROGRAM_BYTES = 1 << 20, LOG_BYTES = 16384 };

static uint8_t ring_bytes[RING_BYTES], program_bytes[PROGRAM_BYTES];
agent_ring session_ring = {.bytes = ring_bytes, .capacity = RING_BYTES};
static wire_encoder encoder;
static wire_decoder decoder;
static wire_assembly assembly = {.bytes = program_bytes, .capacity = PROGRAM_BYTES};
static uint8_t frame_in[WIRE_FRAME_MAX(WIRE_PAYLOAD_MAX)];
static uint8_t frames[2 * WIRE_FRAME_MAX(WIRE_PAYLOAD_MAX)];   /* many go out at once: to wake the host is expensive */
static size_t frames_used;
extern const char p4v_firmware_name[], p4v_build_id[];   /* in the table that the build writes */
static bool loaded;

uint32_t session_position(void);
uint32_t session_position(void) { return session_ring.records; }

void session_flush(void) {
    for (size_t done = 0; done < frames_used;) {
        ssize_t taken = write(STDOUT_FILENO, frames + done, frames_used - done);
        if (taken < 0 && errno == EINTR) continue;
        if (taken <= 0) __real_exit(0);   /* nobody listens any more */
        done += (size_t)taken;
    }
    frames_used = 0;
}

void session_send(uint8_t type, const void *payload, size_t length) {
    if (sizeof frames - frames_used < WIRE_FRAME_MAX(length)) session_flush();
    uint8_t *at = frames + frames_used;
    frames_used += wire_encode(&encoder, type, payload, length, at, sizeof frames - frames_used);
}

void session_error(const char *text) {
    uint8_t payload[512];
    wire_writer writer = {payload, payload + sizeof payload, false};
    wire_put_str(&writer, text);
    session_send(WIRE_ERROR, payload, (size_t)(writer.at - payload));
}

bool session_interrupted(void) {
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&in, 1, 0) > 0;
}

/* ---- one execution ---- */

static char log_text[LOG_BYTES];
static size_t log_used;

void port_log(const char *text, size_t length) {
    subject.log(text, length);
    size_t kept = length < LOG_BYTES - log_used ? length : LOG_BYTES - log_used;
    __real_memcpy(log_text + log_used, text, kept);
    log_used += kept;
}

void session_execute(uint64_t ordinal) {
    session_ring.used = 0;
    session_ring.lost = session_ring.records = 0;
    log_used = 0;
    execute(subject.entry, ordinal);
}

static void put_access(wire_writer *writer, const struct race_access *access, const char *task) {
    const uint32_t *locks;
    unsigned count = race_locks(access, &locks);
    wire_put_str(writer, task);
    wire_put_uint(writer, access->pc, 4);
    wire_put_uint(writer, (unsigned)access->write | (unsigned)access->atomic << 1, 1);
    wire_put_uint(writer, count, 1);
    for (unsigned i = 0; i < count; i++) wire_put_uint(writer, race_handle(locks[i]), 4);
    const struct call_stack *stack = call_stack_at(access->stack);
    wire_put_uint(writer, stack->count, 1);
    for (unsigned i = 0; i < stack->count; i++) wire_put_uint(writer, stack->sites[i], 4);
}

/* u8: how many races, 255 when they were not looked for; each u32 granule and the two accesses. */
static void put_races(wire_writer *writer) {
    wire_put_uint(writer, engine.plan.races ? race_count : 255, 1);
    for (unsigned i = 0; engine.plan.races && i < race_count; i++) {
        wire_put_uint(writer, race_reports[i].granule, 4);
        put_access(writer, &race_reports[i].first, race_reports[i].first_task);
        put_access(writer, &race_reports[i].second, race_reports[i].second_task);
    }
}

static void put_result(wire_writer *writer, uint32_t index, uint64_t ordinal, uint32_t known) {
    wire_put_uint(writer, index, 4);
    wire_put_uint(writer, ordinal, 8);
    wire_put_uint(writer, known, 4);
    wire_put_uint(writer, engine.plan.length, 4);
    wire_put_uint(writer, engine.outcome, 1);
    wire_put_uint(writer, engine_time_us(), 8);
    wire_put_uint(writer, engine.slack_us, 8);
    wire_put_uint(writer, session_ring.lost, 4);
    wire_put_uint(writer, engine.choice_points, 4);
    wire_put_uint(writer, engine.preemptions, 4);
    wire_put_uint(writer, engine.detail_pc, 8);
    wire_put_str(writer, engine.detail_task);
    wire_put_str(writer, engine.detail);
    put_races(writer);
}

static void send_history(void) {
    static uint8_t payload[WIRE_PAYLOAD_MAX];
    size_t part = WIRE_PAYLOAD_MAX - 64;
    for (size_t done = 0; done < session_ring.used; done += part) {
        if (part > session_ring.used - done) part = session_ring.used - done;
        wire_writer writer = {payload, payload + sizeof payload, false};
        wire_put_chunk(&writer, done, session_ring.used);
        wire_put_bytes(&writer, session_ring.bytes + done, part);
        session_send(WIRE_HISTORY, payload, (size_t)(writer.at - payload));
    }
}

void session_send_result(uint8_t type, uint32_t index, uint64_t ordinal, uint32_t known) {
    static uint8_t payload[WIRE_PAYLOAD_MAX];
    wire_writer writer = {payload, payload + sizeof payload, false};
    bool apart = session_ring.used > WIRE_PAYLOAD_MAX - 2048;
    if (apart) send_history();
    put_result(&writer, index, ordinal, known);
    wire_put_uint(&writer, apart ? 0 : session_ring.used, 4);
    wire_put_bytes(&writer, session_ring.bytes, apart ? 0 : session_ring.used);
    session_send(type, payload, (size_t)(writer.at - payload));
}

static const struct strategy *strategy_of(uint64_t number) {
    static const struct strategy *const all[] = {&strategy_random, &strategy_pct, &strategy_explicit, &strategy_segments,
                                                 &strategy_delay};
    return number < sizeof all / sizeof *all ? all[number] : NULL;
}

bool request_read(wire_reader *reader, struct request *request) {
    struct plan *plan = &request->plan;
    plan->strategy = strategy_of(wire_get_uint(reader, 1));
    plan->granularity = (uint8_t)wire_get_uint(reader, 1);
    plan->relaxed = (uint8_t)wire_get_uint(reader, 1);
    plan->depth = (uint8_t)wire_get_uint(reader, 1);
    plan->tick_budget = (uint8_t)wire_get_uint(reader, 1);
    plan->races = (uint8_t)wire_get_uint(reader, 1);
    plan->seed = wire_get_uint(reader, 8);
    request->first = wire_get_uint(reader, 8);
    request->executions = wire_get_uint(reader, 8);
    plan->max_points = (uint32_t)wire_get_uint(reader, 4);
    plan->length = (uint32_t)wire_get_uint(reader, 4);
    request->quantum_us = (uint32_t)wire_get_uint(reader, 4);
    return !reader->short_read && plan->strategy && plan->max_points && request->quantum_us;
}

/* ---- messages ---- */

static void hello(void) {
    static uint8_t payload[32768];
    wire_writer writer = {payload, payload + sizeof payload, false};
    wire_identity identity = {p4v_firmware_name, p4v_build_id, (uint64_t)getpid(), 0, RING_BYTES};
    wire_hello(&writer, &identity);
    size_t rest = subject.describe(writer.at, (size_t)(writer.end - writer.at));
    session_send(WIRE_HELLO, payload, (size_t)(writer.at - payload) + rest);
}

static void take_program(const wire_frame *frame) {
    enum wire_assembled state = wire_assemble(&assembly, frame->payload, frame->length);
    if (state == WIRE_ASSEMBLY_MORE) return;
    loaded = false;
    if (state == WIRE_ASSEMBLY_BAD) { session_error("the program's chunks are out of order or too large"); return; }
    const char *wrong = subject.load(program_bytes, assembly.used);
    if (wrong) { session_error(wrong); return; }
    loaded = true;
    session_send(WIRE_ACCEPTED, NULL, 0);
}

/* u16 probes, each u64 begin, u64 end: where the functions of p4v_probes lie. */
static void take_probes(wire_reader *reader) {
    uint64_t count = wire_get_uint(reader, 2);
    for (unsigned i = 0; i < count && !reader->short_read; i++) {
        uintptr_t begin = wire_get_uint(reader, 8);
        hooks_set_probe(i, begin, wire_get_uint(reader, 8));
    }
    session_send(WIRE_ACCEPTED, NULL, 0);
}

/* u16 functions, each u32 begin, u32 end, u32 bytes, by address: what they need of a stack at least. */
static void take_stack_needs(wire_reader *reader) {
    uint64_t count = wire_get_uint(reader, 2);
    for (unsigned i = 0; i < count && !reader->short_read; i++) {
        struct stack_need function = {.begin = (uint32_t)wire_get_uint(reader, 4)};
        function.end = (uint32_t)wire_get_uint(reader, 4);
        function.bytes = (uint32_t)wire_get_uint(reader, 4);
        if (!stack_use_add(function)) break;
    }
    session_send(WIRE_ACCEPTED, NULL, 0);
}

/* Nothing asks for the log of what was learnt; it comes as chunks of u32 entries, and is given in the same form. */
static void send_known(void) {
    static uint8_t payload[WIRE_PAYLOAD_MAX];
    size_t total = shadow_log_length * sizeof *shadow_log, done = 0, part = WIRE_PAYLOAD_MAX - 64;
    do {
        if (part > total - done) part = total - done;
        wire_writer writer = {payload, payload + sizeof payload, false};
        wire_put_chunk(&writer, done, total);
        wire_put_bytes(&writer, (const uint8_t *)shadow_log + done, part);
        session_send(WIRE_KNOWN_SHARED, payload, (size_t)(writer.at - payload));
        done += part;
    } while (done < total);
}

static void take_known(wire_reader *reader) {
    static uint32_t entries[WIRE_PAYLOAD_MAX / sizeof(uint32_t)];
    static size_t taken;
    size_t offset = (size_t)wire_get_uint(reader, 4), total = (size_t)wire_get_uint(reader, 4);
    size_t part = (size_t)(reader->end - reader->at);
    if (offset == 0) { shadow_forget(); taken = 0; }
    if (reader->short_read || offset != taken || part % sizeof *entries || offset + part > total) {
        session_error("the list of shared words is cut short");
        return;
    }
    __real_memcpy(entries, reader->at, part);
    shadow_recall(entries, (uint32_t)(part / sizeof *entries));
    taken += part;
    if (taken == total) session_send(WIRE_ACCEPTED, NULL, 0);
}

static void send_log(void) { session_send(WIRE_LOG, log_text, log_used); }

static bool needs_program(void) {
    if (loaded || !subject.takes_program) return true;
    session_error("no program has been loaded");
    return false;
}

static void on_frame(void *unused, const wire_frame *frame) {
    (void)unused;
    wire_reader reader = {frame->payload, frame->payload + frame->length, false};
    switch (frame->type) {
    case WIRE_DESCRIBE: hello(); break;
    case WIRE_PROGRAM: take_program(frame); break;
    case WIRE_EXPLORE: if (needs_program()) explore(&reader); break;
    case WIRE_REPLAY: if (needs_program()) { replay(&reader); send_log(); } break;
    case WIRE_KNOWN_SHARED: if (frame->length) take_known(&reader); else send_known(); break;
    case WIRE_PROBES: take_probes(&reader); break;
    case WIRE_STACK_NEEDS: take_stack_needs(&reader); break;
    case WIRE_STOP: break;
    default: session_error("unknown message"); break;
    }
}

static void on_text(void *unused, const uint8_t *text, size_t length) { (void)unused; (void)text; (void)length; }

/* The linker's --wrap=main makes this the process's main: a file under test may have one of its own. */
int __wrap_main(void);
int __wrap_main(void) {
    subject.start();
    engine_start();
    watchdog_start();
    wire_decoder_init(&decoder, frame_in, sizeof frame_in, on_frame, on_text, NULL);
    static uint8_t bytes[65536];
    for (;;) {
        session_flush();
        ssize_t got = read(STDIN_FILENO, bytes, sizeof bytes);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return 0;
        wire_decoder_feed(&decoder, bytes, (size_t)got);
    }
}
