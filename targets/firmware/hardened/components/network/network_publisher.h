/*
 * network_publisher.h: posts the latest telemetry to the S3 gateway once a period, and keeps points while it is away.
 */
#ifndef NETWORK_PUBLISHER_H
#define NETWORK_PUBLISHER_H

#include <stdint.h>

#include "esp_err.h"
#include "event_bus.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint64_t last_sync_ms;      /* when the last point arrived, since boot; 0: never */
    uint32_t buffered_points;   /* waiting to be sent */
    uint32_t buffer_capacity;
    uint32_t publish_errors;    /* requests that failed; their point is tried again */
    uint32_t published_points;
    uint32_t last_duration_ms;  /* of the last request */
    uint32_t overwritten_points;  /* collisions: points that a newer one pushed out of the full ring, unsent */
} network_publisher_metrics_t;

/* Subscribes to the bus. ESP_ERR_INVALID_ARG without a bus, ESP_ERR_NO_MEM when it has no slot left. */
esp_err_t network_publisher_init(event_bus_t *bus);
/* Creates the task net_pub. */
esp_err_t network_publisher_start(void);
/* The state of one instant. */
network_publisher_metrics_t network_publisher_get_metrics(void);

#ifdef __cplusplus
}
#endif
#endif
