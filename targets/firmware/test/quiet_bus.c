/*
 * quiet_bus.c: for tests of hours: owns the bus of the run as event_bus.c does, and shows only what is published while
 * the firmware boots, which is what it restored. All else would fill an execution's room for records in minutes.
 */
#include "bus.h"
#include "fields.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "p4v_adapter.h"
#include "tokens.h"

P4V_WRAP(event_bus_publish)

bool __real_event_bus_publish(event_bus_t *bus, const event_t *event);
bool __wrap_event_bus_publish(event_bus_t *bus, const event_t *event);

static _Alignas(16) uint8_t storage[8192];
static uint32_t publications;
static p4v_observer battery = {.name = "bus.publish.battery", .fields = "serial:u32," BATTERY_FIELDS};
static p4v_observer pack = {.name = "bus.publish.pack", .fields = "serial:u32," PACK_FIELDS};

event_bus_t *p4v_bus(void)
{
    return (event_bus_t *)storage;
}

static void observe(const event_t *event)
{
    p4v_writer writer = p4v_observe_begin();
    p4v_put_uint(&writer, ++publications, 4);
    if (event->type == EVENT_BATTERY_STATUS_UPDATED) {
        put_battery(&writer, event->data);
        p4v_observe_end(&battery, &writer);
    } else {
        put_pack(&writer, event->data);
        p4v_observe_end(&pack, &writer);
    }
}

bool __wrap_event_bus_publish(event_bus_t *bus, const event_t *event)
{
    bool shown = event->type == EVENT_BATTERY_STATUS_UPDATED || event->type == EVENT_PACK_STATS_UPDATED;
    if (shown && p4v_booting()[0] != '\0') {
        observe(event);
    }
    return __real_event_bus_publish(bus, event);
}

static void dispatch_task(void *bus)
{
    event_bus_dispatch_task(bus);
}

static bool boot(void)
{
    event_bus_init(p4v_bus());
    return xTaskCreate(dispatch_task, "event_dispatch", 5120, p4v_bus(), 6, NULL) == pdPASS;
}

static const p4v_operation operations[] = {{0}};
static p4v_observer *const observers[] = {&battery, &pack, NULL};

const p4v_adapter p4v_adapter_quiet_bus = {
    .name = "quiet_bus", .boot = boot, .operations = operations, .observers = observers,
};
