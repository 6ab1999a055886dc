/*
 * pack_cells.h: the cells of a pack and the statistics over those that are known.
 *
 * Pure functions on values; the caller does the locking.
 */
#ifndef PACK_CELLS_H
#define PACK_CELLS_H

#include <stdbool.h>

#include "event_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The cell's index for "cell<N>_voltage_mv", N from 1; -1 for any other key. */
int pack_cell_index(const char *key);
/* Brings count and statistics up to date with the cells; 0 mV is an unknown one. */
void pack_recalculate(pack_stats_t *pack);
/* Stores a cell and brings the statistics up to date. A voltage that is no positive number makes the cell unknown. */
void pack_set_cell(pack_stats_t *pack, unsigned index, float millivolts);
/* Whether other cells are known or one is a configured threshold away. */
bool pack_differs(const pack_stats_t *pack, const pack_stats_t *shown);

#ifdef __cplusplus
}
#endif
#endif
