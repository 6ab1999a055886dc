/*
 * values_driver.c: puts the hardened firmware's pure functions behind lines of text, for tests in Python.
 *
 *   R key value    a register update, to the cells or else to the battery; answers whether it was taken
 *   B              the battery: known mask, voltage, current, soc, soh, temperature, power
 *   P              the pack: count, min, max, delta, average, then the cells
 *   D              whether battery and pack differ significantly from what was shown
 *   S              what there is counts as shown
 *   N              forgets everything
 *   J v1 .. v9     the JSON of a point with these values; with six values, of one without cells
 * Answers end with a line "."; numbers are printed so that they can be read back exactly.
 */
#define _GNU_SOURCE
#include "battery_fields.h"
#include "pack_cells.h"
#include "telemetry_point.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static battery_status_t battery, shown_battery;
static pack_stats_t pack, shown_pack;
static uint8_t known;

static void apply(char *words)
{
    const char *key = strsep(&words, " ");
    float value = strtof(words, NULL);
    int cell = pack_cell_index(key);
    if (cell >= 0)
        pack_set_cell(&pack, (unsigned)cell, value);
    printf("%d\n", cell >= 0 || battery_apply_register(&battery, &known, key, value));
}

static void print_battery(void)
{
    printf("%u %.9g %.9g %.9g %.9g %.9g %.9g\n", known, (double)battery.voltage, (double)battery.current,
           (double)battery.soc, (double)battery.soh, (double)battery.temperature, (double)battery.power);
}

static void print_pack(void)
{
    printf("%u %.9g %.9g %.9g %.9g", pack.cell_count, (double)pack.cell_min, (double)pack.cell_max,
           (double)pack.cell_delta, (double)pack.cell_avg);
    for (unsigned i = 0; i < pack.cell_count; i++)
        printf(" %.9g", (double)pack.cells[i]);
    putchar('\n');
}

static void show(void)
{
    shown_battery = battery;
    shown_pack = pack;
}

static void forget(void)
{
    memset(&battery, 0, sizeof(battery));
    memset(&pack, 0, sizeof(pack));
    known = 0;
    show();
}

static void print_json(char *words)
{
    telemetry_point_t point = {.ts_ms = 18446744073709551615u};
    float *const fields[] = {&point.soc, &point.soh, &point.voltage, &point.current, &point.power,
                             &point.temperature, &point.cell_min, &point.cell_max, &point.cell_delta};
    size_t count = 0;
    for (char *word; count < 9 && (word = strsep(&words, " ")) != NULL; count++)
        *fields[count] = strtof(word, NULL);
    point.has_cells = count == 9;
    char json[TELEMETRY_POINT_JSON_BYTES];
    size_t length = telemetry_point_to_json(&point, json);
    printf("%zu %s\n", length, json);
}

static void answer(char *line)
{
    char *words = line;
    switch (*strsep(&words, " ")) {
    case 'R': apply(words); break;
    case 'B': print_battery(); break;
    case 'P': print_pack(); break;
    case 'D': printf("%d %d\n", battery_differs(&battery, &shown_battery), pack_differs(&pack, &shown_pack)); break;
    case 'S': show(); break;
    case 'N': forget(); break;
    case 'J': print_json(words); break;
    default: abort();
    }
}

int main(void)
{
    char line[1024];
    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = '\0';
        answer(line);
        printf(".\n");
        fflush(stdout);
    }
    return 0;
}
