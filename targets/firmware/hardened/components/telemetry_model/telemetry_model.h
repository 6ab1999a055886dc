/*
 * telemetry_model.h: battery and pack as the TinyBMS reports them, merged from its registers.
 *
 * While the network is expected to deliver the telemetry (the state at boot, and in connected mode) the model only
 * keeps its connection flags up to date: others publish then.
 */
#ifndef TELEMETRY_MODEL_H
#define TELEMETRY_MODEL_H

#include "esp_err.h"
#include "event_bus.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Subscribes to the bus. ESP_ERR_INVALID_ARG without a bus, ESP_ERR_NO_MEM when something cannot be had. */
esp_err_t telemetry_model_init(event_bus_t *bus);
/* Creates the task telemetry_poll. */
esp_err_t telemetry_model_start(void);

#ifdef __cplusplus
}
#endif
#endif
