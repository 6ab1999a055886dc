/*
 * watchdog.c: what hooks can not see. A loop without hooks is caught by a CPU-time timer, a crash by its signal; both
 * end the execution, not the process. Memory and files of the process are limited.
 */
#define _GNU_SOURCE   /* names of registers in ucontext_t */
#include "session.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <ucontext.h>

enum { PERIOD_MS = 10, PATIENCE = 100, KNOWN_PATIENCE = 3, EMERGENCY_STACK = 65536 };   /* a second without a schedule point is a hang */

bool watchdog_hang_is_known;

static uint8_t signal_stack[EMERGENCY_STACK] __attribute__((aligned(16)));
static uint8_t emergency_stack[EMERGENCY_STACK] __attribute__((aligned(16)));
static uint64_t last_heartbeat;
static uint32_t last_points, silent_periods;
static enum port_outcome signal_outcome;
static uintptr_t signal_pc;
static char signal_text[128];

static void end_from_signal(void) { engine_end(signal_outcome, signal_pc, "%s", signal_text); }

/* The fiber's own stack may be what broke: the execution is ended on a stack of ours. */
static void leave_through(ucontext_t *context, enum port_outcome outcome, bool trapped) {
    greg_t *registers = context->uc_mcontext.gregs;
    signal_outcome = outcome;
    signal_pc = (uintptr_t)registers[REG_RIP] + !trapped;
    registers[REG_RSP] = (greg_t)((uintptr_t)(emergency_stack + EMERGENCY_STACK) - 8);
    registers[REG_RIP] = (greg_t)(uintptr_t)end_from_signal;
}

static const char *stack_of(uintptr_t address) {
    if (address < STACKS_BASE || address >= STACKS_BASE + MAX_TASKS * STACK_BYTES) return NULL;
    return (address - STACKS_BASE) % STACK_BYTES < 4096 ? engine.tasks[(address - STACKS_BASE) / STACK_BYTES].name : NULL;
}

static const char *signal_name(int number) {
    switch (number) {
    case SIGSEGV: return "SIGSEGV";
    case SIGBUS: return "SIGBUS";
    case SIGILL: return "SIGILL";
    case SIGTRAP: return "SIGTRAP";
    default: return "SIGABRT";
    }
}

static void on_crash(int number, siginfo_t *info, void *context) {
    if (!engine.running) {
        signal(number, SIG_DFL);
        raise(number);
        return;
    }
    uintptr_t address = (uintptr_t)info->si_addr;
    const char *overflown = number == SIGSEGV ? stack_of(address) : NULL;
    if (overflown) __real_snprintf(signal_text, sizeof signal_text, "stack overflow in task %s", overflown);
    else if (number == SIGFPE) __real_snprintf(signal_text, sizeof signal_text, "SIGFPE: division by zero or overflow");
    else if (number == SIGTRAP || number == SIGILL)
        __real_snprintf(signal_text, sizeof signal_text, "%s: a trap, which compilers put where behaviour is undefined",
                        signal_name(number));
    else __real_snprintf(signal_text, sizeof signal_text, "%s at address 0x%zx", signal_name(number), (size_t)address);
    leave_through(context, PORT_CRASH, number == SIGTRAP);   /* which points behind its instruction */
}

static void on_period(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)info;
    if (!engine.running || engine.heartbeat != last_heartbeat || engine.points_left != last_points) {
        last_heartbeat = engine.heartbeat;
        last_points = engine.points_left;
        silent_periods = 0;
        return;
    }
    if (++silent_periods < (watchdog_hang_is_known ? KNOWN_PATIENCE : PATIENCE)) return;
    silent_periods = 0;
    __real_snprintf(signal_text, sizeof signal_text, "no access to shared memory and no RTOS call for a second of CPU time");
    leave_through(context, PORT_HANG, false);
}

static void handle(int number, void (*handler)(int, siginfo_t *, void *)) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART};
    sigaction(number, &action, NULL);
}

static void limit(int resource, rlim_t most) {
    struct rlimit now;
    if (getrlimit(resource, &now) == 0 && (now.rlim_cur == RLIM_INFINITY || now.rlim_cur > most)) {
        now.rlim_cur = most;
        setrlimit(resource, &now);
    }
}

void watchdog_start(void) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);   /* nobody is left to read what we find */
    limit(RLIMIT_AS, (rlim_t)ADDRESS_SPACE_GIB << 30);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 64 << 20);
    stack_t stack = {.ss_sp = signal_stack, .ss_size = sizeof signal_stack};
    sigaltstack(&stack, NULL);
    const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT};
    for (unsigned i = 0; i < sizeof crashes / sizeof *crashes; i++) handle(crashes[i], on_crash);
    handle(SIGVTALRM, on_period);
    struct itimerval period = {{0, PERIOD_MS * 1000}, {0, PERIOD_MS * 1000}};
    setitimer(ITIMER_VIRTUAL, &period, NULL);
}
