/* peers.c: an adapter for the tests of the doubles: NVS and the UART as a firmware uses them, one call an operation. */
#include <string.h>

#include "driver/uart.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "nvs.h"
#include "p4v_adapter.h"

enum { PORT = UART_NUM_1, RING_BYTES = 512, ANSWER_MAX = 64, KEY_MAX = 24, VALUE_MAX = 256 };

static nvs_handle_t handle;

static const char *get_key(p4v_reader *arguments)
{
    static char keys[4][KEY_MAX]; /* tasks that call at once have one each */
    static unsigned next;
    char *key = keys[next++ % 4];
    const uint8_t *bytes;
    size_t length = p4v_get_bytes(arguments, &bytes);
    length = length < KEY_MAX - 1 ? length : KEY_MAX - 1;
    memcpy(key, bytes, length);
    key[length] = 0;
    return key;
}

static void put_result(p4v_writer *results, esp_err_t result)
{
    p4v_put_uint(results, (uint64_t)(uint32_t)result, 4);
}

static void set(p4v_reader *arguments, p4v_writer *results)
{
    const char *key = get_key(arguments);
    const uint8_t *bytes;
    size_t length = p4v_get_bytes(arguments, &bytes);
    put_result(results, nvs_set_blob(handle, key, bytes, length));
}

static void get(p4v_reader *arguments, p4v_writer *results)
{
    uint8_t bytes[VALUE_MAX];
    size_t length = sizeof(bytes);
    esp_err_t result = nvs_get_blob(handle, get_key(arguments), bytes, &length);
    put_result(results, result);
    p4v_put_bytes(results, bytes, result == ESP_OK ? length : 0);
}

static void erase(p4v_reader *arguments, p4v_writer *results)
{
    put_result(results, nvs_erase_key(handle, get_key(arguments)));
}

static void erase_all(p4v_reader *arguments, p4v_writer *results)
{
    (void)arguments;
    put_result(results, nvs_erase_all(handle));
}

static void commit(p4v_reader *arguments, p4v_writer *results)
{
    (void)arguments;
    put_result(results, nvs_commit(handle));
}

static void ask(p4v_reader *arguments, p4v_writer *results)
{
    const uint8_t *bytes;
    uint8_t answer[ANSWER_MAX];
    size_t length = p4v_get_bytes(arguments, &bytes);
    uart_write_bytes(PORT, bytes, length);
    int count = uart_read_bytes(PORT, answer, sizeof(answer), (TickType_t)p4v_get_uint(arguments, 1));
    p4v_put_bytes(results, answer, count > 0 ? (size_t)count : 0);
}

static bool boot(void)
{
    return nvs_open("peers", NVS_READWRITE, &handle) == ESP_OK &&
           uart_driver_install(PORT, RING_BYTES, 0, 0, NULL, 0) == ESP_OK;
}

static const p4v_operation operations[] = {
    {"peers.set", "key:str,value:bytes", "result:i32", set},
    {"peers.get", "key:str", "result:i32,value:bytes", get},
    {"peers.erase", "key:str", "result:i32", erase},
    {"peers.erase_all", "", "result:i32", erase_all},
    {"peers.commit", "", "result:i32", commit},
    {"peers.ask", "request:bytes,ticks:u8", "answer:bytes", ask},
    {NULL, NULL, NULL, NULL},
};
static p4v_observer *const observers[] = {NULL};

const p4v_adapter p4v_adapter_peers = {"peers", boot, operations, observers};
