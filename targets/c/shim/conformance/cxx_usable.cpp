/* The headers serve C++ (GNU++20, no exceptions, no RTTI). */
#include <array>
#include <cassert>

#include "freertos/FreeRTOS.h"
#include "freertos/event_groups.h"
#include "freertos/queue.h"
#include "freertos/semphr.h"
#include "freertos/task.h"
#include "freertos/timers.h"
#include "esp_check.h"
#include "esp_heap_caps.h"
#include "esp_log.h"
#include "esp_mac.h"
#include "esp_random.h"
#include "esp_rom_sys.h"
#include "esp_system.h"
#include "esp_timer.h"

namespace {
constexpr const char *TAG = "cxx";
portMUX_TYPE mux = portMUX_INITIALIZER_UNLOCKED;
QueueHandle_t queue;

struct Critical {
    Critical() { portENTER_CRITICAL(&mux); }
    ~Critical() { portEXIT_CRITICAL(&mux); }
};

esp_err_t check(esp_err_t code) {
    ESP_RETURN_ON_ERROR(code, TAG, "refused");
    return ESP_OK;
}
}  // namespace

extern "C" void app_main(void) {
    queue = xQueueCreate(1, sizeof(std::array<int, 3>));
    auto task = [](void *) {
        std::array<int, 3> item{1, 2, 3};
        xQueueSend(queue, &item, portMAX_DELAY);
        vTaskDelete(nullptr);
    };
    { Critical section; }
    assert(xTaskCreate(task, "send", 4096, nullptr, tskIDLE_PRIORITY + 5, nullptr) == pdPASS);
    std::array<int, 3> got{};
    assert(xQueueReceive(queue, &got, pdMS_TO_TICKS(1000)) == pdTRUE && got[2] == 3);
    esp_timer_handle_t timer = nullptr;
    esp_timer_create_args_t arguments{};
    arguments.callback = [](void *) {};
    ESP_ERROR_CHECK(esp_timer_create(&arguments, &timer));
    assert(check(esp_timer_stop(timer)) == ESP_ERR_INVALID_STATE);
    ESP_LOGI(TAG, "done after %lld us", static_cast<long long>(esp_timer_get_time()));
}
