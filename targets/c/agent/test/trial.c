/* trial.c: an adapter for the agent's own tests: every type both ways, streams, and operations that misbehave. */
#include "p4v_adapter.h"

static p4v_observer s_seen = {"trial.seen", "value:u32,text:str", 0};
static p4v_observer s_empty = {"trial.empty", "", 0};
static p4v_observer *const s_observers[] = {&s_seen, &s_empty, NULL};

static bool boot(void)
{
    p4v_writer writer = p4v_observe_begin();
    p4v_put_uint(&writer, 0, 4);
    p4v_put_bytes(&writer, p4v_booting(), 5);
    p4v_observe_end(&s_seen, &writer);
    return true;
}

static void echo(p4v_reader *arguments, p4v_writer *results)
{
    static const uint8_t sizes[] = {1, 2, 4, 8, 1, 2, 4, 8};
    for (unsigned i = 0; i < sizeof sizes; i++)
        p4v_put_uint(results, p4v_get_uint(arguments, sizes[i]), sizes[i]);
    p4v_put_f32(results, p4v_get_f32(arguments));
    p4v_put_uint(results, p4v_get_uint(arguments, 8), 8);
    p4v_put_uint(results, p4v_get_uint(arguments, 1), 1);
    for (int i = 0; i < 2; i++) {
        const uint8_t *bytes;
        size_t length = p4v_get_bytes(arguments, &bytes);
        p4v_put_bytes(results, bytes, length);
    }
}

static void stream(p4v_reader *arguments, p4v_writer *results)
{
    (void)arguments;
    p4v_put_uint(results, (uint64_t)p4v_environment("numbers", -1), 8);
}

static void cost(p4v_reader *arguments, p4v_writer *results)
{
    (void)results;
    uint64_t us = p4v_get_uint(arguments, 4);
    p4v_cost(us, p4v_get_uint(arguments, 1));
}

static void observe(p4v_reader *arguments, p4v_writer *results)
{
    (void)results;
    p4v_writer writer = p4v_observe_begin();
    p4v_put_uint(&writer, p4v_get_uint(arguments, 4), 4);
    p4v_put_bytes(&writer, "seen", 4);
    p4v_observe_end(&s_seen, &writer);
}

static void greedy(p4v_reader *arguments, p4v_writer *results)
{
    (void)results;
    p4v_get_uint(arguments, 4);
}

static void boast(p4v_reader *arguments, p4v_writer *results)
{
    (void)arguments;
    p4v_put_uint(results, 5, 8);
}

void step(void); /* the firmware's, which the manifest of the test names as a probe */

static void call_step(p4v_reader *arguments, p4v_writer *results)
{
    (void)arguments;
    (void)results;
    step();
}

#define ALL_TYPES "a:u8,b:u16,c:u32,d:u64,e:i8,f:i16,g:i32,h:i64,i:f32,j:f64,k:bool,l:str,m:bytes"

static const p4v_operation s_operations[] = {
    {"trial.echo", ALL_TYPES, ALL_TYPES, echo},
    {"trial.stream", "", "value:i64", stream},
    {"trial.cost", "us:u32,busy:bool", "", cost},
    {"trial.observe", "value:u32", "", observe},
    {"trial.step", "", "", call_step},
    {"trial.greedy", "value:u8", "", greedy},
    {"trial.boast", "", "value:u32", boast},
    {NULL, NULL, NULL, NULL},
};

extern const p4v_adapter p4v_adapter_trial;
const p4v_adapter p4v_adapter_trial = {"trial", boot, s_operations, s_observers};
