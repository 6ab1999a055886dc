/*
 * fiber.c: the context switch, and where the stacks are.
 *
 * Saves the callee-saved integer registers only (System V x86-64): firmware that changes MXCSR or the x87 control word
 * is not supported, because saving them would double the price of a switch. The switch ends in an indirect jump and not
 * in `ret`, whose prediction always misses after a change of stacks.
 */
#include "engine.h"

#if !defined(__x86_64__) || !defined(__linux__)
#error "the sim target runs on x86-64 Linux; elsewhere use a container of that kind"
#endif

__asm__(
    ".text\n"
    ".globl fiber_switch\n"
    ".type fiber_switch,@function\n"
    "fiber_switch:\n"
    "  pushq %rbx\n  pushq %rbp\n  pushq %r12\n  pushq %r13\n  pushq %r14\n  pushq %r15\n"
    "  movq %rsp, (%rdi)\n"
    "  movq %rsi, %rsp\n"
    "  popq %r15\n  popq %r14\n  popq %r13\n  popq %r12\n  popq %rbp\n  popq %rbx\n"
    "  popq %rcx\n"
    "  jmp *%rcx\n"
    ".size fiber_switch,.-fiber_switch\n");

/* A stack that fiber_switch can load: it will enter `entry` with the alignment of a called function. */
void *fiber_prepare(void *stack_top, void (*entry)(void)) {
    uintptr_t *sp = (uintptr_t *)stack_top;
    *--sp = 0;                    /* where a return address would be: 16-byte alignment at entry */
    *--sp = (uintptr_t)entry;
    for (int i = 0; i < 6; i++) *--sp = 0;
    return sp;
}

void *task_stack_top(unsigned id) { return (void *)(uintptr_t)(STACKS_BASE + (id + 1) * STACK_BYTES); }
