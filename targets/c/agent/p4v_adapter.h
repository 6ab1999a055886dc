/*
 * p4v_adapter.h: how a firmware tells p4verify what can be called in it and what can be seen of it.
 *
 * An adapter is one C file per component. It declares operations (what a Program may call), observers (what is
 * reported while it runs) and a boot function. Values travel packed little endian, described by a signature such as
 * "token:u32,accepted:bool". Types: u8 u16 u32 u64 i8 i16 i32 i64 f32 f64 bool, str and bytes (u16 length, then the
 * bytes). The agent sends the declarations to the host, which matches them with invariants by name.
 *
 * Nothing here knows the host: the same adapter runs in the simulator, as a Linux process and on the board.
 */
#ifndef P4V_ADAPTER_H
#define P4V_ADAPTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Arguments are read in the signature's order; reading beyond them yields zeros and marks the call as malformed. */
typedef struct p4v_reader { const uint8_t *at, *end; bool short_read; } p4v_reader;
uint64_t p4v_get_uint(p4v_reader *reader, size_t bytes);
float p4v_get_f32(p4v_reader *reader);
size_t p4v_get_bytes(p4v_reader *reader, const uint8_t **bytes);  /* str and bytes; valid until the run ends */

/* Results and observations are written in the signature's order into a buffer of P4V_RECORD_MAX bytes. */
#define P4V_RECORD_MAX 1024
typedef struct p4v_writer { uint8_t *at, *end; bool overflow; } p4v_writer;
void p4v_put_uint(p4v_writer *writer, uint64_t value, size_t bytes);
void p4v_put_f32(p4v_writer *writer, float value);
void p4v_put_bytes(p4v_writer *writer, const void *bytes, size_t length);

/* In an adapter source: asks the build to link with --wrap=symbol. */
#define P4V_WRAP(symbol)

typedef struct p4v_operation {
    const char *name;       /* "np.metrics" */
    const char *arguments;  /* signature */
    const char *results;    /* signature */
    void (*call)(p4v_reader *arguments, p4v_writer *results);
} p4v_operation;

typedef struct p4v_observer {
    const char *name;       /* "http.request" */
    const char *fields;     /* signature */
    uint16_t id;            /* given by the agent at start */
} p4v_observer;

typedef struct p4v_adapter {
    const char *name;                 /* the component: "network_publisher" */
    bool (*boot)(void);               /* init and start, in the manifest's order; false ends the run */
    const p4v_operation *operations;  /* ended by a NULL name */
    p4v_observer *const *observers;   /* ended by NULL */
} p4v_adapter;

/* Ended by NULL; the build writes it from the manifest's list of adapters. */
extern const p4v_adapter *const p4v_adapters[];

/* A probe is a function of the firmware (also a static one) whose every entry is recorded as an observation without
 * fields; the build writes this table from the manifest's [probes]. Ended by a NULL observer name. */
typedef struct p4v_probe { const char *observer; const char *function; } p4v_probe;
extern const p4v_probe p4v_probes[];

/* Who was built: the manifest's name and the build's identity, written by the build beside the tables. */
extern const char p4v_firmware_name[];
extern const char p4v_build_id[];

/* Records what an observer saw, now, in the calling task. From any task; never blocks. */
p4v_writer p4v_observe_begin(void);
void p4v_observe_end(const p4v_observer *observer, const p4v_writer *writer);

/* The name of the adapter whose boot function runs, "" afterwards: to tell whose callback is being subscribed. */
const char *p4v_booting(void);

/* The next value of an environment stream of the Program, `otherwise` when it has run out or does not exist. */
int64_t p4v_environment(const char *stream, int64_t otherwise);

/* Lets `us` pass in the calling task: busy keeps its core (a flash write), not busy blocks (a socket). */
void p4v_cost(uint64_t us, bool busy);

/* Around each frame of telemetry that the firmware is given: before it, and when it has been accepted. A program may cut
 * the power at either; then the call does not return. */
void p4v_frame(bool before);

#ifdef __cplusplus
}
#endif
#endif
