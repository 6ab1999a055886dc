/*
 * tinybms_counters.c: the statistics, under a spinlock of their own. Nothing else is done under it.
 */
#include "tinybms_counters.h"

#include "freertos/FreeRTOS.h"

static portMUX_TYPE s_lock = portMUX_INITIALIZER_UNLOCKED;
static struct {
    tinybms_stats_t stats;  /* but for avg_latency_ms */
    uint64_t latency_us;    /* of all carried out */
    uint32_t carried_out;
} s_counters;

static void count_told(tinybms_request_kind_t kind, esp_err_t result)
{
    tinybms_stats_t *stats = &s_counters.stats;
    bool reads = kind == TINYBMS_READ;
    if (result == ESP_OK) {
        stats->reads_ok += reads;
        stats->writes_ok += !reads;
    } else {
        stats->reads_failed += reads;
        stats->writes_failed += !reads;
    }
}

void tinybms_count_told(tinybms_request_kind_t kind, esp_err_t result)
{
    portENTER_CRITICAL(&s_lock);
    count_told(kind, result);
    portEXIT_CRITICAL(&s_lock);
}

void tinybms_count_gave_up(tinybms_request_kind_t kind)
{
    portENTER_CRITICAL(&s_lock);
    count_told(kind, ESP_ERR_TIMEOUT);
    s_counters.stats.timeouts++;
    portEXIT_CRITICAL(&s_lock);
}

void tinybms_count_exchange(esp_err_t result)
{
    tinybms_stats_t *stats = &s_counters.stats;
    portENTER_CRITICAL(&s_lock);
    if (result == ESP_ERR_TIMEOUT) {
        stats->timeouts++;
    } else if (result == ESP_ERR_INVALID_CRC) {
        stats->crc_errors++;
    } else if (result != ESP_OK) {
        stats->nacks++;
    }
    portEXIT_CRITICAL(&s_lock);
}

void tinybms_count_retry(void)
{
    portENTER_CRITICAL(&s_lock);
    s_counters.stats.retries++;
    portEXIT_CRITICAL(&s_lock);
}

void tinybms_count_latency(uint64_t us)
{
    portENTER_CRITICAL(&s_lock);
    s_counters.latency_us += us;
    s_counters.carried_out++;
    portEXIT_CRITICAL(&s_lock);
}

void tinybms_count_depth(uint32_t waiting)
{
    tinybms_stats_t *stats = &s_counters.stats;
    portENTER_CRITICAL(&s_lock);
    stats->queue_depth = waiting;
    stats->queue_depth_max = waiting > stats->queue_depth_max ? waiting : stats->queue_depth_max;
    portEXIT_CRITICAL(&s_lock);
}

void tinybms_counters(tinybms_stats_t *stats)
{
    portENTER_CRITICAL(&s_lock);
    *stats = s_counters.stats;
    uint64_t latency_us = s_counters.latency_us;
    uint32_t carried_out = s_counters.carried_out;
    portEXIT_CRITICAL(&s_lock);
    stats->avg_latency_ms = carried_out > 0 ? (uint32_t)((latency_us / carried_out + 500) / 1000) : 0;
}

void tinybms_counters_reset(void)
{
    portENTER_CRITICAL(&s_lock);
    uint32_t depth = s_counters.stats.queue_depth;
    s_counters.stats = (tinybms_stats_t){.queue_depth = depth, .queue_depth_max = depth};
    s_counters.latency_us = 0;
    s_counters.carried_out = 0;
    portEXIT_CRITICAL(&s_lock);
}
