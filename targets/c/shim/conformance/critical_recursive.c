/* A portMUX is recursive on its core; two muxes nest; after the last exit the task may block again. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

static portMUX_TYPE one = portMUX_INITIALIZER_UNLOCKED, other;

void app_main(void) {
    portMUX_INITIALIZE(&other);
    portENTER_CRITICAL(&one);
    portENTER_CRITICAL(&one);
    taskENTER_CRITICAL(&other);
    portEXIT_CRITICAL(&one);
    taskEXIT_CRITICAL(&other);
    portEXIT_CRITICAL(&one);
    vTaskDelay(1);
    assert(portTRY_ENTER_CRITICAL(&one, portMUX_TRY_LOCK) == pdPASS);
    assert(portTRY_ENTER_CRITICAL(&one, portMUX_TRY_LOCK) == pdPASS);
    portEXIT_CRITICAL(&one);
    portEXIT_CRITICAL(&one);
    vTaskDelay(1);
}
