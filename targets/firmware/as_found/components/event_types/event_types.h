/*
 * event_types.h: the payloads that travel on the event bus.
 *
 * Plain values, copied by the bus. A payload of a component that is not part of this tree is declared by that
 * component.
 */
#ifndef EVENT_TYPES_H
#define EVENT_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PACK_MAX_CELLS 32

/* EVENT_BATTERY_STATUS_UPDATED */
typedef struct {
    float soc;          /* % */
    float soh;          /* % */
    float voltage;      /* V */
    float current;      /* A, positive while charging */
    float power;        /* W */
    float temperature;  /* C */
    bool bms_ok;        /* the values are measurements of a BMS that answers */
    bool can_ok;
    bool mqtt_ok;
    bool tinybms_ok;    /* link states, as their events said last */
} battery_status_t;

/* EVENT_PACK_STATS_UPDATED. cell_count 0: nothing is known; cells[i] 0: that cell is not known yet, and no part of the
 * statistics. */
typedef struct {
    uint8_t cell_count;
    float cell_min;    /* mV */
    float cell_max;    /* mV */
    float cell_delta;  /* mV */
    float cell_avg;    /* mV */
    float cells[PACK_MAX_CELLS];  /* mV */
    bool balancing[PACK_MAX_CELLS];
    float bal_start_mv;
    float bal_stop_mv;
} pack_stats_t;

typedef enum {
    NETWORK_STATE_NOT_CONFIGURED,
    NETWORK_STATE_CONNECTING,
    NETWORK_STATE_ERROR,
    NETWORK_STATE_ACTIVE,
} network_state_t;

/* Where telemetry comes from: the S3 gateway over the network, or the TinyBMS on our own UART. */
typedef enum {
    HMI_MODE_CONNECTED_S3,
    HMI_MODE_TINYBMS_AUTONOMOUS,
} hmi_operation_mode_t;

/* EVENT_SYSTEM_STATUS_UPDATED */
typedef struct {
    bool wifi_connected;
    bool server_reachable;
    bool storage_ok;
    bool has_error;
    network_state_t network_state;
    hmi_operation_mode_t operation_mode;
    bool telemetry_expected;
} system_status_t;

/* EVENT_OPERATION_MODE_CHANGED */
typedef struct {
    hmi_operation_mode_t mode;
    bool telemetry_expected;  /* by the network; false: poll the TinyBMS */
} operation_mode_event_t;

/* EVENT_MQTT_STATUS_UPDATED */
typedef struct {
    bool enabled;
    bool connected;
    char reason[64];
} mqtt_status_event_t;

/* EVENT_CONFIG_UPDATED */
typedef struct {
    char wifi_ssid[32];
    char wifi_password[64];  /* secret: in no log, report or metric */
    char static_ip[16];
    char mqtt_broker[64];
    char mqtt_topic_pub[64];
    char mqtt_topic_sub[64];
    int can_bitrate;         /* bit/s */
    int uart_baudrate;
    char uart_parity[2];
} hmi_config_t;

#define ALERT_LIST_MAX 32

typedef struct {
    uint32_t id;
    uint16_t code;
    uint8_t severity;       /* 0 lowest */
    bool acknowledged;
    uint64_t timestamp_ms;  /* of the gateway's clock */
    char source[32];
    char message[128];
} alert_entry_t;

/* EVENT_ALERTS_ACTIVE_UPDATED, EVENT_ALERTS_HISTORY_UPDATED. 5.6 KB: not for the stack. */
typedef struct {
    alert_entry_t entries[ALERT_LIST_MAX];
    uint8_t count;
} alert_list_t;

/* EVENT_TINYBMS_REGISTER_UPDATED */
typedef struct {
    uint16_t address;
    uint16_t raw_value;
    float user_value;  /* in the unit that the key names */
    char key[32];
} tinybms_register_update_t;

/* Since the start, or since they were reset. */
typedef struct {
    uint32_t reads_ok;       /* requests, by what their asker was told */
    uint32_t reads_failed;
    uint32_t writes_ok;      /* verified; restarts count as writes */
    uint32_t writes_failed;
    uint32_t crc_errors;     /* attempts on the wire, by what they ended in */
    uint32_t timeouts;
    uint32_t nacks;
    uint32_t retries;        /* attempts after a request's first */
} tinybms_stats_t;

/* EVENT_TINYBMS_STATS_UPDATED */
typedef struct {
    tinybms_stats_t stats;
    uint64_t timestamp_ms;
} tinybms_stats_event_t;

#ifdef __cplusplus
}
#endif
#endif
