/*
 * agent_subject.c: the agent under the controlled scheduler, and what it needs of its port.
 */
#include "../agent/agent_port.h"
#include "engine.h"
#include "subject.h"

static const uint8_t *program;
static size_t program_length;

static const char *load(const uint8_t *bytes, size_t length) {
    const char *wrong = agent_check_program(bytes, length);
    if (wrong) return wrong;
    program = bytes;
    program_length = length;
    return NULL;
}

static void entry(void *unused) {
    static agent_life life;
    (void)unused;
    if (engine.boots == 1) life = (agent_life){0};
    else life.reason = engine.boot_reason;
    const char *wrong = agent_run(program, program_length, &session_ring, &life);
    if (wrong) engine_end(agent_misdeclared() ? PORT_UNSUPPORTED : PORT_MISUSE, 0, "%s", wrong);
    engine.outcome = PORT_COMPLETED;
    engine_finish();
}

static void discard(const char *text, size_t length) { (void)text; (void)length; }

/* Order, tasks, payloads, and times rounded down to the quantum. Time stands still most of the time, and dividing is
 * what costs most here. */
static struct digest hash(uint64_t seed, uint32_t quantum_us) {
    struct digest digest = {seed, seed};
    uint64_t time_us = 0, quanta = 0;
    const uint8_t *at = session_ring.bytes, *end = at + session_ring.used;
    while (at + sizeof(agent_record) <= end) {
        agent_record record;
        __builtin_memcpy(&record, at, sizeof record);
        at += sizeof record + record.length;
        if (record.kind == AGENT_FILLER) continue;
        if (record.time_us != time_us) quanta = (time_us = record.time_us) / quantum_us;
        uint64_t head = (uint64_t)record.kind | (uint64_t)record.task << 8 | (uint64_t)record.id << 16;
        digest = digest_word(digest, head ^ quanta << 32);
        digest = digest_bytes(digest, at - record.length, record.length);
    }
    return digest;
}

const struct subject subject = {true, false, 1, agent_start, agent_describe, load, entry, discard, hash};

int64_t port_environment(const char *stream, int64_t otherwise) { return p4v_environment(stream, otherwise); }
uint64_t agent_now_us(void) { return engine_time_us(); }
void agent_power(int64_t cut) { power_plan(cut); }
void agent_frame(bool before) { port_power_step(before ? PORT_POWER_FRAME_BEFORE : PORT_POWER_FRAME_AFTER); }

void agent_lock(void) {}
void agent_unlock(void) {}
void agent_spend(uint64_t us) { port_spend(us); }
void agent_block(uint64_t us) {
    port_enter("p4v_cost", NULL);
    port_block(engine.now_us + us, "a costed call", NULL, NULL);
    port_leave();
}
