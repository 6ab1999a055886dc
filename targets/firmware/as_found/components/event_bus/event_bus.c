/*
 * event_bus.c: the bus over one FreeRTOS queue of events with copied payloads.
 *
 * The spinlock covers the subscriber table's growth and the counters. Slots below `subscriber_count` never change
 * again, so that the dispatcher reads them without the lock and callbacks run without it.
 */
#include "event_bus.h"

#include <stdlib.h>
#include <string.h>

#include "freertos/FreeRTOS.h"
#include "freertos/queue.h"
#include "sdkconfig.h"

typedef struct {
    event_type_t type;
    event_bus_callback_t callback;
    void *ctx;
} subscriber_t;

struct event_bus {
    QueueHandle_t queue;
    portMUX_TYPE lock;
    subscriber_t subscribers[EVENT_BUS_MAX_SUBSCRIBERS];
    uint32_t subscriber_count;
    uint32_t published_total;
    uint32_t dropped_events;
};
_Static_assert(sizeof(struct event_bus) <= EVENT_BUS_STORAGE_BYTES, "callers reserve too little for a bus");

void event_bus_init(event_bus_t *bus)
{
    memset(bus, 0, sizeof(*bus));
    bus->lock = (portMUX_TYPE)portMUX_INITIALIZER_UNLOCKED;
    bus->queue = xQueueCreate(CONFIG_EVENT_BUS_QUEUE_LENGTH, sizeof(event_t));
    configASSERT(bus->queue != NULL);
}

bool event_bus_subscribe(event_bus_t *bus, event_type_t type, event_bus_callback_t callback, void *ctx)
{
    bool accepted = false;
    portENTER_CRITICAL(&bus->lock);
    if (bus->subscriber_count < EVENT_BUS_MAX_SUBSCRIBERS) {
        bus->subscribers[bus->subscriber_count] = (subscriber_t){.type = type, .callback = callback, .ctx = ctx};
        bus->subscriber_count++;
        accepted = true;
    }
    portEXIT_CRITICAL(&bus->lock);
    return accepted;
}

static void count_publication(event_bus_t *bus, bool accepted)
{
    portENTER_CRITICAL(&bus->lock);
    if (accepted) {
        bus->published_total++;
    } else {
        bus->dropped_events++;
    }
    portEXIT_CRITICAL(&bus->lock);
}

/* False when there is no memory for the payload. The copy owns what it points to. */
static bool copy_event(const event_t *event, event_t *copy)
{
    *copy = (event_t){.type = event->type};
    if (event->data == NULL || event->data_size == 0) {
        return true;
    }
    copy->data = malloc(event->data_size);
    if (copy->data == NULL) {
        return false;
    }
    memcpy(copy->data, event->data, event->data_size);
    copy->data_size = event->data_size;
    return true;
}

bool event_bus_publish(event_bus_t *bus, const event_t *event)
{
    event_t copy;
    bool accepted = copy_event(event, &copy);
    if (accepted && xQueueSend(bus->queue, &copy, 0) != pdTRUE) {
        free(copy.data);
        accepted = false;
    }
    count_publication(bus, accepted);
    return accepted;
}

event_bus_metrics_t event_bus_get_metrics(event_bus_t *bus)
{
    event_bus_metrics_t metrics;
    portENTER_CRITICAL(&bus->lock);
    metrics.subscribers = bus->subscriber_count;
    metrics.published_total = bus->published_total;
    portEXIT_CRITICAL(&bus->lock);
    return metrics;
}

bool event_bus_get_queue_metrics(event_bus_t *bus, event_bus_queue_metrics_t *out)
{
    if (out == NULL) {
        return false;
    }
    out->queue_capacity = CONFIG_EVENT_BUS_QUEUE_LENGTH;
    out->messages_waiting = (uint32_t)uxQueueMessagesWaiting(bus->queue);
    portENTER_CRITICAL(&bus->lock);
    out->dropped_events = bus->dropped_events;
    portEXIT_CRITICAL(&bus->lock);
    return true;
}

static uint32_t count_subscribers(event_bus_t *bus)
{
    portENTER_CRITICAL(&bus->lock);
    uint32_t count = bus->subscriber_count;
    portEXIT_CRITICAL(&bus->lock);
    return count;
}

static void deliver(event_bus_t *bus, const event_t *event)
{
    uint32_t count = count_subscribers(bus);
    for (uint32_t i = 0; i < count; i++) {
        const subscriber_t *subscriber = &bus->subscribers[i];
        if (subscriber->type == event->type) {
            subscriber->callback(bus, event, subscriber->ctx);
        }
    }
}

void event_bus_dispatch_task(event_bus_t *bus)
{
    event_t event;
    for (;;) {
        if (xQueueReceive(bus->queue, &event, portMAX_DELAY) == pdTRUE) {
            deliver(bus, &event);
            free(event.data);
        }
    }
}
