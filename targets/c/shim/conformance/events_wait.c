/* Wait for any or all bits, with and without clearing on exit; the answer is the bits before they were cleared. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/event_groups.h"
#include "freertos/task.h"

static EventGroupHandle_t group;
static volatile EventBits_t any_saw, all_saw;

static void wait_any(void *unused) {
    (void)unused;
    any_saw = xEventGroupWaitBits(group, BIT0 | BIT1, pdFALSE, pdFALSE, portMAX_DELAY);
    vTaskDelete(NULL);
}

static void wait_all(void *unused) {
    (void)unused;
    all_saw = xEventGroupWaitBits(group, BIT1 | BIT2, pdTRUE, pdTRUE, portMAX_DELAY);
    vTaskDelete(NULL);
}

void app_main(void) {
    group = xEventGroupCreate();
    xTaskCreate(wait_any, "any", 4096, NULL, 5, NULL);
    xTaskCreate(wait_all, "all", 4096, NULL, 5, NULL);
    vTaskDelay(1);
    xEventGroupSetBits(group, BIT2 | BIT5);
    vTaskDelay(1);
    assert(any_saw == 0 && all_saw == 0);
    assert(xEventGroupSetBits(group, BIT1) == BIT5); /* one set released both and cleared what "all" asked for */
    vTaskDelay(1);
    assert(any_saw == (BIT1 | BIT2 | BIT5) && all_saw == (BIT1 | BIT2 | BIT5));
    assert(xEventGroupClearBits(group, BIT5) == BIT5 && xEventGroupGetBits(group) == 0);

    TickType_t start = xTaskGetTickCount();
    xEventGroupSetBits(group, BIT0);
    assert(xEventGroupWaitBits(group, BIT0 | BIT1, pdTRUE, pdTRUE, 2) == BIT0);
    assert(xTaskGetTickCount() - start == 2 && xEventGroupGetBits(group) == BIT0);
    assert(xEventGroupWaitBits(group, BIT0 | BIT1, pdTRUE, pdFALSE, 0) == BIT0);
    assert(xEventGroupGetBits(group) == 0);
    vEventGroupDelete(group);
}
