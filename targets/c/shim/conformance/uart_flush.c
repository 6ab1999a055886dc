/* uart_flush_input empties the ring and the FIFO, and leaves the queue of events alone. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "freertos/task.h"
#include "tinybms_request.h"

static size_t buffered(void) {
    size_t count;
    assert(uart_get_buffered_data_len(PORT, &count) == ESP_OK);
    return count;
}

void app_main(void) {
    QueueHandle_t events;
    uart_event_t event;
    uint8_t got[2 * ANSWER_BYTES];
    assert(tinybms_install(512, 8, &events) == ESP_OK);
    tinybms_ask();
    vTaskDelay(ANSWERED_TICKS);
    assert(buffered() == ANSWER_BYTES && uart_flush_input(PORT) == ESP_OK && buffered() == 0);
    assert(uxQueueMessagesWaiting(events) == 1 && xQueueReceive(events, &event, 0) == pdTRUE);
    assert(event.size == ANSWER_BYTES);
    assert(uart_disable_rx_intr(PORT) == ESP_OK);
    tinybms_ask();
    vTaskDelay(ANSWERED_TICKS);
    assert(buffered() == 0 && uart_flush_input(PORT) == ESP_OK && uart_enable_rx_intr(PORT) == ESP_OK);
    vTaskDelay(1);
    assert(buffered() == 0);   /* what was in the FIFO is gone as well */
    tinybms_ask();
    assert(uart_read_bytes(PORT, got, sizeof got, ANSWERED_TICKS) == ANSWER_BYTES);
}
