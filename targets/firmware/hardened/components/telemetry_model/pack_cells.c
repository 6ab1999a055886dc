/*
 * pack_cells.c: cell statistics that leave out what is not known.
 */
#include "pack_cells.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sdkconfig.h"

int pack_cell_index(const char *key)
{
    if (strncmp(key, "cell", 4) != 0) {
        return -1;
    }
    char *rest;
    long number = strtol(key + 4, &rest, 10);
    bool is_cell = strcmp(rest, "_voltage_mv") == 0 && number >= 1 && number <= PACK_MAX_CELLS;
    return is_cell ? (int)number - 1 : -1;
}

/* Rounding must not carry the average of equal cells beyond them. */
static float average(float sum, unsigned count, float min, float max)
{
    float value = sum / (float)count;
    return value < min ? min : value > max ? max : value;
}

void pack_recalculate(pack_stats_t *pack)
{
    float min = INFINITY, max = 0.0f, sum = 0.0f;
    unsigned known = 0, count = 0;
    for (unsigned i = 0; i < PACK_MAX_CELLS; i++) {
        float cell = pack->cells[i];
        if (cell > 0.0f) {
            min = cell < min ? cell : min;
            max = cell > max ? cell : max;
            sum += cell;
            known++;
            count = i + 1;
        }
    }
    pack->cell_count = (uint8_t)count;
    pack->cell_min = known > 0 ? min : 0.0f;
    pack->cell_max = max;
    pack->cell_delta = pack->cell_max - pack->cell_min;
    pack->cell_avg = known > 0 ? average(sum, known, min, max) : 0.0f;
}

void pack_set_cell(pack_stats_t *pack, unsigned index, float millivolts)
{
    pack->cells[index] = isfinite(millivolts) && millivolts > 0.0f ? millivolts : 0.0f;
    pack_recalculate(pack);
}

static bool cell_differs(float cell, float shown)
{
    return (cell > 0.0f) != (shown > 0.0f) || fabsf(cell - shown) >= CONFIG_TELEMETRY_MODEL_DELTA_CELL_MV;
}

bool pack_differs(const pack_stats_t *pack, const pack_stats_t *shown)
{
    unsigned count = pack->cell_count > shown->cell_count ? pack->cell_count : shown->cell_count;
    for (unsigned i = 0; i < count; i++) {
        if (cell_differs(pack->cells[i], shown->cells[i])) {
            return true;
        }
    }
    return false;
}
