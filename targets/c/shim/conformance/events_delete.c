/* Deleting an event group releases its waiters, who see no bits. From an interrupt, bits are set by the timer task. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/event_groups.h"
#include "freertos/task.h"

static EventGroupHandle_t group;
static volatile int released;

static void wait(void *unused) {
    (void)unused;
    assert(xEventGroupWaitBits(group, BIT0, pdFALSE, pdFALSE, portMAX_DELAY) == BIT0);
    assert(xEventGroupWaitBits(group, BIT1, pdFALSE, pdFALSE, portMAX_DELAY) == 0);
    released = 1;
    vTaskDelete(NULL);
}

void app_main(void) {
    static StaticEventGroup_t memory;
    BaseType_t woken = pdFALSE;
    group = xEventGroupCreateStatic(&memory);
    xTaskCreate(wait, "wait", 4096, NULL, 5, NULL);
    assert(xEventGroupSetBitsFromISR(group, BIT0, &woken) == pdPASS);
    vTaskDelay(1);
    assert(xEventGroupGetBits(group) == BIT0 && !released);
    vEventGroupDelete(group);
    vTaskDelay(1);
    assert(released);
}
