/*
 * tinybms_model.h: TinyBMS registers in the units that their keys name.
 */
#ifndef TINYBMS_MODEL_H
#define TINYBMS_MODEL_H

#include <stdint.h>

#include "esp_err.h"
#include "tinybms_registers.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reads one register over the UART, blocking. A successful read is also published as EVENT_TINYBMS_REGISTER_UPDATED
 * before this returns. */
esp_err_t tinybms_model_read_register(uint16_t address, float *value);

#ifdef __cplusplus
}
#endif
#endif
