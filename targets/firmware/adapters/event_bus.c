/*
 * event_bus.c: owns the bus of the run, publishes on request, and sees every publication, subscription and callback.
 *
 * Publishing and subscribing are wrapped by the linker, so whoever in the firmware calls them is seen; inside the bus
 * itself nothing is. Payloads smaller than their type, and events without one, count as events of an unknown kind.
 */
#include "event_bus.h"

#include <stdatomic.h>
#include <string.h>

#include "bus.h"
#include "fields.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "p4v_adapter.h"
#include "tokens.h"

P4V_WRAP(event_bus_publish)
P4V_WRAP(event_bus_subscribe)

#define STORAGE_BYTES 8192
#define DISPATCH_STACK 5120
#define DISPATCH_PRIORITY 6
#define MAX_SUBSCRIBERS 64

typedef void (*callback_fn)(event_bus_t *bus, const event_t *event, void *context);
bool __real_event_bus_publish(event_bus_t *bus, const event_t *event);
bool __wrap_event_bus_publish(event_bus_t *bus, const event_t *event);
bool __real_event_bus_subscribe(event_bus_t *bus, event_type_t type, callback_fn callback, void *context);
bool __wrap_event_bus_subscribe(event_bus_t *bus, event_type_t type, callback_fn callback, void *context);

/* An opaque bus has a size that only its component knows: twice what any firmware of this family takes on the board,
 * twice again for the host's pointers. */
static _Alignas(16) uint8_t storage[STORAGE_BYTES];

event_bus_t *p4v_bus(void)
{
    return (event_bus_t *)storage;
}

/* ---- kinds of events: the number we show, the fields, and who sees them ---- */

#define KIND(observed, signature)                                                  \
    static p4v_observer publish_##observed = {                                     \
        .name = "bus.publish." #observed, .fields = "serial:u32," signature};      \
    static p4v_observer deliver_##observed = {                                     \
        .name = "deliver." #observed, .fields = "subscriber:u8," signature};       \
    static void put_##observed##_payload(p4v_writer *writer, const void *payload)  \
    {                                                                              \
        put_##observed(writer, payload);                                           \
    }
KIND(battery, BATTERY_FIELDS)
KIND(pack, PACK_FIELDS)
KIND(system, SYSTEM_FIELDS)
KIND(mode, MODE_FIELDS)
KIND(register, REGISTER_FIELDS)
#ifdef HAS_TINYBMS
KIND(stats, STATS_FIELDS)
#endif
#ifdef HAS_GATEWAY
KIND(config, CONFIG_FIELDS)
KIND(alerts, ALERT_FIELDS)
#endif

static p4v_observer publish_other = {.name = "bus.publish.other", .fields = "serial:u32,event:u8,type:u32"};
static p4v_observer published = {.name = "bus.published", .fields = "serial:u32,accepted:bool"};
static p4v_observer subscribed = {.name = "bus.subscribe", .fields = "subscriber:u8,event:u8,component:str"};
static p4v_observer handler_enter = {.name = "handler.enter", .fields = "subscriber:u8,event:u8,digest:u32"};
static p4v_observer handler_return = {.name = "handler.return", .fields = "subscriber:u8,event:u8"};

typedef struct {
    event_type_t type;
    uint8_t number;
    size_t size;  /* of the payload; 0: it is not shown */
    void (*put)(p4v_writer *writer, const void *payload);
    p4v_observer *publish, *deliver;
} event_kind;

static const event_kind kinds[] = {
    {EVENT_BATTERY_STATUS_UPDATED, 1, sizeof(battery_status_t), put_battery_payload, &publish_battery,
     &deliver_battery},
    {EVENT_PACK_STATS_UPDATED, 2, sizeof(pack_stats_t), put_pack_payload, &publish_pack, &deliver_pack},
    {EVENT_SYSTEM_STATUS_UPDATED, 3, sizeof(system_status_t), put_system_payload, &publish_system, &deliver_system},
    {EVENT_OPERATION_MODE_CHANGED, 4, sizeof(operation_mode_event_t), put_mode_payload, &publish_mode, &deliver_mode},
    {EVENT_TINYBMS_REGISTER_UPDATED, 5, sizeof(tinybms_register_update_t), put_register_payload, &publish_register,
     &deliver_register},
    {EVENT_TINYBMS_CONNECTED, 6, 0, NULL, NULL, NULL},
    {EVENT_TINYBMS_DISCONNECTED, 7, 0, NULL, NULL, NULL},
    {EVENT_MQTT_STATUS_UPDATED, 8, 0, NULL, NULL, NULL},
#ifdef HAS_TINYBMS
    {EVENT_TINYBMS_STATS_UPDATED, 9, sizeof(tinybms_stats_t), put_stats_payload, &publish_stats, &deliver_stats},
#endif
#ifdef HAS_GATEWAY
    {EVENT_CONFIG_UPDATED, 10, sizeof(hmi_config_t), put_config_payload, &publish_config, &deliver_config},
    {EVENT_ALERTS_ACTIVE_UPDATED, 11, sizeof(alert_list_t), put_alerts_payload, &publish_alerts, &deliver_alerts},
    {EVENT_ALERTS_HISTORY_UPDATED, 12, sizeof(alert_list_t), put_alerts_payload, &publish_alerts, &deliver_alerts},
#endif
};

static const event_kind *kind_of(event_type_t type)
{
    static const event_kind other = {.number = 0};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kinds[i].type == type) {
            return &kinds[i];
        }
    }
    return &other;
}

static bool is_shown(const event_kind *kind, const event_t *event)
{
    return kind->size > 0 && event->data != NULL && event->data_size >= kind->size;
}

/* ---- publications ---- */

static atomic_uint publications;

static void observe_publish(uint32_t serial, const event_t *event)
{
    const event_kind *kind = kind_of(event->type);
    bool shown = is_shown(kind, event);
    p4v_writer writer = p4v_observe_begin();
    p4v_put_uint(&writer, serial, 4);
    if (shown) {
        kind->put(&writer, event->data);
    } else {
        p4v_put_uint(&writer, kind->number, 1);
        p4v_put_uint(&writer, (uint64_t)event->type, 4);
    }
    p4v_observe_end(shown ? kind->publish : &publish_other, &writer);
}

static void observe_published(uint32_t serial, bool accepted)
{
    p4v_writer writer = p4v_observe_begin();
    p4v_put_uint(&writer, serial, 4);
    p4v_put_uint(&writer, accepted, 1);
    p4v_observe_end(&published, &writer);
}

bool __wrap_event_bus_publish(event_bus_t *bus, const event_t *event)
{
    uint32_t serial = atomic_fetch_add(&publications, 1u) + 1u;
    observe_publish(serial, event);
    bool accepted = __real_event_bus_publish(bus, event);
    observe_published(serial, accepted);
    return accepted;
}

/* ---- subscriptions ---- */

typedef struct { callback_fn callback; void *context; uint8_t number; } subscriber;
static subscriber subscribers[MAX_SUBSCRIBERS];
static atomic_uint subscriptions;

/* FNV-1a, of what is shown of a payload (padding is nobody's business), else of its bytes. */
static uint32_t digest(const uint8_t *bytes, size_t length)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ bytes[i]) * 16777619u;
    }
    return hash;
}

static uint32_t payload_digest(const event_kind *kind, const event_t *event)
{
    if (!is_shown(kind, event)) {
        return event->data == NULL ? 0 : digest(event->data, event->data_size);
    }
    uint8_t bytes[sizeof(pack_stats_t) + 16];
    p4v_writer writer = {.at = bytes, .end = bytes + sizeof(bytes)};
    kind->put(&writer, event->data);
    return digest(bytes, (size_t)(writer.at - bytes));
}

static void observe_enter(const subscriber *to, const event_kind *kind, const event_t *event)
{
    p4v_writer writer = p4v_observe_begin();
    p4v_put_uint(&writer, to->number, 1);
    p4v_put_uint(&writer, kind->number, 1);
    p4v_put_uint(&writer, payload_digest(kind, event), 4);
    p4v_observe_end(&handler_enter, &writer);
}

static void observe_delivery(const subscriber *to, const event_kind *kind, const event_t *event)
{
    if (!is_shown(kind, event)) {
        return;
    }
    p4v_writer writer = p4v_observe_begin();
    p4v_put_uint(&writer, to->number, 1);
    kind->put(&writer, event->data);
    p4v_observe_end(kind->deliver, &writer);
}

static void observe_return(const subscriber *to, const event_kind *kind)
{
    p4v_writer writer = p4v_observe_begin();
    p4v_put_uint(&writer, to->number, 1);
    p4v_put_uint(&writer, kind->number, 1);
    p4v_observe_end(&handler_return, &writer);
}

/* What the bus calls in place of every subscriber. */
static void deliver(event_bus_t *bus, const event_t *event, void *context)
{
    const subscriber *to = context;
    const event_kind *kind = kind_of(event->type);
    observe_enter(to, kind, event);
    observe_delivery(to, kind, event);
    to->callback(bus, event, to->context);
    observe_return(to, kind);
}

static void observe_subscription(uint8_t number, event_type_t type)
{
    const char *component = p4v_booting();
    p4v_writer writer = p4v_observe_begin();
    p4v_put_uint(&writer, number, 1);
    p4v_put_uint(&writer, kind_of(type)->number, 1);
    p4v_put_bytes(&writer, component, strlen(component));
    p4v_observe_end(&subscribed, &writer);
}

bool __wrap_event_bus_subscribe(event_bus_t *bus, event_type_t type, callback_fn callback, void *context)
{
    unsigned number = atomic_fetch_add(&subscriptions, 1u);
    if (callback == NULL || number >= MAX_SUBSCRIBERS) {
        return __real_event_bus_subscribe(bus, type, callback, context);
    }
    subscribers[number] = (subscriber){.callback = callback, .context = context, .number = (uint8_t)number};
    observe_subscription((uint8_t)number, type);
    return __real_event_bus_subscribe(bus, type, deliver, &subscribers[number]);
}

/* ---- operations ---- */

static void publish(event_type_t type, void *payload, size_t size, p4v_writer *results)
{
    event_t event = {.type = type, .data = payload, .data_size = size};
    p4v_put_uint(results, event_bus_publish(p4v_bus(), &event), 1);
}

static void publish_battery_token(p4v_reader *arguments, p4v_writer *results)
{
    battery_status_t battery = battery_from_token((uint32_t)p4v_get_uint(arguments, 4));
    publish(EVENT_BATTERY_STATUS_UPDATED, &battery, sizeof(battery), results);
}

static void publish_pack_token(p4v_reader *arguments, p4v_writer *results)
{
    uint32_t token = (uint32_t)p4v_get_uint(arguments, 4);
    unsigned cells = (unsigned)p4v_get_uint(arguments, 1);
    pack_stats_t pack = pack_from_token(token, cells < PACK_MAX_CELLS ? cells : PACK_MAX_CELLS);
    publish(EVENT_PACK_STATS_UPDATED, &pack, sizeof(pack), results);
}

static void publish_system_status(p4v_reader *arguments, p4v_writer *results)
{
    bool reachable = p4v_get_uint(arguments, 1) != 0;
    system_status_t status = {
        .wifi_connected = reachable, .server_reachable = reachable, .storage_ok = true, .has_error = !reachable,
        .network_state = reachable ? NETWORK_STATE_ACTIVE : NETWORK_STATE_ERROR,
        .operation_mode = HMI_MODE_CONNECTED_S3, .telemetry_expected = true,
    };
    publish(EVENT_SYSTEM_STATUS_UPDATED, &status, sizeof(status), results);
}

static void publish_mode_change(p4v_reader *arguments, p4v_writer *results)
{
    bool autonomous = p4v_get_uint(arguments, 1) != 0;
    operation_mode_event_t change = {
        .mode = autonomous ? HMI_MODE_TINYBMS_AUTONOMOUS : HMI_MODE_CONNECTED_S3, .telemetry_expected = !autonomous,
    };
    publish(EVENT_OPERATION_MODE_CHANGED, &change, sizeof(change), results);
}

/* A number that no register has is not accepted, and reaches nobody. */
static void publish_register_token(p4v_reader *arguments, p4v_writer *results)
{
    const bms_register *from = register_by_number((unsigned)p4v_get_uint(arguments, 1));
    uint32_t token = (uint32_t)p4v_get_uint(arguments, 4);
    if (from == NULL) {
        p4v_put_uint(results, false, 1);
        return;
    }
    tinybms_register_update_t update = update_from_token(from, token);
    publish(EVENT_TINYBMS_REGISTER_UPDATED, &update, sizeof(update), results);
}

static void publish_tinybms_link(p4v_reader *arguments, p4v_writer *results)
{
    bool connected = p4v_get_uint(arguments, 1) != 0;
    publish(connected ? EVENT_TINYBMS_CONNECTED : EVENT_TINYBMS_DISCONNECTED, NULL, 0, results);
}

static void publish_mqtt_status(p4v_reader *arguments, p4v_writer *results)
{
    mqtt_status_event_t status = {.enabled = true, .connected = p4v_get_uint(arguments, 1) != 0};
    publish(EVENT_MQTT_STATUS_UPDATED, &status, sizeof(status), results);
}

static void read_metrics(p4v_reader *arguments, p4v_writer *results)
{
    (void)arguments;
    event_bus_metrics_t metrics = event_bus_get_metrics(p4v_bus());
    event_bus_queue_metrics_t queue = {0};
    event_bus_get_queue_metrics(p4v_bus(), &queue);
    p4v_put_uint(results, metrics.subscribers, 4);
    p4v_put_uint(results, metrics.published_total, 4);
    p4v_put_uint(results, queue.queue_capacity, 4);
    p4v_put_uint(results, queue.messages_waiting, 4);
    p4v_put_uint(results, queue.dropped_events, 4);
}

/* ---- the adapter ---- */

static void dispatch_task(void *bus)
{
    event_bus_dispatch_task(bus);
}

static bool boot(void)
{
    event_bus_init(p4v_bus());
    return xTaskCreate(dispatch_task, "event_dispatch", DISPATCH_STACK, p4v_bus(), DISPATCH_PRIORITY, NULL) == pdPASS;
}

static const p4v_operation operations[] = {
    {"bus.battery", "token:u32", "accepted:bool", publish_battery_token},
    {"bus.pack", "token:u32,cells:u8", "accepted:bool", publish_pack_token},
    {"bus.system", "reachable:bool", "accepted:bool", publish_system_status},
    {"bus.mode", "autonomous:bool", "accepted:bool", publish_mode_change},
    {"bus.register", "register:u8,token:u32", "accepted:bool", publish_register_token},
    {"bus.tinybms", "connected:bool", "accepted:bool", publish_tinybms_link},
    {"bus.mqtt", "connected:bool", "accepted:bool", publish_mqtt_status},
    {"bus.metrics", "",
     "subscribers:u32,published_total:u32,queue_capacity:u32,messages_waiting:u32,dropped_events:u32", read_metrics},
    {0},
};
static p4v_observer *const observers[] = {
    &publish_battery, &publish_pack, &publish_system, &publish_mode, &publish_register, &publish_other, &published,
    &subscribed, &handler_enter, &handler_return,
    &deliver_battery, &deliver_pack, &deliver_system, &deliver_mode, &deliver_register,
#ifdef HAS_TINYBMS
    &publish_stats, &deliver_stats,
#endif
#ifdef HAS_GATEWAY
    &publish_config, &publish_alerts, &deliver_config, &deliver_alerts,
#endif
    NULL,
};

const p4v_adapter p4v_adapter_event_bus = {
    .name = "event_bus", .boot = boot, .operations = operations, .observers = observers,
};
