/*
 * message.h: the frame types of the agent's protocol, and a cursor each way over their packed payloads.
 *
 * Little endian; a str is u16 length and its bytes. A writer that runs out of room and a reader that runs out of bytes
 * say so once, at the end: check `overflow` and `short_read` before believing the result.
 */
#ifndef P4V_WIRE_MESSAGE_H
#define P4V_WIRE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WIRE_PROTOCOL_VERSION 1

enum wire_type {
    WIRE_DESCRIBE = 0x01,     /* {} -> HELLO */
    WIRE_PROGRAM = 0x02,      /* {u32 offset, u32 total, bytes}* -> ACCEPTED after the last, or ERROR */
    WIRE_RUN = 0x03,          /* {} -> HISTORY*, ENDED */
    WIRE_EXPLORE = 0x10,      /* controlled scheduler only, as those to 0x15 and from 0x90: see targets/c/sim */
    WIRE_REPLAY = 0x11,
    WIRE_KNOWN_SHARED = 0x12,
    WIRE_STOP = 0x13,
    WIRE_PROBES = 0x14,
    WIRE_STACK_NEEDS = 0x15,
    WIRE_HELLO = 0x81,        /* see wire_hello, then what agent_describe writes */
    WIRE_ACCEPTED = 0x82,     /* {} */
    WIRE_HISTORY = 0x83,      /* {u32 offset, u32 total, bytes} */
    WIRE_ENDED = 0x84,        /* see wire_ended */
    WIRE_LOG = 0x85,          /* {bytes}: what the firmware prints */
    WIRE_ERROR = 0x8F,        /* {str} */
    WIRE_FOUND = 0x90,
    WIRE_PROGRESS = 0x91,
    WIRE_EXPLORED = 0x92,
    WIRE_TRACE = 0x93,
    WIRE_REPLAYED = 0x94,
    WIRE_COUNTS = 0x95,
    WIRE_CHOICES = 0x96,
    WIRE_TRACE_TASKS = 0x97,
    WIRE_SEGMENTS = 0x98,
};

typedef struct wire_writer { uint8_t *at, *end; bool overflow; } wire_writer;
void wire_put_uint(wire_writer *writer, uint64_t value, size_t bytes);
void wire_put_bytes(wire_writer *writer, const void *bytes, size_t length); /* as they are, without a length */
void wire_put_str(wire_writer *writer, const char *text);                   /* cut at 65535 bytes; NULL is "" */

typedef struct wire_reader { const uint8_t *at, *end; bool short_read; } wire_reader;
uint64_t wire_get_uint(wire_reader *reader, size_t bytes);                  /* 0 beyond the end */
const uint8_t *wire_get_bytes(wire_reader *reader, size_t length);          /* NULL beyond the end */
size_t wire_get_str(wire_reader *reader, const char **text);                /* not terminated */

typedef struct wire_identity {
    const char *firmware;
    const char *build;
    uint64_t boot;
    uint8_t reset_reason;
    uint32_t history_capacity;
} wire_identity;
/* The beginning of HELLO; agent_describe() appends the rest of it. */
void wire_hello(wire_writer *writer, const wire_identity *identity);

typedef struct wire_ending {
    uint8_t outcome; /* enum port_outcome */
    uint64_t end_us;
    uint32_t lost, records;
    const char *task, *detail, *where;
} wire_ending;
void wire_ended(wire_writer *writer, const wire_ending *ending);

/* PROGRAM chunks on their way in: in order, into the caller's buffer. */
typedef struct wire_assembly { uint8_t *bytes; size_t capacity; size_t used; } wire_assembly;
enum wire_assembled { WIRE_ASSEMBLY_BAD = -1, WIRE_ASSEMBLY_MORE = 0, WIRE_ASSEMBLY_DONE = 1 };
/* A chunk with offset 0 starts anew; one that is out of order or does not fit is bad and empties the assembly. */
enum wire_assembled wire_assemble(wire_assembly *assembly, const uint8_t *payload, size_t length);
/* The head of a chunk, {offset, total}; the bytes follow. */
void wire_put_chunk(wire_writer *writer, size_t offset, size_t total);

#ifdef __cplusplus
}
#endif
#endif
