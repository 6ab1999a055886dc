/*
 * event_bus.h: publish/subscribe between the components, over one queue and one dispatch task.
 *
 * Every callback runs in the dispatch task, one after the other: it must not block. Publishing never blocks; when the
 * queue is full the event is dropped and counted.
 */
#ifndef EVENT_BUS_H
#define EVENT_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EVENT_BUS_MAX_SUBSCRIBERS 32

typedef enum {
    EVENT_BATTERY_STATUS_UPDATED,
    EVENT_PACK_STATS_UPDATED,
    EVENT_SYSTEM_STATUS_UPDATED,
    EVENT_OPERATION_MODE_CHANGED,
    EVENT_MQTT_STATUS_UPDATED,
    EVENT_TINYBMS_CONNECTED,
    EVENT_TINYBMS_DISCONNECTED,
    EVENT_TINYBMS_REGISTER_UPDATED,
    EVENT_TINYBMS_UART_LOG,
    EVENT_TINYBMS_STATS_UPDATED,
    EVENT_TINYBMS_CONFIG_CHANGED,
    EVENT_CONFIG_UPDATED,
    EVENT_ALERTS_ACTIVE_UPDATED,
    EVENT_ALERTS_HISTORY_UPDATED,
    EVENT_ALERT_FILTERS_UPDATED,
    EVENT_USER_INPUT_WRITE_CONFIG,
    EVENT_USER_INPUT_RELOAD_CONFIG,
    EVENT_USER_INPUT_ACK_ALERT,
    EVENT_USER_INPUT_REFRESH_ALERT_HISTORY,
    EVENT_USER_INPUT_UPDATE_ALERT_FILTERS,
    EVENT_USER_INPUT_TINYBMS_WRITE_REG,
    EVENT_NETWORK_FAILOVER_ACTIVATED,
} event_type_t;

typedef struct {
    event_type_t type;
    void *data;
    size_t data_size;  /* bytes; 0: no payload */
} event_t;

/* Opaque; whoever holds one reserves EVENT_BUS_STORAGE_BYTES, aligned for any type. */
typedef struct event_bus event_bus_t;
#define EVENT_BUS_STORAGE_BYTES 2048

/* `event` and its payload are valid until the callback returns. */
typedef void (*event_bus_callback_t)(event_bus_t *bus, const event_t *event, void *ctx);

typedef struct {
    uint32_t subscribers;
    uint32_t published_total;
} event_bus_metrics_t;

typedef struct {
    uint32_t queue_capacity;
    uint32_t messages_waiting;
    uint32_t dropped_events;
} event_bus_queue_metrics_t;

void event_bus_init(event_bus_t *bus);
/* False when all slots are taken. There is no unsubscribing. */
bool event_bus_subscribe(event_bus_t *bus, event_type_t type, event_bus_callback_t callback, void *ctx);
/* Copies the payload; false when the event was dropped (queue full, no memory). */
bool event_bus_publish(event_bus_t *bus, const event_t *event);
event_bus_metrics_t event_bus_get_metrics(event_bus_t *bus);
bool event_bus_get_queue_metrics(event_bus_t *bus, event_bus_queue_metrics_t *out);
/* Body of the dispatch task (priority 6, stack 5120); never returns. */
void event_bus_dispatch_task(event_bus_t *bus);

#ifdef __cplusplus
}
#endif
#endif
