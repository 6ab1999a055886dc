/* Items are copied by value, in order; to the front, peek, overwrite and reset do what they say. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"

struct item { int number; char text[5]; };

void app_main(void) {
    QueueHandle_t queue = xQueueCreate(3, sizeof(struct item));
    struct item item = { 1, "one" }, got;
    assert(xQueueSend(queue, &item, 0) == pdPASS);
    item.number = 2;
    item.text[0] = 't';
    assert(xQueueSendToBack(queue, &item, 0) == pdPASS);
    item.number = 3;
    assert(xQueueSendToFront(queue, &item, 0) == pdPASS);
    assert(xQueueSend(queue, &item, 0) == errQUEUE_FULL && xQueueSendToFront(queue, &item, 0) == errQUEUE_FULL);
    assert(uxQueueMessagesWaiting(queue) == 3 && uxQueueSpacesAvailable(queue) == 0);
    assert(xQueuePeek(queue, &got, 0) == pdTRUE && got.number == 3);
    assert(xQueueReceive(queue, &got, 0) == pdTRUE && got.number == 3);
    assert(xQueueReceive(queue, &got, 0) == pdTRUE && got.number == 1 && got.text[0] == 'o');
    assert(xQueueReceive(queue, &got, 0) == pdTRUE && got.number == 2 && got.text[0] == 't');
    assert(xQueueReceive(queue, &got, 0) == errQUEUE_EMPTY && xQueuePeek(queue, &got, 0) == pdFALSE);
    xQueueSend(queue, &item, 0);
    assert(xQueueReset(queue) == pdPASS && uxQueueMessagesWaiting(queue) == 0);
    vQueueDelete(queue);

    static uint8_t storage[sizeof(int)];
    static StaticQueue_t memory;
    QueueHandle_t mailbox = xQueueCreateStatic(1, sizeof(int), storage, &memory);
    for (int i = 1; i <= 3; i++) assert(xQueueOverwrite(mailbox, &i) == pdPASS);
    int last = 0;
    assert(xQueueReceive(mailbox, &last, 0) == pdTRUE && last == 3);
}
