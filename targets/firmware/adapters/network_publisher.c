/*
 * network_publisher.c: the publisher's metrics as an operation, and the gateway that it posts to.
 *
 * The gateway is a double of net_client_send_http_request: it records each body, takes the time and gives the answer
 * that the environment stream "http" says. It is weak: a stub of the user's wins.
 */
#include "network_publisher.h"

#include <stdatomic.h>

#include "bus.h"
#include "net_client.h"
#include "p4v_adapter.h"

/* A value of the stream "http" is an answer times HTTP_ANSWER plus the time it takes in microseconds. */
#define HTTP_ANSWER 1000000
#define HTTP_DEFAULT 2000
enum { HTTP_DELIVERED = 0, HTTP_FAILED = 1, HTTP_DELIVERED_UNNOTICED = 2 };

#define METRICS_RESULTS \
    "last_sync_ms:u64,buffered_points:u32,buffer_capacity:u32,publish_errors:u32,published_points:u32,last_duration_ms:u32"

static p4v_observer http_request = {.name = "http.request", .fields = "serial:u32,body:str"};
static p4v_observer http_response = {.name = "http.response", .fields = "serial:u32,ok:bool"};
static atomic_uint requests;

static void observe_request(uint32_t serial, const char *body, size_t length)
{
    p4v_writer writer = p4v_observe_begin();
    p4v_put_uint(&writer, serial, 4);
    p4v_put_bytes(&writer, body, body == NULL ? 0 : length);
    p4v_observe_end(&http_request, &writer);
}

static void observe_response(uint32_t serial, bool ok)
{
    p4v_writer writer = p4v_observe_begin();
    p4v_put_uint(&writer, serial, 4);
    p4v_put_uint(&writer, ok, 1);
    p4v_observe_end(&http_response, &writer);
}

__attribute__((weak)) bool net_client_send_http_request(const char *path, const char *method, const char *body,
                                                        size_t length)
{
    (void)path;
    (void)method;
    uint32_t serial = atomic_fetch_add(&requests, 1u) + 1u;
    observe_request(serial, body, length);
    int64_t answer = p4v_environment("http", HTTP_DEFAULT);
    p4v_cost((uint64_t)(answer % HTTP_ANSWER), false);
    bool ok = answer / HTTP_ANSWER == HTTP_DELIVERED;
    observe_response(serial, ok);
    return ok;
}

static void read_metrics(p4v_reader *arguments, p4v_writer *results)
{
    (void)arguments;
    network_publisher_metrics_t metrics = network_publisher_get_metrics();
    p4v_put_uint(results, metrics.last_sync_ms, 8);
    p4v_put_uint(results, metrics.buffered_points, 4);
    p4v_put_uint(results, metrics.buffer_capacity, 4);
    p4v_put_uint(results, metrics.publish_errors, 4);
    p4v_put_uint(results, metrics.published_points, 4);
    p4v_put_uint(results, metrics.last_duration_ms, 4);
#ifdef P4V_NP_OVERWRITTEN_FIELD
    p4v_put_uint(results, metrics.P4V_NP_OVERWRITTEN_FIELD, 4);
#endif
}

static bool boot(void)
{
    return network_publisher_init(p4v_bus()) == ESP_OK && network_publisher_start() == ESP_OK;
}

static const p4v_operation operations[] = {
#ifdef P4V_NP_OVERWRITTEN_FIELD
    {"np.metrics", "", METRICS_RESULTS ",overwritten:u32", read_metrics},
#else
    {"np.metrics", "", METRICS_RESULTS, read_metrics},
#endif
    {0},
};
static p4v_observer *const observers[] = {&http_request, &http_response, NULL};

const p4v_adapter p4v_adapter_network_publisher = {
    .name = "network_publisher", .boot = boot, .operations = operations, .observers = observers,
};
