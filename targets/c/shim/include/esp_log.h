/*
 * esp_log.h: levelled logging. On the device a log line can wait for the console's lock, so ESP_LOGx inside a critical
 * section ends the execution as a misuse; ESP_EARLY_LOGx and ESP_DRAM_LOGx never wait.
 */
#ifndef P4V_ESP_LOG_H
#define P4V_ESP_LOG_H

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#if __has_include("sdkconfig.h")
#include "sdkconfig.h"
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    ESP_LOG_NONE = 0,
    ESP_LOG_ERROR,
    ESP_LOG_WARN,
    ESP_LOG_INFO,
    ESP_LOG_DEBUG,
    ESP_LOG_VERBOSE,
} esp_log_level_t;

#ifndef LOG_LOCAL_LEVEL
#ifdef CONFIG_LOG_MAXIMUM_LEVEL
#define LOG_LOCAL_LEVEL CONFIG_LOG_MAXIMUM_LEVEL
#else
#define LOG_LOCAL_LEVEL ESP_LOG_INFO
#endif
#endif

/* "*" sets the level of every tag. */
void esp_log_level_set(const char *tag, esp_log_level_t level);
esp_log_level_t esp_log_level_get(const char *tag);
uint32_t esp_log_timestamp(void); /* milliseconds since boot */
uint32_t esp_log_early_timestamp(void);
void esp_log_write(esp_log_level_t level, const char *tag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void esp_log_writev(esp_log_level_t level, const char *tag, const char *format, va_list arguments);
/* One line, "I (12) tag: ...", as the macros below want it; the early one never waits and has no levels. */
void p4v_log_line(esp_log_level_t level, const char *tag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void p4v_log_early(esp_log_level_t level, const char *tag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void esp_log_buffer_hexdump_internal(const char *tag, const void *buffer, uint16_t length, esp_log_level_t level);
void esp_log_buffer_hex_internal(const char *tag, const void *buffer, uint16_t length, esp_log_level_t level);
void esp_log_buffer_char_internal(const char *tag, const void *buffer, uint16_t length, esp_log_level_t level);

#define ESP_LOG_LEVEL(level, tag, format, ...) p4v_log_line(level, tag, format, ##__VA_ARGS__)
#define ESP_LOG_LEVEL_LOCAL(level, tag, format, ...) \
    do { if (LOG_LOCAL_LEVEL >= (level)) p4v_log_line(level, tag, format, ##__VA_ARGS__); } while (0)
#define ESP_LOGE(tag, format, ...) ESP_LOG_LEVEL_LOCAL(ESP_LOG_ERROR, tag, format, ##__VA_ARGS__)
#define ESP_LOGW(tag, format, ...) ESP_LOG_LEVEL_LOCAL(ESP_LOG_WARN, tag, format, ##__VA_ARGS__)
#define ESP_LOGI(tag, format, ...) ESP_LOG_LEVEL_LOCAL(ESP_LOG_INFO, tag, format, ##__VA_ARGS__)
#define ESP_LOGD(tag, format, ...) ESP_LOG_LEVEL_LOCAL(ESP_LOG_DEBUG, tag, format, ##__VA_ARGS__)
#define ESP_LOGV(tag, format, ...) ESP_LOG_LEVEL_LOCAL(ESP_LOG_VERBOSE, tag, format, ##__VA_ARGS__)

#define ESP_LOG_EARLY_LOCAL(level, tag, format, ...) \
    do { if (LOG_LOCAL_LEVEL >= (level)) p4v_log_early(level, tag, format, ##__VA_ARGS__); } while (0)
#define ESP_EARLY_LOGE(tag, format, ...) ESP_LOG_EARLY_LOCAL(ESP_LOG_ERROR, tag, format, ##__VA_ARGS__)
#define ESP_EARLY_LOGW(tag, format, ...) ESP_LOG_EARLY_LOCAL(ESP_LOG_WARN, tag, format, ##__VA_ARGS__)
#define ESP_EARLY_LOGI(tag, format, ...) ESP_LOG_EARLY_LOCAL(ESP_LOG_INFO, tag, format, ##__VA_ARGS__)
#define ESP_EARLY_LOGD(tag, format, ...) ESP_LOG_EARLY_LOCAL(ESP_LOG_DEBUG, tag, format, ##__VA_ARGS__)
#define ESP_EARLY_LOGV(tag, format, ...) ESP_LOG_EARLY_LOCAL(ESP_LOG_VERBOSE, tag, format, ##__VA_ARGS__)
#define ESP_DRAM_LOGE(tag, format, ...) ESP_EARLY_LOGE(tag, format, ##__VA_ARGS__)
#define ESP_DRAM_LOGW(tag, format, ...) ESP_EARLY_LOGW(tag, format, ##__VA_ARGS__)
#define ESP_DRAM_LOGI(tag, format, ...) ESP_EARLY_LOGI(tag, format, ##__VA_ARGS__)
#define ESP_DRAM_LOGD(tag, format, ...) ESP_EARLY_LOGD(tag, format, ##__VA_ARGS__)
#define ESP_DRAM_LOGV(tag, format, ...) ESP_EARLY_LOGV(tag, format, ##__VA_ARGS__)

#define ESP_LOG_BUFFER_HEXDUMP(tag, buffer, length, level) \
    do { if (LOG_LOCAL_LEVEL >= (level)) esp_log_buffer_hexdump_internal(tag, buffer, length, level); } while (0)
#define ESP_LOG_BUFFER_HEX_LEVEL(tag, buffer, length, level) \
    do { if (LOG_LOCAL_LEVEL >= (level)) esp_log_buffer_hex_internal(tag, buffer, length, level); } while (0)
#define ESP_LOG_BUFFER_CHAR_LEVEL(tag, buffer, length, level) \
    do { if (LOG_LOCAL_LEVEL >= (level)) esp_log_buffer_char_internal(tag, buffer, length, level); } while (0)
#define ESP_LOG_BUFFER_HEX(tag, buffer, length) ESP_LOG_BUFFER_HEX_LEVEL(tag, buffer, length, ESP_LOG_INFO)
#define ESP_LOG_BUFFER_CHAR(tag, buffer, length) ESP_LOG_BUFFER_CHAR_LEVEL(tag, buffer, length, ESP_LOG_INFO)

#ifdef __cplusplus
}
#endif
#endif
