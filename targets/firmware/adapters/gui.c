/*
 * gui.c: stands in for the GUI: the last subscriber, which reports what it reads in its callbacks.
 *
 * It offers no operations: what the user presses is published on the bus.
 */
#include "bus.h"
#include "fields.h"

static p4v_observer battery_shown = {.name = "gui.battery", .fields = BATTERY_FIELDS};
static p4v_observer pack_shown = {.name = "gui.pack", .fields = PACK_FIELDS};

static void show_battery(event_bus_t *bus, const event_t *event, void *context)
{
    (void)bus;
    (void)context;
    p4v_writer writer = p4v_observe_begin();
    put_battery(&writer, event->data);
    p4v_observe_end(&battery_shown, &writer);
}

static void show_pack(event_bus_t *bus, const event_t *event, void *context)
{
    (void)bus;
    (void)context;
    p4v_writer writer = p4v_observe_begin();
    put_pack(&writer, event->data);
    p4v_observe_end(&pack_shown, &writer);
}

/* The status bar; what it reads is already in deliver.system. */
static void show_system(event_bus_t *bus, const event_t *event, void *context)
{
    (void)bus;
    (void)event;
    (void)context;
}

static bool boot(void)
{
    return event_bus_subscribe(p4v_bus(), EVENT_BATTERY_STATUS_UPDATED, show_battery, NULL) &&
           event_bus_subscribe(p4v_bus(), EVENT_PACK_STATS_UPDATED, show_pack, NULL) &&
           event_bus_subscribe(p4v_bus(), EVENT_SYSTEM_STATUS_UPDATED, show_system, NULL);
}

static const p4v_operation operations[] = {{0}};
static p4v_observer *const observers[] = {&battery_shown, &pack_shown, NULL};

const p4v_adapter p4v_adapter_gui = {
    .name = "gui", .boot = boot, .operations = operations, .observers = observers,
};
