/* An output has the level set last; pins that the chip does not have are refused. */
#include <assert.h>

#include "driver/gpio.h"

void app_main(void) {
    const gpio_config_t config = { .pin_bit_mask = 1ull << 4, .mode = GPIO_MODE_INPUT_OUTPUT };
    assert(gpio_config(&config) == ESP_OK && gpio_set_level(GPIO_NUM_4, 1) == ESP_OK);
    assert(gpio_get_level(GPIO_NUM_4) == 1 && gpio_set_level(GPIO_NUM_4, 0) == ESP_OK);
    assert(gpio_get_level(GPIO_NUM_4) == 0 && gpio_set_level(GPIO_NUM_NC, 1) == ESP_ERR_INVALID_ARG);
    assert(gpio_set_direction(GPIO_NUM_MAX, GPIO_MODE_OUTPUT) == ESP_ERR_INVALID_ARG);
}
