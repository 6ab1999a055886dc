/* A suspended task does not run; resumed, it goes on waiting for the rest of its time. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "freertos/task.h"

static QueueHandle_t queue;
static volatile int got;
static TaskHandle_t main_task;

static void receive(void *unused) {
    (void)unused;
    int item = 0;
    BaseType_t there = xQueueReceive(queue, &item, 10);
    got = there ? item : -1;
    xTaskNotifyGive(main_task);
    vTaskDelete(NULL);
}

void app_main(void) {
    TaskHandle_t receiver;
    main_task = xTaskGetCurrentTaskHandle();
    queue = xQueueCreate(1, sizeof(int));
    xTaskCreate(receive, "receive", 4096, NULL, 5, &receiver);
    vTaskDelay(2);
    vTaskSuspend(receiver);
    int item = 7;
    xQueueSend(queue, &item, 0);
    vTaskDelay(2);
    assert(got == 0 && eTaskGetState(receiver) == eSuspended && uxQueueMessagesWaiting(queue) == 1);
    vTaskResume(receiver);
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    assert(got == 7);

    got = 0;
    TickType_t start = xTaskGetTickCount();
    xTaskCreate(receive, "receive", 4096, NULL, 5, &receiver);
    vTaskDelay(2);
    vTaskSuspend(receiver);
    vTaskDelay(2);
    vTaskResume(receiver);
    ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    assert(got == -1 && xTaskGetTickCount() - start == 10);
    vQueueDelete(queue);
}
