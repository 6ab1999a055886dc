/* xEventGroupSync: all meet, every one sees all bits, and they are cleared. */
#include <assert.h>

#include "freertos/FreeRTOS.h"
#include "freertos/event_groups.h"
#include "freertos/task.h"

#define ALL (BIT0 | BIT1 | BIT2)
static EventGroupHandle_t group;
static TaskHandle_t main_task;

static void meet(void *bit) {
    assert(xEventGroupSync(group, *(const EventBits_t *)bit, ALL, portMAX_DELAY) == ALL);
    xTaskNotifyGive(main_task);
    vTaskDelete(NULL);
}

void app_main(void) {
    static const EventBits_t zero = BIT0, one = BIT1;
    main_task = xTaskGetCurrentTaskHandle();
    group = xEventGroupCreate();
    assert(xEventGroupSync(group, BIT2, ALL, 1) == BIT2); /* nobody came; what was set stays set */
    assert(xEventGroupClearBits(group, BIT2) == BIT2);
    xTaskCreate(meet, "zero", 4096, (void *)&zero, 5, NULL);
    xTaskCreate(meet, "one", 4096, (void *)&one, 6, NULL);
    assert(xEventGroupSync(group, BIT2, ALL, portMAX_DELAY) == ALL);
    for (int met = 0; met < 2;) met += (int)ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
    assert(xEventGroupGetBits(group) == 0);
}
