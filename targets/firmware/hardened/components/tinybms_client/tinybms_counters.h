/*
 * tinybms_counters.h: what the client counts. Called from any task; every snapshot is the state of one instant.
 */
#ifndef TINYBMS_COUNTERS_H
#define TINYBMS_COUNTERS_H

#include "tinybms_client.h"

/* A request has the outcome that its asker is told now. A restart counts as a write. */
void tinybms_count_told(tinybms_request_kind_t kind, esp_err_t result);
/* A caller's wait ended before its request did: it is told ESP_ERR_TIMEOUT. */
void tinybms_count_gave_up(tinybms_request_kind_t kind);
/* A frame and its reply: ESP_OK, ESP_ERR_TIMEOUT for silence, ESP_ERR_INVALID_CRC, ESP_FAIL for a NACK. */
void tinybms_count_exchange(esp_err_t result);
void tinybms_count_retry(void);
/* A request was carried out, so long after it was accepted. */
void tinybms_count_latency(uint64_t us);
void tinybms_count_depth(uint32_t waiting);

void tinybms_counters(tinybms_stats_t *stats);
/* The depth stays: it is no count. */
void tinybms_counters_reset(void);

#endif
