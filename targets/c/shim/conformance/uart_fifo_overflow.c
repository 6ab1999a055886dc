/* When nobody empties the FIFO it overflows, which is told by an event and loses what is in the FIFO; what is in the ring
 * is still there. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "freertos/task.h"
#include "tinybms_request.h"

static void ask(unsigned times) {
    for (; times; times--) {
        tinybms_ask();
        vTaskDelay(ANSWERED_TICKS);
    }
}

void app_main(void) {
    QueueHandle_t events;
    uart_event_t event;
    static uint8_t got[512];
    assert(tinybms_install(512, 16, &events) == ESP_OK);
    ask(2);
    assert(uart_disable_rx_intr(PORT) == ESP_OK);
    ask(UART_HW_FIFO_LEN(PORT) / ANSWER_BYTES);
    xQueueReset(events);
    ask(1);
    assert(xQueueReceive(events, &event, 0) == pdTRUE && event.type == UART_FIFO_OVF);
    assert(uart_enable_rx_intr(PORT) == ESP_OK);
    int count = uart_read_bytes(PORT, got, sizeof got, ANSWERED_TICKS);
    assert(count >= 2 * ANSWER_BYTES && count < 3 * ANSWER_BYTES);
    assert(got[0] == 0xAA && got[ANSWER_BYTES] == 0xAA && got[ANSWER_BYTES + 2] == 0x02);
}
