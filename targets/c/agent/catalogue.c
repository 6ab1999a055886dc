/* catalogue.c: see catalogue.h. It keeps no table: adapters are few, and what is not stored needs no reset. */
#include "catalogue.h"

#include "agent.h"

#include <string.h>

static void idle(p4v_reader *arguments, p4v_writer *results)
{
    (void)arguments;
    (void)results;
}

static const p4v_operation s_idle = {"agent.idle", "", "", idle};

const p4v_operation *catalogue_operation(uint16_t number)
{
    if (number-- == 0)
        return &s_idle;
    for (const p4v_adapter *const *adapter = p4v_adapters; *adapter; adapter++)
        for (const p4v_operation *operation = (*adapter)->operations; operation && operation->name; operation++)
            if (number-- == 0)
                return operation;
    return NULL;
}

uint16_t catalogue_operations(void)
{
    uint16_t count = 0;
    while (catalogue_operation(count))
        count++;
    return count;
}

static uint16_t s_observers;

uint16_t catalogue_observers(void)
{
    return s_observers;
}

void agent_start(void)
{
    s_observers = 0;
    for (const p4v_adapter *const *adapter = p4v_adapters; *adapter; adapter++)
        for (p4v_observer *const *observer = (*adapter)->observers; observer && *observer; observer++)
            (*observer)->id = s_observers++;
}

/* ---- signatures ---- */

/* Bytes of a type; 0 for str and bytes, which carry their length. The host refuses signatures with other types. */
static size_t size_of(const char *type)
{
    size_t bits = 0;
    if (type[0] == 'b' && type[1] == 'o')
        return 1;
    for (; *type && *type != ','; type++)
        bits = *type >= '0' && *type <= '9' ? bits * 10 + (size_t)(*type - '0') : bits;
    return bits / 8;
}

static void skip(p4v_reader *values, size_t size)
{
    const uint8_t *unused;
    if (!size)
        p4v_get_bytes(values, &unused);
    else
        p4v_get_uint(values, size);
}

bool catalogue_accepts(const char *signature, p4v_reader values)
{
    for (const char *at = signature; *at; at++)
        if (*at == ':')
            skip(&values, size_of(at + 1));
    return !values.short_read && values.at == values.end;
}

/* ---- HELLO ---- */

static void put_text(p4v_writer *out, const char *text)
{
    p4v_put_bytes(out, text ? text : "", text ? strlen(text) : 0);
}

static uint16_t probes(void)
{
    uint16_t count = 0;
    while (p4v_probes[count].observer)
        count++;
    return count;
}

static void describe_observers(p4v_writer *out)
{
    p4v_put_uint(out, (uint64_t)s_observers + probes(), 2);
    for (const p4v_adapter *const *adapter = p4v_adapters; *adapter; adapter++)
        for (p4v_observer *const *observer = (*adapter)->observers; observer && *observer; observer++) {
            put_text(out, (*observer)->name);
            put_text(out, (*observer)->fields);
        }
    for (const p4v_probe *probe = p4v_probes; probe->observer; probe++) {
        put_text(out, probe->observer);
        put_text(out, "");
    }
}

size_t agent_describe(uint8_t *bytes, size_t capacity)
{
    p4v_writer out = {bytes, bytes + capacity, false};
    uint16_t operations = catalogue_operations();
    p4v_put_uint(&out, operations, 2);
    for (uint16_t number = 0; number < operations; number++) {
        const p4v_operation *operation = catalogue_operation(number);
        put_text(&out, operation->name);
        put_text(&out, operation->arguments);
        put_text(&out, operation->results);
    }
    describe_observers(&out);
    return out.overflow ? 0 : (size_t)(out.at - bytes);
}
