/*
 * explore.c: thousands of executions per request; only those whose observable history is new are sent to the host.
 *
 * Histories are told apart by a 128-bit digest of what invariants read. The host learns at the end how often each of
 * them was seen.
 */
#include "races.h"
#include "session.h"

#include <time.h>

enum { TABLE_START = 1 << 12, PROGRESS_NS = 100000000 };
/* The host is listened to after so many points, an execution counting as a few itself: often enough for a person, and
 * so seldom that its system calls cost short programs nothing. */
enum { LISTEN_EVERY = 1 << 16, EXECUTION_POINTS = 16 };

struct seen { struct digest history; uint32_t index, count; };
static struct seen *table;
static uint32_t table_size, table_used;
static uint64_t points_total, differing;

void *__real_calloc(size_t, size_t);
void __real_free(void *);
int __real_clock_gettime(clockid_t, struct timespec *);

static uint64_t now_ns(void) {
    struct timespec now;
    __real_clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static bool same(struct digest one, struct digest other) { return one.a == other.a && one.b == other.b; }

static struct seen *find(struct seen *slots, uint32_t size, struct digest history) {
    uint32_t at = (uint32_t)history.a & (size - 1);
    while (slots[at].count && !same(slots[at].history, history)) at = (at + 1) & (size - 1);
    return &slots[at];
}

static void grow(void) {
    uint32_t size = table_size ? 2 * table_size : TABLE_START;
    struct seen *larger = __real_calloc(size, sizeof *larger);
    if (!larger) __real_abort();
    for (uint32_t i = 0; i < table_size; i++)
        if (table[i].count) *find(larger, size, table[i].history) = table[i];
    __real_free(table);
    table = larger;
    table_size = size;
}

static void forget_all(void) {
    __real_free(table);
    table = NULL;
    table_size = table_used = 0;
    grow();
}

static struct digest identity(uint32_t quantum_us) {
    return subject.hash(engine.outcome == PORT_COMPLETED ? 0 : mix(engine.outcome + engine.detail_pc), quantum_us);
}

/* Races that are new are worth telling, also where they leave no other mark. */
static struct seen *note(uint32_t quantum_us, uint64_t races) {
    struct digest history = identity(quantum_us);
    history.a ^= races;
    if (2 * table_used >= table_size) grow();
    struct seen *slot = find(table, table_size, history);
    if (slot->count++) return NULL;
    *slot = (struct seen){history, table_used++, 1};
    return slot;
}

static void send_progress(uint8_t type, uint64_t executions) {
    uint8_t payload[32];
    wire_writer writer = {payload, payload + sizeof payload, false};
    wire_put_uint(&writer, executions, 8);
    wire_put_uint(&writer, points_total, 8);
    wire_put_uint(&writer, table_used, 4);
    wire_put_uint(&writer, differing, 4);
    session_send(type, payload, (size_t)(writer.at - payload));
}

/* COUNTS: pairs u32 index, u32 count of every history seen more than once. */
static void send_counts(void) {
    static uint8_t payload[32768];
    wire_writer writer = {payload, payload + sizeof payload, false};
    for (uint32_t i = 0; i < table_size; i++) {
        if (table[i].count < 2) continue;
        wire_put_uint(&writer, table[i].index, 4);
        wire_put_uint(&writer, table[i].count, 4);
        if (writer.end - writer.at >= 8) continue;
        session_send(WIRE_COUNTS, payload, (size_t)(writer.at - payload));
        writer.at = payload;
    }
    if (writer.at != payload) session_send(WIRE_COUNTS, payload, (size_t)(writer.at - payload));
}

/* k of PCT: the points of one undisturbed execution. */
static void measure_length(void) {
    struct plan plan = engine.plan;
    engine.plan.strategy = &strategy_explicit;
    session_execute(0);
    engine.plan = plan;
    engine.plan.length = engine.choice_points ? engine.choice_points : 1;
}

/* The self-check: the same execution once more, from the same state of learning, must be the same to the microsecond. */
static void execute_again(uint64_t ordinal, uint32_t known) {
    struct digest history = identity(1);
    uint32_t choices = engine.choice_points, left = engine.points_left, now = shadow_log_length;
    static uint32_t saved[WIRE_PAYLOAD_MAX];
    if (now > WIRE_PAYLOAD_MAX) return;
    __real_memcpy(saved, shadow_log, now * sizeof *saved);
    if (known < now) shadow_restore(saved, known);
    uint8_t races = engine.plan.races;
    engine.plan.races = false;   /* they have been found, and looking for them must not make a difference */
    session_execute(ordinal);
    engine.plan.races = races;
    if (!same(identity(1), history) || engine.choice_points != choices || engine.points_left != left) differing++;
}

void explore(wire_reader *reader) {
    struct request request;
    bool valid = request_read(reader, &request);
    uint64_t budget_ns = wire_get_uint(reader, 4) * 1000000;
    bool twice = wire_get_uint(reader, 1) != 0;
    if (!valid || reader->short_read) { session_error("malformed exploration request"); return; }
    engine.plan = request.plan;
    engine.tracing = false;
    if (engine.plan.races && !race_start()) { session_error("there is no address space for the race detector"); return; }
    forget_all();
    points_total = differing = 0;
    if (!engine.plan.length) measure_length();
    race_forget();
    uint64_t done = 0, start = now_ns(), reported = start, unheard = 0;
    while (done < request.executions) {
        uint64_t ordinal = request.first + done++;
        uint32_t known = shadow_log_length;
        session_execute(ordinal);
        uint64_t races = engine.plan.races ? race_novelty : 0;
        if (UNLIKELY(twice)) execute_again(ordinal, known);
        uint32_t points = engine.plan.max_points * (1u + engine.fair) - engine.points_left;
        points_total += points;
        unheard += points + EXECUTION_POINTS;
        const struct seen *fresh = note(request.quantum_us, races);
        if (fresh) session_send_result(WIRE_FOUND, fresh->index, ordinal, known);
        bool hung = engine.outcome == PORT_HANG;  /* took a second, and so may all that follow */
        if (unheard < LISTEN_EVERY && !hung) continue;
        unheard = 0;
        uint64_t now = now_ns();
        if ((budget_ns && now - start > budget_ns) || session_interrupted()) break;
        if (hung || now - reported > PROGRESS_NS) { reported = now; send_progress(WIRE_PROGRESS, done); }
        session_flush();
    }
    send_counts();
    send_progress(WIRE_EXPLORED, done);
}
