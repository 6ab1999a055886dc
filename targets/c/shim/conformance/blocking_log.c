// expect: misuse
/* ESP_LOGx can block, so it is forbidden in a critical section; the early variant can not. */
#include "freertos/FreeRTOS.h"
#include "esp_log.h"

static portMUX_TYPE mux = portMUX_INITIALIZER_UNLOCKED;

void app_main(void) {
    portENTER_CRITICAL(&mux);
    ESP_EARLY_LOGI("conformance", "allowed here");
    ESP_LOGI("conformance", "not allowed here");
}
