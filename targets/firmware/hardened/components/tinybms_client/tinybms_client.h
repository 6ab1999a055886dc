/*
 * tinybms_client.h: reads and writes registers of the TinyBMS over the UART. One task, tinybms_io, carries out one
 * request after the other; callers put theirs into its queue.
 *
 * Two ways to ask:
 * - tinybms_read_register(), _write_register(), _restart() and _perform() wait for the outcome, at most
 *   CONFIG_TINYBMS_READ_WAIT_MS for a read and CONFIG_TINYBMS_WRITE_WAIT_MS for a write or restart (one tick less, since
 *   a tick may have begun). ESP_ERR_TIMEOUT then means *outcome unknown*: what had not begun is cancelled, what had
 *   begun may still reach the BMS, but no further attempt begins once the caller has been told.
 * - tinybms_submit() returns at once; `done` is given the outcome, after all attempts if need be. This is the way for
 *   whoever cares more for the value than for the time.
 *
 * Each failed attempt is repeated after a pause, TINYBMS_RETRY_COUNT attempts in all. A write has succeeded when its
 * read-back shows the value.
 */
#ifndef TINYBMS_CLIENT_H
#define TINYBMS_CLIENT_H

#include <stdint.h>

#include "esp_err.h"
#include "event_bus.h"
#include "event_types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TINYBMS_TIMEOUT_MS 750      /* an attempt without a reply */
#define TINYBMS_RETRY_COUNT 3       /* attempts in all */
#define TINYBMS_RETRY_PAUSE_MS 100  /* between attempts */
#define TINYBMS_VERIFY_PAUSE_MS 50  /* between a write and its read-back */
#define TINYBMS_QUEUE_LENGTH 10     /* requests that can wait */

typedef enum {
    TINYBMS_STATE_DISCONNECTED,
    TINYBMS_STATE_CONNECTING,
    TINYBMS_STATE_CONNECTED,
} tinybms_state_t;

typedef enum { TINYBMS_READ, TINYBMS_WRITE, TINYBMS_RESTART } tinybms_request_kind_t;

typedef struct {
    esp_err_t result;  /* ESP_OK, ESP_ERR_TIMEOUT (silence), ESP_ERR_INVALID_CRC, ESP_FAIL (refused, or not verified) */
    uint16_t address;
    uint16_t value;    /* read, or read back; 0 when nothing was */
} tinybms_outcome_t;

/* Runs in tinybms_io: must not block, and cannot wait for a request of its own. */
typedef void (*tinybms_done_t)(const tinybms_outcome_t *outcome, void *context);

typedef struct {
    tinybms_request_kind_t kind;
    uint16_t address;     /* of a read or write */
    uint16_t value;       /* of a write */
    tinybms_done_t done;  /* or NULL; `context` must stay valid until it has been called */
    void *context;
} tinybms_request_t;

esp_err_t tinybms_client_init(event_bus_t *bus);
/* Starts tinybms_io, which test-reads a register. EVENT_TINYBMS_CONNECTED and _DISCONNECTED follow what the BMS does. */
esp_err_t tinybms_client_start(void);

/* These refuse at once, nothing is asked and `done` is not called: with ESP_ERR_NO_MEM when the queue is full,
 * ESP_ERR_INVALID_STATE before the start and in tinybms_io, ESP_ERR_INVALID_ARG. */
esp_err_t tinybms_read_register(uint16_t address, uint16_t *value);
/* `verified`, or NULL: what the read-back showed. */
esp_err_t tinybms_write_register(uint16_t address, uint16_t value, uint16_t *verified);
esp_err_t tinybms_restart(void);
/* Waits like these. A read with `done` is carried out to its end even when its caller no longer waits: `done` is called
 * in any case, before the caller is told if that is in time. `value` may be NULL. */
esp_err_t tinybms_perform(const tinybms_request_t *request, uint16_t *value);
/* Does not wait. `done` is called once. */
esp_err_t tinybms_submit(const tinybms_request_t *request);

tinybms_state_t tinybms_get_state(void);
/* One consistent snapshot; also published as EVENT_TINYBMS_STATS_UPDATED. */
esp_err_t tinybms_get_stats(tinybms_stats_t *stats);
void tinybms_reset_stats(void);

#ifdef __cplusplus
}
#endif
#endif
