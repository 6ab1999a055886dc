/* nvs_flash.h: the partition of nvs.h. There is one, "nvs"; encryption is not offered. */
#ifndef P4V_NVS_FLASH_H
#define P4V_NVS_FLASH_H

#include "nvs.h"

#ifdef __cplusplus
extern "C" {
#endif

esp_err_t nvs_flash_init(void);
esp_err_t nvs_flash_init_partition(const char *partition_label);
/* Handles that were open are no longer valid. ESP_ERR_NVS_NOT_INITIALIZED before nvs_flash_init. */
esp_err_t nvs_flash_deinit(void);
esp_err_t nvs_flash_deinit_partition(const char *partition_label);
/* Everything is gone, and the partition must be initialized again. */
esp_err_t nvs_flash_erase(void);
esp_err_t nvs_flash_erase_partition(const char *partition_label);

#ifdef __cplusplus
}
#endif
#endif
