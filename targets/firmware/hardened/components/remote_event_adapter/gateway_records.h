/*
 * gateway_records.h: configuration, alerts, connection and system states out of the gateway's JSON.
 *
 * Pure functions on values; the caller does the locking.
 */
#ifndef GATEWAY_RECORDS_H
#define GATEWAY_RECORDS_H

#include <stdbool.h>

#include "cJSON.h"
#include "event_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Puts the members that are there into `config`; the gateway leaves out what it keeps secret. False, and `config` is as
 * before, when one is of the wrong type, too long or out of range, or none is there. */
bool gateway_read_config(const cJSON *object, hmi_config_t *config);
/* False when `array` is none or has more than ALERT_LIST_MAX entries. An entry without id or message is left out. */
bool gateway_read_alerts(const cJSON *array, alert_list_t *alerts);
/* False without `enabled` and `connected`. A reason that is too long is cut. */
bool gateway_read_mqtt_status(const cJSON *object, mqtt_status_event_t *status);
/* False when no member of the system status is there. */
bool gateway_read_system_status(const cJSON *object, system_status_t *status);

#ifdef __cplusplus
}
#endif
#endif
