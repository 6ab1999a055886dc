/* esp_idf_version.h: the version whose behaviour the shim follows. */
#ifndef P4V_ESP_IDF_VERSION_H
#define P4V_ESP_IDF_VERSION_H

#define ESP_IDF_VERSION_MAJOR 6
#define ESP_IDF_VERSION_MINOR 2
#define ESP_IDF_VERSION_PATCH 0
#define ESP_IDF_VERSION_VAL(major, minor, patch) (((major) << 16) | ((minor) << 8) | (patch))
#define ESP_IDF_VERSION ESP_IDF_VERSION_VAL(ESP_IDF_VERSION_MAJOR, ESP_IDF_VERSION_MINOR, ESP_IDF_VERSION_PATCH)

#ifdef __cplusplus
extern "C" {
#endif
const char *esp_get_idf_version(void);
#ifdef __cplusplus
}
#endif
#endif
