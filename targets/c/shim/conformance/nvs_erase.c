/* Erasing takes away one key or all of a namespace; erasing flash takes everything, and NVS must be initialised again. */
#include <assert.h>

#include "nvs.h"
#include "nvs_flash.h"

static nvs_handle_t one, other;
static uint8_t number;

static bool has(nvs_handle_t handle, const char *key) { return nvs_get_u8(handle, key, &number) == ESP_OK; }

static void open_both(void) {
    assert(nvs_open("one", NVS_READWRITE, &one) == ESP_OK && nvs_open("other", NVS_READWRITE, &other) == ESP_OK);
}

void app_main(void) {
    assert(nvs_flash_init() == ESP_OK);
    open_both();
    for (char key[] = "a"; key[0] < 'e'; key[0]++)
        assert(nvs_set_u8(one, key, 1) == ESP_OK && nvs_set_u8(other, key, 2) == ESP_OK);
    assert(nvs_commit(one) == ESP_OK && nvs_commit(other) == ESP_OK);
    assert(nvs_erase_key(one, "b") == ESP_OK && nvs_erase_key(one, "b") == ESP_ERR_NVS_NOT_FOUND);
    assert(has(one, "a") && !has(one, "b") && has(other, "b"));
    assert(nvs_set_u8(one, "b", 7) == ESP_OK && has(one, "b") && number == 7);
    assert(nvs_erase_all(one) == ESP_OK && nvs_commit(one) == ESP_OK);
    assert(!has(one, "a") && !has(one, "b") && has(other, "d") && number == 2);
    assert(nvs_flash_erase() == ESP_OK && nvs_get_u8(other, "d", &number) == ESP_ERR_NVS_INVALID_HANDLE);
    assert(nvs_open("other", NVS_READWRITE, &other) == ESP_ERR_NVS_NOT_INITIALIZED);
    assert(nvs_flash_init() == ESP_OK && nvs_open("other", NVS_READONLY, &other) == ESP_ERR_NVS_NOT_FOUND);
}
