/* priority.c: setting and reading a task's priority; what inheritance does to it lies in mutex.c. */
#include "shim.h"

void shim_set_priority(task *task, unsigned priority) {
    if (task->priority == priority) return;
    task->priority = (uint8_t)priority;
    port_set_priority(task->port, priority);
}

/* An inherited priority stays unless the new one is higher (K/tasks.c, vTaskPrioritySet). */
void vTaskPrioritySet(TaskHandle_t handle, UBaseType_t priority) {
    port_enter("vTaskPrioritySet", handle);
    SHIM_ASSERT(priority < configMAX_PRIORITIES, "vTaskPrioritySet: priority %u is not below %d", priority,
                configMAX_PRIORITIES);
    task *changed = shim_task_named("vTaskPrioritySet", handle);
    bool inherited = changed->priority != changed->base_priority;
    changed->base_priority = (uint8_t)priority;
    if (!inherited || priority > changed->priority) shim_set_priority(changed, priority);
    port_leave();
}

static UBaseType_t priority_of(const char *call, TaskHandle_t handle) {
    port_enter(call, handle);
    UBaseType_t priority = shim_task_named(call, handle)->priority;
    port_leave();
    return priority;
}

UBaseType_t uxTaskPriorityGet(TaskHandle_t task) { return priority_of("uxTaskPriorityGet", task); }
UBaseType_t uxTaskPriorityGetFromISR(TaskHandle_t task) { return priority_of("uxTaskPriorityGetFromISR", task); }
