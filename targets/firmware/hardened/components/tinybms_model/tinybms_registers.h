/*
 * tinybms_registers.h: the TinyBMS register table, by address and by key.
 */
#ifndef TINYBMS_REGISTERS_H
#define TINYBMS_REGISTERS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint16_t address;
    const char *key;  /* "pack_voltage_mv", "cell1_voltage_mv", ... */
} tinybms_register_descriptor_t;

/* NULL for a key that the table does not have. */
const tinybms_register_descriptor_t *tinybms_get_register_by_key(const char *key);

#ifdef __cplusplus
}
#endif
#endif
