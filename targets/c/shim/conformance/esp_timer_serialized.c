/* Callbacks are serialized: one that blocks is legal and delays every other timer. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "esp_timer.h"

static volatile int inside, quick_calls;
static volatile int64_t quick_at;

static void call_slowly(void *unused) {
    (void)unused;
    inside = 1;
    vTaskDelay(4);
    inside = 0;
}

static void call_quickly(void *unused) {
    (void)unused;
    assert(!inside);
    quick_calls++;
    quick_at = esp_timer_get_time();
}

void app_main(void) {
    esp_timer_handle_t slow, quick;
    esp_timer_create(&(esp_timer_create_args_t){ .callback = call_slowly, .name = "slow" }, &slow);
    esp_timer_create(&(esp_timer_create_args_t){ .callback = call_quickly, .name = "quick" }, &quick);
    int64_t start = esp_timer_get_time();
    esp_timer_start_once(quick, 2000);
    esp_timer_start_once(slow, 1000);
    vTaskDelay(10);
    assert(quick_calls == 1 && quick_at - start >= 30000);
}
