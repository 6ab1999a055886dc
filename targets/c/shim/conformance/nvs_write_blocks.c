/* A write to flash takes milliseconds, during which its caller, and whoever else calls NVS, gets no further. The same
 * value again is not written, and costs next to nothing. */
#include <assert.h>

#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "nvs.h"
#include "nvs_flash.h"

static nvs_handle_t handle;
static volatile bool begun, reading_done;
static SemaphoreHandle_t done;

static int64_t write_takes(uint32_t number) {
    int64_t start = esp_timer_get_time();
    assert(nvs_set_u32(handle, "number", number) == ESP_OK && nvs_commit(handle) == ESP_OK);
    return esp_timer_get_time() - start;
}

/* Of higher priority, on the other core: asks while flash is being written. */
static void read_meanwhile(void *unused) {
    uint32_t number;
    (void)unused;
    vTaskDelay(1);
    assert(begun && nvs_get_u32(handle, "number", &number) == ESP_OK && number == 3);
    reading_done = true;
    xSemaphoreGive(done);
    vTaskDelete(NULL);
}

void app_main(void) {
    assert(nvs_flash_init() == ESP_OK && nvs_open("blocks", NVS_READWRITE, &handle) == ESP_OK);
    int64_t first = write_takes(1), same = write_takes(1), changed = write_takes(2);
    assert(first >= 1000 && changed >= 1000 && same < 500);
    done = xSemaphoreCreateBinary();
    vTaskDelay(1);
    xTaskCreatePinnedToCore(read_meanwhile, "reader", 4096, NULL, 9, NULL, 1 - xPortGetCoreID());
    while (esp_timer_get_time() % 10000 < 8000) {}   /* the write is under way when the tick comes */
    begun = true;
    assert(write_takes(3) >= 1000);
    xSemaphoreTake(done, portMAX_DELAY);
    assert(reading_done);
}
