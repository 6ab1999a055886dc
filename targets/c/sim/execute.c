/*
 * execute.c: one execution. Everything the firmware can see is put back to what it was when the process started, the
 * main task runs, and sooner or later somebody ends it. What ends may be a boot only: then all but retained memory is
 * put back again, and the next boot follows in the same execution, whose points, choices and time go on.
 */
#include "engine.h"
#include "subject.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

extern char p4v_data_begin[], p4v_data_end[], p4v_bss_begin[], p4v_bss_end[];

struct engine engine = {.me = SHADOW_NOBODY};   /* outside executions every access is looked at */
static uint8_t *snapshot;
static size_t data_bytes, bss_bytes;
static uint8_t arena_snapshot[65536];  /* what static constructors allocated */
void libc_reset(void);

static void map_fixed(uintptr_t base, size_t bytes) {
    void *got = mmap((void *)base, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (got == (void *)base) return;
    dprintf(STDERR_FILENO, "p4verify: cannot map %zu bytes at 0x%zx; is memory limited?\n", bytes, (size_t)base);
    __real_exit(2);
}

static void map_stacks(void) {
    map_fixed(STACKS_BASE, (size_t)MAX_TASKS * STACK_BYTES);
    for (unsigned id = 0; id < MAX_TASKS; id++)
        mprotect((void *)(uintptr_t)(STACKS_BASE + id * STACK_BYTES), 4096, PROT_NONE);
}

/* Before the firmware's own static constructors, which may allocate. */
__attribute__((constructor(101))) static void map_memory(void) {
    map_fixed(ARENA_BASE, ARENA_BYTES);
    map_stacks();
    shadow_start();
    for (unsigned id = 0; id < MAX_TASKS; id++) {
        engine.tasks[id].id = (uint8_t)id;
        engine.tasks[id].owner = (uint8_t)(id + 1);
    }
    engine.self = &engine.tasks[0];
}

void engine_start(void) {
    data_bytes = (size_t)(p4v_data_end - p4v_data_begin);
    bss_bytes = (size_t)(p4v_bss_end - p4v_bss_begin);
    snapshot = __real_malloc(data_bytes + bss_bytes);
    if (!snapshot || arena_used > sizeof arena_snapshot) {
        dprintf(STDERR_FILENO, "p4verify: static constructors allocate more than 64 KiB, which is not supported\n");
        __real_exit(2);
    }
    __real_memcpy(snapshot, p4v_data_begin, data_bytes);
    __real_memcpy(snapshot + data_bytes, p4v_bss_begin, bss_bytes);
    __real_memcpy(arena_snapshot, (void *)(uintptr_t)ARENA_BASE, arena_used);
    arena_baseline();
}

static void restore_memory(void) {
    put_back(p4v_data_begin, snapshot, data_bytes);
    put_back(p4v_bss_begin, snapshot + data_bytes, bss_bytes);
    shadow_reset();
    arena_reset();
    if (UNLIKELY(arena_used)) {
        __real_memcpy((void *)(uintptr_t)ARENA_BASE, arena_snapshot, arena_used);
        shadow_allocated(ARENA_BASE, arena_used);
    }
}

/* What belongs to one boot. */
static void restore_cores(void) {
    engine.pending = 0;
    engine.pending_read.bytes = engine.pending_write.bytes = 0;
    engine.now_us = 0;
    engine.cut_us = PORT_FOREVER;
    engine.ready = engine.occupying = engine.sleepers = 0;
    for (; engine.levels; engine.levels &= engine.levels - 1) engine.at_priority[__builtin_ctz(engine.levels)] = 0;
    for (unsigned i = 0; i < PORT_CORES; i++) { engine.locked[i] = engine.on_core[i] = NULL; engine.pinned[i] = 0; }
    engine.spinning = 0;
    engine.task_count = 0;
    engine.range_words = 0;
    engine.moved_at = engine.points_left;
    engine.yielding = false;
    libc_reset();
}

/* What belongs to the execution. */
static void restore_engine(uint64_t ordinal) {
    engine.granularity = engine.plan.granularity;
    engine.ticks_left = engine.plan.tick_budget;
    engine.points_left = engine.plan.max_points;
    engine.fair = false;
    engine.choice_points = engine.preemptions = engine.polls = 0;
    engine.random = mix(engine.plan.seed + mix(ordinal)) | 1;
    engine.coins = 0;
    engine.slack_us = engine.boot_us = 0;
    engine.boots = 0;
    engine.boot_reason = PORT_BOOT_POWER;
    engine.outcome = PORT_COMPLETED;
    engine.detail[0] = engine.detail_task[0] = 0;
    engine.detail_pc = 0;
    engine.strategy = engine.plan.strategy;
    engine.walking = engine.strategy == &strategy_random && !engine.logging && !engine.ticks_left;
    engine.strategy->begin();
    engine.racing = engine.plan.races;
    if (engine.racing) race_begin();
    power_reset();
    retained_reset();
    shadow_begin();
}

static const char *reason_name(void) { return engine.boot_reason == PORT_BOOT_RESTART ? "esp_restart" : "power cut"; }

static void boot(void (*entry)(void *)) {
    restore_memory();
    restore_cores();
    if (engine.racing) race_boot();
    engine.rebooting = false;
    engine.boots++;
    port_task *main_task = port_task_create(entry, NULL, "main", 0, subject.priority, PORT_ANY_CORE, NULL);
    engine.self = main_task;
    cores_update();
    cores_place(main_task);
    engine.me = main_task->owner;
    engine.running = true;
    engine.untraced = !engine.tracing && !engine.racing;
    if (UNLIKELY(engine.tracing && engine.boots > 1)) trace_step(STEP_BOOT, 0, NULL, 0, reason_name());
    fiber_switch(&engine.host_sp, main_task->sp);
    engine.running = engine.untraced = false;
    engine.me = SHADOW_NOBODY;
}

static void leave_boot(void) {
    if (engine.tracing) trace_boot_ends();
    watch_boot();
    engine.boot_us += engine.now_us;
}

void execute(void (*entry)(void *), uint64_t ordinal) {
    restore_engine(ordinal);
    for (boot(entry); UNLIKELY(engine.rebooting); boot(entry)) leave_boot();
}

void engine_finish(void) {
    void *unused;
    engine.running = false;
    fiber_switch(&unused, engine.host_sp);
    __builtin_unreachable();
}

void engine_boot(enum port_boot reason) {
    engine.boot_reason = (uint8_t)reason;
    engine.rebooting = true;
    engine_finish();
}

static bool of_firmware(uintptr_t pc) { return pc > (uintptr_t)p4v_code_begin && pc < (uintptr_t)p4v_code_end; }

/* Not an address of code that merely lies on the stack, as the entry of a task does: a call comes before it. */
bool is_firmware_return(uintptr_t pc) {
    if (!of_firmware(pc)) return false;
    const uint8_t *code = (const uint8_t *)pc;
    return code[-5] == 0xE8 || code[-6] == 0xFF || code[-3] == 0xFF || code[-2] == 0xFF;
}

/* From where a function's callees keep their return addresses downwards: what lies below the callee's may be stale. */
static uintptr_t innermost_return(const uintptr_t *top, const uintptr_t *bottom) {
    for (const uintptr_t *at = top; at >= bottom; at--)
        if (is_firmware_return(*at)) return *at;
    return 0;
}

uintptr_t firmware_caller(void) {
    const port_task *self = engine.self;
    const uintptr_t *here = __builtin_frame_address(0), *end = task_stack_top(self->id);
    const uintptr_t *lowest = (const uintptr_t *)(uintptr_t)(STACKS_BASE + self->id * STACK_BYTES + 4096u);
    const uintptr_t *bottom = here >= lowest && here < end ? here : lowest;   /* after a crash we are elsewhere */
    for (unsigned depth = self->depth; depth > 0 && depth + CALL_DEPTH > self->depth; depth--) {
        const uintptr_t *top = (const uintptr_t *)self->calls[(depth - 1) % CALL_DEPTH] + 1;
        uintptr_t found = top >= lowest && top < end ? innermost_return(top, bottom) : 0;
        if (found) return found;
    }
    return 0;
}

void engine_end(enum port_outcome outcome, uintptr_t pc, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    __real_vsnprintf(engine.detail, sizeof engine.detail, format, arguments);
    va_end(arguments);
    const port_task *self = engine.self;
    engine.outcome = outcome;
    uintptr_t next = of_firmware(pc) ? pc : firmware_caller();
    engine.detail_pc = next ? next - 1 : 0;
    __real_memcpy(engine.detail_task, self->name, sizeof engine.detail_task);
    if (!engine.running) {   /* a static constructor, or ourselves */
        dprintf(STDERR_FILENO, "p4verify: before the first execution: %s\n", engine.detail);
        __real_exit(2);
    }
    engine_finish();
}
