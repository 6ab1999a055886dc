/*
 * program.c: decodes and validates a Program before anything of it runs. It believes no byte: counts are checked
 * against what follows them, operations and their arguments against the catalogue.
 */
#include "program.h"

#include "agent.h"
#include "catalogue.h"

#include <stdarg.h>
#include <stdio.h>

#define VERSION 1u
#define PRIORITY_MAX 24u

/* What is being parsed; `problem` is the first thing that was wrong. */
typedef struct parsing { p4v_reader in; const uint8_t *first; const char *problem; } parsing;

__attribute__((format(printf, 2, 3))) static void wrong(parsing *state, const char *format, ...)
{
    static char text[192];
    if (state->problem)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    state->problem = text;
}

static uint64_t get(parsing *state, size_t bytes)
{
    uint64_t value = p4v_get_uint(&state->in, bytes);
    if (state->in.short_read)
        wrong(state, "the program is cut short at byte %zu", (size_t)(state->in.end - state->first));
    return value;
}

/* The next `length` bytes as they are; an empty reader when they are not there. */
static p4v_reader get_part(parsing *state, size_t length)
{
    p4v_reader part = {state->in.at, state->in.at, false};
    if ((size_t)(state->in.end - state->in.at) < length)
        wrong(state, "the program is cut short: %zu bytes are missing at its end",
              length - (size_t)(state->in.end - state->in.at));
    if (!state->problem)
        part.end = state->in.at += length;
    return part;
}

static void parse_stream(parsing *state, program_stream *stream)
{
    stream->name_length = (uint8_t)get(state, 1);
    stream->name = get_part(state, stream->name_length).at;
    stream->values = get_part(state, (size_t)get(state, 2) * sizeof(int64_t));
}

static void check_invocation(parsing *state, const char *task, unsigned index)
{
    uint16_t number = (uint16_t)get(state, 2);
    get(state, 4); /* any delay will do */
    p4v_reader arguments = get_part(state, (size_t)get(state, 2));
    const p4v_operation *operation = catalogue_operation(number);
    if (!operation)
        wrong(state, "invocation %u of %s calls operation %u, there are %u", index, task, number,
              catalogue_operations());
    else if (!catalogue_accepts(operation->arguments, arguments))
        wrong(state, "invocation %u of %s: %s takes (%s), which %zu bytes are not", index, task, operation->name,
              operation->arguments, (size_t)(arguments.end - arguments.at));
}

static void parse_invocations(parsing *state, program_task *task)
{
    task->count = (uint16_t)get(state, 2);
    task->invocations = state->in;
    for (unsigned i = 0; i < task->count && !state->problem; i++)
        check_invocation(state, task->name, i);
    task->invocations.end = state->in.at;
}

static void parse_name(parsing *state, program_task *task)
{
    size_t length = (size_t)get(state, 1);
    p4v_reader name = get_part(state, length);
    if (length == 0 || length > PROGRAM_NAME_MAX)
        wrong(state, "the name of a task has 1 to %u bytes, not %zu", PROGRAM_NAME_MAX, length);
    for (size_t i = 0; !state->problem && i < length; i++)
        task->name[i] = (char)name.at[i];
    task->name[state->problem ? 0 : length] = '\0';
}

static void parse_task(parsing *state, program_task *task)
{
    parse_name(state, task);
    task->priority = (uint8_t)get(state, 1);
    task->core = (int8_t)get(state, 1);
    if (task->priority > PRIORITY_MAX)
        wrong(state, "task %s has priority %u, the highest is %u", task->name, task->priority, PRIORITY_MAX);
    if (task->core < -1 || task->core > 1)
        wrong(state, "task %s wants core %d, there are 0, 1 and -1 for any", task->name, task->core);
    parse_invocations(state, task);
}

/* A count of parts, each of which needs memory here. */
static uint8_t get_count(parsing *state, unsigned maximum, const char *what)
{
    unsigned count = (unsigned)get(state, 1);
    if (count > maximum)
        wrong(state, "the program has %u %s, at most %u are possible", count, what, maximum);
    return state->problem ? 0 : (uint8_t)count;
}

const char *program_parse(const uint8_t *bytes, size_t length, program *out)
{
    parsing state = {{bytes, bytes + length, false}, bytes, NULL};
    unsigned version = (unsigned)get(&state, 1);
    if (version != VERSION)
        wrong(&state, "the program is encoded in version %u, this agent knows version %u", version, VERSION);
    out->settle_ms = (uint32_t)get(&state, 4);
    out->stream_count = get_count(&state, PROGRAM_STREAMS_MAX, "streams");
    for (unsigned i = 0; i < out->stream_count; i++)
        parse_stream(&state, &out->streams[i]);
    out->task_count = get_count(&state, PROGRAM_TASKS_MAX, "tasks");
    for (unsigned i = 0; i < out->task_count; i++)
        parse_task(&state, &out->tasks[i]);
    out->final = (program_task){.name = "final"};
    parse_invocations(&state, &out->final);
    if (!state.problem && state.in.at != state.in.end)
        wrong(&state, "%zu bytes follow the program", (size_t)(state.in.end - state.in.at));
    return state.problem;
}

program_invocation program_next(p4v_reader *invocations)
{
    program_invocation next;
    next.operation = catalogue_operation((uint16_t)p4v_get_uint(invocations, 2));
    next.delay_ms = (uint32_t)p4v_get_uint(invocations, 4);
    const uint8_t *arguments;
    size_t length = p4v_get_bytes(invocations, &arguments);
    next.arguments = (p4v_reader){arguments, arguments + length, false};
    return next;
}

const char *agent_check_program(const uint8_t *bytes, size_t length)
{
    static program scratch;
    return program_parse(bytes, length, &scratch);
}
