/*
 * interrupts.c: hardware that acts by itself. A handler runs at its moment on the stack of whoever lets time pass, as a
 * task of its own in traces and histories, without a core and without a choice of who goes on: what it wakes is what
 * an interrupt would have woken. A critical section does not hold it back, because hardware may interrupt the other core.
 *
 * It refuses to block and to be preempted: a handler that waits is a fault of the shim.
 */
#include "engine.h"

port_task *port_interrupt_create(void (*handler)(void *), void *argument, const char *name) {
    port_task *made = port_task_create(handler, argument, name, 0, PRIORITIES - 1, PORT_ANY_CORE, NULL);
    cores_unlevel(made);
    task_unready(made, TASK_INTERRUPT);
    return made;
}

void port_interrupt_at(port_task *interrupt, uint64_t at_us) {
    interrupt->deadline_us = at_us;
    if (at_us == PORT_FOREVER) engine.sleepers &= ~TASK_BIT(interrupt);
    else engine.sleepers |= TASK_BIT(interrupt);
}

/* While it runs it is the only one enabled (cores_update), so that calls within it take no choice. */
void interrupt_run(port_task *interrupt) {
    port_task *interrupted = engine.self;
    uint8_t ticks = engine.ticks_left;
    port_interrupt_at(interrupt, PORT_FOREVER);
    engine.self = interrupt;
    engine.me = interrupt->owner;
    engine.ticks_left = 0;
    engine.stale = true;
    interrupt->entry(interrupt->argument);
    engine.self = interrupted;
    engine.me = interrupted->owner;
    engine.ticks_left = ticks;
    engine.stale = true;
}
