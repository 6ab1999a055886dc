/*
 * retained.c: memory that lives through the boots of one execution, for doubles of what is not in RAM: flash, peers.
 * It lies outside of what boots and executions copy back. Who asks is told apart by name, so that the order of asking,
 * which may differ from boot to boot, does not matter. It refuses to grow: what asks for more is a fault of the double.
 */
#include "engine.h"

enum { RETAINED_BYTES = 1 << 18, RETAINED_AREAS = 16 };

struct area { char name[NAME_MAX_BYTES]; uint32_t offset, bytes; };
static struct area areas[RETAINED_AREAS];
static unsigned area_count;
static uint8_t retained[RETAINED_BYTES] __attribute__((aligned(16)));
static uint32_t retained_used;

void retained_reset(void) {
    if (LIKELY(!area_count)) return;
    __real_memset(retained, 0, retained_used);
    retained_used = area_count = 0;
}

static bool is_named(const struct area *area, const char *name) {
    unsigned at = 0;
    while (at < NAME_MAX_BYTES - 1 && name[at] && area->name[at] == name[at]) at++;
    return at == NAME_MAX_BYTES - 1 || area->name[at] == name[at];
}

static void *add(const char *name, size_t bytes) {
    if (area_count == RETAINED_AREAS || bytes > RETAINED_BYTES - retained_used)
        engine_end(PORT_UNSUPPORTED, 0, "no room to retain %zu bytes for %s", bytes, name);
    struct area *area = &areas[area_count++];
    *area = (struct area){.offset = retained_used, .bytes = (uint32_t)bytes};
    for (unsigned i = 0; i < NAME_MAX_BYTES - 1 && name[i]; i++) area->name[i] = name[i];
    retained_used += ((uint32_t)bytes + 15u) & ~15u;
    return retained + area->offset;
}

void *port_retained(const char *name, size_t bytes) {
    for (unsigned i = 0; i < area_count; i++)
        if (is_named(&areas[i], name)) return retained + areas[i].offset;
    return add(name, bytes);
}
