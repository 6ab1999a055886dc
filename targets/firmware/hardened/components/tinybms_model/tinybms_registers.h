/*
 * tinybms_registers.h: the TinyBMS register table, by address and by key.
 */
#ifndef TINYBMS_REGISTERS_H
#define TINYBMS_REGISTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint16_t address;
    const char *key;  /* "pack_voltage_mv", "cell1_voltage_mv", ... */
    float unit;       /* what one count of the register is, in the unit that the key names */
    bool is_signed;   /* two's complement */
} tinybms_register_descriptor_t;

#define TINYBMS_REGISTER_COUNT 37u

/* NULL for a key or an address that the table does not have. */
const tinybms_register_descriptor_t *tinybms_get_register_by_key(const char *key);
const tinybms_register_descriptor_t *tinybms_get_register_by_address(uint16_t address);
/* Below TINYBMS_REGISTER_COUNT, for tables beside this one. */
size_t tinybms_register_index(const tinybms_register_descriptor_t *descriptor);
float tinybms_register_user_value(const tinybms_register_descriptor_t *descriptor, uint16_t raw);

#ifdef __cplusplus
}
#endif
#endif
