/*
 * fields.h: how records of the firmware are written into observations, for every adapter that shows one.
 *
 * The signatures and the writers beside them must agree, field by field.
 */
#ifndef P4V_FIELDS_H
#define P4V_FIELDS_H

#include <string.h>

#include "event_types.h"
#include "p4v_adapter.h"

/* A firmware that talks to a gateway has its configuration and alerts on the bus. */
#if __has_include("remote_event_adapter.h")
#define HAS_GATEWAY
#endif

/* A firmware that talks to a TinyBMS publishes its statistics, which may have latency and depth. */
#if __has_include("tinybms_client.h")
#define HAS_TINYBMS
#include "tinybms_client.h"
#define STATS_COUNTERS                                                                                    \
    "reads_ok:u32,reads_failed:u32,writes_ok:u32,writes_failed:u32,crc_errors:u32,timeouts:u32,nacks:u32," \
    "retries:u32"
#ifdef P4V_TC_LATENCY_FIELDS
#define STATS_FIELDS STATS_COUNTERS ",avg_latency_ms:u32,queue_depth:u32,queue_depth_max:u32"
#else
#define STATS_FIELDS STATS_COUNTERS
#endif
#endif

#define BATTERY_FIELDS "soc:f32,soh:f32,voltage:f32,current:f32,power:f32,temperature:f32,flags:u8"
#define PACK_FIELDS                                                                                              \
    "cell_count:u8,cell_min:f32,cell_max:f32,cell_delta:f32,cell_avg:f32,bal_start:f32,bal_stop:f32,balancing:u32," \
    "cells:bytes"
#define SYSTEM_FIELDS "wifi:bool,server:bool,mode:u8,expected:bool"
#define MODE_FIELDS "mode:u8,expected:bool"
#define REGISTER_FIELDS "address:u16,raw:u16,value:f32,key:str"

static inline void put_battery(p4v_writer *writer, const battery_status_t *battery)
{
    p4v_put_f32(writer, battery->soc);
    p4v_put_f32(writer, battery->soh);
    p4v_put_f32(writer, battery->voltage);
    p4v_put_f32(writer, battery->current);
    p4v_put_f32(writer, battery->power);
    p4v_put_f32(writer, battery->temperature);
    unsigned flags = (unsigned)battery->bms_ok | (unsigned)battery->can_ok << 1 | (unsigned)battery->mqtt_ok << 2 |
                     (unsigned)battery->tinybms_ok << 3;
    p4v_put_uint(writer, flags, 1);
}

static inline uint32_t balancing_bits(const pack_stats_t *pack)
{
    uint32_t bits = 0;
    for (unsigned i = 0; i < PACK_MAX_CELLS; i++) {
        bits |= (uint32_t)pack->balancing[i] << i;
    }
    return bits;
}

/* A cell_count that the array cannot hold is shown as it is, with the cells that exist. */
static inline void put_pack(p4v_writer *writer, const pack_stats_t *pack)
{
    unsigned cells = pack->cell_count < PACK_MAX_CELLS ? pack->cell_count : PACK_MAX_CELLS;
    p4v_put_uint(writer, pack->cell_count, 1);
    p4v_put_f32(writer, pack->cell_min);
    p4v_put_f32(writer, pack->cell_max);
    p4v_put_f32(writer, pack->cell_delta);
    p4v_put_f32(writer, pack->cell_avg);
    p4v_put_f32(writer, pack->bal_start_mv);
    p4v_put_f32(writer, pack->bal_stop_mv);
    p4v_put_uint(writer, balancing_bits(pack), 4);
    p4v_put_bytes(writer, pack->cells, cells * sizeof(pack->cells[0]));
}

static inline void put_system(p4v_writer *writer, const system_status_t *status)
{
    p4v_put_uint(writer, status->wifi_connected, 1);
    p4v_put_uint(writer, status->server_reachable, 1);
    p4v_put_uint(writer, (uint64_t)status->operation_mode, 1);
    p4v_put_uint(writer, status->telemetry_expected, 1);
}

static inline void put_mode(p4v_writer *writer, const operation_mode_event_t *change)
{
    p4v_put_uint(writer, (uint64_t)change->mode, 1);
    p4v_put_uint(writer, change->telemetry_expected, 1);
}

static inline void put_register(p4v_writer *writer, const tinybms_register_update_t *update)
{
    p4v_put_uint(writer, update->address, 2);
    p4v_put_uint(writer, update->raw_value, 2);
    p4v_put_f32(writer, update->user_value);
    p4v_put_bytes(writer, update->key, strnlen(update->key, sizeof(update->key)));
}

#ifdef HAS_TINYBMS
static inline void put_stats(p4v_writer *writer, const tinybms_stats_t *stats)
{
    p4v_put_uint(writer, stats->reads_ok, 4);
    p4v_put_uint(writer, stats->reads_failed, 4);
    p4v_put_uint(writer, stats->writes_ok, 4);
    p4v_put_uint(writer, stats->writes_failed, 4);
    p4v_put_uint(writer, stats->crc_errors, 4);
    p4v_put_uint(writer, stats->timeouts, 4);
    p4v_put_uint(writer, stats->nacks, 4);
    p4v_put_uint(writer, stats->retries, 4);
#ifdef P4V_TC_LATENCY_FIELDS
    p4v_put_uint(writer, stats->avg_latency_ms, 4);
    p4v_put_uint(writer, stats->queue_depth, 4);
    p4v_put_uint(writer, stats->queue_depth_max, 4);
#endif
}
#endif

#ifdef HAS_GATEWAY

#define CONFIG_FIELDS "can_bitrate:u32,uart_baudrate:u32,topic:str"
#define ALERT_FIELDS "count:u8"

/* Only what no secret can be in: a configuration holds a password. */
static inline void put_config(p4v_writer *writer, const hmi_config_t *config)
{
    p4v_put_uint(writer, (uint64_t)config->can_bitrate, 4);
    p4v_put_uint(writer, (uint64_t)config->uart_baudrate, 4);
    p4v_put_bytes(writer, config->mqtt_topic_pub, strnlen(config->mqtt_topic_pub, sizeof(config->mqtt_topic_pub)));
}

static inline void put_alerts(p4v_writer *writer, const alert_list_t *alerts)
{
    p4v_put_uint(writer, alerts->count, 1);
}

#endif

#endif
