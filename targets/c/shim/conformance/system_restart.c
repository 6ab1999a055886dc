// expect: restart
/* esp_restart runs the shutdown handlers, last registered first, and ends everything. */
#include <assert.h>

#include "esp_system.h"

static int order;

static void first(void) { assert(order++ == 1); }
static void second(void) { assert(order++ == 0); }

void app_main(void) {
    assert(esp_register_shutdown_handler(first) == ESP_OK);
    assert(esp_register_shutdown_handler(second) == ESP_OK);
    assert(esp_register_shutdown_handler(first) == ESP_ERR_INVALID_STATE);
    esp_restart();
}
