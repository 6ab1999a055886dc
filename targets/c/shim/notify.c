/*
 * notify.c: direct-to-task notifications (K/tasks.c).
 *
 * A slot is not waiting, waiting, or received. A wait that times out still answers with the value, and a notification
 * that comes too late stays pending and answers the next wait: both are how the device behaves. xTaskNotifyWait looks
 * at the state, ulTaskNotifyTake at the value.
 */
#include "tasks.h"

static void check_index(const char *call, UBaseType_t index) {
    SHIM_ASSERT(index < NOTIFY_SLOTS, "%s: index %u is not below configTASK_NOTIFICATION_ARRAY_ENTRIES (%u)", call,
                index, (unsigned)NOTIFY_SLOTS);
}

/* What the action does to the value; false when the value is kept because one is pending. */
static bool apply(uint32_t *slot, uint32_t value, eNotifyAction action, bool pending) {
    switch (action) {
    case eSetBits: *slot |= value; return true;
    case eIncrement: (*slot)++; return true;
    case eSetValueWithOverwrite: *slot = value; return true;
    case eSetValueWithoutOverwrite:
        if (!pending) *slot = value;
        return !pending;
    case eNoAction: return true;
    }
    port_fail(PORT_ASSERTION, "xTaskNotify: there is no action %d", (int)action);
}

static BaseType_t notify(const char *call, TaskHandle_t handle, UBaseType_t index, uint32_t value,
                         eNotifyAction action, uint32_t *previous, BaseType_t *woken) {
    port_enter(call, handle);
    check_index(call, index);
    SHIM_ASSERT(handle, "%s: the task is NULL", call);
    task *target = shim_task_named(call, handle);
    if (previous) port_copy_to_user(previous, &target->notify_value[index], sizeof *previous);
    port_release(target);
    uint8_t state = target->notify_state[index];
    target->notify_state[index] = RECEIVED;
    bool done = apply(&target->notify_value[index], value, action, state == RECEIVED);
    if (state == WAITING) {
        shim_wake(target);
        shim_tell_woken(woken, target);
    }
    return (BaseType_t)port_answer(done ? pdPASS : pdFAIL);
}

BaseType_t xTaskNotify(TaskHandle_t task, uint32_t value, eNotifyAction action) {
    return notify("xTaskNotify", task, 0, value, action, NULL, NULL);
}
BaseType_t xTaskNotifyIndexed(TaskHandle_t task, UBaseType_t index, uint32_t value, eNotifyAction action) {
    return notify("xTaskNotifyIndexed", task, index, value, action, NULL, NULL);
}
BaseType_t xTaskNotifyAndQuery(TaskHandle_t task, uint32_t value, eNotifyAction action, uint32_t *previous) {
    return notify("xTaskNotifyAndQuery", task, 0, value, action, previous, NULL);
}
BaseType_t xTaskNotifyAndQueryIndexed(TaskHandle_t task, UBaseType_t index, uint32_t value, eNotifyAction action,
                                      uint32_t *previous) {
    return notify("xTaskNotifyAndQueryIndexed", task, index, value, action, previous, NULL);
}
BaseType_t xTaskNotifyFromISR(TaskHandle_t task, uint32_t value, eNotifyAction action, BaseType_t *woken) {
    return notify("xTaskNotifyFromISR", task, 0, value, action, NULL, woken);
}
BaseType_t xTaskNotifyIndexedFromISR(TaskHandle_t task, UBaseType_t index, uint32_t value, eNotifyAction action,
                                     BaseType_t *woken) {
    return notify("xTaskNotifyIndexedFromISR", task, index, value, action, NULL, woken);
}
BaseType_t xTaskNotifyAndQueryFromISR(TaskHandle_t task, uint32_t value, eNotifyAction action, uint32_t *previous,
                                      BaseType_t *woken) {
    return notify("xTaskNotifyAndQueryFromISR", task, 0, value, action, previous, woken);
}
BaseType_t xTaskNotifyAndQueryIndexedFromISR(TaskHandle_t task, UBaseType_t index, uint32_t value,
                                             eNotifyAction action, uint32_t *previous, BaseType_t *woken) {
    return notify("xTaskNotifyAndQueryIndexedFromISR", task, index, value, action, previous, woken);
}
BaseType_t xTaskNotifyGive(TaskHandle_t task) {
    return notify("xTaskNotifyGive", task, 0, 0, eIncrement, NULL, NULL);
}
BaseType_t xTaskNotifyGiveIndexed(TaskHandle_t task, UBaseType_t index) {
    return notify("xTaskNotifyGiveIndexed", task, index, 0, eIncrement, NULL, NULL);
}
void vTaskNotifyGiveFromISR(TaskHandle_t task, BaseType_t *woken) {
    notify("vTaskNotifyGiveFromISR", task, 0, 0, eIncrement, NULL, woken);
}
void vTaskNotifyGiveIndexedFromISR(TaskHandle_t task, UBaseType_t index, BaseType_t *woken) {
    notify("vTaskNotifyGiveIndexedFromISR", task, index, 0, eIncrement, NULL, woken);
}

/* The calling task, after what every wait checks. */
static task *waiter(const char *call, UBaseType_t index, TickType_t ticks) {
    check_index(call, index);
    task *self = shim_self();
    if (ticks) shim_may_block(call, self);
    SHIM_ASSERT(self, "%s was called outside tasks", call);
    return self;
}

static void await(const char *call, task *self, UBaseType_t index, TickType_t ticks) {
    self->notify_state[index] = WAITING;
    if (ticks) shim_sleep(self, shim_deadline(ticks), call, self);
}

static BaseType_t notify_wait(const char *call, UBaseType_t index, uint32_t clear_on_entry, uint32_t clear_on_exit,
                              uint32_t *value, TickType_t ticks) {
    port_enter(call, NULL);
    task *self = waiter(call, index, ticks);
    if (self->notify_state[index] != RECEIVED) {
        self->notify_value[index] &= ~clear_on_entry;
        await(call, self, index, ticks);
    }
    if (value) port_copy_to_user(value, &self->notify_value[index], sizeof *value);
    bool received = self->notify_state[index] == RECEIVED;
    if (received) port_acquire(self);
    if (received) self->notify_value[index] &= ~clear_on_exit;
    self->notify_state[index] = NOT_WAITING;
    return (BaseType_t)port_answer(received ? pdTRUE : pdFALSE);
}

BaseType_t xTaskNotifyWait(uint32_t clear_on_entry, uint32_t clear_on_exit, uint32_t *value, TickType_t ticks) {
    return notify_wait("xTaskNotifyWait", 0, clear_on_entry, clear_on_exit, value, ticks);
}
BaseType_t xTaskNotifyWaitIndexed(UBaseType_t index, uint32_t clear_on_entry, uint32_t clear_on_exit,
                                  uint32_t *value, TickType_t ticks) {
    return notify_wait("xTaskNotifyWaitIndexed", index, clear_on_entry, clear_on_exit, value, ticks);
}

static uint32_t notify_take(const char *call, UBaseType_t index, BaseType_t clear, TickType_t ticks) {
    port_enter(call, NULL);
    task *self = waiter(call, index, ticks);
    if (self->notify_value[index] == 0) await(call, self, index, ticks);
    uint32_t taken = self->notify_value[index];
    if (taken) port_acquire(self);
    if (taken) self->notify_value[index] = clear ? 0 : taken - 1;
    self->notify_state[index] = NOT_WAITING;
    return (uint32_t)port_answer((long)taken);
}

uint32_t ulTaskNotifyTake(BaseType_t clear, TickType_t ticks) {
    return notify_take("ulTaskNotifyTake", 0, clear, ticks);
}
uint32_t ulTaskNotifyTakeIndexed(UBaseType_t index, BaseType_t clear, TickType_t ticks) {
    return notify_take("ulTaskNotifyTakeIndexed", index, clear, ticks);
}

static BaseType_t state_clear(const char *call, TaskHandle_t handle, UBaseType_t index) {
    port_enter(call, handle);
    check_index(call, index);
    task *target = shim_task_named(call, handle);
    bool received = target->notify_state[index] == RECEIVED;
    if (received) target->notify_state[index] = NOT_WAITING;
    return (BaseType_t)port_answer(received ? pdPASS : pdFAIL);
}

BaseType_t xTaskNotifyStateClear(TaskHandle_t task) { return state_clear("xTaskNotifyStateClear", task, 0); }
BaseType_t xTaskNotifyStateClearIndexed(TaskHandle_t task, UBaseType_t index) {
    return state_clear("xTaskNotifyStateClearIndexed", task, index);
}

static uint32_t value_clear(const char *call, TaskHandle_t handle, UBaseType_t index, uint32_t bits) {
    port_enter(call, handle);
    check_index(call, index);
    task *target = shim_task_named(call, handle);
    uint32_t value = target->notify_value[index];
    target->notify_value[index] = value & ~bits;
    port_leave();
    return value;
}

uint32_t ulTaskNotifyValueClear(TaskHandle_t task, uint32_t bits) {
    return value_clear("ulTaskNotifyValueClear", task, 0, bits);
}
uint32_t ulTaskNotifyValueClearIndexed(TaskHandle_t task, UBaseType_t index, uint32_t bits) {
    return value_clear("ulTaskNotifyValueClearIndexed", task, index, bits);
}
