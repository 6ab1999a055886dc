/*
 * battery_fields.h: which TinyBMS registers make up the battery status, and which changes of it matter.
 *
 * Pure functions on values; the caller does the locking.
 */
#ifndef BATTERY_FIELDS_H
#define BATTERY_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event_types.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BATTERY_FIELD_COUNT 5
#define BATTERY_ALL_KNOWN ((1u << BATTERY_FIELD_COUNT) - 1u)

/* The key of a field's register, index below BATTERY_FIELD_COUNT. */
const char *battery_field_key(size_t index);
/* Stores a register's value and marks its field in `known`; false when the key is no battery field's or the value is
 * no number. */
bool battery_apply_register(battery_status_t *battery, uint8_t *known, const char *key, float value);
/* Whether one has a flag that the other has not, or a field that is a configured threshold away. */
bool battery_differs(const battery_status_t *battery, const battery_status_t *shown);

#ifdef __cplusplus
}
#endif
#endif
