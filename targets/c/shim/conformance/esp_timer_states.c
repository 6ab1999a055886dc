/* Start while armed: ESP_ERR_INVALID_STATE. The shortest period is 50 us. Stop, restart and delete check the state. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "esp_timer.h"

static volatile int calls;

static void call(void *unused) {
    (void)unused;
    calls++;
}

void app_main(void) {
    esp_timer_handle_t timer = NULL;
    assert(esp_timer_create(NULL, &timer) == ESP_ERR_INVALID_ARG);
    esp_timer_create(&(esp_timer_create_args_t){ .callback = call }, &timer);
    assert(esp_timer_stop(timer) == ESP_ERR_INVALID_STATE);
    assert(esp_timer_restart(timer, 1000) == ESP_ERR_INVALID_STATE);
    assert(esp_timer_start_periodic(timer, 49) == ESP_ERR_INVALID_ARG);
    assert(esp_timer_start_once(NULL, 1000) == ESP_ERR_INVALID_ARG);
    assert(esp_timer_start_once(timer, 5000) == ESP_OK);
    assert(esp_timer_start_once(timer, 5000) == ESP_ERR_INVALID_STATE);
    assert(esp_timer_start_periodic(timer, 5000) == ESP_ERR_INVALID_STATE);
    assert(esp_timer_delete(timer) == ESP_ERR_INVALID_STATE);
    assert(esp_timer_restart(timer, 25000) == ESP_OK);
    vTaskDelay(2);
    assert(calls == 0);
    vTaskDelay(2);
    assert(calls == 1);
    assert(esp_timer_start_periodic(timer, 5000) == ESP_OK && esp_timer_stop(timer) == ESP_OK);
    vTaskDelay(2);
    assert(calls == 1 && esp_timer_delete(timer) == ESP_OK);
}
