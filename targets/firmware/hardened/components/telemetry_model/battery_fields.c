/*
 * battery_fields.c: the table of battery registers with their units and thresholds.
 */
#include "battery_fields.h"

#include <math.h>
#include <string.h>

#include "sdkconfig.h"

typedef struct {
    const char *key;
    size_t offset;      /* of the float in battery_status_t */
    float divisor;      /* from the register's unit to the field's */
    float significant;  /* in the register's unit */
} battery_field_t;

static const battery_field_t FIELDS[BATTERY_FIELD_COUNT] = {
    {"pack_voltage_mv", offsetof(battery_status_t, voltage), 1000.0f, CONFIG_TELEMETRY_MODEL_DELTA_VOLTAGE_MV},
    {"pack_current_ma", offsetof(battery_status_t, current), 1000.0f, CONFIG_TELEMETRY_MODEL_DELTA_CURRENT_MA},
    {"state_of_charge_permille", offsetof(battery_status_t, soc), 10.0f, CONFIG_TELEMETRY_MODEL_DELTA_SOC_PERMILLE},
    {"state_of_health_permille", offsetof(battery_status_t, soh), 10.0f, CONFIG_TELEMETRY_MODEL_DELTA_SOH_PERMILLE},
    {"average_temperature_c", offsetof(battery_status_t, temperature), 1.0f,
     CONFIG_TELEMETRY_MODEL_DELTA_TEMPERATURE_CENTI_C / 100.0f},
};

static float field_value(const battery_status_t *battery, const battery_field_t *field)
{
    return *(const float *)((const char *)battery + field->offset);
}

static void set_field(battery_status_t *battery, const battery_field_t *field, float value)
{
    *(float *)((char *)battery + field->offset) = value / field->divisor;
}

const char *battery_field_key(size_t index)
{
    return FIELDS[index].key;
}

bool battery_apply_register(battery_status_t *battery, uint8_t *known, const char *key, float value)
{
    for (size_t i = 0; i < BATTERY_FIELD_COUNT; i++) {
        if (strcmp(key, FIELDS[i].key) == 0 && isfinite(value)) {
            set_field(battery, &FIELDS[i], value);
            battery->power = battery->voltage * battery->current;
            *known |= (uint8_t)(1u << i);
            return true;
        }
    }
    return false;
}

static bool flags_differ(const battery_status_t *battery, const battery_status_t *shown)
{
    return battery->bms_ok != shown->bms_ok || battery->can_ok != shown->can_ok ||
           battery->mqtt_ok != shown->mqtt_ok || battery->tinybms_ok != shown->tinybms_ok;
}

bool battery_differs(const battery_status_t *battery, const battery_status_t *shown)
{
    for (size_t i = 0; i < BATTERY_FIELD_COUNT; i++) {
        float change = field_value(battery, &FIELDS[i]) - field_value(shown, &FIELDS[i]);
        if (fabsf(change) * FIELDS[i].divisor >= FIELDS[i].significant) {
            return true;
        }
    }
    return flags_differ(battery, shown);
}
