/* Missed periods are replayed, one call each, unless the timer was told to skip them. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "esp_timer.h"

static volatile int replayed, skipped;

static void block(void *unused) {
    (void)unused;
    vTaskDelay(6);
}

static void count(void *counter) { ++*(volatile int *)counter; }

void app_main(void) {
    esp_timer_handle_t blocking, replaying, skipping;
    esp_timer_create(&(esp_timer_create_args_t){ .callback = block, .name = "block" }, &blocking);
    esp_timer_create(&(esp_timer_create_args_t){ .callback = count, .arg = (void *)&replayed }, &replaying);
    esp_timer_create(&(esp_timer_create_args_t){ .callback = count, .arg = (void *)&skipped,
                                                 .skip_unhandled_events = true }, &skipping);
    vTaskDelay(1);
    esp_timer_start_once(blocking, 1000);
    esp_timer_start_periodic(replaying, 10000);
    esp_timer_start_periodic(skipping, 10000);
    vTaskDelay(8);
    esp_timer_stop(replaying);
    esp_timer_stop(skipping);
    assert(replayed >= 7 && replayed <= 8);
    assert(skipped >= 2 && skipped <= 3);
}
