/*
 * register_lookup.h: which register an address of the firmware's own table means. The firmware is asked by key, once for
 * each register of an execution: its table is searched with string comparisons. Include it after the declaration of
 * tinybms_get_register_by_key.
 */
#ifndef P4V_REGISTER_LOOKUP_H
#define P4V_REGISTER_LOOKUP_H

#include <stdbool.h>

#include "registers.h"

enum { REGISTER_NOT_ASKED = 0, REGISTER_ABSENT = -1 };

/* The firmware's address of a row plus 1, or one of the above. */
static inline int32_t register_address(size_t row)
{
    static int32_t known[BMS_REGISTERS];
    if (known[row] == REGISTER_NOT_ASKED) {
        __auto_type descriptor = tinybms_get_register_by_key(bms_registers[row].key);
        known[row] = descriptor != NULL ? descriptor->address + 1 : REGISTER_ABSENT;
    }
    return known[row];
}

/* NULL for an address that is no register's. Rows that expect it are asked first. */
static inline const bms_register *register_at(uint16_t address)
{
    for (size_t row = 0; row < BMS_REGISTERS; row++) {
        if (bms_registers[row].address == address && register_address(row) == address + 1) {
            return &bms_registers[row];
        }
    }
    for (size_t row = 0; row < BMS_REGISTERS; row++) {
        if (register_address(row) == address + 1) {
            return &bms_registers[row];
        }
    }
    return NULL;
}

#endif
