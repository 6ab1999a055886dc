/*
 * races.c: data races by happens-before, with vector clocks (Flanagan and Freund, "FastTrack", PLDI 2009).
 *
 * Looks at words that are known as shared; what only one task has touched can not race, and once a second one has come,
 * the word is known in every later execution. Order comes from what the RTOS promises: mutexes, queues, semaphores,
 * notifications, event groups, critical sections, timers, the creation of tasks, and atomics. Two accesses of which one
 * writes and that none of these orders are a race, however far apart they ran. A pair of places is reported once in an
 * exploration. It never influences the execution under way.
 */
#include "races.h"
#include "call_stack.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

extern char p4v_data_begin[], p4v_data_end[], p4v_bss_begin[], p4v_bss_end[];

enum { OBJECTS = 1 << 11, VECTORS = 1 << 12, LOCKSETS = 1 << 10, PAIRS = 1 << 12, LATEST = 64, BYTES = 4, NONE = 0 };
#define TABLE_BYTES (SHADOW_BYTES * sizeof(uint32_t))
#define TABLE_BASE (SHADOW_BASE + 4 * SHADOW_BYTES)

struct object { const void *address; uint32_t execution; uint32_t clock[MAX_TASKS]; };
struct cell {
    struct race_access write, read;   /* clock 0: none; `read` is the last when no other is concurrent with it */
    uint32_t execution;               /* in which this was written */
    uint32_t readers;                 /* NONE, or which vector of reads */
};
struct word { struct cell whole; uint32_t split; };   /* split: index of BYTES cells, once part of it was accessed */
struct lockset { uint8_t count; uint32_t locks[RACE_LOCKS]; };

static uint32_t clocks[MAX_TASKS][MAX_TASKS];
static uint32_t unfenced[MAX_TASKS][MAX_TASKS];   /* what relaxed loads saw, for an acquire fence to come */
static bool fenced[MAX_TASKS];                    /* a release fence went before: relaxed stores release */
static struct object objects[OBJECTS];
static struct race_access (*readers)[MAX_TASKS];  /* VECTORS of them */
static uint32_t readers_used, execution;          /* every boot counts as one */
static struct lockset locksets[LOCKSETS] = {{0}};
static uint32_t lockset_count = 1;
static uint16_t held[MAX_TASKS];
static struct word *words;
static struct cell *parts;
static uint32_t word_count = 1, word_capacity, part_count = BYTES, part_capacity;
static uint64_t seen_pairs[PAIRS];
static uint32_t seen_count;
static bool atomic_access, started;
#define word_of ((uint32_t *)TABLE_BASE)          /* per granule: its index in `words`, 0 when it has none yet */

struct race race_reports[RACE_REPORTS];
uint32_t race_count;
uint64_t race_novelty;

/* ---- memory ---- */

static void *grown(void *array, uint32_t *capacity, uint32_t needed, size_t size) {
    if (needed <= *capacity) return array;
    *capacity = *capacity ? 2 * *capacity : 4096;
    void *larger = __real_realloc(array, *capacity * size);
    if (!larger) __real_abort();
    return larger;
}

bool race_start(void) {
    if (started) return true;
    void *table = mmap((void *)TABLE_BASE, TABLE_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    readers = __real_malloc(VECTORS * sizeof *readers);
    return started = table == (void *)TABLE_BASE && readers;
}

static struct word *word_at(uintptr_t granule) {
    uint32_t index = word_of[granule];
    if (LIKELY(index)) return &words[index];
    words = grown(words, &word_capacity, word_count + 1, sizeof *words);
    words[word_count] = (struct word){0};
    word_of[granule] = word_count;
    return &words[word_count++];
}

/* The clock that travels with an object; nobody has released it when it is new. */
static struct object *object_at(const void *address) {
    uint32_t at = (uint32_t)(((uintptr_t)address * 0x9E3779B97F4A7C15ull) >> 40) & (OBJECTS - 1);
    for (uint32_t tried = 0; tried < OBJECTS; tried++, at = (at + 1) & (OBJECTS - 1)) {
        struct object *object = &objects[at];
        if (object->execution == execution && object->address == address) return object;
        if (object->execution == execution) continue;
        *object = (struct object){.address = address, .execution = execution};
        return object;
    }
    port_fail(PORT_UNSUPPORTED, "more than %d objects synchronise tasks", OBJECTS);
}

/* ---- clocks ---- */

static void join(uint32_t *into, const uint32_t *from) {
    for (unsigned i = 0; i < engine.task_count; i++)
        if (from[i] > into[i]) into[i] = from[i];
}

void race_begin(void) {
    race_count = 0;
    race_novelty = 0;
}

void race_boot(void) {
    execution++;
    readers_used = 0;
    for (unsigned i = 0; i < MAX_TASKS; i++) { held[i] = NONE; fenced[i] = false; }
}

void race_fork(const port_task *child) {
    uint32_t *clock = clocks[child->id];
    __real_memset(clock, 0, sizeof clocks[0]);
    __real_memset(unfenced[child->id], 0, sizeof unfenced[0]);
    if (engine.running) {
        join(clock, clocks[engine.self->id]);
        clocks[engine.self->id][engine.self->id]++;
    }
    clock[child->id] = 1;
}

void race_acquire(const void *object) { join(clocks[engine.self->id], object_at(object)->clock); }

void race_release(const void *object) {
    unsigned self = engine.self->id;
    join(object_at(object)->clock, clocks[self]);
    clocks[self][self]++;
}

/* ---- atomics: orders as the compiler numbers them ---- */

enum { RELAXED, CONSUME, ACQUIRE, RELEASE, ACQ_REL, SEQ_CST };

static bool acquires(int order) { return order == CONSUME || order == ACQUIRE || order >= ACQ_REL; }
static bool releases(int order) { return order >= RELEASE; }

void race_atomic(const void *address, bool reads, bool writes, int order) {
    unsigned self = engine.self->id;
    if (reads && acquires(order)) race_acquire(address);
    else if (reads) join(unfenced[self], object_at(address)->clock);
    if (writes && (releases(order) || fenced[self])) race_release(address);
}

void race_fence(int order) {
    unsigned self = engine.self->id;
    if (acquires(order)) join(clocks[self], unfenced[self]);
    if (releases(order)) fenced[self] = true;
}

void race_atomics(bool begin) { atomic_access = begin; }

/* ---- locks held, for reports ---- */

static bool same_locks(const struct lockset *a, const struct lockset *b) {
    return a->count == b->count && __real_memcmp(a->locks, b->locks, a->count * sizeof a->locks[0]) == 0;
}

static uint16_t interned(const struct lockset *wanted) {
    static uint32_t latest[LATEST];   /* by the locks: where it was found last */
    uint32_t *guess = &latest[(wanted->count ? wanted->locks[wanted->count - 1] >> 4 : 0) % LATEST];
    if (same_locks(&locksets[*guess], wanted)) return (uint16_t)*guess;
    for (uint32_t i = 0; i < lockset_count; i++)
        if (same_locks(&locksets[i], wanted)) return (uint16_t)(*guess = i);
    if (lockset_count == LOCKSETS) return NONE;
    locksets[lockset_count] = *wanted;
    return (uint16_t)lockset_count++;
}

void race_hold(const void *lock) {
    struct lockset now = locksets[held[engine.self->id]];
    if (now.count < RACE_LOCKS) now.locks[now.count++] = (uint32_t)(uintptr_t)lock;
    held[engine.self->id] = interned(&now);
    race_acquire(lock);
}

void race_drop(const void *lock) {
    struct lockset now = locksets[held[engine.self->id]];
    unsigned at = now.count;
    while (at && now.locks[at - 1] != (uint32_t)(uintptr_t)lock) at--;
    for (; at && at < now.count; at++) now.locks[at - 1] = now.locks[at];
    if (at) now.count--;
    held[engine.self->id] = interned(&now);
    race_release(lock);
}

unsigned race_locks(const struct race_access *access, const uint32_t **locks) {
    *locks = locksets[access->locks].locks;
    return locksets[access->locks].count;
}

static uint32_t holder_within(const char *begin, const char *end, uint64_t handle) {
    for (; begin + sizeof handle <= end; begin += sizeof handle)
        if (__real_memcmp(begin, &handle, sizeof handle) == 0) return (uint32_t)(uintptr_t)begin;
    return NONE;
}

uint32_t race_handle(uint32_t lock) {
    if (lock < ARENA_BASE) return lock;
    uint32_t found = holder_within(p4v_data_begin, p4v_data_end, lock);
    if (!found) found = holder_within(p4v_bss_begin, p4v_bss_end, lock);
    return found ? found : lock;
}

/* ---- reports ---- */

/* Once for a pair of places, in whichever order. */
static bool is_new(uint32_t one, uint32_t other) {
    uint64_t pair = one < other ? (uint64_t)one << 32 | other : (uint64_t)other << 32 | one;
    uint32_t at = (uint32_t)mix(pair) & (PAIRS - 1);
    while (seen_pairs[at] && seen_pairs[at] != pair) at = (at + 1) & (PAIRS - 1);
    if (seen_pairs[at] || seen_count >= PAIRS / 2) return false;
    seen_pairs[at] = pair;
    seen_count++;
    race_novelty ^= mix(pair);
    return true;
}

void race_forget(void) {
    __real_memset(seen_pairs, 0, sizeof seen_pairs);
    seen_count = 0;
}

static void report(uintptr_t granule, const struct race_access *first, const struct race_access *second) {
    shadow_promote(granule);
    if (race_count == RACE_REPORTS || !is_new(first->pc, second->pc)) return;
    struct race *race = &race_reports[race_count++];
    *race = (struct race){.granule = (uint32_t)granule, .first = *first, .second = *second};
    __real_memcpy(race->first_task, engine.tasks[first->task].name, sizeof race->first_task);
    __real_memcpy(race->second_task, engine.tasks[second->task].name, sizeof race->second_task);
}

/* ---- accesses ---- */

static bool unordered(const struct race_access *before, const struct race_access *now) {
    return before->clock > clocks[now->task][before->task] && !(before->atomic && now->atomic);
}

static void against_reads(uintptr_t granule, const struct cell *cell, const struct race_access *now) {
    if (!cell->readers) {
        if (unordered(&cell->read, now)) report(granule, &cell->read, now);
        return;
    }
    const struct race_access *all = readers[cell->readers - 1];
    for (unsigned i = 0; i < engine.task_count; i++)
        if (unordered(&all[i], now)) report(granule, &all[i], now);
}

/* Reads that nothing orders are all remembered; when there is no room left, only the last one is. */
static void remember_read(struct cell *cell, const struct race_access *now) {
    if (!cell->readers && unordered(&cell->read, now) && readers_used < VECTORS) {
        __real_memset(readers[readers_used], 0, sizeof readers[0]);
        readers[readers_used][cell->read.task] = cell->read;
        cell->readers = ++readers_used;
    }
    if (cell->readers) readers[cell->readers - 1][now->task] = *now;
    else cell->read = *now;
}

static void look(uintptr_t granule, struct cell *cell, const struct race_access *now) {
    if (cell->execution != execution) *cell = (struct cell){.execution = execution};
    if (unordered(&cell->write, now)) report(granule, &cell->write, now);
    if (!now->write) { remember_read(cell, now); return; }
    against_reads(granule, cell, now);
    cell->write = *now;
    cell->readers = NONE;
    cell->read = (struct race_access){0};
}

static void split(struct word *word) {
    parts = grown(parts, &part_capacity, part_count + BYTES, sizeof *parts);
    for (unsigned i = 0; i < BYTES; i++) parts[part_count + i] = word->whole;
    word->split = part_count;
    part_count += BYTES;
}

/* The same task in the same stretch between two synchronisations: nothing has changed. */
static bool again(const struct cell *cell, uint32_t clock, uint8_t task, bool write) {
    const struct race_access *last = write ? &cell->write : &cell->read;
    return cell->execution == execution && last->clock == clock && last->task == task && !cell->readers &&
           (!write || cell->read.clock == 0) && !last->atomic;
}

void race_word(uintptr_t granule, uintptr_t address, size_t bytes, bool write, uintptr_t pc) {
    port_task *self = engine.self;
    struct word *word = word_at(granule);
    uint32_t clock = clocks[self->id][self->id];
    uintptr_t from = granule << 2 > address ? granule << 2 : address, end = (granule << 2) + BYTES;
    if (address + bytes < end) end = address + bytes;
    bool partly = end - from < BYTES;
    if (!word->split && !partly && again(&word->whole, clock, self->id, write)) return;
    struct race_access now = {clock, (uint32_t)(from_firmware(pc) ? pc : firmware_caller()), held[self->id],
                              engine.tracing ? call_stack_now() : NONE, self->id, write, atomic_access};
    if (!word->split && !partly) { look(granule, &word->whole, &now); return; }
    if (!word->split) split(word);
    struct cell *part = &parts[word->split];
    for (; from < end; from++)
        if (!again(&part[from & 3], clock, self->id, write)) look(granule, &part[from & 3], &now);
}
