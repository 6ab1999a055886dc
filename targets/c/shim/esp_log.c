/*
 * esp_log.c: formats log lines in the caller and hands them to the port.
 *
 * Levels are kept per tag, as far as they were set; lines are cut at LINE_BYTES. There is no esp_log_set_vprintf.
 */
#include "shim.h"

#include <stdio.h>
#include <string.h>

#include "esp_log.h"

enum { LINE_BYTES = 256, DUMP_BYTES = 16 };

struct tag_level { struct tag_level *next; esp_log_level_t level; char tag[]; };
static struct { esp_log_level_t level; struct tag_level *tags; } levels = { ESP_LOG_INFO, NULL };

static struct tag_level *find(const char *tag) {
    struct tag_level *each = levels.tags;
    while (each && strcmp(each->tag, tag) != 0) each = each->next;
    return each;
}

static void remember(const char *tag, esp_log_level_t level) {
    struct tag_level *known = find(tag);
    if (known == NULL) {
        size_t length = strlen(tag) + 1;
        known = port_alloc(sizeof *known + length);
        if (known == NULL) return;
        memcpy(known->tag, tag, length);
        known->next = levels.tags;
        levels.tags = known;
    }
    known->level = level;
}

void esp_log_level_set(const char *tag, esp_log_level_t level) {
    port_enter("esp_log_level_set", NULL);
    if (strcmp(tag, "*") == 0) {
        levels.level = level;
        levels.tags = NULL;
    } else {
        remember(tag, level);
    }
    port_leave();
}

static esp_log_level_t level_of(const char *tag) {
    if (levels.tags == NULL) return levels.level;
    struct tag_level *known = find(tag);
    return known ? known->level : levels.level;
}

esp_log_level_t esp_log_level_get(const char *tag) {
    port_enter("esp_log_level_get", NULL);
    esp_log_level_t level = level_of(tag);
    port_leave();
    return level;
}

uint32_t esp_log_timestamp(void) { return (uint32_t)(port_now_us() / 1000); }
uint32_t esp_log_early_timestamp(void) { return esp_log_timestamp(); }

static size_t cut(int formatted) {
    if (formatted < 0) return 0;
    return formatted < LINE_BYTES ? (size_t)formatted : LINE_BYTES - 1;
}

static void write_early(const char *text, size_t length) {
    port_enter("ESP_EARLY_LOG", NULL);
    port_log(text, length);
    port_leave();
}

/* The level is looked at last, in the one bracket that there is: a line that is not wanted is rare. */
static void write_levelled(esp_log_level_t level, const char *tag, const char *text, size_t length) {
    port_enter("ESP_LOG", NULL);
    if (level <= level_of(tag)) {
        shim_may_block("ESP_LOG", shim_self());
        port_log(text, length);
    }
    port_leave();
}

static size_t format_line(char *line, esp_log_level_t level, const char *tag, const char *format, va_list arguments) {
    size_t used = cut(snprintf(line, LINE_BYTES, "%c (%u) %s: ", "NEWIDV"[level], (unsigned)esp_log_timestamp(), tag));
    used += cut(vsnprintf(line + used, LINE_BYTES - used, format, arguments));
    if (used > LINE_BYTES - 2) used = LINE_BYTES - 2;
    line[used] = '\n';
    return used + 1;
}

void p4v_log_line(esp_log_level_t level, const char *tag, const char *format, ...) {
    char line[LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    write_levelled(level, tag, line, format_line(line, level, tag, format, arguments));
    va_end(arguments);
}

void p4v_log_early(esp_log_level_t level, const char *tag, const char *format, ...) {
    char line[LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    write_early(line, format_line(line, level, tag, format, arguments));
    va_end(arguments);
}

void esp_log_writev(esp_log_level_t level, const char *tag, const char *format, va_list arguments) {
    char text[LINE_BYTES];
    write_levelled(level, tag, text, cut(vsnprintf(text, sizeof text, format, arguments)));
}

void esp_log_write(esp_log_level_t level, const char *tag, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    esp_log_writev(level, tag, format, arguments);
    va_end(arguments);
}

/* Lines of DUMP_BYTES bytes, each formatted as `form`. */
static void dump(const char *tag, const uint8_t *bytes, size_t length, esp_log_level_t level, const char *form) {
    for (size_t at = 0; at < length; at += DUMP_BYTES) {
        char text[DUMP_BYTES * 3 + 1] = "";
        size_t used = 0;
        for (size_t i = at; i < length && i < at + DUMP_BYTES; i++)
            used += (size_t)snprintf(text + used, sizeof text - used, form, bytes[i]);
        p4v_log_line(level, tag, "%s", text);
    }
}

void esp_log_buffer_hex_internal(const char *tag, const void *buffer, uint16_t length, esp_log_level_t level) {
    dump(tag, buffer, length, level, "%02x ");
}
void esp_log_buffer_hexdump_internal(const char *tag, const void *buffer, uint16_t length, esp_log_level_t level) {
    dump(tag, buffer, length, level, "%02x ");
}
void esp_log_buffer_char_internal(const char *tag, const void *buffer, uint16_t length, esp_log_level_t level) {
    dump(tag, buffer, length, level, "%c");
}
