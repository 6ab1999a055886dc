/* What does not fit into the ring waits: an event tells, nothing more is fetched from the FIFO, and reading makes room.
 * Not a byte is lost as long as the FIFO has room. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "freertos/task.h"
#include "tinybms_request.h"

enum { RING = 140, FITTING = RING / ANSWER_BYTES };

static void ask(unsigned times) {
    for (; times; times--) {
        tinybms_ask();
        vTaskDelay(ANSWERED_TICKS);
    }
}

void app_main(void) {
    QueueHandle_t events;
    uart_event_t event;
    size_t count;
    static uint8_t got[256];
    assert(tinybms_install(RING, 64, &events) == ESP_OK);
    ask(FITTING);
    xQueueReset(events);
    ask(3);
    assert(xQueueReceive(events, &event, 0) == pdTRUE && event.type == UART_BUFFER_FULL);
    assert(xQueueReceive(events, &event, 0) == pdFALSE);
    assert(uart_get_buffered_data_len(PORT, &count) == ESP_OK && count == RING);
    int read = uart_read_bytes(PORT, got, sizeof got, ANSWERED_TICKS);
    assert(read == (FITTING + 3) * ANSWER_BYTES);
    for (int i = 0; i < read; i += ANSWER_BYTES) assert(got[i] == 0xAA && got[i + 1] == 0x07 && got[i + 2] == 0x02);
    /* each answer has its own value, and they are in order */
    for (int i = ANSWER_BYTES; i < read; i += ANSWER_BYTES)
        assert((uint8_t)(got[i + 3] - got[i + 3 - ANSWER_BYTES]) == 1);
}
