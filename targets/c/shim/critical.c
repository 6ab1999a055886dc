/*
 * critical.c: critical sections under their ESP-IDF names. The rules are the port's: interrupts masked on this core
 * before spinning, recursive per core, owner checked on release.
 *
 * These calls have no port_enter(): what they do is a schedule point of its own, and a core that spins must not keep
 * the shim's state to itself.
 */
#include "shim.h"

enum { CYCLES_PER_US = 400 };

_Static_assert(sizeof(spinlock_t) == sizeof(struct port_mux), "spinlock_t is the port's mux");
_Static_assert(offsetof(spinlock_t, count) == offsetof(struct port_mux, count), "spinlock_t is the port's mux");

void vPortEnterCritical(portMUX_TYPE *mux) { port_critical_enter((struct port_mux *)mux); }
void vPortExitCritical(portMUX_TYPE *mux) { port_critical_exit((struct port_mux *)mux); }

bool spinlock_acquire(spinlock_t *lock, int32_t timeout) {
    struct port_mux *mux = (struct port_mux *)lock;
    if (timeout == SPINLOCK_WAIT_FOREVER) {
        port_critical_enter(mux);
        return true;
    }
    if (port_critical_try(mux)) return true;
    for (int32_t left = timeout; left > 0; left -= CYCLES_PER_US) {
        port_spend(1);
        if (port_critical_try(mux)) return true;
    }
    return false;
}

void spinlock_release(spinlock_t *lock) { port_critical_exit((struct port_mux *)lock); }

void spinlock_initialize(spinlock_t *lock) {
    static const spinlock_t unlocked = SPINLOCK_INITIALIZER;
    port_enter("spinlock_initialize", lock);
    port_copy_to_user(lock, &unlocked, sizeof unlocked);
    port_leave();
}

BaseType_t xPortEnterCriticalTimeout(portMUX_TYPE *mux, BaseType_t timeout) {
    return spinlock_acquire(mux, timeout) ? pdPASS : pdFAIL;
}

BaseType_t xPortGetCoreID(void) { return port_core(); }
BaseType_t xPortInIsrContext(void) { return port_in_isr(); }
BaseType_t xPortCanYield(void) { return !port_in_isr() && !port_in_critical(); }
