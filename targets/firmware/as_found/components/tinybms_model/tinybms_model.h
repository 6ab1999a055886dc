/*
 * tinybms_model.h: TinyBMS registers in the units that their keys name.
 */
#ifndef TINYBMS_MODEL_H
#define TINYBMS_MODEL_H

#include <stdint.h>

#include "esp_err.h"
#include "event_bus.h"
#include "tinybms_registers.h"

#ifdef __cplusplus
extern "C" {
#endif

esp_err_t tinybms_model_init(event_bus_t *bus);

/* Reads one register over the UART, blocking. A successful read is also published as EVENT_TINYBMS_REGISTER_UPDATED
 * before this returns. ESP_ERR_NOT_FOUND for an address that the table does not have. */
esp_err_t tinybms_model_read_register(uint16_t address, float *value);

#ifdef __cplusplus
}
#endif
#endif
