/* esp_check.h: return or goto on an error, with a log line. */
#ifndef P4V_ESP_CHECK_H
#define P4V_ESP_CHECK_H

#include "esp_err.h"
#include "esp_log.h"

#define ESP_RETURN_ON_ERROR(x, tag, format, ...) \
    do { \
        esp_err_t esp_check_code_ = (x); \
        if (__builtin_expect(esp_check_code_ != ESP_OK, 0)) { \
            ESP_LOGE(tag, "%s(%d): " format, __func__, __LINE__, ##__VA_ARGS__); \
            return esp_check_code_; \
        } \
    } while (0)

#define ESP_RETURN_VOID_ON_ERROR(x, tag, format, ...) \
    do { \
        esp_err_t esp_check_code_ = (x); \
        if (__builtin_expect(esp_check_code_ != ESP_OK, 0)) { \
            ESP_LOGE(tag, "%s(%d): " format, __func__, __LINE__, ##__VA_ARGS__); \
            return; \
        } \
    } while (0)

#define ESP_GOTO_ON_ERROR(x, label, tag, format, ...) \
    do { \
        esp_err_t esp_check_code_ = (x); \
        if (__builtin_expect(esp_check_code_ != ESP_OK, 0)) { \
            ESP_LOGE(tag, "%s(%d): " format, __func__, __LINE__, ##__VA_ARGS__); \
            ret = esp_check_code_; \
            goto label; \
        } \
    } while (0)

#define ESP_RETURN_ON_FALSE(condition, code, tag, format, ...) \
    do { \
        if (__builtin_expect(!(condition), 0)) { \
            ESP_LOGE(tag, "%s(%d): " format, __func__, __LINE__, ##__VA_ARGS__); \
            return code; \
        } \
    } while (0)

#define ESP_RETURN_VOID_ON_FALSE(condition, tag, format, ...) \
    do { \
        if (__builtin_expect(!(condition), 0)) { \
            ESP_LOGE(tag, "%s(%d): " format, __func__, __LINE__, ##__VA_ARGS__); \
            return; \
        } \
    } while (0)

#define ESP_GOTO_ON_FALSE(condition, code, label, tag, format, ...) \
    do { \
        if (__builtin_expect(!(condition), 0)) { \
            ESP_LOGE(tag, "%s(%d): " format, __func__, __LINE__, ##__VA_ARGS__); \
            ret = (code); \
            goto label; \
        } \
    } while (0)

#endif
