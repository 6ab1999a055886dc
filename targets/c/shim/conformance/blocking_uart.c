// expect: misuse
/* Sending takes a lock: inside a critical section that is forbidden, also when it is free. */
#include "freertos/FreeRTOS.h"
#include "tinybms_request.h"

void app_main(void) {
    static portMUX_TYPE mux = portMUX_INITIALIZER_UNLOCKED;
    tinybms_install(512, 0, NULL);
    portENTER_CRITICAL(&mux);
    tinybms_ask();
    portEXIT_CRITICAL(&mux);
}
