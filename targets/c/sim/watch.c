/*
 * watch.c: words that are not known as shared when a traced execution begins, and will be in its course.
 *
 * Their first accesses are no schedule points, and must not become any: a schedule counts those. But who reads the trace
 * wants to see both sides of a conflict, the one included that came while the word was still one task's own. So these
 * words are marked, and every access to them becomes a step of the trace. Nothing here is on while exploring.
 */
#include "engine.h"

#include <stdlib.h>

enum { NOBODY = 0 };
struct watched { uint32_t granule; uint8_t owner; };   /* owner: a task's mark, as in the shadow */
static struct watched *list;
static uint32_t count, capacity;

static bool room_for(uint32_t more) {
    if (count + more <= capacity) return true;
    struct watched *grown = __real_realloc(list, (count + more) * sizeof *grown);
    if (!grown) return false;
    list = grown;
    capacity = count + more;
    return true;
}

void watch_add(const uint32_t *entries, uint32_t more) {
    if (!room_for(more)) return;
    for (uint32_t i = 0; i < more; i++)
        if (!(entries[i] & (TEARABLE_BIT | RACY_BIT))) list[count++] = (struct watched){entries[i] >> 1, NOBODY};
}

static int by_granule(const void *a, const void *b) {
    uint32_t left = ((const struct watched *)a)->granule, right = ((const struct watched *)b)->granule;
    return left < right ? -1 : left > right;
}

/* A stack is its task's from the start; all else is nobody's until it is touched. */
static uint8_t first_owner(uintptr_t address) {
    return address < STACKS_BASE ? NOBODY : (uint8_t)((address - STACKS_BASE) / STACK_BYTES + 1);
}

void watch_start(void) {
    if (count) qsort(list, count, sizeof *list, by_granule);
    for (uint32_t i = 0; i < count; i++) {
        list[i].owner = first_owner((uintptr_t)list[i].granule << 2);
        shadow_watch(list[i].granule, true);
    }
}

void watch_boot(void) {
    for (uint32_t i = 0; i < count; i++) list[i].owner = first_owner((uintptr_t)list[i].granule << 2);
}

void watch_stop(void) {
    for (uint32_t i = 0; i < count; i++) shadow_watch(list[i].granule, false);
    count = 0;
}

/* As for any other word: before there is a second task nothing can be shared. */
bool watch_claim(uintptr_t granule) {
    struct watched key = {(uint32_t)granule, NOBODY};
    struct watched *found = bsearch(&key, list, count, sizeof *list, by_granule);
    if (found->owner == NOBODY && engine.task_count > 1) found->owner = engine.me;
    return found->owner == NOBODY || found->owner == engine.me;
}

static bool is_watched(uintptr_t address) { return shadow[GRANULE(address)] == SHADOW_WATCHED; }

/* Scalars whole, longer ranges by words. */
void watch_trace(uintptr_t address, size_t bytes, bool write, uintptr_t pc) {
    if (!from_firmware(pc)) return;
    enum step_kind kind = write ? STEP_WRITE : STEP_READ;
    if (bytes <= 8) {
        if (is_watched(address) || is_watched(address + bytes - 1))
            trace_step(kind, pc, (const void *)address, (unsigned)bytes, NULL);
        return;
    }
    for (uintptr_t at = address, next; at < address + bytes; at = next) {
        next = (at | 3) + 1;
        if (next > address + bytes) next = address + bytes;
        if (is_watched(at)) trace_step(kind, pc, (const void *)at, (unsigned)(next - at), NULL);
    }
}
