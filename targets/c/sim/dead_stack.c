/*
 * dead_stack.c: accesses to frames that have returned, by another task than the one whose stack it is.
 *
 * Of a task that has ended no frame is left, nor of one that waits in the agent between two operations. Of another one,
 * what lies below the innermost frame that called out of the firmware is none of the firmware's; while a task is in none
 * of its functions, only what lies below the stack pointer is known to be dead. A frame that a later call has put in the
 * place of the one meant looks alive: it refuses to guess.
 */
#include "../agent/agent_port.h"
#include "engine.h"

/* Words below are dead. A return address that was left behind in one of our own frames only makes it lower. */
static uintptr_t live_from(const port_task *owner) {
    const uintptr_t *at = owner->sp, *top = task_stack_top(owner->id);
    if (owner->rests) return (uintptr_t)top;
    if (owner->depth == 0) return (uintptr_t)at;
    while (at < top && !is_firmware_return(*at)) at++;
    return (uintptr_t)at;
}

void agent_rest(bool rests) { engine.self->rests = rests; }

void dead_stack_touch(uintptr_t address, size_t bytes, bool write, uintptr_t pc) {
    unsigned id = (unsigned)((address - STACKS_BASE) / STACK_BYTES);
    const port_task *owner = &engine.tasks[id];
    if (id >= engine.task_count || owner == engine.self || engine.self->state == TASK_INTERRUPT) return;
    bool ended = owner->state == TASK_DEAD;
    if (!ended && address >= live_from(owner)) return;
    engine_end(PORT_MEMORY, pc, "use after return: %s of %zu bytes at 0x%zx, on the stack of %s%s", write ? "write" : "read",
               bytes, (size_t)address, owner->name, ended ? ", which has ended" : "");
}
