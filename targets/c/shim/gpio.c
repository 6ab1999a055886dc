/* gpio.c: pins that remember the level set last. Nothing is wired to them, so nothing else changes one. */
#include "shim.h"

#include "driver/gpio.h"

static uint64_t levels;

static bool exists(gpio_num_t pin) { return (int)pin >= 0 && (int)pin < GPIO_PIN_COUNT; }
static esp_err_t sound(bool holds) { return holds ? ESP_OK : ESP_ERR_INVALID_ARG; }

esp_err_t gpio_config(const gpio_config_t *config) {
    if (config == NULL || config->pin_bit_mask == 0 || config->pin_bit_mask >> GPIO_PIN_COUNT)
        return ESP_ERR_INVALID_ARG;
    return config->intr_type == GPIO_INTR_DISABLE ? ESP_OK : ESP_ERR_NOT_SUPPORTED;
}

esp_err_t gpio_reset_pin(gpio_num_t pin) { return sound(exists(pin)); }
esp_err_t gpio_set_direction(gpio_num_t pin, gpio_mode_t mode) { return sound(exists(pin) && (unsigned)mode <= 7); }
esp_err_t gpio_set_pull_mode(gpio_num_t pin, gpio_pull_mode_t pull) {
    return sound(exists(pin) && (unsigned)pull <= GPIO_FLOATING);
}

esp_err_t gpio_set_level(gpio_num_t pin, uint32_t level) {
    if (!exists(pin)) return ESP_ERR_INVALID_ARG;
    port_enter("gpio_set_level", NULL);
    uint64_t bit = 1ull << pin;
    levels = level ? levels | bit : levels & ~bit;
    port_leave();
    return ESP_OK;
}

int gpio_get_level(gpio_num_t pin) {
    if (!exists(pin)) return 0;
    port_enter("gpio_get_level", NULL);
    return (int)port_answer(levels >> pin & 1);
}
