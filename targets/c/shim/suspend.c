/*
 * suspend.c: vTaskSuspend and vTaskResume, and the suspension of the scheduler.
 *
 * Suspending takes a task out of whatever it waited for; when resumed it goes on as if its wait had ended without
 * success, and most calls then wait again for the rest of their time (K/tasks.c, K/queue.c).
 */
#include "tasks.h"

void vTaskSuspend(TaskHandle_t handle) {
    port_enter("vTaskSuspend", handle);
    task *suspended = shim_task_named("vTaskSuspend", handle);
    task *self = shim_self();
    if (suspended == self) shim_may_block("vTaskSuspend", self);
    shim_unlist(suspended);
    for (unsigned i = 0; i < NOTIFY_SLOTS; i++)
        if (suspended->notify_state[i] == WAITING) suspended->notify_state[i] = NOT_WAITING;
    suspended->suspended = true;
    port_suspend(suspended->port);
    if (suspended == self) port_acquire(suspended);
    port_leave();
}

static BaseType_t resume(const char *call, TaskHandle_t handle) {
    port_enter(call, handle);
    SHIM_ASSERT(handle, "%s: the task is NULL", call);
    task *resumed = shim_task_named(call, handle);
    bool higher = resumed->suspended && port_self() && resumed->priority > shim_self()->priority;
    if (resumed->suspended) {
        port_release(resumed);
        resumed->suspended = false;
        if (resumed->blocked) port_wake(resumed->port);
        port_resume(resumed->port);
    }
    port_leave();
    return higher ? pdTRUE : pdFALSE;
}

void vTaskResume(TaskHandle_t handle) { resume("vTaskResume", handle); }
BaseType_t xTaskResumeFromISR(TaskHandle_t handle) { return resume("xTaskResumeFromISR", handle); }

void vTaskSuspendAll(void) {
    port_enter("vTaskSuspendAll", NULL);
    task *self = shim_self();
    SHIM_ASSERT(self, "vTaskSuspendAll was called outside tasks");
    SHIM_ASSERT(self->scheduler_suspensions < UINT8_MAX, "vTaskSuspendAll is nested too deeply");
    self->scheduler_suspensions++;
    port_scheduler_suspend();
    port_leave();
}

BaseType_t xTaskResumeAll(void) {
    port_enter("xTaskResumeAll", NULL);
    task *self = shim_self();
    SHIM_ASSERT(self && self->scheduler_suspensions, "xTaskResumeAll: the scheduler is not suspended on this core");
    self->scheduler_suspensions--;
    port_scheduler_resume();
    port_leave();
    return pdFALSE; /* the port switches in port_leave(), and does not say whether it did */
}

BaseType_t xTaskGetSchedulerState(void) {
    port_enter("xTaskGetSchedulerState", NULL);
    task *self = shim_self();
    bool suspended = self && self->scheduler_suspensions;
    port_leave();
    if (self == NULL) return taskSCHEDULER_NOT_STARTED;
    return suspended ? taskSCHEDULER_SUSPENDED : taskSCHEDULER_RUNNING;
}
