/*
 * stack_use.c: tasks in functions whose variables need more stack than was declared for the task.
 *
 * Host frames are larger than the chip's, so their depth only says when it is worth adding up. What is added up are the
 * variables that are as large on the chip (targets/machine/stack_use.py). Return addresses, registers and what libc
 * needs are left out: it never says that a stack overflows which does not, and misses one that overflows by little.
 */
#include "stack_use.h"

enum { FUNCTIONS = 1 << 13 };

static struct stack_need functions[FUNCTIONS];   /* by address */
static unsigned function_count;

bool stack_use_add(struct stack_need function) {
    if (function_count == FUNCTIONS) return false;
    functions[function_count++] = function;
    return true;
}

/* What is created outside the firmware's functions are the tasks of the agent, whose stacks are nobody's fault. */
uintptr_t stack_use_end(const port_task *task, uint32_t declared) {
    return function_count && declared && engine.self->depth ? (uintptr_t)task_stack_top(task->id) - declared : 0;
}

static uint32_t needed_by(uintptr_t pc) {
    unsigned from = 0, to = function_count;
    while (from < to) {
        unsigned middle = (from + to) / 2;
        if (functions[middle].end <= pc) from = middle + 1;
        else to = middle;
    }
    return from < function_count && pc >= functions[from].begin ? functions[from].bytes : 0;
}

/* Along the frame pointers, which instrumented code keeps; where other code lost them, the rest is not counted. */
static uint32_t needed_from(const uintptr_t *frame, uintptr_t pc) {
    const uintptr_t *top = (const uintptr_t *)task_stack_top(engine.self->id) - 1;
    uint32_t needed = needed_by(pc);
    while (from_firmware(frame[1])) {
        needed += needed_by(frame[1] - 1);
        const uintptr_t *next = (const uintptr_t *)frame[0];
        if (next <= frame || next >= top) break;
        frame = next;
    }
    return needed;
}

void stack_use_look(const uintptr_t *frame, uintptr_t pc) {
    uint32_t declared = (uint32_t)((uintptr_t)task_stack_top(engine.self->id) - engine.self->stack_end);
    uint32_t needed = needed_from(frame, pc);
    if (needed > declared)
        engine_end(PORT_MEMORY, pc, "stack overflow: the variables of the functions that task %s is in take %u bytes, and its"
                   " stack was declared with %u", engine.self->name, needed, declared);
}
