/* In a one-shot timer's callback the timer counts as active, is not armed, and can be started again or deleted. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "esp_timer.h"

static esp_timer_handle_t timer;
static volatile int calls;

static void call(void *unused) {
    (void)unused;
    assert(esp_timer_is_active(timer));
    assert(esp_timer_stop(timer) == ESP_ERR_INVALID_STATE);
    if (++calls < 3) assert(esp_timer_start_once(timer, 1000) == ESP_OK);
    else assert(esp_timer_delete(timer) == ESP_OK);
}

void app_main(void) {
    esp_timer_create(&(esp_timer_create_args_t){ .callback = call }, &timer);
    esp_timer_start_once(timer, 1000);
    vTaskDelay(2);
    assert(calls == 3);
}
