/*
 * tinybms_registers.c: the registers that the HMI knows, and their units.
 */
#include "tinybms_registers.h"

#include <stddef.h>
#include <string.h>

#define CELL(number) {.address = (number) - 1, .key = "cell" #number "_voltage_mv", .unit = 1.0f}

static const tinybms_register_descriptor_t REGISTERS[] = {
    {.address = 36, .key = "pack_voltage_mv", .unit = 10.0f},
    {.address = 38, .key = "pack_current_ma", .unit = 10.0f, .is_signed = true},
    {.address = 46, .key = "state_of_charge_permille", .unit = 0.1f},
    {.address = 45, .key = "state_of_health_permille", .unit = 0.1f},
    {.address = 48, .key = "average_temperature_c", .unit = 0.01f, .is_signed = true},
    CELL(1),  CELL(2),  CELL(3),  CELL(4),  CELL(5),  CELL(6),  CELL(7),  CELL(8),
    CELL(9),  CELL(10), CELL(11), CELL(12), CELL(13), CELL(14), CELL(15), CELL(16),
    CELL(17), CELL(18), CELL(19), CELL(20), CELL(21), CELL(22), CELL(23), CELL(24),
    CELL(25), CELL(26), CELL(27), CELL(28), CELL(29), CELL(30), CELL(31), CELL(32),
};
#define REGISTER_COUNT (sizeof(REGISTERS) / sizeof(REGISTERS[0]))

const tinybms_register_descriptor_t *tinybms_get_register_by_key(const char *key)
{
    for (size_t i = 0; i < REGISTER_COUNT; i++) {
        if (strcmp(REGISTERS[i].key, key) == 0) {
            return &REGISTERS[i];
        }
    }
    return NULL;
}

const tinybms_register_descriptor_t *tinybms_get_register_by_address(uint16_t address)
{
    for (size_t i = 0; i < REGISTER_COUNT; i++) {
        if (REGISTERS[i].address == address) {
            return &REGISTERS[i];
        }
    }
    return NULL;
}

float tinybms_register_user_value(const tinybms_register_descriptor_t *descriptor, uint16_t raw)
{
    float counts = descriptor->is_signed ? (float)(int16_t)raw : (float)raw;
    return counts * descriptor->unit;
}
