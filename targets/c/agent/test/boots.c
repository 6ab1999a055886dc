/*
 * boots.c: an adapter for the tests of power cuts: a value in memory that lives through boots, written in two steps as to
 * a flash; frames of telemetry; a firmware's task and variable, which do not live through them. The port's functions are
 * reached by the names that the link gives them, because adapters have no business there.
 */
#include "esp_system.h"
#include "esp_timer.h"
#include "p4v_adapter.h"

enum { NVS_BEFORE, NVS_AFTER };
void power_step(int step) __asm__("port_power_step.p4verify");
void *retained(const char *name, size_t bytes) __asm__("port_retained.p4verify");

/* of the firmware */
void start(void);
uint32_t bump(void);

static p4v_observer s_began = {"boots.began", "ram:u32,first:u32,second:u32,clock_us:u64,reason:u8", 0};
static p4v_observer s_unended = {"boots.unended", "", 0};
static p4v_observer *const s_observers[] = {&s_began, &s_unended, NULL};

typedef struct flash { uint32_t first, second; } flash;

static flash *image(void)
{
    return retained("a flash", sizeof(flash));
}

static void put_state(p4v_writer *writer)
{
    p4v_put_uint(writer, bump(), 4);
    p4v_put_uint(writer, image()->first, 4);
    p4v_put_uint(writer, image()->second, 4);
    p4v_put_uint(writer, (uint64_t)esp_timer_get_time(), 8);
}

static bool boot(void)
{
    retained("another flash", 100 * (image()->first + 1)); /* asked for first in one boot and second in another */
    p4v_writer writer = p4v_observe_begin();
    put_state(&writer);
    p4v_put_uint(&writer, esp_reset_reason(), 1);
    p4v_observe_end(&s_began, &writer);
    start();
    return true;
}

static void read_state(p4v_reader *arguments, p4v_writer *results)
{
    (void)arguments;
    put_state(results);
}

static void store(p4v_reader *arguments, p4v_writer *results)
{
    (void)results;
    uint32_t value = (uint32_t)p4v_get_uint(arguments, 4), *words[] = {&image()->first, &image()->second};
    for (int i = 0; i < 2; i++) {
        power_step(NVS_BEFORE);
        *words[i] = value;
        p4v_cost(4000, true);
        power_step(NVS_AFTER);
    }
}

static void frame(p4v_reader *arguments, p4v_writer *results)
{
    (void)arguments;
    (void)results;
    p4v_frame(true);
    image()->first++;
    p4v_frame(false);
}

/* The power is cut while something is being observed. */
static void unended(p4v_reader *arguments, p4v_writer *results)
{
    (void)arguments;
    (void)results;
    p4v_writer writer = p4v_observe_begin();
    p4v_frame(true);
    p4v_observe_end(&s_unended, &writer);
}

static void restart(p4v_reader *arguments, p4v_writer *results)
{
    (void)arguments;
    (void)results;
    esp_restart();
}

static void stream(p4v_reader *arguments, p4v_writer *results)
{
    (void)arguments;
    p4v_put_uint(results, (uint64_t)p4v_environment("numbers", -1), 8);
}

static const p4v_operation s_operations[] = {
    {"boots.read", "", "ram:u32,first:u32,second:u32,clock_us:u64", read_state},
    {"boots.store", "value:u32", "", store},
    {"boots.frame", "", "", frame},
    {"boots.unended", "", "", unended},
    {"boots.restart", "", "", restart},
    {"boots.stream", "", "value:i64", stream},
    {NULL, NULL, NULL, NULL},
};

extern const p4v_adapter p4v_adapter_boots;
const p4v_adapter p4v_adapter_boots = {"boots", boot, s_operations, s_observers};
