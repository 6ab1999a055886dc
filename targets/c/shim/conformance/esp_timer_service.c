/* Callbacks run in one task, "esp_timer", of priority 22 on core 0, at the asked time. */
#include <assert.h>
#include <string.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "esp_timer.h"

static volatile int calls;
static volatile int64_t when;

static void call(void *argument) {
    assert(strcmp(pcTaskGetName(NULL), "esp_timer") == 0);
    assert(uxTaskPriorityGet(NULL) == 22 && xPortGetCoreID() == 0);
    when = esp_timer_get_time();
    calls += *(const int *)argument;
}

void app_main(void) {
    static const int three = 3;
    esp_timer_handle_t timer;
    const esp_timer_create_args_t arguments = { .callback = call, .arg = (void *)&three, .name = "conformance" };
    assert(esp_timer_create(&arguments, &timer) == ESP_OK && !esp_timer_is_active(timer));
    int64_t start = esp_timer_get_time();
    assert(esp_timer_start_once(timer, 12345) == ESP_OK && esp_timer_is_active(timer));
    int64_t alarm = esp_timer_get_next_alarm();
    assert(alarm >= start + 12345 && alarm < start + 12445);
    vTaskDelay(3);
    assert(calls == 3 && when >= start + 12345 && when < start + 12500);
    assert(!esp_timer_is_active(timer) && esp_timer_delete(timer) == ESP_OK);
}
