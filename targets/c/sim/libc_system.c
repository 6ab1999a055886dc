/*
 * libc_system.c: heap, output, time and ends of the C library, as the firmware sees them: the arena, the captured log,
 * the virtual clock, and outcomes of an execution. The firmware never reaches the real ones.
 */
#include "engine.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

/* ---- heap ---- */

void *__wrap_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes) { settle(); return port_alloc(bytes); }
void __wrap_free(void *memory);
void __wrap_free(void *memory) { settle(); port_free(memory); }

void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes) {
    settle();
    size_t total;
    if (__builtin_mul_overflow(count, bytes, &total)) return NULL;
    void *memory = port_alloc(total);
    if (memory) __real_memset(memory, 0, total);
    return memory;
}

void *__wrap_realloc(void *memory, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes) {
    settle();
    void *moved = port_alloc(bytes);
    size_t old = port_alloc_size(memory);
    if (moved && memory) {
        copy_torn(moved, memory, old < bytes ? old : bytes, CALLER);
        port_free(memory);
    }
    return moved;
}

char *__wrap_strdup(const char *text);
char *__wrap_strdup(const char *text) {
    size_t bytes = __real_strlen(text) + 1;
    char *copy = port_alloc(bytes);
    if (copy) copy_torn(copy, text, bytes, CALLER);
    return copy;
}

/* C++: new, delete and guards; throwing is switched off, so exhaustion ends the execution. */
#define SEEN_BY_LIBRARIES __attribute__((visibility("default")))   /* a shared libstdc++ must take the same ones */
#define OPERATOR_NEW(name, ...) \
    SEEN_BY_LIBRARIES void *name(size_t bytes, ##__VA_ARGS__); \
    void *name(size_t bytes, ##__VA_ARGS__)
static void *new_or_end(size_t bytes) {
    settle();
    void *memory = port_alloc(bytes);
    if (!memory) engine_end(PORT_ASSERTION, 0, "operator new: out of memory");
    return memory;
}
OPERATOR_NEW(_Znwm) { return new_or_end(bytes); }
OPERATOR_NEW(_Znam) { return new_or_end(bytes); }
OPERATOR_NEW(_ZnwmRKSt9nothrow_t, const void *tag) { (void)tag; settle(); return port_alloc(bytes); }
OPERATOR_NEW(_ZnamRKSt9nothrow_t, const void *tag) { (void)tag; settle(); return port_alloc(bytes); }
#define OPERATOR_DELETE(name, ...) \
    SEEN_BY_LIBRARIES void name(void *memory, ##__VA_ARGS__); \
    void name(void *memory, ##__VA_ARGS__)
OPERATOR_DELETE(_ZdlPv) { settle(); port_free(memory); }
OPERATOR_DELETE(_ZdaPv) { settle(); port_free(memory); }
OPERATOR_DELETE(_ZdlPvm, size_t bytes) { (void)bytes; settle(); port_free(memory); }
OPERATOR_DELETE(_ZdaPvm, size_t bytes) { (void)bytes; settle(); port_free(memory); }

/* Guard of a function's static: 0 fresh, 1 done, 2 being initialised by another task, which is waited for. */
int __cxa_guard_acquire(uint8_t *guard);
int __cxa_guard_acquire(uint8_t *guard) {
    settle();
    if (engine.running) point();
    while (guard[1]) port_spend(1);
    if (guard[0]) { port_acquire(guard); return 0; }
    guard[1] = 1;
    return 1;
}
void __cxa_guard_release(uint8_t *guard);
void __cxa_guard_release(uint8_t *guard) { port_release(guard); guard[0] = 1; guard[1] = 0; }
void __cxa_guard_abort(uint8_t *guard);
void __cxa_guard_abort(uint8_t *guard) { guard[1] = 0; }
void __cxa_pure_virtual(void);
void __cxa_pure_virtual(void) { engine_end(PORT_ASSERTION, CALLER, "pure virtual function called"); }
/* What the headers of libc++ call, with a line break, when an empty std::function is called, say. Defined here, zig need
 * not compile its C++ library for it, which takes a minute. */
void _ZNSt3__122__libcpp_verbose_abortEPKcz(const char *format, ...);
void _ZNSt3__122__libcpp_verbose_abortEPKcz(const char *format, ...) {
    char text[200];
    va_list arguments;
    va_start(arguments, format);
    __real_vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    engine_end(PORT_ASSERTION, CALLER, "%.*s", (int)strcspn(text, "\n"), text);
}
int __wrap___cxa_atexit(void (*f)(void *), void *argument, void *handle);
int __wrap___cxa_atexit(void (*f)(void *), void *argument, void *handle) { (void)f; (void)argument; (void)handle; return 0; }

/* ---- thread-local storage (-femulated-tls): a copy per task, made on first use ---- */

struct emutls { size_t bytes, align; void **copies; void *initial; };
void *__emutls_get_address(struct emutls *variable);
void *__emutls_get_address(struct emutls *variable) {
    if (!variable->copies) {
        variable->copies = port_alloc(MAX_TASKS * sizeof *variable->copies);
        if (!variable->copies) engine_end(PORT_ASSERTION, CALLER, "out of memory for thread-local storage");
        __real_memset(variable->copies, 0, MAX_TASKS * sizeof *variable->copies);
    }
    void **mine = &variable->copies[engine.self->id];
    if (*mine) return *mine;
    *mine = port_alloc(variable->bytes);
    if (!*mine) engine_end(PORT_ASSERTION, CALLER, "out of memory for thread-local storage");
    if (variable->initial) __real_memcpy(*mine, variable->initial, variable->bytes);
    else __real_memset(*mine, 0, variable->bytes);
    return *mine;
}

/* ---- output ---- */

static int print(const char *format, va_list arguments) {
    char text[2048];
    settle();
    int length = __real_vsnprintf(text, sizeof text, format, arguments);
    if (length > 0) port_log(text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
    return length;
}
#define PRINTS(name, ...) \
    int __wrap_##name(__VA_ARGS__ const char *format, ...); \
    int __wrap_##name(__VA_ARGS__ const char *format, ...)
PRINTS(printf, ) {
    va_list arguments;
    va_start(arguments, format);
    int length = print(format, arguments);
    va_end(arguments);
    return length;
}
PRINTS(fprintf, FILE *file,) {
    (void)file;
    va_list arguments;
    va_start(arguments, format);
    int length = print(format, arguments);
    va_end(arguments);
    return length;
}
int __wrap_vprintf(const char *format, va_list arguments);
int __wrap_vprintf(const char *format, va_list arguments) { return print(format, arguments); }
int __wrap_puts(const char *text);
int __wrap_puts(const char *text) { settle(); port_log(text, __real_strlen(text)); port_log("\n", 1); return 1; }
int __wrap_putchar(int c);
int __wrap_putchar(int c) { char byte = (char)c; settle(); port_log(&byte, 1); return c; }
int __wrap_fputs(const char *text, FILE *file);
int __wrap_fputs(const char *text, FILE *file) { (void)file; settle(); port_log(text, __real_strlen(text)); return 1; }
int __wrap_fflush(FILE *file);
int __wrap_fflush(FILE *file) { (void)file; return 0; }
void __wrap_perror(const char *text);
void __wrap_perror(const char *text) { settle(); port_log(text, __real_strlen(text)); port_log(": error\n", 8); }

/* ---- time ---- */

int __wrap_gettimeofday(struct timeval *now, void *zone);
int __wrap_gettimeofday(struct timeval *now, void *zone) {
    (void)zone;
    settle();
    uint64_t us = port_read_clock_us();
    *now = (struct timeval){.tv_sec = (time_t)(us / 1000000), .tv_usec = (suseconds_t)(us % 1000000)};
    return 0;
}
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now) {
    (void)clock;
    settle();
    uint64_t us = port_read_clock_us();
    *now = (struct timespec){.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000};
    return 0;
}
time_t __wrap_time(time_t *now);
time_t __wrap_time(time_t *now) {
    settle();
    time_t seconds = (time_t)(port_read_clock_us() / 1000000);
    if (now) *now = seconds;
    return seconds;
}

static uint64_t random_state;
void libc_reset(void);
void libc_reset(void) { random_state = 1; }
void __wrap_srand(unsigned seed);
void __wrap_srand(unsigned seed) { random_state = seed; }
int __wrap_rand(void);
int __wrap_rand(void) { return (int)(mix(random_state++) >> 33); }

/* ---- ends ---- */

void __wrap_abort(void) __attribute__((noreturn));
void __wrap_abort(void) {
    if (!engine.running) __real_abort();
    engine_end(PORT_ASSERTION, CALLER, "abort()");
}
void __wrap___assert_fail(const char *text, const char *file, unsigned line, const char *function)
    __attribute__((noreturn));
void __wrap___assert_fail(const char *text, const char *file, unsigned line, const char *function) {
    engine_end(PORT_ASSERTION, CALLER, "assert(%s) failed in %s, %s:%u", text, function ? function : "?", file, line);
}
