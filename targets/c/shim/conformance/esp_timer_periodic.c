/* A periodic timer is armed again before its callback, so it can be stopped there; periods are kept without drift. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "esp_timer.h"

static esp_timer_handle_t timer;
static volatile int calls;
static int64_t start;

static void call(void *unused) {
    (void)unused;
    calls++;
    int64_t late = esp_timer_get_time() - (start + calls * 5000);
    assert(late >= 0 && late < 1000);
    assert(esp_timer_is_active(timer) && esp_timer_get_next_alarm() >= start + (calls + 1) * 5000);
    if (calls == 4) assert(esp_timer_stop(timer) == ESP_OK);
}

void app_main(void) {
    uint64_t period = 0;
    esp_timer_create(&(esp_timer_create_args_t){ .callback = call, .name = "periodic" }, &timer);
    start = esp_timer_get_time();
    assert(esp_timer_start_periodic(timer, 5000) == ESP_OK);
    assert(esp_timer_get_period(timer, &period) == ESP_OK && period == 5000);
    vTaskDelay(6);
    assert(calls == 4 && !esp_timer_is_active(timer));
}
