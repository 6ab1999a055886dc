// expect: misuse
/* NVS takes a lock: inside a critical section that is forbidden, also when it is free. */
#include "freertos/FreeRTOS.h"
#include "nvs.h"
#include "nvs_flash.h"

void app_main(void) {
    static portMUX_TYPE mux = portMUX_INITIALIZER_UNLOCKED;
    nvs_handle_t handle;
    uint8_t number;
    nvs_flash_init();
    nvs_open("blocking", NVS_READWRITE, &handle);
    portENTER_CRITICAL(&mux);
    nvs_get_u8(handle, "key", &number);
    portEXIT_CRITICAL(&mux);
}
