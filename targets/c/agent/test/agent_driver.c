/*
 * agent_driver.c: puts the parts of the agent that run no task behind lines of text: description, validation of
 * programs, recorder. It plays the two FreeRTOS functions that the recorder asks, so that a script can say which task
 * is running, and so reach every order in which tasks can record.
 *
 *   H                           the description
 *   P hex                       what is wrong with the program, or "ok"
 *   R capacity tasks word...    a history: of so many program tasks, recorded by these words:
 *       c3 task 3 runs   j0 it joins as number 0   l0 number 0 leaves   p1,2,hex a record of kind 1 and id 2 of task 0
 *       b0 begins observation 0   w0,hex writes to it   e0,1 ends it as observer 1   o0 probe 0   t5 5 us pass   s stop
 *       r3 another boot, for reason 3
 * Answers end with a line "."; bytes are hexadecimal.
 */
#define _GNU_SOURCE
#include "../agent.h"
#include "../agent_port.h"
#include "../recorder.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OBSERVATIONS 16

/* ---- a firmware to describe ---- */

static p4v_observer s_first = {"test.first", "value:u32", 0}, s_second = {"test.second", "", 0};
static p4v_observer *const s_observers[] = {&s_first, &s_second, NULL};
static const p4v_operation s_operations[] = {
    {"test.none", "", "", NULL},
    {"test.fixed", "a:u8,b:u16,c:u32,d:u64,e:i8,f:i16,g:i32,h:i64,i:f32,j:f64,k:bool", "ok:bool", NULL},
    {"test.text", "name:str,token:u32,blob:bytes", "", NULL},
    {NULL, NULL, NULL, NULL},
};
static const p4v_adapter s_adapter = {"test", NULL, s_operations, s_observers}, s_bare = {"bare", NULL, NULL, NULL};
const p4v_adapter *const p4v_adapters[] = {&s_bare, &s_adapter, NULL};
const p4v_probe p4v_probes[] = {{"test.probe", "a_function"}, {NULL, NULL}};

/* ---- FreeRTOS and the port, as far as the recorder goes ---- */

static uintptr_t s_task = 1;
static uint64_t s_now_us;
static int s_locked;

TaskHandle_t xTaskGetCurrentTaskHandle(void)
{
    return (TaskHandle_t)s_task;
}

char *pcTaskGetName(TaskHandle_t task)
{
    static char name[24];
    snprintf(name, sizeof name, "task%u", (unsigned)(uintptr_t)task);
    return name;
}

uint64_t agent_now_us(void)
{
    return s_now_us;
}

void agent_lock(void)
{
    if (s_locked++)
        abort();
}

void agent_unlock(void)
{
    if (--s_locked)
        abort();
}

/* ---- the lines ---- */

static void print_hex(const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        printf("%02x", bytes[i]);
    putchar('\n');
}

/* A copy that is exactly as long as it may be, so that a sanitizer sees the first byte too far. */
static uint8_t *parse_hex(const char *text, size_t *length)
{
    *length = text ? strlen(text) / 2 : 0;
    uint8_t *bytes = malloc(*length ? *length : 1);
    for (size_t i = 0; i < *length; i++)
        sscanf(text + 2 * i, "%2hhx", &bytes[i]);
    return bytes;
}

static void describe(void)
{
    static uint8_t bytes[4096];
    size_t length = agent_describe(bytes, sizeof bytes);
    for (size_t short_of = 0; short_of < length; short_of++)
        if (agent_describe(bytes, short_of))
            abort();
    print_hex(bytes, length);
}

static void check(const char *text)
{
    size_t length;
    uint8_t *bytes = parse_hex(text, &length);
    const char *problem = agent_check_program(bytes, length);
    puts(problem ? problem : "ok");
    free(bytes);
}

static void write_to(p4v_writer *writer, const char *text)
{
    size_t length;
    uint8_t *bytes = parse_hex(text, &length);
    for (size_t i = 0; i < length; i++)
        p4v_put_uint(writer, bytes[i], 1);
    free(bytes);
}

static void put(unsigned kind, char *words)
{
    unsigned id = (unsigned)strtoul(words, &words, 10);
    size_t length;
    uint8_t *bytes = parse_hex(words + 1, &length);
    recorder_put((enum agent_record_kind)kind, 0, (uint16_t)id, bytes, length);
    free(bytes);
}

static void step(char *word, p4v_writer *writers)
{
    char *more;
    unsigned number = (unsigned)strtoul(word + 1, &more, 10);
    more += *more == ',';
    switch (*word) {
    case 'c': s_task = number + 1; break;
    case 'j': recorder_join(number); break;
    case 'l': recorder_leave(number); break;
    case 'p': put(number, more); break;
    case 'b': writers[number] = p4v_observe_begin(); break;
    case 'w': write_to(&writers[number], more); break;
    case 'e': p4v_observe_end(s_observers[atoi(more)], &writers[number]); break;
    case 'o': agent_probe((uint16_t)number); break;
    case 't': s_now_us += number; break;
    default: recorder_stop(0);
    }
}

static void boot_again(agent_ring *ring, unsigned tasks, unsigned reason)
{
    s_task = 1;
    recorder_resume(ring, tasks, (uint8_t)reason);
}

static void record(char *words)
{
    agent_ring ring = {.capacity = strtoul(strsep(&words, " "), NULL, 10)};
    ring.bytes = malloc(ring.capacity ? ring.capacity : 1);
    p4v_writer writers[OBSERVATIONS];
    unsigned tasks = (unsigned)strtoul(strsep(&words, " "), NULL, 10);
    s_task = 1;
    recorder_start(&ring, tasks);
    for (char *word; (word = strsep(&words, " "));)
        if (*word == 'r')
            boot_again(&ring, tasks, (unsigned)atoi(word + 1));
        else if (*word)
            step(word, writers);
    recorder_stop(0);
    printf("%u %u ", ring.lost, ring.records);
    print_hex(ring.bytes, ring.used);
    free(ring.bytes);
}

int main(void)
{
    char *line = NULL;
    size_t capacity = 0;
    agent_start();
    while (getline(&line, &capacity, stdin) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (*line == 'H')
            describe();
        else if (*line == 'P')
            check(line + 2);
        else
            record(line + 2);
        puts(".");
        fflush(stdout);
    }
    free(line);
    return 0;
}
