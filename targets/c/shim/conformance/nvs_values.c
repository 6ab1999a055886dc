/* Values come back as they were set, of every type; a number of another type is not found; text and blobs say how long
 * they are, and refuse a buffer that is too short. */
#include <assert.h>
#include <string.h>

#include "nvs.h"
#include "nvs_flash.h"

static nvs_handle_t handle;

static void numbers(void) {
    int8_t i8; uint8_t u8; int16_t i16; uint16_t u16; int32_t i32; uint32_t u32; int64_t i64; uint64_t u64;
    assert(nvs_set_i8(handle, "i8", -8) == ESP_OK && nvs_get_i8(handle, "i8", &i8) == ESP_OK && i8 == -8);
    assert(nvs_set_u8(handle, "u8", 200) == ESP_OK && nvs_get_u8(handle, "u8", &u8) == ESP_OK && u8 == 200);
    assert(nvs_set_i16(handle, "i16", -1600) == ESP_OK && nvs_get_i16(handle, "i16", &i16) == ESP_OK && i16 == -1600);
    assert(nvs_set_u16(handle, "u16", 60000) == ESP_OK && nvs_get_u16(handle, "u16", &u16) == ESP_OK && u16 == 60000);
    assert(nvs_set_i32(handle, "i32", -320000) == ESP_OK && nvs_get_i32(handle, "i32", &i32) == ESP_OK);
    assert(i32 == -320000 && nvs_set_u32(handle, "u32", 4000000000u) == ESP_OK);
    assert(nvs_get_u32(handle, "u32", &u32) == ESP_OK && u32 == 4000000000u);
    assert(nvs_set_i64(handle, "i64", INT64_MIN) == ESP_OK && nvs_get_i64(handle, "i64", &i64) == ESP_OK);
    assert(i64 == INT64_MIN && nvs_set_u64(handle, "u64", UINT64_MAX) == ESP_OK);
    assert(nvs_get_u64(handle, "u64", &u64) == ESP_OK && u64 == UINT64_MAX);
    u32 = 5;
    assert(nvs_get_u32(handle, "u64", (uint32_t *)&u32) == ESP_ERR_NVS_NOT_FOUND && u32 == 5);
    assert(nvs_get_u32(handle, "none", &u32) == ESP_ERR_NVS_NOT_FOUND && u32 == 5);
}

static void text(void) {
    char buffer[8] = "???????";
    size_t length = 0;
    assert(nvs_set_str(handle, "text", "eight") == ESP_OK);
    assert(nvs_get_str(handle, "text", NULL, &length) == ESP_OK && length == 6);
    length = 5;
    assert(nvs_get_str(handle, "text", buffer, &length) == ESP_ERR_NVS_INVALID_LENGTH && length == 6);
    assert(buffer[0] == '?' && nvs_get_str(handle, "text", buffer, NULL) == ESP_ERR_NVS_INVALID_LENGTH);
    length = sizeof buffer;
    assert(nvs_get_str(handle, "text", buffer, &length) == ESP_OK && length == 6 && strcmp(buffer, "eight") == 0);
    assert(nvs_get_blob(handle, "text", buffer, &length) == ESP_ERR_NVS_NOT_FOUND);
}

static void blobs(void) {
    uint8_t written[100], got[100] = { 0 };
    for (unsigned i = 0; i < sizeof written; i++) written[i] = (uint8_t)(i * 7);
    size_t length = 1;
    assert(nvs_set_blob(handle, "blob", written, sizeof written) == ESP_OK);
    assert(nvs_get_blob(handle, "blob", NULL, &length) == ESP_OK && length == sizeof written);
    length = 99;
    assert(nvs_get_blob(handle, "blob", got, &length) == ESP_ERR_NVS_INVALID_LENGTH && length == sizeof written);
    assert(nvs_get_blob(handle, "blob", got, &length) == ESP_OK && memcmp(written, got, sizeof got) == 0);
    assert(nvs_set_blob(handle, "blob", written, 3) == ESP_OK && nvs_get_blob(handle, "blob", got, &length) == ESP_OK);
    assert(length == 3);
}

void app_main(void) {
    assert(nvs_flash_init() == ESP_OK && nvs_open("values", NVS_READWRITE, &handle) == ESP_OK);
    numbers();
    text();
    blobs();
    assert(nvs_commit(handle) == ESP_OK);
    nvs_close(handle);
}
