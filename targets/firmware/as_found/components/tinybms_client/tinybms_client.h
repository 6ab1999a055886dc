/*
 * tinybms_client.h: reads and writes registers of the TinyBMS over the UART.
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

typedef enum {
    TINYBMS_STATE_DISCONNECTED,
    TINYBMS_STATE_CONNECTING,
    TINYBMS_STATE_CONNECTED,
} tinybms_state_t;

esp_err_t tinybms_client_init(event_bus_t *bus);
/* Test-reads a register; EVENT_TINYBMS_CONNECTED when that succeeds. */
esp_err_t tinybms_client_start(void);

/* ESP_OK, ESP_ERR_INVALID_STATE before init, ESP_ERR_INVALID_ARG, ESP_ERR_TIMEOUT (silence), ESP_ERR_INVALID_CRC,
 * ESP_FAIL (refused, or not verified). */
esp_err_t tinybms_read_register(uint16_t address, uint16_t *value);
/* `verified`, or NULL: what the read-back showed. */
esp_err_t tinybms_write_register(uint16_t address, uint16_t value, uint16_t *verified);
esp_err_t tinybms_restart(void);

tinybms_state_t tinybms_get_state(void);
/* Also published as EVENT_TINYBMS_STATS_UPDATED. */
esp_err_t tinybms_get_stats(tinybms_stats_t *stats);
void tinybms_reset_stats(void);

#ifdef __cplusplus
}
#endif
#endif
