/*
 * litmus_subject.c: a self-contained file under the controlled scheduler: its app_main, or its main. What it prints is
 * its observable history.
 */
#include "engine.h"
#include "subject.h"

int __real_main(int argc, char **argv) __attribute__((weak));   /* the file's; --wrap=main leads the process to ours */
void app_main(void) __attribute__((weak));

static void start(void) {}
static size_t describe(uint8_t *bytes, size_t capacity) {
    if (capacity < 4) return 0;
    __real_memset(bytes, 0, 4);   /* no operations, no observers */
    return 4;
}
static const char *load(const uint8_t *bytes, size_t length) {
    (void)bytes;
    (void)length;
    return "a litmus file takes no program";
}

void __wrap_exit(int status) __attribute__((noreturn));

/* A file may have an environment: a function of the name that adapters call. */
int64_t p4v_environment(const char *stream, int64_t otherwise) __attribute__((weak));
int64_t port_environment(const char *stream, int64_t otherwise) {
    return p4v_environment ? p4v_environment(stream, otherwise) : otherwise;
}

static void plan_power(void) {
    int64_t cut = port_environment("power", -1);
    if (cut >= 0) power_plan(cut);
}

/* A process ends when main returns; on a device tasks go on when app_main has returned. */
static void entry(void *unused) {
    (void)unused;
    static char name[] = "litmus";
    char *arguments[] = {name, NULL};
    plan_power();
    if (__real_main) port_set_priority(port_self(), 5);   /* as ESP-IDF gives pthreads: main is one of them */
    if (__real_main) __wrap_exit(__real_main(1, arguments));
    if (!app_main) engine_end(PORT_MISUSE, 0, "the file has neither app_main nor main");
    app_main();
    port_task_exit();
}

static void log_output(const char *text, size_t length) {
    size_t room = session_ring.capacity - session_ring.used;
    if (length > room) { session_ring.lost++; length = room; }
    __real_memcpy(session_ring.bytes + session_ring.used, text, length);
    session_ring.used += length;
}

static struct digest hash(uint64_t seed, uint32_t quantum_us) {
    (void)quantum_us;
    return digest_bytes((struct digest){seed, seed}, session_ring.bytes, session_ring.used);
}

const struct subject subject = {false, true, 1, start, describe, load, entry, log_output, hash};

void agent_probe(uint16_t probe);
void agent_probe(uint16_t probe) { (void)probe; }
