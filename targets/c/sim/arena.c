/*
 * arena.c: the firmware's heap. Bump allocation from a fixed place; what is freed stays dead until the execution ends,
 * so that every later access is caught. Nothing is reused within an execution: an execution that allocates more than
 * the arena holds gets NULL, as on a device whose heap is exhausted.
 */
#include "engine.h"

struct block { uint32_t bytes, magic; uint64_t unused; };   /* 16 bytes before each payload */
enum { BLOCK_LIVE = 0x50345641, BLOCK_DEAD = 0x44454144, REDZONE = 16, ALIGNMENT = 16 };

uint32_t arena_used, arena_marked;
static uint32_t baseline;        /* what static constructors allocated before the first execution */
static size_t live, live_most;

static size_t rounded(size_t bytes) { return (bytes + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1); }
static struct block *block_of(const void *memory) { return (struct block *)(uintptr_t)memory - 1; }

void arena_baseline(void) { baseline = arena_used; }

void arena_reset(void) {
    arena_used = arena_marked = baseline;
    live = live_most = 0;
}

static struct block *append(size_t bytes) {
    size_t need = sizeof(struct block) + rounded(bytes ? bytes : 1) + REDZONE;
    if (need > ARENA_BYTES - arena_used) return NULL;
    struct block *block = (struct block *)(uintptr_t)(ARENA_BASE + arena_used);
    arena_used += (uint32_t)need;
    *block = (struct block){.bytes = (uint32_t)bytes, .magic = BLOCK_LIVE};
    live += bytes;
    if (live > live_most) live_most = live;
    return block;
}

void *port_alloc(size_t bytes) {
    struct block *block = append(bytes);
    if (!block) return NULL;
    __real_memset(block + 1, 0xA5, bytes);
    shadow_allocated((uintptr_t)(block + 1), bytes);
    arena_marked = arena_used;
    return block + 1;
}

/* Its shadow stays as it is beyond all allocations. */
void *port_reserve(size_t bytes) {
    struct block *block = append(bytes);
    if (!block) return NULL;
    for (struct block *piece = block + 1; piece < block + 1 + rounded(bytes) / sizeof *block; piece++) *piece = (struct block){0};
    return block + 1;
}

static bool in_arena(uintptr_t address) {
    return address >= ARENA_BASE + sizeof(struct block) && address < ARENA_BASE + arena_used &&
           address % ALIGNMENT == 0;
}

void port_free(void *memory) {
    if (!memory) return;
    struct block *block = block_of(memory);
    if (!in_arena((uintptr_t)memory) || (block->magic != BLOCK_LIVE && block->magic != BLOCK_DEAD))
        engine_end(PORT_MEMORY, 0, "free of 0x%zx, which is no allocation", (size_t)(uintptr_t)memory);
    if (block->magic == BLOCK_DEAD)
        engine_end(PORT_MEMORY, 0, "double free of 0x%zx (%u bytes)", (size_t)(uintptr_t)memory, block->bytes);
    block->magic = BLOCK_DEAD;
    live -= block->bytes;
    shadow_mark((uintptr_t)memory, block->bytes ? block->bytes : 1, SHADOW_FREED);
    arena_marked = arena_used;
}

size_t port_alloc_size(const void *memory) { return memory ? block_of(memory)->bytes : 0; }
size_t port_heap_free(void) { return ARENA_BYTES - live; }
size_t port_heap_minimum_free(void) { return ARENA_BYTES - live_most; }
