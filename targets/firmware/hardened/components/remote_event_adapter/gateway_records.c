/*
 * gateway_records.c: the members of each record and their limits.
 */
#include "gateway_records.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "gateway_json.h"

#define CAN_BITRATE_MIN 10000
#define CAN_BITRATE_MAX 1000000
#define UART_BAUDRATE_MIN 1200
#define UART_BAUDRATE_MAX 5000000
/* Values within it are whole numbers in a double, as all numbers of cJSON are. */
#define STAMP_MAX 9.0e15

/* ---- configuration ---- */

typedef struct {
    const char *name;
    size_t offset, size;  /* of the text in hmi_config_t */
} text_member_t;

#define TEXT_MEMBER(member) {#member, offsetof(hmi_config_t, member), sizeof(((hmi_config_t *)0)->member)}
static const text_member_t TEXTS[] = {
    TEXT_MEMBER(wifi_ssid), TEXT_MEMBER(wifi_password), TEXT_MEMBER(static_ip), TEXT_MEMBER(mqtt_broker),
    TEXT_MEMBER(mqtt_topic_pub), TEXT_MEMBER(mqtt_topic_sub), TEXT_MEMBER(uart_parity),
};
#define TEXT_COUNT (sizeof(TEXTS) / sizeof(TEXTS[0]))

static bool has(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name) != NULL;
}

/* A member that is absent is fine, one that cannot be read is not. */
static bool read_number(const cJSON *object, const char *name, int low, int high, int *value, unsigned *found)
{
    if (!has(object, name)) {
        return true;
    }
    (*found)++;
    return gateway_json_integer(object, name, low, high, value);
}

static bool read_texts(const cJSON *object, hmi_config_t *config, unsigned *found)
{
    bool valid = true;
    for (size_t i = 0; i < TEXT_COUNT && valid; i++) {
        if (has(object, TEXTS[i].name)) {
            valid = gateway_json_text(object, TEXTS[i].name, (char *)config + TEXTS[i].offset, TEXTS[i].size);
            (*found)++;
        }
    }
    return valid;
}

bool gateway_read_config(const cJSON *object, hmi_config_t *config)
{
    hmi_config_t read;
    memcpy(&read, config, sizeof(read));
    unsigned found = 0;
    bool valid =
        read_texts(object, &read, &found) &&
        read_number(object, "can_bitrate", CAN_BITRATE_MIN, CAN_BITRATE_MAX, &read.can_bitrate, &found) &&
        read_number(object, "uart_baudrate", UART_BAUDRATE_MIN, UART_BAUDRATE_MAX, &read.uart_baudrate, &found);
    if (!valid || found == 0) {
        return false;
    }
    memcpy(config, &read, sizeof(read));
    return true;
}

/* ---- alerts ---- */

static void copy_text(const cJSON *object, const char *name, char *text, size_t size)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    snprintf(text, size, "%s", cJSON_IsString(item) ? item->valuestring : "");
}

static bool read_alert(const cJSON *object, alert_entry_t *alert)
{
    int id = 0, code = 0, severity = 0;
    memset(alert, 0, sizeof(*alert));
    copy_text(object, "message", alert->message, sizeof(alert->message));
    if (!gateway_json_integer(object, "id", 0, INT32_MAX, &id) || alert->message[0] == '\0') {
        return false;
    }
    gateway_json_integer(object, "code", 0, UINT16_MAX, &code);
    gateway_json_integer(object, "severity", 0, UINT8_MAX, &severity);
    gateway_json_flag(object, "acknowledged", &alert->acknowledged);
    copy_text(object, "source", alert->source, sizeof(alert->source));
    const cJSON *stamp = cJSON_GetObjectItemCaseSensitive(object, "timestamp_ms");
    alert->id = (uint32_t)id;
    alert->code = (uint16_t)code;
    alert->severity = (uint8_t)severity;
    alert->timestamp_ms = gateway_json_is_within(stamp, 0.0f, STAMP_MAX) ? (uint64_t)stamp->valuedouble : 0;
    return true;
}

bool gateway_read_alerts(const cJSON *array, alert_list_t *alerts)
{
    unsigned listed = 0;
    const cJSON *item;
    memset(alerts, 0, sizeof(*alerts));
    cJSON_ArrayForEach(item, array) {
        if (listed++ == ALERT_LIST_MAX) {
            return false;
        }
        alerts->count += read_alert(item, &alerts->entries[alerts->count]);
    }
    return cJSON_IsArray(array);
}

/* ---- states ---- */

bool gateway_read_mqtt_status(const cJSON *object, mqtt_status_event_t *status)
{
    memset(status, 0, sizeof(*status));
    copy_text(object, "reason", status->reason, sizeof(status->reason));
    return gateway_json_flag(object, "enabled", &status->enabled) &&
           gateway_json_flag(object, "connected", &status->connected);
}

bool gateway_read_system_status(const cJSON *object, system_status_t *status)
{
    unsigned found = gateway_json_flag(object, "wifi_connected", &status->wifi_connected);
    found += gateway_json_flag(object, "server_reachable", &status->server_reachable);
    found += gateway_json_flag(object, "storage_ok", &status->storage_ok);
    found += gateway_json_flag(object, "has_error", &status->has_error);
    return found > 0;
}
