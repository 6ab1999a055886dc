/* task_info.c: what tasks can be asked about: names, handles, states, cores. */
#include "tasks.h"

#include <string.h>

enum { PLAUSIBLE_UNUSED_STACK = 1024 };

TaskHandle_t xTaskGetCurrentTaskHandle(void) { return shim_self(); }

TaskHandle_t xTaskGetHandle(const char *name) {
    port_enter("xTaskGetHandle", NULL);
    task *found = all_tasks;
    while (found && strncmp(port_task_name(found->port), name, configMAX_TASK_NAME_LEN - 1) != 0)
        found = found->all_next;
    port_leave();
    return found;
}

char *pcTaskGetName(TaskHandle_t handle) {
    port_enter("pcTaskGetName", handle);
    const char *name = port_task_name(shim_task_named("pcTaskGetName", handle)->port);
    port_leave();
    return (char *)(uintptr_t)name; /* FreeRTOS returns char *, though nobody may write there */
}

static eTaskState state_of(const task *task) {
    if (task->mark == MARK_DEAD) return eDeleted;
    if (task->suspended) return eSuspended;
    if (task->blocked) return eBlocked;
    return port_task_core(task->port) == PORT_ANY_CORE ? eReady : eRunning;
}

eTaskState eTaskGetState(TaskHandle_t handle) {
    port_enter("eTaskGetState", handle);
    SHIM_ASSERT(handle, "eTaskGetState: the task is NULL");
    eTaskState state = state_of(handle);
    port_leave();
    return state;
}

UBaseType_t uxTaskGetNumberOfTasks(void) {
    port_enter("uxTaskGetNumberOfTasks", NULL);
    shim_self();
    UBaseType_t count = 0;
    for (task *each = all_tasks; each; each = each->all_next) count++;
    port_leave();
    return count;
}

UBaseType_t uxTaskGetStackHighWaterMark(TaskHandle_t handle) {
    port_enter("uxTaskGetStackHighWaterMark", handle);
    shim_task_named("uxTaskGetStackHighWaterMark", handle);
    port_leave();
    return PLAUSIBLE_UNUSED_STACK;
}

configSTACK_DEPTH_TYPE uxTaskGetStackHighWaterMark2(TaskHandle_t handle) {
    return uxTaskGetStackHighWaterMark(handle);
}

BaseType_t xTaskGetAffinity(TaskHandle_t handle) {
    port_enter("xTaskGetAffinity", handle);
    int core = shim_task_named("xTaskGetAffinity", handle)->core;
    port_leave();
    return core == PORT_ANY_CORE ? tskNO_AFFINITY : core;
}

BaseType_t xTaskGetCoreID(TaskHandle_t handle) { return xTaskGetAffinity(handle); }
