/*
 * registers.h: the TinyBMS registers that operations number: five of the battery, then from 8 the cells.
 */
#ifndef P4V_REGISTERS_H
#define P4V_REGISTERS_H

#include <stddef.h>
#include <stdint.h>

/* X(number, address, key), in the order in which they are searched. */
#define REGISTER_LIST(X)                      \
    X(0, 36, "pack_voltage_mv")               \
    X(1, 38, "pack_current_ma")               \
    X(2, 46, "state_of_charge_permille")      \
    X(3, 45, "state_of_health_permille")      \
    X(4, 48, "average_temperature_c")         \
    X(8, 0, "cell1_voltage_mv") X(9, 1, "cell2_voltage_mv") X(10, 2, "cell3_voltage_mv")        \
    X(11, 3, "cell4_voltage_mv") X(12, 4, "cell5_voltage_mv") X(13, 5, "cell6_voltage_mv")      \
    X(14, 6, "cell7_voltage_mv") X(15, 7, "cell8_voltage_mv") X(16, 8, "cell9_voltage_mv")      \
    X(17, 9, "cell10_voltage_mv") X(18, 10, "cell11_voltage_mv") X(19, 11, "cell12_voltage_mv") \
    X(20, 12, "cell13_voltage_mv") X(21, 13, "cell14_voltage_mv") X(22, 14, "cell15_voltage_mv") \
    X(23, 15, "cell16_voltage_mv") X(24, 16, "cell17_voltage_mv") X(25, 17, "cell18_voltage_mv") \
    X(26, 18, "cell19_voltage_mv") X(27, 19, "cell20_voltage_mv") X(28, 20, "cell21_voltage_mv") \
    X(29, 21, "cell22_voltage_mv") X(30, 22, "cell23_voltage_mv") X(31, 23, "cell24_voltage_mv") \
    X(32, 24, "cell25_voltage_mv") X(33, 25, "cell26_voltage_mv") X(34, 26, "cell27_voltage_mv") \
    X(35, 27, "cell28_voltage_mv") X(36, 28, "cell29_voltage_mv") X(37, 29, "cell30_voltage_mv") \
    X(38, 30, "cell31_voltage_mv") X(39, 31, "cell32_voltage_mv")

typedef struct { uint8_t number; uint16_t address; const char *key; } bms_register;

#define REGISTER_ROW(number_, address_, key_) {.number = number_, .address = address_, .key = key_},
static const bms_register bms_registers[] = {REGISTER_LIST(REGISTER_ROW)};
#define BMS_REGISTERS (sizeof(bms_registers) / sizeof(bms_registers[0]))

/* NULL for a number that no register has. */
static inline const bms_register *register_by_number(unsigned number)
{
    for (size_t i = 0; i < BMS_REGISTERS; i++) {
        if (bms_registers[i].number == number) {
            return &bms_registers[i];
        }
    }
    return NULL;
}

#endif
