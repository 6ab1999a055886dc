/*
 * bms.c: the TinyBMS at the other end of UART1: it hears requests, thinks, and answers, one at a time, in virtual time.
 *
 * How long it thinks and what it gets wrong is a value of the stream "bms" per request, code * 1000000 + latency in
 * microseconds; which of two dialects it speaks, one of "bms.dialect" per boot. A frame is AA, a command, the payload's
 * length, the payload and a CRC-16 (polynomial A001, initial FFFF); numbers are low byte first.
 *
 * It acts in an interrupt of its own. It refuses to hear more requests than its queue holds, and whatever is no frame:
 * those get no answer, as on the wire.
 */
#include "uart_double.h"

#include <string.h>

#include "p4v_doubles.h"
#if __has_include("sdkconfig.h")
#include "sdkconfig.h"
#endif
#ifndef CONFIG_P4V_BMS_DIALECT
#define CONFIG_P4V_BMS_DIALECT 0
#endif

void p4v_bms_request(uint32_t serial, unsigned kind, uint16_t address, uint16_t value) __attribute__((weak));
void p4v_bms_answer(uint32_t serial, unsigned kind, uint16_t address, uint16_t value) __attribute__((weak));

enum { START = 0xAA, READ = 0x07, READ_ECHO = 0x09, WRITE = 0x0D, ACK = 0x01, NACK = 0x81 };
enum { HEADER_BYTES = 3, CRC_BYTES = 2, REQUEST_BYTES = 9, QUEUED = 8, ANSWER_BYTES = 32 };
enum { CODE = 1000000, DEFAULT_LATENCY_US = 5000, FORGET_NS = 20000000 };
/* What the stream "bms" says of a request; codes 0 and 4 are an ordinary answer, sooner or later. */
enum { SILENT = 1, WRONG_CRC, REFUSES, LATER, UNSOLICITED, TRUNCATED, NOISY, OTHER_ADDRESS };
enum { UNKNOWN_REGISTER = 1, VALUE_REFUSED, BUSY };

typedef struct {
    uint64_t heard_us;
    uint32_t serial;      /* 0: not heard to its end yet */
    uint16_t address, value;
    uint8_t kind;
} request;

typedef struct { uint8_t bytes[ANSWER_BYTES]; uint8_t count; } frame;

/* Made when the first byte is heard: programs without a BMS need not put it back. */
static struct {
    port_task *interrupt;
    uint64_t last_byte_ns, free_us, answer_us;
    request queue[QUEUED];
    frame answer;
    uint16_t answered_value;
    uint8_t answer_kind, queued, part_count;
    int8_t dialect;       /* 0: nobody asked yet, else 1 + what the program says */
    bool thinking;        /* about the first of the queue */
    uint8_t part[REQUEST_BYTES];
} *bms;

static bool speaks_echo(void) {
    if (bms->dialect == 0)
        bms->dialect = port_environment("bms.dialect", CONFIG_P4V_BMS_DIALECT) == 1 ? 2 : 1;
    return bms->dialect == 2;
}

/* ---- frames ---- */

static uint16_t crc16(const uint8_t *bytes, size_t count) {
    uint16_t crc = 0xFFFF;
    for (size_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? (uint16_t)(crc >> 1 ^ 0xA001) : crc >> 1;
    }
    return crc;
}

static uint16_t get16(const uint8_t *bytes) { return (uint16_t)(bytes[0] | bytes[1] << 8); }

static void put(frame *to, unsigned byte) { to->bytes[to->count++] = (uint8_t)byte; }

static void put16(frame *to, uint16_t number) {
    put(to, number & 0xFF);
    put(to, number >> 8);
}

static void begin_frame(frame *to, uint8_t command, uint8_t length) {
    put(to, START);
    put(to, command);
    put(to, length);
}

/* Ends the frame that began at `first`. */
static void end_frame(frame *to, unsigned first) { put16(to, crc16(to->bytes + first, to->count - first)); }

static void put_value(frame *to, uint16_t address, uint16_t value) {
    unsigned first = to->count;
    begin_frame(to, speaks_echo() ? READ_ECHO : READ, speaks_echo() ? 4 : 2);
    if (speaks_echo()) put16(to, address);
    put16(to, value);
    end_frame(to, first);
}

static void put_ack(frame *to) {
    unsigned first = to->count;
    begin_frame(to, ACK, 0);
    end_frame(to, first);
}

static void put_nack(frame *to, uint8_t error) {
    unsigned first = to->count;
    begin_frame(to, NACK, 1);
    put(to, error);
    end_frame(to, first);
}

/* ---- hearing ---- */

static unsigned wanted_bytes(const uint8_t *part, unsigned count) {
    static const uint8_t lengths[][2] = { { READ, 1 }, { READ_ECHO, 2 }, { WRITE, 4 } };
    if (count < HEADER_BYTES) return HEADER_BYTES;
    bool deaf_to = part[1] == (speaks_echo() ? READ : READ_ECHO);
    for (unsigned i = 0; i < 3 && !deaf_to; i++)
        if (part[1] == lengths[i][0] && part[2] == lengths[i][1]) return part[1] == WRITE ? 9 : 7;
    return 0;
}

static void note(const uint8_t *part, uint64_t heard_us) {
    if (bms->queued == QUEUED) return;
    bool writes = part[1] == WRITE;
    bms->queue[bms->queued++] = (request){ .heard_us = heard_us, .kind = writes ? P4V_BMS_WRITE : P4V_BMS_READ,
                                         .address = get16(part + HEADER_BYTES),
                                         .value = writes ? get16(part + HEADER_BYTES + 2) : 0 };
}

static void drop(unsigned count) {
    bms->part_count -= (uint8_t)count;
    memmove(bms->part, bms->part + count, bms->part_count);
}

/* A frame whose beginning was none is looked for from the next byte on. */
static void scan(uint64_t now_us) {
    while (bms->part_count) {
        unsigned wanted = bms->part[0] == START ? wanted_bytes(bms->part, bms->part_count) : 0;
        if (wanted > bms->part_count) return;
        bool whole = wanted && get16(bms->part + wanted - CRC_BYTES) == crc16(bms->part, wanted - CRC_BYTES);
        if (whole) note(bms->part, now_us);
        drop(whole ? wanted : 1);
    }
}

/* ---- thinking ---- */

static frame answer_to_read(const request *asked) {
    frame answer = { .count = 0 };
    enum bms_access access = bms_read(asked->address, &bms->answered_value);
    bms->answer_kind = access == BMS_DONE ? P4V_BMS_VALUE : access == BMS_MUTE ? P4V_BMS_SILENCE : P4V_BMS_NACK;
    if (access == BMS_DONE) put_value(&answer, asked->address, bms->answered_value);
    if (access == BMS_UNKNOWN) put_nack(&answer, UNKNOWN_REGISTER);
    return answer;
}

static frame answer_to_write(const request *asked) {
    frame answer = { .count = 0 };
    enum bms_access access = bms_write(asked->address, asked->value);
    bms->answered_value = asked->value;
    bms->answer_kind = access == BMS_DONE ? P4V_BMS_ACK : P4V_BMS_NACK;
    if (access == BMS_DONE) put_ack(&answer);
    else put_nack(&answer, access == BMS_UNKNOWN ? UNKNOWN_REGISTER : VALUE_REFUSED);
    return answer;
}

static frame behind(frame first, const frame *second) {
    memcpy(first.bytes + first.count, second->bytes, second->count);
    first.count = (uint8_t)(first.count + second->count);
    return first;
}

/* Bytes that no frame is made of, or that look like the beginning of one. */
static frame noise(uint32_t serial) {
    static const uint8_t kinds[][3] = { { 0x00, 0xFF, 0x13 }, { START, READ, 0x02 }, { START, START, ACK } };
    frame made = { .count = 3 };
    memcpy(made.bytes, kinds[serial % 3], 3);
    return made;
}

/* What could not be taken for the answer: an ACK where a value is awaited; a value, of a register that there is not,
 * where the dialect tells or an ACK is awaited. */
static frame unsolicited(const request *asked) {
    frame made = { .count = 0 };
    if (asked->kind == P4V_BMS_READ && !speaks_echo()) put_ack(&made);
    else put_value(&made, 0xFFFF, 0xFFFF);
    return made;
}

static void corrupt(frame *answer, int64_t code, const request *asked) {
    bool names = code == OTHER_ADDRESS && speaks_echo() && bms->answer_kind == P4V_BMS_VALUE;
    if (code == WRONG_CRC) answer->bytes[answer->count - 1] ^= 0x5A;
    else if (code == TRUNCATED) answer->count /= 2;
    else if (names) *answer = (frame){ .count = 0 };
    else return;
    if (names) put_value(answer, asked->address ^ 1, bms->answered_value);
    bms->answer_kind = P4V_BMS_GARBAGE;
}

static frame make_answer(const request *asked, int64_t code) {
    frame answer = { .count = 0 };
    bms->answered_value = 0;
    bms->answer_kind = code == REFUSES ? P4V_BMS_NACK : P4V_BMS_SILENCE;
    if (code == REFUSES) put_nack(&answer, BUSY);
    if (code == REFUSES || code == SILENT) return answer;
    answer = asked->kind == P4V_BMS_READ ? answer_to_read(asked) : answer_to_write(asked);
    if (answer.count == 0) return answer;
    corrupt(&answer, code, asked);
    if (code == UNSOLICITED) answer = behind(unsolicited(asked), &answer);
    if (code == NOISY) answer = behind(noise(asked->serial), &answer);
    return answer;
}

/* ---- in its interrupt ---- */

static bool hear_end(void) {
    for (unsigned i = 0; i < bms->queued; i++) {
        request *heard = &bms->queue[i];
        if (heard->serial || heard->heard_us > port_now_us()) continue;
        heard->serial = bms_next_serial();
        if (p4v_bms_request) p4v_bms_request(heard->serial, heard->kind, heard->address, heard->value);
        return true;
    }
    return false;
}

static bool think(void) {
    if (bms->thinking || bms->queued == 0 || bms->queue[0].serial == 0 || bms->free_us > port_now_us()) return false;
    int64_t said = port_environment("bms", DEFAULT_LATENCY_US);
    if (said < 0) said = 0;
    bms->answer = make_answer(&bms->queue[0], said / CODE);
    bms->answer_us = port_now_us() + (uint64_t)(said % CODE);
    bms->thinking = true;
    return true;
}

static bool answer(void) {
    if (!bms->thinking || bms->answer_us > port_now_us()) return false;
    const request *asked = &bms->queue[0];
    if (p4v_bms_answer) p4v_bms_answer(asked->serial, bms->answer_kind, asked->address, bms->answered_value);
    if (bms->answer.count) bms->free_us = uart_line_put(BMS_PORT, bms->answer.bytes, bms->answer.count);
    memmove(bms->queue, bms->queue + 1, --bms->queued * sizeof bms->queue[0]);
    bms->thinking = false;
    return true;
}

static uint64_t sooner(uint64_t a, uint64_t b) { return a < b ? a : b; }

static void plan(void) {
    uint64_t next = bms->thinking ? bms->answer_us : PORT_FOREVER;
    for (unsigned i = 0; i < bms->queued; i++)
        if (bms->queue[i].serial == 0) next = sooner(next, bms->queue[i].heard_us);
    if (!bms->thinking && bms->queued && bms->queue[0].serial) next = sooner(next, bms->free_us);
    port_interrupt_at(bms->interrupt, next);
}

static void act(void *unused) {
    (void)unused;
    while (hear_end() || answer() || think()) {}
    plan();
}

static void awake(void) {
    bms = port_reserve(sizeof *bms);
    if (bms == NULL) port_fail(PORT_UNSUPPORTED, "the heap has no room left for the scripted BMS");
    bms->interrupt = port_interrupt_create(act, NULL, "bms");
}

void bms_hear(const uint8_t *bytes, size_t count, uint64_t begins_ns, uint32_t byte_ns) {
    if (bms == NULL) awake();
    for (size_t i = 0; i < count; i++) {
        uint64_t now_ns = begins_ns + (i + 1) * byte_ns;
        if (now_ns - bms->last_byte_ns > FORGET_NS) bms->part_count = 0;
        bms->last_byte_ns = now_ns;
        bms->part[bms->part_count++] = bytes[i];
        scan((now_ns + 999) / 1000);
    }
    plan();
}
