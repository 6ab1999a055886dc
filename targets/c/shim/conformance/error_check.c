// expect: assertion
/* ESP_ERROR_CHECK aborts on anything but ESP_OK; errors have names. */
#include <assert.h>
#include <string.h>

#include "esp_check.h"
#include "esp_err.h"

static esp_err_t checked(esp_err_t code) {
    ESP_RETURN_ON_ERROR(code, "conformance", "got %s", esp_err_to_name(code));
    return ESP_OK;
}

void app_main(void) {
    assert(strcmp(esp_err_to_name(ESP_ERR_TIMEOUT), "ESP_ERR_TIMEOUT") == 0);
    assert(checked(ESP_OK) == ESP_OK && checked(ESP_ERR_TIMEOUT) == ESP_ERR_TIMEOUT);
    ESP_ERROR_CHECK(ESP_OK);
    ESP_ERROR_CHECK(ESP_ERR_NO_MEM);
}
