/*
 * semphr.c: semaphores and mutexes over queue.c and mutex.c.
 *
 * Binary and counting semaphores are queues without items and know no owner. A mutex has one: giving what nobody holds
 * answers pdFAIL, giving what another task holds ends the execution, as the device's assertion does (K/tasks.c).
 */
#include "shim.h"

static SemaphoreHandle_t create(const char *call, StaticSemaphore_t *memory, enum queue_kind kind, uint32_t maximum,
                                uint32_t initial) {
    port_enter(call, memory);
    SHIM_ASSERT(initial <= maximum, "%s: the initial count %u is above the maximum %u", call, initial, maximum);
    queue *made = shim_queue_create(call, (queue *)memory, NULL, maximum, 0, kind);
    if (made) made->count = initial;
    port_leave();
    return made;
}

static SemaphoreHandle_t create_static(const char *call, StaticSemaphore_t *memory, enum queue_kind kind,
                                       uint32_t maximum, uint32_t initial) {
    SHIM_ASSERT(memory, "%s: the memory is NULL", call);
    return create(call, memory, kind, maximum, initial);
}

SemaphoreHandle_t xSemaphoreCreateMutex(void) { return create("xSemaphoreCreateMutex", NULL, KIND_MUTEX, 1, 1); }
SemaphoreHandle_t xSemaphoreCreateMutexStatic(StaticSemaphore_t *memory) {
    return create_static("xSemaphoreCreateMutexStatic", memory, KIND_MUTEX, 1, 1);
}
SemaphoreHandle_t xSemaphoreCreateRecursiveMutex(void) {
    return create("xSemaphoreCreateRecursiveMutex", NULL, KIND_RECURSIVE, 1, 1);
}
SemaphoreHandle_t xSemaphoreCreateRecursiveMutexStatic(StaticSemaphore_t *memory) {
    return create_static("xSemaphoreCreateRecursiveMutexStatic", memory, KIND_RECURSIVE, 1, 1);
}
SemaphoreHandle_t xSemaphoreCreateBinary(void) { return create("xSemaphoreCreateBinary", NULL, KIND_BINARY, 1, 0); }
SemaphoreHandle_t xSemaphoreCreateBinaryStatic(StaticSemaphore_t *memory) {
    return create_static("xSemaphoreCreateBinaryStatic", memory, KIND_BINARY, 1, 0);
}
SemaphoreHandle_t xSemaphoreCreateCounting(UBaseType_t maximum, UBaseType_t initial) {
    return create("xSemaphoreCreateCounting", NULL, KIND_COUNTING, maximum, initial);
}
SemaphoreHandle_t xSemaphoreCreateCountingStatic(UBaseType_t maximum, UBaseType_t initial,
                                                 StaticSemaphore_t *memory) {
    return create_static("xSemaphoreCreateCountingStatic", memory, KIND_COUNTING, maximum, initial);
}

static bool take_mutex(const char *call, queue *mutex, task *self, TickType_t ticks) {
    SHIM_ASSERT(self, "%s was called outside tasks", call);
    if (shim_mutex_try(&mutex->mutex, self, mutex)) return true;
    return ticks && shim_mutex_await(&mutex->mutex, self, shim_deadline(ticks), call, mutex);
}

BaseType_t xSemaphoreTake(SemaphoreHandle_t semaphore, TickType_t ticks) {
    static const char call[] = "xSemaphoreTake";
    port_enter(call, semaphore);
    shim_queue_check(call, semaphore);
    BaseType_t taken;
    if (semaphore->kind < KIND_MUTEX) {
        taken = shim_queue_receive(call, semaphore, NULL, ticks, false, NULL);
    } else {
        task *self = shim_self();
        if (ticks) shim_may_block(call, self);
        taken = take_mutex(call, semaphore, self, ticks) ? pdTRUE : pdFALSE;
    }
    return (BaseType_t)port_answer(taken);
}

static BaseType_t give_mutex(const char *call, queue *mutex, task *self) {
    task *holder = mutex->mutex.holder;
    if (holder == NULL) return pdFAIL;
    SHIM_ASSERT(holder == self, "%s: task '%s' gives a mutex that task '%s' holds", call,
                self ? port_task_name(self->port) : "(none)",
                holder->mark == MARK_TASK ? port_task_name(holder->port) : "(deleted)");
    shim_mutex_give(&mutex->mutex, self, mutex);
    return pdPASS;
}

BaseType_t xSemaphoreGive(SemaphoreHandle_t semaphore) {
    static const char call[] = "xSemaphoreGive";
    port_enter(call, semaphore);
    shim_queue_check(call, semaphore);
    BaseType_t given = semaphore->kind < KIND_MUTEX ? shim_queue_send(call, semaphore, NULL, 0, TO_BACK, NULL)
                                                    : give_mutex(call, semaphore, shim_self());
    return (BaseType_t)port_answer(given);
}

static task *check_recursive(const char *call, SemaphoreHandle_t mutex) {
    shim_queue_check(call, mutex);
    SHIM_ASSERT(mutex->kind == KIND_RECURSIVE, "%s: this is no recursive mutex", call);
    return shim_self();
}

BaseType_t xSemaphoreTakeRecursive(SemaphoreHandle_t mutex, TickType_t ticks) {
    static const char call[] = "xSemaphoreTakeRecursive";
    port_enter(call, mutex);
    task *self = check_recursive(call, mutex);
    if (ticks) shim_may_block(call, self);
    bool taken = mutex->mutex.holder == self || take_mutex(call, mutex, self, ticks);
    if (taken) mutex->mutex.recursion++;
    return (BaseType_t)port_answer(taken ? pdPASS : pdFAIL);
}

BaseType_t xSemaphoreGiveRecursive(SemaphoreHandle_t mutex) {
    static const char call[] = "xSemaphoreGiveRecursive";
    port_enter(call, mutex);
    task *self = check_recursive(call, mutex);
    bool held = self && mutex->mutex.holder == self;
    if (held && --mutex->mutex.recursion == 0) shim_mutex_give(&mutex->mutex, self, mutex);
    return (BaseType_t)port_answer(held ? pdPASS : pdFAIL);
}

/* A mutex belongs to a task, and an interrupt is none. */
static void refuse_mutex(const char *call, const queue *semaphore) {
    shim_queue_check(call, semaphore);
    SHIM_ASSERT(semaphore->kind < KIND_MUTEX, "%s: a mutex can not be used from an interrupt", call);
}

BaseType_t xSemaphoreTakeFromISR(SemaphoreHandle_t semaphore, BaseType_t *woken) {
    port_enter("xSemaphoreTakeFromISR", semaphore);
    refuse_mutex("xSemaphoreTakeFromISR", semaphore);
    BaseType_t taken = shim_queue_receive("xSemaphoreTakeFromISR", semaphore, NULL, 0, false, woken);
    return (BaseType_t)port_answer(taken);
}

BaseType_t xSemaphoreGiveFromISR(SemaphoreHandle_t semaphore, BaseType_t *woken) {
    port_enter("xSemaphoreGiveFromISR", semaphore);
    refuse_mutex("xSemaphoreGiveFromISR", semaphore);
    BaseType_t given = shim_queue_send("xSemaphoreGiveFromISR", semaphore, NULL, 0, TO_BACK, woken);
    return (BaseType_t)port_answer(given);
}

static TaskHandle_t holder_of(const char *call, SemaphoreHandle_t mutex) {
    port_enter(call, mutex);
    shim_queue_check(call, mutex);
    task *holder = mutex->kind < KIND_MUTEX ? NULL : mutex->mutex.holder;
    port_leave();
    return holder;
}

TaskHandle_t xSemaphoreGetMutexHolder(SemaphoreHandle_t mutex) { return holder_of("xSemaphoreGetMutexHolder", mutex); }
TaskHandle_t xSemaphoreGetMutexHolderFromISR(SemaphoreHandle_t mutex) {
    return holder_of("xSemaphoreGetMutexHolderFromISR", mutex);
}
