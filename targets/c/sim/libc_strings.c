/*
 * libc_strings.c: the C library's string functions as the firmware sees them. The library itself carries no hooks, so
 * each announces what it reads and writes: shared bytes are read word by word, and tear, as the chip's own code would.
 *
 * Only what is shared is treated so; private memory goes to the library at once.
 */
#include "engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SCRATCH = 4096 };

/* `text` itself where it is private, else what word-by-word reading saw of it, in `scratch`. */
static const char *string_in(const char *text, size_t most, char *scratch, uintptr_t pc) {
    if (!from_firmware(pc)) return text;
    settle();
    size_t length = 0;
    while (length < most && text[length]) length++;
    size_t bytes = length < most ? length + 1 : length;
    if (!shadow_touch((uintptr_t)text, bytes ? bytes : 1, false, pc) || bytes > SCRATCH - 1) return text;
    copy_torn(scratch, text, bytes, pc);
    scratch[bytes] = 0;
    return scratch;
}

static void bytes_out(void *to, const void *from, size_t bytes, uintptr_t pc) {
    if (!from_firmware(pc)) { __real_memmove(to, from, bytes); return; }
    settle();
    if (shadow_touch((uintptr_t)to, bytes, true, pc)) copy_torn(to, from, bytes, pc);
    else __real_memmove(to, from, bytes);
}

#define IN(variable, text, most) char variable##_scratch[SCRATCH]; \
    const char *variable = string_in(text, most, variable##_scratch, CALLER)

size_t __wrap_strlen(const char *text);
size_t __wrap_strlen(const char *text) { IN(s, text, SIZE_MAX); return __real_strlen(s); }
size_t __real_strnlen(const char *, size_t);
size_t __wrap_strnlen(const char *text, size_t most);
size_t __wrap_strnlen(const char *text, size_t most) { IN(s, text, most); return __real_strnlen(s, most); }

int __real_strcmp(const char *, const char *);
int __wrap_strcmp(const char *a, const char *b);
int __wrap_strcmp(const char *a, const char *b) { IN(x, a, SIZE_MAX); IN(y, b, SIZE_MAX); return __real_strcmp(x, y); }
int __real_strncmp(const char *, const char *, size_t);
int __wrap_strncmp(const char *a, const char *b, size_t n);
int __wrap_strncmp(const char *a, const char *b, size_t n) { IN(x, a, n); IN(y, b, n); return __real_strncmp(x, y, n); }
int __real_strcasecmp(const char *, const char *);
int __wrap_strcasecmp(const char *a, const char *b);
int __wrap_strcasecmp(const char *a, const char *b) { IN(x, a, SIZE_MAX); IN(y, b, SIZE_MAX); return __real_strcasecmp(x, y); }

/* What points into the string must point into the caller's: offsets, not pointers, are taken from the copy. */
static char *same_place(const char *text, const char *copy, const char *found) {
    return found ? (char *)(uintptr_t)(text + (found - copy)) : NULL;
}
char *__real_strchr(const char *, int);
char *__wrap_strchr(const char *text, int c);
char *__wrap_strchr(const char *text, int c) { IN(s, text, SIZE_MAX); return same_place(text, s, __real_strchr(s, c)); }
char *__real_strrchr(const char *, int);
char *__wrap_strrchr(const char *text, int c);
char *__wrap_strrchr(const char *text, int c) { IN(s, text, SIZE_MAX); return same_place(text, s, __real_strrchr(s, c)); }
char *__real_strstr(const char *, const char *);
char *__wrap_strstr(const char *text, const char *part);
char *__wrap_strstr(const char *text, const char *part) {
    IN(s, text, SIZE_MAX);
    IN(p, part, SIZE_MAX);
    return same_place(text, s, __real_strstr(s, p));
}

int __wrap_memcmp(const void *a, const void *b, size_t bytes);
int __wrap_memcmp(const void *a, const void *b, size_t bytes) {
    if (!from_firmware(CALLER)) return __real_memcmp(a, b, bytes);
    settle();
    bool shared = shadow_touch((uintptr_t)a, bytes, false, CALLER);
    shared |= shadow_touch((uintptr_t)b, bytes, false, CALLER);
    if (!shared || bytes > SCRATCH) return __real_memcmp(a, b, bytes);
    uint8_t x[SCRATCH], y[SCRATCH];
    copy_torn(x, a, bytes, CALLER);
    copy_torn(y, b, bytes, CALLER);
    return __real_memcmp(x, y, bytes);
}

char *__wrap_strcpy(char *to, const char *from);
char *__wrap_strcpy(char *to, const char *from) {
    IN(s, from, SIZE_MAX);
    bytes_out(to, s, __real_strlen(s) + 1, CALLER);
    return to;
}

char *__wrap_strncpy(char *to, const char *from, size_t n);
char *__wrap_strncpy(char *to, const char *from, size_t n) {
    IN(s, from, n);
    size_t length = __real_strnlen(s, n);
    bytes_out(to, s, length, CALLER);
    static const char zeros[256];
    for (size_t done = length, part; done < n; done += part) {
        part = n - done < sizeof zeros ? n - done : sizeof zeros;
        bytes_out(to + done, zeros, part, CALLER);
    }
    return to;
}

size_t __wrap_strlcpy(char *to, const char *from, size_t n);
size_t __wrap_strlcpy(char *to, const char *from, size_t n) {
    IN(s, from, SIZE_MAX);
    size_t length = __real_strlen(s), kept = n ? (length < n - 1 ? length : n - 1) : 0;
    if (!n) return length;
    bytes_out(to, s, kept, CALLER);
    bytes_out(to + kept, "", 1, CALLER);
    return length;
}

char *__wrap_strcat(char *to, const char *from);
char *__wrap_strcat(char *to, const char *from) {
    IN(already, to, SIZE_MAX);
    IN(s, from, SIZE_MAX);
    bytes_out(to + __real_strlen(already), s, __real_strlen(s) + 1, CALLER);
    return to;
}

char *__wrap_strncat(char *to, const char *from, size_t n);
char *__wrap_strncat(char *to, const char *from, size_t n) {
    IN(already, to, SIZE_MAX);
    IN(s, from, n);
    size_t at = __real_strlen(already), length = __real_strnlen(s, n);
    bytes_out(to + at, s, length, CALLER);
    bytes_out(to + at + length, "", 1, CALLER);
    return to;
}

/* ---- formatting: into private memory, then out word by word. Arguments of %s are read in one go. ---- */

static int format_out(char *to, size_t n, const char *format, va_list arguments, uintptr_t pc) {
    if (!from_firmware(pc)) return __real_vsnprintf(to, n, format, arguments);
    char text[SCRATCH];
    settle();
    size_t room = n < sizeof text ? n : sizeof text;
    int length = __real_vsnprintf(text, room, format, arguments);
    if (length < 0 || n == 0) return length;
    size_t written = (size_t)length < room ? (size_t)length + 1 : room;
    bytes_out(to, text, written, pc);
    return length;
}

int __wrap_vsnprintf(char *to, size_t n, const char *format, va_list arguments);
int __wrap_vsnprintf(char *to, size_t n, const char *format, va_list arguments) {
    return format_out(to, n, format, arguments, CALLER);
}

#define VARIADIC(result, call) \
    va_list arguments; \
    va_start(arguments, format); \
    result = call; \
    va_end(arguments)

int __wrap_snprintf(char *to, size_t n, const char *format, ...);
int __wrap_snprintf(char *to, size_t n, const char *format, ...) {
    int length;
    VARIADIC(length, format_out(to, n, format, arguments, CALLER));
    return length;
}

int __wrap_sprintf(char *to, const char *format, ...);
int __wrap_sprintf(char *to, const char *format, ...) {
    int length;
    VARIADIC(length, format_out(to, SCRATCH, format, arguments, CALLER));
    return length;
}

#define PARSE(result, name, ...) \
    result __real_##name(const char *, char **, ##__VA_ARGS__);
PARSE(long, strtol, int)
PARSE(unsigned long, strtoul, int)
PARSE(long long, strtoll, int)
PARSE(unsigned long long, strtoull, int)
PARSE(double, strtod)
PARSE(float, strtof)
#define INTEGER(result, name) \
    result __wrap_##name(const char *text, char **stop, int base); \
    result __wrap_##name(const char *text, char **stop, int base) { \
        IN(s, text, SIZE_MAX); \
        char *end; \
        result value = __real_##name(s, &end, base); \
        if (stop) *stop = same_place(text, s, end); \
        return value; \
    }
#define REAL(result, name) \
    result __wrap_##name(const char *text, char **stop); \
    result __wrap_##name(const char *text, char **stop) { \
        IN(s, text, SIZE_MAX); \
        char *end; \
        result value = __real_##name(s, &end); \
        if (stop) *stop = same_place(text, s, end); \
        return value; \
    }
INTEGER(long, strtol) INTEGER(unsigned long, strtoul) INTEGER(long long, strtoll)
INTEGER(unsigned long long, strtoull) REAL(double, strtod) REAL(float, strtof)
int __wrap_atoi(const char *text);
int __wrap_atoi(const char *text) { IN(s, text, SIZE_MAX); return (int)__real_strtol(s, NULL, 10); }
double __wrap_atof(const char *text);
double __wrap_atof(const char *text) { IN(s, text, SIZE_MAX); return __real_strtod(s, NULL); }
