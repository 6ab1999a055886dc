/*
 * remote_event_adapter.c: the S3 gateway, as far as the firmware hears of it: frames, events, answers, connections.
 *
 * Telemetry comes as tokens and is made into JSON here; anything else is given as text. The history model is a weak
 * double that forgets what it is told.
 */
#include "remote_event_adapter.h"

#include <stdlib.h>

#include "bus.h"
#include "nvs_flash.h"
#include "p4v_adapter.h"
#include "telemetry_json.h"
#if __has_include("history_model.h")
#include "history_model.h"
#else
void history_model_on_remote_history(int status, const char *body);
#endif

static p4v_observer frame_given = {.name = "re.frame", .fields = "token:u32,variant:u8,accepted_hint:bool"};

__attribute__((weak)) void history_model_on_remote_history(int status, const char *body)
{
    (void)status;
    (void)body;
}

/* ---- telemetry ---- */

static void observe_frame(uint32_t token, unsigned variant, bool whole)
{
    p4v_writer writer = p4v_observe_begin();
    p4v_put_uint(&writer, token, 4);
    p4v_put_uint(&writer, variant, 1);
    p4v_put_uint(&writer, whole, 1);
    p4v_observe_end(&frame_given, &writer);
}

/* Power may fail around the frames that a firmware should take. */
static void power_at_frame(bool whole, bool before)
{
    if (whole) {
        p4v_frame(before);
    }
}

static void give_telemetry(p4v_reader *arguments, p4v_writer *results)
{
    (void)results;
    uint32_t token = (uint32_t)p4v_get_uint(arguments, 4);
    unsigned cells = (unsigned)p4v_get_uint(arguments, 1);
    unsigned variant = (unsigned)p4v_get_uint(arguments, 1);
    cells = cells < PACK_MAX_CELLS ? cells : PACK_MAX_CELLS;
    char text[TELEMETRY_JSON_BYTES];
    size_t length = telemetry_json(text, variant, token, cells);
    bool whole = telemetry_json_is_whole(variant, cells);
    power_at_frame(whole, true);
    observe_frame(token, variant, whole);
    remote_event_adapter_on_telemetry_json(text, length);
    power_at_frame(whole, false);
}

/* ---- texts ---- */

/* A copy that ends with NUL; NULL without memory. */
static char *get_text(p4v_reader *arguments, size_t *length)
{
    const uint8_t *bytes;
    *length = p4v_get_bytes(arguments, &bytes);
    char *text = malloc(*length + 1);
    if (text != NULL) {
        memcpy(text, bytes, *length);
        text[*length] = '\0';
    }
    return text;
}

typedef void (*json_callback)(const char *json, size_t length);

static json_callback callback_of(unsigned kind)
{
    switch (kind) {
    case 0: return remote_event_adapter_on_telemetry_json;
    case 1: return remote_event_adapter_on_event_json;
    case 2: return remote_event_adapter_on_alerts_json;
    case 3: return remote_event_adapter_on_mqtt_status_json;
    default: return NULL;
    }
}

static void give_json(p4v_reader *arguments, p4v_writer *results)
{
    (void)results;
    size_t length;
    json_callback callback = callback_of((unsigned)p4v_get_uint(arguments, 1));
    char *text = get_text(arguments, &length);
    if (callback != NULL && text != NULL) {
        callback(text, length);
    }
    free(text);
}

/* ---- answers ---- */

static void give_config(p4v_reader *arguments, p4v_writer *results)
{
    (void)results;
    uint32_t token = (uint32_t)p4v_get_uint(arguments, 4);
    char body[128];
    snprintf(body, sizeof(body), "{\"can_bitrate\":%u,\"uart_baudrate\":%u,\"mqtt_topic_pub\":\"t%u\"}",
             (unsigned)(125000u + token), (unsigned)(9600u + token), (unsigned)token);
    remote_event_adapter_on_http_response("/api/config", "GET", 200, body);
}

/* An empty body is none. */
static void give_answer(p4v_reader *arguments, p4v_writer *results)
{
    (void)results;
    size_t path_length, method_length, body_length;
    char *path = get_text(arguments, &path_length);
    char *method = get_text(arguments, &method_length);
    int status = (int)(uint32_t)p4v_get_uint(arguments, 4);
    char *body = get_text(arguments, &body_length);
    if (path != NULL && method != NULL && body != NULL) {
        remote_event_adapter_on_http_response(path, method, status, body_length > 0 ? body : NULL);
    }
    free(path);
    free(method);
    free(body);
}

/* ---- states ---- */

static void set_mode(p4v_reader *arguments, p4v_writer *results)
{
    (void)results;
    bool autonomous = p4v_get_uint(arguments, 1) != 0;
    remote_event_adapter_set_operation_mode(autonomous ? HMI_MODE_TINYBMS_AUTONOMOUS : HMI_MODE_CONNECTED_S3,
                                            !autonomous);
}

static void come_online(p4v_reader *arguments, p4v_writer *results)
{
    (void)arguments;
    (void)results;
    remote_event_adapter_on_network_online();
}

/* ---- the adapter ---- */

/* Of this family some return an esp_err_t and some nothing; what returns nothing does not fail. */
#define SUCCEEDS(call)                                                                        \
    (__builtin_choose_expr(__builtin_types_compatible_p(__typeof__(call), void), ((void)(call), ESP_OK), (call)) == ESP_OK)

/* A firmware must start without its flash. */
static bool boot(void)
{
    nvs_flash_init();
    return SUCCEEDS(remote_event_adapter_init(p4v_bus())) && SUCCEEDS(remote_event_adapter_start());
}

static const p4v_operation operations[] = {
    {"re.telemetry", "token:u32,cells:u8,variant:u8", "", give_telemetry},
    {"re.json", "kind:u8,text:str", "", give_json},
    {"re.mode", "autonomous:bool", "", set_mode},
    {"re.config", "token:u32", "", give_config},
    {"re.http", "path:str,method:str,status:u32,body:str", "", give_answer},
    {"re.online", "", "", come_online},
    {0},
};
static p4v_observer *const observers[] = {&frame_given, NULL};

const p4v_adapter p4v_adapter_remote_event_adapter = {
    .name = "remote_event_adapter", .boot = boot, .operations = operations, .observers = observers,
};
