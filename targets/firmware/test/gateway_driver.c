/*
 * gateway_driver.c: puts the pure functions of the hardened remote_event_adapter behind lines of text.
 *
 *   T text       a telemetry frame: 1, its battery, its pack and the cells, and whether it is plausible; 0 if not whole
 *   D mv a|b     whether frame a differs from frame b (two texts) by so many mV
 *   C text       a configuration, read into the one there is: whether it was taken, then its members
 *   A text       a list of alerts: how many, and the first one; -1 when it is none
 *   M text       an MQTT status: enabled, connected, reason; -1 when it is none
 *   N            forgets the configuration and the schedule
 *   m now urgent, b now, e now written    the schedule: a change, a write begins, a write ends; each answers when to write
 *   B size       a sealed blob of that size: intact; then how many of the blobs with one bit changed, another length,
 *                version or size are taken for intact
 * Answers end with a line ".".
 */
#define _GNU_SOURCE
#include "cache_blob.h"
#include "flush_schedule.h"
#include "gateway_json.h"
#include "gateway_records.h"
#include "telemetry_frame.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static hmi_config_t config;
static flush_schedule_t schedule;

/* Exactly as long as it is, so that reading beyond it is noticed. */
static char *exact(const char *text, size_t *length)
{
    *length = strlen(text);
    return strdup(text);
}

static bool parse_frame(const char *text, telemetry_frame_t *frame)
{
    size_t length;
    char *copy = exact(text, &length);
    bool whole = telemetry_frame_parse(copy, length, frame);
    free(copy);
    return whole;
}

static void print_frame(const char *text)
{
    telemetry_frame_t frame;
    if (!parse_frame(text, &frame)) {
        printf("0\n");
        return;
    }
    const battery_status_t *b = &frame.battery;
    const pack_stats_t *p = &frame.pack;
    printf("1 %.9g %.9g %.9g %.9g %.9g %.9g %u %.9g %.9g %.9g %.9g", (double)b->voltage, (double)b->current,
           (double)b->soc, (double)b->soh, (double)b->temperature, (double)b->power, p->cell_count,
           (double)p->cell_min, (double)p->cell_max, (double)p->cell_delta, (double)p->cell_avg);
    for (unsigned i = 0; i < p->cell_count; i++)
        printf(" %.9g", (double)p->cells[i]);
    printf(" %d\n", telemetry_frame_is_plausible(&frame));
}

static void print_difference(char *words)
{
    float millivolts = strtof(strsep(&words, " "), NULL);
    const char *one = strsep(&words, "|");
    telemetry_frame_t a, b;
    if (!parse_frame(one, &a) || !parse_frame(words, &b))
        abort();
    printf("%d\n", telemetry_frame_differs(&a, &b, millivolts));
}

static cJSON *parse(const char *text)
{
    size_t length;
    char *copy = exact(text, &length);
    cJSON *root = gateway_json_parse(copy, length);
    free(copy);
    return root;
}

static void read_config(const char *text)
{
    cJSON *root = parse(text);
    bool taken = gateway_read_config(root, &config);
    cJSON_Delete(root);
    printf("%d\n%s\n%s\n%s\n%s\n%s\n%d\n%d\n", taken, config.wifi_ssid, config.wifi_password, config.mqtt_broker,
           config.mqtt_topic_pub, config.uart_parity, config.can_bitrate, config.uart_baudrate);
}

static void read_alerts(const char *text)
{
    alert_list_t alerts;
    cJSON *root = parse(text);
    bool valid = gateway_read_alerts(cJSON_GetObjectItemCaseSensitive(root, "active"), &alerts);
    cJSON_Delete(root);
    const alert_entry_t *first = &alerts.entries[0];
    printf("%d\n", valid ? alerts.count : -1);
    printf("%" PRIu32 " %u %u %d %" PRIu64 " %s %s\n", first->id, first->code, first->severity, first->acknowledged,
           first->timestamp_ms, first->source, first->message);
}

static void read_mqtt_status(const char *text)
{
    mqtt_status_event_t status;
    cJSON *root = parse(text);
    if (gateway_read_mqtt_status(root, &status))
        printf("%d %d %s\n", status.enabled, status.connected, status.reason);
    else
        printf("-1\n");
    cJSON_Delete(root);
}

static void forget(void)
{
    memset(&config, 0, sizeof(config));
    flush_schedule_init(&schedule);
}

static void step_schedule(char kind, const char *words)
{
    long long now = 0;
    int flag = 0;
    sscanf(words ? words : "", "%lld %d", &now, &flag);
    if (kind == 'm')
        flush_schedule_mark(&schedule, now, flag);
    else if (kind == 'b')
        flush_schedule_begin(&schedule, now);
    else
        flush_schedule_end(&schedule, now, flag);
    printf("%" PRId64 "\n", flush_schedule_due(&schedule));
}

static unsigned count_wrongly_intact(uint8_t *blob, uint16_t size)
{
    unsigned wrong = 0;
    for (size_t bit = 0; bit < 8 * CACHE_BLOB_BYTES(size); bit++) {
        blob[bit / 8] ^= (uint8_t)(1u << bit % 8);
        wrong += cache_blob_is_intact(blob, CACHE_BLOB_BYTES(size), 1, size);
        blob[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    wrong += cache_blob_is_intact(blob, CACHE_BLOB_BYTES(size) - 1, 1, size);
    wrong += cache_blob_is_intact(blob, 0, 1, size);
    wrong += cache_blob_is_intact(blob, CACHE_BLOB_BYTES(size), 2, size);
    return wrong + cache_blob_is_intact(blob, CACHE_BLOB_BYTES(size), 1, (uint16_t)(size - 1));
}

static void check_blob(const char *words)
{
    uint16_t size = (uint16_t)atoi(words);
    uint8_t *blob = malloc(CACHE_BLOB_BYTES(size));
    for (unsigned i = 0; i < size; i++)
        blob[sizeof(cache_blob_header_t) + i] = (uint8_t)(7 * i);
    cache_blob_seal(blob, 1, size);
    bool intact = cache_blob_is_intact(blob, CACHE_BLOB_BYTES(size), 1, size);
    printf("%d %u\n", intact, count_wrongly_intact(blob, size));
    free(blob);
}

static void answer(char *line)
{
    char *words = line;
    char kind = *strsep(&words, " ");
    switch (kind) {
    case 'T': print_frame(words); break;
    case 'D': print_difference(words); break;
    case 'C': read_config(words); break;
    case 'A': read_alerts(words); break;
    case 'M': read_mqtt_status(words); break;
    case 'N': forget(); break;
    case 'B': check_blob(words); break;
    default: step_schedule(kind, words); break;
    }
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        line[strcspn(line, "\n")] = '\0';
        answer(line);
        printf(".\n");
        fflush(stdout);
    }
    free(line);
    return 0;
}
