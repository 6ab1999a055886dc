/*
 * call_stack.c: through which calls a task came to where it is, for reports. Kept only while an execution is traced.
 *
 * What the compiler inlined makes no call. The innermost calls are kept, and when there are too many different stacks,
 * later ones are not: it never guesses.
 */
#include "call_stack.h"

enum { STACKS = 1 << 12 };

static struct call_stack stacks[STACKS];   /* by their digests; the first is the empty one */
static uintptr_t sites[MAX_TASKS][CALL_DEPTH];

void call_stack_enter(uintptr_t return_address) {
    sites[engine.self->id][(engine.self->depth - 1u) % CALL_DEPTH] = return_address;
}

void call_stack_keep(bool keep) {
    engine.entries = (uint8_t)(keep ? engine.entries | ENTRIES_TRACED : engine.entries & ~ENTRIES_TRACED);
    if (keep) __real_memset(stacks, 0, sizeof stacks);
}

static struct call_stack current(void) {
    const port_task *self = engine.self;
    struct call_stack now = {0};
    for (unsigned at = self->depth; at > 0 && at + CALL_DEPTH > self->depth && now.count < CALL_STACK_SITES; at--) {
        uintptr_t site = sites[self->id][(at - 1) % CALL_DEPTH];
        if (from_firmware(site)) now.sites[now.count++] = (uint32_t)site;
    }
    return now;
}

static uint32_t digest(const struct call_stack *stack) {
    uint64_t digest = stack->count;
    for (unsigned i = 0; i < stack->count; i++) digest = mix(digest ^ stack->sites[i]);
    return (uint32_t)digest;
}

uint16_t call_stack_now(void) {
    struct call_stack now = current();
    if (!now.count) return 0;
    for (uint32_t tried = 0, at = digest(&now); tried < STACKS; tried++, at++) {
        struct call_stack *kept = &stacks[at % STACKS];
        if (at % STACKS == 0) continue;
        if (!kept->count) *kept = now;
        if (__real_memcmp(kept, &now, sizeof now) == 0) return (uint16_t)(at % STACKS);
    }
    return 0;
}

const struct call_stack *call_stack_at(uint16_t index) { return &stacks[index % STACKS]; }
