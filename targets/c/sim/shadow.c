/*
 * shadow.c: whose memory is it. One byte per 32-bit granule of the low 4 GiB.
 *
 * A granule that a second task touches becomes shared, and stays known as shared in later executions: only accesses to
 * shared granules are schedule points. Ownership by one task is forgotten between executions, so that an execution
 * depends on nothing but its plan and on what had been learnt when it began; the log of what was learnt, in order, is
 * therefore part of what a replay restores.
 */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { EIGHT = 8, FIRST_PAGE = 4096 };
#define EACH_BYTE 0x0101010101010101ull
#define KNOWN_BASE (SHADOW_BASE + SHADOW_BYTES)
#define TEARABLE_BASE (KNOWN_BASE + SHADOW_BYTES)
#define known ((uint8_t *)KNOWN_BASE)          /* the shadow an execution starts from */
#define tearable ((uint8_t *)TEARABLE_BASE)    /* per granule holding a high word: it has changed */

extern char p4v_data_begin[], p4v_data_end[], p4v_bss_begin[], p4v_bss_end[];
extern char __executable_start[], end[];

uint32_t shadow_log_length;
uint32_t *shadow_log;
static uint32_t shadow_log_capacity;
static uint32_t racy_from;   /* entries of the log before this one are of earlier executions */

static void region_start(uintptr_t begin, uintptr_t stop, uint8_t mark) {
    __real_memset(known + GRANULE(begin), mark, GRANULE(stop + 3) - GRANULE(begin));
    __real_memcpy(shadow + GRANULE(begin), known + GRANULE(begin), GRANULE(stop + 3) - GRANULE(begin));
}

/* Here and not where the race detector maps its table, in the midst of a run. */
static void require_address_space(void) {
    struct rlimit now;
    if (getrlimit(RLIMIT_AS, &now) != 0 || now.rlim_cur == RLIM_INFINITY) return;
    if (now.rlim_cur >> 30 >= ADDRESS_SPACE_GIB) return;
    dprintf(STDERR_FILENO, "p4verify: the simulator reserves %d GiB of address space, and only %.1f are allowed: "
            "`ulimit -v unlimited`\n", ADDRESS_SPACE_GIB, (double)now.rlim_cur / (1 << 30));
    __real_exit(2);
}

void shadow_start(void) {
    require_address_space();
    void *map = mmap((void *)SHADOW_BASE, 3 * SHADOW_BYTES, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (map != (void *)SHADOW_BASE) {
        dprintf(STDERR_FILENO, "p4verify: no room for the shadow memory; is vm.overcommit_memory 2?\n");
        __real_exit(2);
    }
    region_start((uintptr_t)p4v_data_begin, (uintptr_t)p4v_data_end, SHADOW_UNOWNED);
    region_start((uintptr_t)p4v_bss_begin, (uintptr_t)p4v_bss_end, SHADOW_UNOWNED);
    region_start(ARENA_BASE, ARENA_BASE + ARENA_BYTES, SHADOW_UNOWNED);
    shadow_mark(ARENA_BASE, ARENA_BYTES, SHADOW_REDZONE);
    for (unsigned id = 0; id < MAX_TASKS; id++)
        region_start(STACKS_BASE + id * STACK_BYTES, STACKS_BASE + (id + 1) * STACK_BYTES, (uint8_t)(id + 1));
}

void shadow_mark(uintptr_t address, size_t bytes, uint8_t mark) {
    __real_memset(shadow + GRANULE(address), mark, GRANULE(address + bytes + 3) - GRANULE(address));
}

void shadow_allocated(uintptr_t address, size_t bytes) {
    put_back(shadow + GRANULE(address), known + GRANULE(address), GRANULE(address + bytes + 3) - GRANULE(address));
}

static void region_reset(uintptr_t begin, uintptr_t stop) { shadow_allocated(begin, stop - begin); }

void shadow_reset(void) {
    region_reset((uintptr_t)p4v_data_begin, (uintptr_t)p4v_data_end);
    region_reset((uintptr_t)p4v_bss_begin, (uintptr_t)p4v_bss_end);
    shadow_mark(ARENA_BASE, arena_marked, SHADOW_REDZONE);
}

/* ---- what has been learnt ---- */

static uintptr_t granule_of(uint32_t entry) { return (entry & ~RACY_BIT) >> 1; }

static void log_entry(uint32_t entry) {
    if (shadow_log_length == shadow_log_capacity) {
        shadow_log_capacity = shadow_log_capacity ? 2 * shadow_log_capacity : 1024;
        shadow_log = __real_realloc(shadow_log, shadow_log_capacity * sizeof *shadow_log);
        if (!shadow_log) __real_abort();
    }
    shadow_log[shadow_log_length++] = entry;
}

static bool on_stack(uintptr_t granule) { return granule << 2 >= STACKS_BASE; }

void shadow_learn(uintptr_t granule, bool is_tearable) {
    uint8_t *cell = is_tearable ? tearable + granule : known + granule;
    if (shadow_shared(*cell)) return;
    *cell = on_stack(granule) && !is_tearable ? SHADOW_STACK : SHADOW_SHARED;
    if (!is_tearable) shadow[granule] = *cell;
    log_entry((uint32_t)(granule << 1 | is_tearable));
}

/* Stacks are left alone: their marks hold at once, and the execution under way must not change. */
void shadow_promote(uintptr_t granule) {
    if (known[granule] != SHADOW_SHARED || granule << 2 >= STACKS_BASE) return;
    known[granule] = SHADOW_PROMOTED;
    log_entry((uint32_t)(granule << 1) | RACY_BIT);
}

void shadow_begin(void) {
    for (; racy_from < shadow_log_length; racy_from++)
        if (shadow_log[racy_from] & RACY_BIT) known[granule_of(shadow_log[racy_from])] = SHADOW_RACY;
}

bool shadow_tearable(uintptr_t address) { return tearable[GRANULE(address)] == SHADOW_SHARED; }

static uint8_t untouched(uintptr_t granule) {
    uintptr_t address = granule << 2;
    if (address < STACKS_BASE || address >= STACKS_BASE + MAX_TASKS * STACK_BYTES) return SHADOW_UNOWNED;
    return (uint8_t)((address - STACKS_BASE) / STACK_BYTES + 1);
}

void shadow_watch(uintptr_t granule, bool watched) {
    bool is_known = known[granule] == SHADOW_SHARED || known[granule] == SHADOW_STACK;
    if (watched ? is_known : known[granule] != SHADOW_WATCHED) return;
    known[granule] = watched ? SHADOW_WATCHED : untouched(granule);
    if (granule << 2 >= STACKS_BASE) shadow[granule] = known[granule];
}

/* Between executions only: the live shadow of stacks is the known one. */
void shadow_forget(void) {
    for (uint32_t i = 0; i < shadow_log_length; i++) {
        uintptr_t granule = granule_of(shadow_log[i]);
        if (shadow_log[i] & TEARABLE_BIT) { tearable[granule] = 0; continue; }
        known[granule] = untouched(granule);
        if (granule << 2 >= STACKS_BASE) shadow[granule] = known[granule];
    }
    shadow_log_length = racy_from = 0;
}

void shadow_recall(const uint32_t *entries, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        uintptr_t granule = granule_of(entries[i]);
        uint8_t now = shadow[granule];
        if (entries[i] & RACY_BIT) shadow_promote(granule);
        else shadow_learn(granule, entries[i] & TEARABLE_BIT);
        if (granule << 2 < STACKS_BASE) shadow[granule] = now;  /* the next reset takes it up */
    }
}

void shadow_restore(const uint32_t *entries, uint32_t count) {
    shadow_forget();
    shadow_recall(entries, count);
}

/* ---- accesses ---- */

static bool ours(uintptr_t address) {
    return address >= (uintptr_t)__executable_start && address < (uintptr_t)end;
}

static bool touch_special(uint8_t mark, uintptr_t address, size_t bytes, bool write, uintptr_t pc) {
    const char *what = write ? "write" : "read";
    if (mark == SHADOW_FREED)
        engine_end(PORT_MEMORY, pc, "use after free: %s of %zu bytes at 0x%zx", what, bytes, (size_t)address);
    if (mark == SHADOW_REDZONE)
        engine_end(PORT_MEMORY, pc, "out of bounds of its allocation: %s of %zu bytes at 0x%zx", what, bytes,
                   (size_t)address);
    if (address < FIRST_PAGE)
        engine_end(PORT_CRASH, pc, "null pointer: %s of %zu bytes at 0x%zx", what, bytes, (size_t)address);
    if (write && ours(address))
        engine_end(PORT_MEMORY, pc, "wild write of %zu bytes at 0x%zx", bytes, (size_t)address);
    return false;
}

/* Before there is a second task nothing can be shared: what main initialises stays unclaimed. */
static bool touch_granule(uintptr_t granule, uintptr_t address, size_t bytes, bool write, uintptr_t pc) {
    uint8_t mark = shadow[granule];
    if (mark == engine.me || (mark == SHADOW_FOREIGN && !write && granule >= GRANULE(FIRST_PAGE))) return false;
    if (shadow_shared(mark)) {
        if (UNLIKELY(mark == SHADOW_STACK)) dead_stack_touch(granule << 2, bytes, write, pc);
        if (UNLIKELY(engine.racing)) race_word(granule, address, bytes, write, pc);
        return true;
    }
    if (mark == SHADOW_UNOWNED) {
        if (engine.task_count > 1) shadow[granule] = engine.me;
        return false;
    }
    if (mark == SHADOW_WATCHED) {
        if (watch_claim(granule)) return false;
    } else if (mark == SHADOW_FOREIGN || mark > MAX_TASKS) return touch_special(mark, address, bytes, write, pc);
    if (UNLIKELY(on_stack(granule))) dead_stack_touch(granule << 2, bytes, write, pc);
    shadow_learn(granule, false);
    return true;
}

/* The same for eight at once, when they are all alike and no discovery; LOOK_CLOSER when they are not. */
enum touched { ALONE, SHARED, LOOK_CLOSER };
static inline enum touched touch_eight(uintptr_t granule, bool write) {
    uint64_t marks, mine = EACH_BYTE * engine.me;
    __builtin_memcpy(&marks, shadow + granule, sizeof marks);
    if (marks == mine) return ALONE;
    if (marks == EACH_BYTE * SHADOW_SHARED && !engine.racing) return SHARED;
    if (marks == EACH_BYTE * SHADOW_FOREIGN && !write && granule >= GRANULE(FIRST_PAGE)) return ALONE;
    if (marks != EACH_BYTE * SHADOW_UNOWNED) return LOOK_CLOSER;
    if (engine.task_count > 1) __builtin_memcpy(shadow + granule, &mine, sizeof mine);
    return ALONE;
}

bool shadow_touch(uintptr_t address, size_t bytes, bool write, uintptr_t pc) {
    if (!engine.running || address >> 32 || bytes == 0) return false;
    uintptr_t first = GRANULE(address);
    if (LIKELY(first == GRANULE(address + bytes - 1) && shadow[first] == engine.me)) return false;
    bool shared = false;
    uintptr_t granule = first, last = GRANULE(address + bytes - 1);
    while (granule <= last) {
        enum touched eight = granule + EIGHT <= last + 1 ? touch_eight(granule, write) : LOOK_CLOSER;
        if (eight == LOOK_CLOSER) shared |= touch_granule(granule++, address, bytes, write, pc);
        else granule += EIGHT;
        shared |= eight == SHARED;
    }
    if (UNLIKELY(engine.tracing) && !shared) watch_trace(address, bytes, write, pc);
    return shared;
}
