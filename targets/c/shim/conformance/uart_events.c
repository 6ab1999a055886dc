/* What arrives is told by an event, with its size; events that find the queue full are lost, the bytes are not. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "freertos/task.h"
#include "tinybms_request.h"

void app_main(void) {
    QueueHandle_t events;
    uart_event_t event;
    size_t count;
    assert(tinybms_install(512, 2, &events) == ESP_OK);
    tinybms_ask();
    assert(xQueueReceive(events, &event, 10) == pdTRUE && event.type == UART_DATA && event.timeout_flag);
    assert(event.size == ANSWER_BYTES && uart_get_buffered_data_len(PORT, &count) == ESP_OK && count == ANSWER_BYTES);
    for (int i = 0; i < 4; i++) {
        tinybms_ask();
        vTaskDelay(ANSWERED_TICKS);
    }
    assert(uxQueueMessagesWaiting(events) == 2);
    assert(uart_get_buffered_data_len(PORT, &count) == ESP_OK && count == 5 * ANSWER_BYTES);
}
