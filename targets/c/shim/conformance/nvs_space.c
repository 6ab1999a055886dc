/* Flash is full some day: that is an error, and what was stored before is still there. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "nvs.h"
#include "nvs_flash.h"

void app_main(void) {
    static uint8_t block[1900], got[1900];
    char key[8];
    nvs_handle_t handle;
    esp_err_t result = ESP_OK;
    size_t length = sizeof got;
    unsigned stored = 0;
    assert(nvs_flash_init() == ESP_OK && nvs_open("space", NVS_READWRITE, &handle) == ESP_OK);
    while (result == ESP_OK && stored < 1000) {
        memset(block, (int)stored, sizeof block);
        snprintf(key, sizeof key, "k%u", stored);
        result = nvs_set_blob(handle, key, block, sizeof block);
        if (result == ESP_OK) result = nvs_commit(handle);
        stored += result == ESP_OK;
    }
    assert(result == ESP_ERR_NVS_NOT_ENOUGH_SPACE && stored >= 5);
    assert(nvs_get_blob(handle, key, got, &length) == ESP_ERR_NVS_NOT_FOUND);
    assert(nvs_get_blob(handle, "k4", got, &length) == ESP_OK && length == sizeof got && got[0] == 4 && got[1899] == 4);
    assert(nvs_erase_key(handle, "k0") == ESP_OK && nvs_commit(handle) == ESP_OK);
    assert(nvs_set_blob(handle, key, block, sizeof block) == ESP_OK);
}
