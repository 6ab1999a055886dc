/*
 * telemetry_frame.c: the members of a telemetry frame, their ranges, and how far two frames are apart.
 */
#include "telemetry_frame.h"

#include <math.h>
#include <string.h>

#include "gateway_json.h"
#include "pack_cells.h"

/* Wider than any pack of this product: they tell measurements from nonsense. */
#define SOC_SOH_MAX 100.0f
#define VOLTAGE_MAX 1000.0f
#define CURRENT_MAX 5000.0f
#define TEMPERATURE_MIN -60.0f
#define TEMPERATURE_MAX 200.0f
#define CELL_MIN_MV 1.0f
#define CELL_MAX_MV 10000.0f

static bool read_battery(const cJSON *from, battery_status_t *battery)
{
    bool whole =
        gateway_json_number(from, "pack_voltage_v", 0.0f, VOLTAGE_MAX, &battery->voltage) &&
        gateway_json_number(from, "pack_current_a", -CURRENT_MAX, CURRENT_MAX, &battery->current) &&
        gateway_json_number(from, "state_of_charge_pct", 0.0f, SOC_SOH_MAX, &battery->soc) &&
        gateway_json_number(from, "state_of_health_pct", 0.0f, SOC_SOH_MAX, &battery->soh) &&
        gateway_json_number(from, "average_temperature_c", TEMPERATURE_MIN, TEMPERATURE_MAX, &battery->temperature);
    battery->power = battery->voltage * battery->current;
    battery->bms_ok = true;
    battery->can_ok = true;
    return whole;
}

static bool read_cells(const cJSON *array, pack_stats_t *pack)
{
    unsigned count = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, array) {
        if (count == PACK_MAX_CELLS || !gateway_json_is_within(item, CELL_MIN_MV, CELL_MAX_MV)) {
            return false;
        }
        pack->cells[count++] = (float)item->valuedouble;
    }
    pack_recalculate(pack);
    return cJSON_IsArray(array) && count > 0;
}

/* A frame may leave them out. */
static bool read_balancing(const cJSON *array, pack_stats_t *pack)
{
    unsigned count = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, array) {
        if (count == PACK_MAX_CELLS || !(cJSON_IsBool(item) || gateway_json_is_within(item, 0.0f, 1.0f))) {
            return false;
        }
        pack->balancing[count++] = cJSON_IsTrue(item) || (cJSON_IsNumber(item) && item->valuedouble > 0.0);
    }
    return array == NULL || cJSON_IsArray(array);
}

bool telemetry_frame_parse(const char *json, size_t length, telemetry_frame_t *frame)
{
    cJSON *root = gateway_json_parse(json, length);
    if (root == NULL) {
        return false;
    }
    memset(frame, 0, sizeof(*frame));
    const cJSON *from = gateway_json_inner(root, "battery");
    bool whole = read_battery(from, &frame->battery) &&
                 read_cells(cJSON_GetObjectItemCaseSensitive(from, "cell_voltage_mv"), &frame->pack) &&
                 read_balancing(cJSON_GetObjectItemCaseSensitive(from, "cell_balancing"), &frame->pack);
    cJSON_Delete(root);
    return whole;
}

static bool is_within(float value, float low, float high)
{
    return value >= low && value <= high;
}

bool telemetry_frame_is_plausible(const telemetry_frame_t *frame)
{
    const battery_status_t *battery = &frame->battery;
    bool plausible = is_within(battery->voltage, 0.0f, VOLTAGE_MAX) &&
                     is_within(battery->current, -CURRENT_MAX, CURRENT_MAX) &&
                     is_within(battery->soc, 0.0f, SOC_SOH_MAX) && is_within(battery->soh, 0.0f, SOC_SOH_MAX) &&
                     is_within(battery->temperature, TEMPERATURE_MIN, TEMPERATURE_MAX) &&
                     frame->pack.cell_count > 0 && frame->pack.cell_count <= PACK_MAX_CELLS;
    for (unsigned i = 0; plausible && i < frame->pack.cell_count; i++) {
        plausible = is_within(frame->pack.cells[i], CELL_MIN_MV, CELL_MAX_MV);
    }
    return plausible;
}

bool telemetry_frame_differs(const telemetry_frame_t *frame, const telemetry_frame_t *other, float millivolts)
{
    bool differs = frame->pack.cell_count != other->pack.cell_count ||
                   fabsf(frame->battery.voltage - other->battery.voltage) * 1000.0f >= millivolts;
    for (unsigned i = 0; !differs && i < frame->pack.cell_count; i++) {
        differs = fabsf(frame->pack.cells[i] - other->pack.cells[i]) >= millivolts;
    }
    return differs;
}
