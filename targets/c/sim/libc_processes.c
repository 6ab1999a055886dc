/*
 * libc_processes.c: what a host has and a firmware has not: other processes, a network, the descriptors on which the
 * simulator is spoken to. Whoever uses them ends the execution as unsupported, by name; let through, they would end or
 * fool the simulator itself. A firmware that defines such a function, as a stub, calls its own.
 */
#include "engine.h"
#include "subject.h"

#include <unistd.h>

/* Neither arguments nor result matter: the call never returns. */
#define REFUSED(name, why) \
    int __wrap_##name(void); \
    int __wrap_##name(void) { engine_end(PORT_UNSUPPORTED, CALLER, #name ": " why); }

#define ONE "a firmware has one process"
REFUSED(fork, ONE)
REFUSED(vfork, ONE)
REFUSED(system, ONE)
REFUSED(popen, ONE)
REFUSED(daemon, ONE)
REFUSED(execl, ONE)
REFUSED(execle, ONE)
REFUSED(execlp, ONE)
REFUSED(execv, ONE)
REFUSED(execve, ONE)
REFUSED(execvp, ONE)
REFUSED(execvpe, ONE)
REFUSED(posix_spawn, ONE)
REFUSED(posix_spawnp, ONE)
REFUSED(kill, ONE)

#define NETWORK "the host's network is not the firmware's; write a stub"
REFUSED(socket, NETWORK)
REFUSED(socketpair, NETWORK)
REFUSED(getaddrinfo, NETWORK)
REFUSED(gethostbyname, NETWORK)

/* ---- descriptors: the simulator has three, and what the firmware opened is its own ---- */

#define NOT_ITS_OWN "descriptors 0 to 2 are not the firmware's"
REFUSED(close_range, NOT_ITS_OWN)
REFUSED(closefrom, NOT_ITS_OWN)

static void check_own(const char *function, int descriptor, uintptr_t pc) {
    if (engine.running && descriptor >= 0 && descriptor <= STDERR_FILENO)
        engine_end(PORT_UNSUPPORTED, pc, "%s(%d): " NOT_ITS_OWN, function, descriptor);
}

int __real_close(int descriptor);
int __wrap_close(int descriptor);
int __wrap_close(int descriptor) {
    check_own("close", descriptor, CALLER);
    return __real_close(descriptor);
}
int __real_dup2(int descriptor, int as);
int __wrap_dup2(int descriptor, int as);
int __wrap_dup2(int descriptor, int as) {
    check_own("dup2", as, CALLER);
    return __real_dup2(descriptor, as);
}
ssize_t __real_read(int descriptor, void *bytes, size_t count);
ssize_t __wrap_read(int descriptor, void *bytes, size_t count);
ssize_t __wrap_read(int descriptor, void *bytes, size_t count) {
    check_own("read", descriptor, CALLER);
    return __real_read(descriptor, bytes, count);
}

/*
 * ---- ends, without exit handlers: a firmware's exit does not run them either ----
 *
 * A litmus file may be a program, which ends well with status 0. A firmware has nothing to end into: there exit aborts
 * or hangs, whatever the status, and taking it for the end of the run would leave unjudged what it cut short.
 */

static void end_process(int status, uintptr_t pc) __attribute__((noreturn));
static void end_process(int status, uintptr_t pc) {
    if (!engine.running) __real_exit(status);
    if (status == 0 && subject.is_process) { engine.outcome = PORT_COMPLETED; engine_finish(); }
    engine_end(PORT_EXIT, pc, "exit status %d", status);
}
/* It does not return: what follows the call may be the next function. */
#define ENDS(name) \
    void __wrap_##name(int status) __attribute__((noreturn)); \
    void __wrap_##name(int status) { end_process(status, CALLER - 1); }
ENDS(exit)
ENDS(_exit)
ENDS(_Exit)
ENDS(quick_exit)
