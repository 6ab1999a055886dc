/*
 * delay.c: delays, the tick count, yielding.
 *
 * Ticks fall on multiples of TICK_US. A delay of n ticks ends at the n-th tick from now, so it lasts between n-1 and n
 * periods, as on the device. Reading the tick count costs time, so that a loop that polls it comes to an end.
 */
#include "shim.h"

void vTaskDelay(TickType_t ticks) {
    port_enter("vTaskDelay", NULL);
    task *self = shim_self();
    if (ticks == 0) {
        port_yield();
    } else {
        shim_may_block("vTaskDelay", self);
        /* portMAX_DELAY is a long delay here, not forever: K/tasks.c passes no permission to wait indefinitely. */
        shim_sleep(self, (port_now_us() / TICK_US + ticks) * TICK_US, "vTaskDelay", NULL);
    }
    port_leave();
}

/* Whether `wake` lies ahead of `now`, when the tick count may have wrapped since `previous` (K/tasks.c). */
static bool lies_ahead(TickType_t previous, TickType_t wake, TickType_t now) {
    if (now < previous) return wake < previous && wake > now;
    return wake < previous || wake > now;
}

BaseType_t xTaskDelayUntil(TickType_t *previous_wake, TickType_t increment) {
    port_enter("xTaskDelayUntil", NULL);
    SHIM_ASSERT(previous_wake && increment > 0, "xTaskDelayUntil: no previous wake time, or an increment of 0");
    task *self = shim_self();
    shim_may_block("xTaskDelayUntil", self);
    TickType_t previous;
    port_copy_from_user(&previous, previous_wake, sizeof previous);
    uint64_t now = port_now_us() / TICK_US;
    TickType_t wake = previous + increment;
    bool ahead = lies_ahead(previous, wake, (TickType_t)now);
    port_copy_to_user(previous_wake, &wake, sizeof wake);
    if (ahead) shim_sleep(self, (now + (TickType_t)(wake - (TickType_t)now)) * TICK_US, "xTaskDelayUntil", NULL);
    port_leave();
    return ahead ? pdTRUE : pdFALSE;
}

BaseType_t xTaskAbortDelay(TaskHandle_t handle) {
    port_enter("xTaskAbortDelay", handle);
    SHIM_ASSERT(handle, "xTaskAbortDelay: the task is NULL");
    task *sleeper = shim_task_named("xTaskAbortDelay", handle);
    bool blocked = sleeper->blocked && !sleeper->suspended;
    if (blocked) {
        sleeper->aborted = true;
        shim_wake(sleeper);
    }
    port_leave();
    return blocked ? pdPASS : pdFAIL;
}

static TickType_t tick_count(const char *call) {
    port_enter(call, NULL);
    uint64_t now = port_read_clock_us();
    port_leave();
    return (TickType_t)(now / TICK_US);
}

TickType_t xTaskGetTickCount(void) { return tick_count("xTaskGetTickCount"); }
TickType_t xTaskGetTickCountFromISR(void) { return tick_count("xTaskGetTickCountFromISR"); }

void vPortYield(void) {
    port_enter("taskYIELD", NULL);
    port_yield();
    port_leave();
}
