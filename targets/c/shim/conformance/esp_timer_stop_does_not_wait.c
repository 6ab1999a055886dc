/* esp_timer_stop does not wait for a running callback. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "esp_timer.h"

static volatile int inside, left;

static void call(void *unused) {
    (void)unused;
    inside = 1;
    vTaskDelay(3);
    left = 1;
}

void app_main(void) {
    esp_timer_handle_t timer;
    esp_timer_create(&(esp_timer_create_args_t){ .callback = call }, &timer);
    esp_timer_start_periodic(timer, 10000);
    while (!inside) vTaskDelay(1);
    assert(esp_timer_stop(timer) == ESP_OK);
    assert(!left);
    vTaskDelay(4);
    assert(left);
}
