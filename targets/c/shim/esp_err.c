/* esp_err.c: names of error codes, and what ESP_ERROR_CHECK does with a bad one. */
#include "shim.h"

#include <stdio.h>

#include "esp_err.h"
#include "esp_log.h"

static const struct { esp_err_t code; const char *name; } names[] = {
#define NAME(code) { code, #code }
    NAME(ESP_OK), NAME(ESP_FAIL), NAME(ESP_ERR_NO_MEM), NAME(ESP_ERR_INVALID_ARG), NAME(ESP_ERR_INVALID_STATE),
    NAME(ESP_ERR_INVALID_SIZE), NAME(ESP_ERR_NOT_FOUND), NAME(ESP_ERR_NOT_SUPPORTED), NAME(ESP_ERR_TIMEOUT),
    NAME(ESP_ERR_INVALID_RESPONSE), NAME(ESP_ERR_INVALID_CRC), NAME(ESP_ERR_INVALID_VERSION),
    NAME(ESP_ERR_INVALID_MAC), NAME(ESP_ERR_NOT_FINISHED), NAME(ESP_ERR_NOT_ALLOWED),
    /* nvs.h: ESP_ERR_NVS_BASE is 0x1100 */
    { 0x1101, "ESP_ERR_NVS_NOT_INITIALIZED" }, { 0x1102, "ESP_ERR_NVS_NOT_FOUND" },
    { 0x1103, "ESP_ERR_NVS_TYPE_MISMATCH" }, { 0x1104, "ESP_ERR_NVS_READ_ONLY" },
    { 0x1105, "ESP_ERR_NVS_NOT_ENOUGH_SPACE" }, { 0x1106, "ESP_ERR_NVS_INVALID_NAME" },
    { 0x1107, "ESP_ERR_NVS_INVALID_HANDLE" }, { 0x1108, "ESP_ERR_NVS_REMOVE_FAILED" },
    { 0x1109, "ESP_ERR_NVS_KEY_TOO_LONG" }, { 0x110a, "ESP_ERR_NVS_PAGE_FULL" },
    { 0x110b, "ESP_ERR_NVS_INVALID_STATE" }, { 0x110c, "ESP_ERR_NVS_INVALID_LENGTH" },
    { 0x110d, "ESP_ERR_NVS_NO_FREE_PAGES" }, { 0x110e, "ESP_ERR_NVS_VALUE_TOO_LONG" },
    { 0x110f, "ESP_ERR_NVS_PART_NOT_FOUND" }, { 0x1110, "ESP_ERR_NVS_NEW_VERSION_FOUND" },
};

const char *esp_err_to_name(esp_err_t code) {
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].code == code) return names[i].name;
    return "UNKNOWN ERROR";
}

const char *esp_err_to_name_r(esp_err_t code, char *text, size_t length) {
    snprintf(text, length, "%s", esp_err_to_name(code));
    return text;
}

void _esp_error_check_failed(esp_err_t code, const char *file, int line, const char *function,
                             const char *expression) {
    port_fail(PORT_ASSERTION, "ESP_ERROR_CHECK failed: %s (0x%x) at %s:%d (%s): %s", esp_err_to_name(code),
              (unsigned)code, file, line, function, expression);
}

void _esp_error_check_failed_without_abort(esp_err_t code, const char *file, int line, const char *function,
                                           const char *expression) {
    p4v_log_early(ESP_LOG_ERROR, "esp_err", "ESP_ERROR_CHECK_WITHOUT_ABORT failed: %s (0x%x) at %s:%d (%s): %s",
                  esp_err_to_name(code), (unsigned)code, file, line, function, expression);
}
