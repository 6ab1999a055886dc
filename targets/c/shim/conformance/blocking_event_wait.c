// expect: misuse
/* Waiting for event bits is forbidden in a critical section, although they are set. */
#include "freertos/FreeRTOS.h"
#include "freertos/event_groups.h"

static portMUX_TYPE mux = portMUX_INITIALIZER_UNLOCKED;

void app_main(void) {
    EventGroupHandle_t group = xEventGroupCreate();
    xEventGroupSetBits(group, BIT0);
    portENTER_CRITICAL(&mux);
    xEventGroupWaitBits(group, BIT0, pdFALSE, pdFALSE, 1);
}
