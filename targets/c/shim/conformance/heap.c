/* The heap under its ESP-IDF names: what is allocated is missing from the free bytes until it is freed. */
#include <assert.h>
#include <string.h>

#include "freertos/FreeRTOS.h"
#include "esp_heap_caps.h"
#include "esp_system.h"

void app_main(void) {
    uint32_t before = esp_get_free_heap_size();
    char *text = heap_caps_malloc(1000, MALLOC_CAP_8BIT);
    assert(text && esp_get_free_heap_size() <= before - 1000);
    strcpy(text, "kept");
    text = heap_caps_realloc(text, 2000, MALLOC_CAP_DEFAULT);
    assert(strcmp(text, "kept") == 0);
    heap_caps_free(text);
    assert(esp_get_free_heap_size() == before && esp_get_minimum_free_heap_size() <= before - 2000);
    uint8_t *zeros = heap_caps_calloc(10, 10, MALLOC_CAP_INTERNAL);
    for (int i = 0; i < 100; i++) assert(zeros[i] == 0);
    heap_caps_free(zeros);
    vPortFree(pvPortMalloc(10));
    assert(heap_caps_malloc(SIZE_MAX / 2, MALLOC_CAP_8BIT) == NULL);
}
