/* Keys and namespaces have at most 15 characters; a namespace that nobody wrote cannot be opened for reading; a handle
 * that reads does not write; handles that are not open, and a partition that is not, say so. */
#include <assert.h>

#include "nvs.h"
#include "nvs_flash.h"

#define FIFTEEN "abcdefghijklmno"
#define SIXTEEN FIFTEEN "p"

static void writing_is_refused(nvs_handle_t reads) {
    uint8_t number;
    assert(nvs_set_u8(reads, "key", 4) == ESP_ERR_NVS_READ_ONLY && nvs_erase_key(reads, "key") == ESP_ERR_NVS_READ_ONLY);
    assert(nvs_erase_all(reads) == ESP_ERR_NVS_READ_ONLY);
    assert(nvs_get_u8(reads, FIFTEEN, &number) == ESP_OK && number == 3);
}

void app_main(void) {
    nvs_handle_t writes, reads, other;
    uint8_t number;
    assert(nvs_open("names", NVS_READWRITE, &writes) == ESP_ERR_NVS_NOT_INITIALIZED);
    assert(nvs_flash_init() == ESP_OK);
    assert(nvs_open("names", NVS_READONLY, &reads) == ESP_ERR_NVS_NOT_FOUND);
    assert(nvs_open(SIXTEEN, NVS_READWRITE, &writes) != ESP_OK);
    assert(nvs_open(FIFTEEN, NVS_READWRITE, &other) == ESP_OK && nvs_open("names", NVS_READWRITE, &writes) == ESP_OK);
    assert(nvs_set_u8(writes, SIXTEEN, 3) == ESP_ERR_NVS_KEY_TOO_LONG && nvs_set_u8(writes, FIFTEEN, 3) == ESP_OK);
    assert(nvs_commit(writes) == ESP_OK && nvs_get_u8(other, FIFTEEN, &number) == ESP_ERR_NVS_NOT_FOUND);
    assert(nvs_open("names", NVS_READONLY, &reads) == ESP_OK);
    writing_is_refused(reads);
    nvs_close(writes);
    assert(nvs_set_u8(writes, "key", 3) == ESP_ERR_NVS_INVALID_HANDLE);
    assert(nvs_get_u8(writes, FIFTEEN, &number) == ESP_ERR_NVS_INVALID_HANDLE);
    assert(nvs_commit(writes) == ESP_ERR_NVS_INVALID_HANDLE && nvs_get_u8(reads, FIFTEEN, &number) == ESP_OK);
}
