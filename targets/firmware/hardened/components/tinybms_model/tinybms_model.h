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

/* Reads one register through tinybms_client, and waits for it as long as that lets a caller wait. What is read is
 * published as EVENT_TINYBMS_REGISTER_UPDATED: before this returns ESP_OK, and also when it comes too late for this
 * call, which then returns ESP_ERR_TIMEOUT. ESP_ERR_NOT_FINISHED: an earlier read of this register is still on its way,
 * and its value will be published. ESP_ERR_NOT_FOUND for an address that the table does not have. */
esp_err_t tinybms_model_read_register(uint16_t address, float *value);

#ifdef __cplusplus
}
#endif
#endif
