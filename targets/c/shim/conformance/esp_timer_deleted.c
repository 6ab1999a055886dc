// expect: memory
/* A timer must not be used after it was deleted. */
#include "freertos/FreeRTOS.h"
#include "esp_timer.h"

static void call(void *unused) { (void)unused; }

void app_main(void) {
    esp_timer_handle_t timer;
    esp_timer_create(&(esp_timer_create_args_t){ .callback = call }, &timer);
    esp_timer_delete(timer);
    esp_timer_start_once(timer, 1000);
}
