/*
 * queue.c: queues that copy by value (K/queue.c).
 *
 * A sender that finds room puts its item in and wakes the highest receiver, which then looks again: another task may
 * have been faster, and the time-out spans these retries. 0 ticks means do not wait. Queue sets are not offered.
 */
#include "shim.h"

#include <string.h>

_Static_assert(sizeof(queue) <= sizeof(StaticQueue_t), "StaticQueue_t holds a queue");

void shim_queue_check(const char *call, const queue *queue) {
    if (UNLIKELY(queue == NULL || queue->mark != MARK_QUEUE))
        shim_bad_handle(call, "queue or semaphore", queue, queue ? queue->mark : 0);
}

queue *shim_queue_create(const char *call, queue *memory, uint8_t *storage, uint32_t length, uint32_t item_bytes,
                         enum queue_kind kind) {
    SHIM_ASSERT(length > 0, "%s: the length is 0", call);
    uint64_t room = memory ? 0 : (uint64_t)length * item_bytes;
    queue *made = memory ? memory : port_reserve(sizeof *made + room);
    if (made == NULL || room > UINT32_MAX) return NULL;
    *made = (queue){ .mark = MARK_QUEUE, .kind = (uint8_t)kind, .from_heap = memory == NULL, .length = length,
                     .item_bytes = item_bytes, .storage = memory ? storage : (uint8_t *)(made + 1) };
    return made;
}

QueueHandle_t xQueueCreate(UBaseType_t length, UBaseType_t item_bytes) {
    port_enter("xQueueCreate", NULL);
    queue *made = shim_queue_create("xQueueCreate", NULL, NULL, length, item_bytes, KIND_QUEUE);
    port_leave();
    return made;
}

QueueHandle_t xQueueCreateStatic(UBaseType_t length, UBaseType_t item_bytes, uint8_t *storage,
                                 StaticQueue_t *memory) {
    port_enter("xQueueCreateStatic", memory);
    SHIM_ASSERT(memory && (storage || item_bytes == 0), "xQueueCreateStatic: the memory is NULL");
    queue *made = shim_queue_create("xQueueCreateStatic", (queue *)memory, storage, length, item_bytes, KIND_QUEUE);
    port_leave();
    return made;
}

void vQueueDelete(QueueHandle_t gone) {
    port_enter("vQueueDelete", gone);
    shim_queue_check("vQueueDelete", gone);
    task *waiter = gone->receivers ? gone->receivers : gone->senders ? gone->senders : gone->mutex.waiters;
    if (waiter)
        port_fail(PORT_MISUSE, "vQueueDelete: task '%s' still waits for what is deleted",
                  port_task_name(waiter->port));
    gone->mark = MARK_DEAD;
    if (gone->from_heap) port_free(gone);
    port_leave();
}

/* True once there is an item (or `spaces`: room); false when the time is up. Waits in `list`. */
static bool await(const char *call, queue *queue, TickType_t ticks, bool spaces, task **list) {
    if (ticks == 0) return false;
    uint32_t unfit = spaces ? queue->length : 0;
    uint64_t deadline = shim_deadline(ticks);
    task *self = shim_self();
    self->aborted = false;
    while (queue->count == unfit) {
        if (shim_expired(self, deadline)) return false;
        shim_wait(self, list, deadline, call, queue, NULL);
    }
    return true;
}

static uint8_t *slot(const queue *queue, uint32_t offset) {
    uint32_t index = queue->first + offset;
    if (index >= queue->length) index -= queue->length;
    return queue->storage + (size_t)index * queue->item_bytes;
}

static void put(queue *queue, const void *item, enum queue_position position) {
    if (position == OVERWRITE) queue->count = 0;
    if (position == TO_FRONT) queue->first = (queue->first ? queue->first : queue->length) - 1;
    uint32_t offset = position == TO_FRONT ? 0 : queue->count;
    if (queue->item_bytes) port_copy_from_user(slot(queue, offset), item, queue->item_bytes);
    queue->count++;
}

BaseType_t shim_queue_send(const char *call, queue *queue, const void *item, TickType_t ticks,
                           enum queue_position position, BaseType_t *woken) {
    shim_queue_check(call, queue);
    SHIM_ASSERT(item || queue->item_bytes == 0, "%s: the item is NULL", call);
    SHIM_ASSERT(position != OVERWRITE || queue->length == 1, "%s: the queue's length is %u, not 1", call,
                queue->length);
    if (ticks) shim_may_block(call, shim_self());
    if (queue->count == queue->length && position != OVERWRITE && !await(call, queue, ticks, true, &queue->senders))
        return errQUEUE_FULL;
    put(queue, item, position);
    port_acquire(queue);   /* of the receiver that made room */
    port_release(queue);
    shim_tell_woken(woken, shim_wake_first(&queue->receivers));
    return pdPASS;
}

BaseType_t shim_queue_receive(const char *call, queue *queue, void *item, TickType_t ticks, bool keep,
                              BaseType_t *woken) {
    shim_queue_check(call, queue);
    SHIM_ASSERT(item || queue->item_bytes == 0, "%s: the buffer is NULL", call);
    if (ticks) shim_may_block(call, shim_self());
    if (queue->count == 0 && !await(call, queue, ticks, false, &queue->receivers)) return errQUEUE_EMPTY;
    port_acquire(queue);
    if (queue->item_bytes) port_copy_to_user(item, slot(queue, 0), queue->item_bytes);
    if (keep) { /* the item is there for the next one too */
        shim_wake_first(&queue->receivers);
        return pdPASS;
    }
    port_release(queue);
    if (++queue->first == queue->length) queue->first = 0;
    queue->count--;
    shim_tell_woken(woken, shim_wake_first(&queue->senders));
    return pdPASS;
}

static BaseType_t send(const char *call, queue *queue, const void *item, TickType_t ticks,
                       enum queue_position position, BaseType_t *woken) {
    port_enter(call, queue);
    BaseType_t result = shim_queue_send(call, queue, item, ticks, position, woken);
    return (BaseType_t)port_answer(result);
}

static BaseType_t receive(const char *call, queue *queue, void *item, TickType_t ticks, bool keep,
                          BaseType_t *woken) {
    port_enter(call, queue);
    BaseType_t result = shim_queue_receive(call, queue, item, ticks, keep, woken);
    return (BaseType_t)port_answer(result);
}

BaseType_t xQueueSend(QueueHandle_t queue, const void *item, TickType_t ticks) {
    return send("xQueueSend", queue, item, ticks, TO_BACK, NULL);
}
BaseType_t xQueueSendToBack(QueueHandle_t queue, const void *item, TickType_t ticks) {
    return send("xQueueSendToBack", queue, item, ticks, TO_BACK, NULL);
}
BaseType_t xQueueSendToFront(QueueHandle_t queue, const void *item, TickType_t ticks) {
    return send("xQueueSendToFront", queue, item, ticks, TO_FRONT, NULL);
}
BaseType_t xQueueOverwrite(QueueHandle_t queue, const void *item) {
    return send("xQueueOverwrite", queue, item, 0, OVERWRITE, NULL);
}
BaseType_t xQueueSendFromISR(QueueHandle_t queue, const void *item, BaseType_t *woken) {
    return send("xQueueSendFromISR", queue, item, 0, TO_BACK, woken);
}
BaseType_t xQueueSendToBackFromISR(QueueHandle_t queue, const void *item, BaseType_t *woken) {
    return send("xQueueSendToBackFromISR", queue, item, 0, TO_BACK, woken);
}
BaseType_t xQueueSendToFrontFromISR(QueueHandle_t queue, const void *item, BaseType_t *woken) {
    return send("xQueueSendToFrontFromISR", queue, item, 0, TO_FRONT, woken);
}
BaseType_t xQueueOverwriteFromISR(QueueHandle_t queue, const void *item, BaseType_t *woken) {
    return send("xQueueOverwriteFromISR", queue, item, 0, OVERWRITE, woken);
}
BaseType_t xQueueReceive(QueueHandle_t queue, void *item, TickType_t ticks) {
    return receive("xQueueReceive", queue, item, ticks, false, NULL);
}
BaseType_t xQueuePeek(QueueHandle_t queue, void *item, TickType_t ticks) {
    return receive("xQueuePeek", queue, item, ticks, true, NULL);
}
BaseType_t xQueueReceiveFromISR(QueueHandle_t queue, void *item, BaseType_t *woken) {
    return receive("xQueueReceiveFromISR", queue, item, 0, false, woken);
}
BaseType_t xQueuePeekFromISR(QueueHandle_t queue, void *item) {
    return receive("xQueuePeekFromISR", queue, item, 0, true, NULL);
}

/* Senders that waited for room get it, one after the other; receivers go on waiting. */
BaseType_t xQueueReset(QueueHandle_t queue) {
    port_enter("xQueueReset", queue);
    shim_queue_check("xQueueReset", queue);
    queue->count = queue->first = 0;
    shim_wake_first(&queue->senders);
    port_leave();
    return pdPASS;
}

static uint32_t count_of(const char *call, const queue *queue) {
    port_enter(call, queue);
    shim_queue_check(call, queue);
    uint32_t count = queue->kind >= KIND_MUTEX ? queue->mutex.holder == NULL : queue->count;
    port_leave();
    return count;
}

UBaseType_t uxQueueMessagesWaiting(QueueHandle_t queue) { return count_of("uxQueueMessagesWaiting", queue); }
UBaseType_t uxQueueMessagesWaitingFromISR(QueueHandle_t queue) {
    return count_of("uxQueueMessagesWaitingFromISR", queue);
}
UBaseType_t uxQueueSpacesAvailable(QueueHandle_t queue) {
    uint32_t count = count_of("uxQueueSpacesAvailable", queue);
    return queue->length - count;
}
BaseType_t xQueueIsQueueEmptyFromISR(QueueHandle_t queue) {
    return count_of("xQueueIsQueueEmptyFromISR", queue) == 0;
}
BaseType_t xQueueIsQueueFullFromISR(QueueHandle_t queue) {
    return count_of("xQueueIsQueueFullFromISR", queue) == queue->length;
}
