/*
 * libc_real.h: the C library's own functions, for us. The linker's --wrap takes every caller of the others in, ours too:
 * what is ours says so.
 */
#ifndef P4V_LIBC_REAL_H
#define P4V_LIBC_REAL_H

#include <stdarg.h>
#include <stddef.h>

void *__real_memcpy(void *, const void *, size_t);
/* Most that is put back is a few words: then a call costs more than the copy. */
static inline void put_back(void *to, const void *from, size_t bytes) {
    typedef unsigned char word __attribute__((vector_size(16), aligned(1), may_alias));
    if (bytes > 512) { __real_memcpy(to, from, bytes); return; }
    const char *source = from;
    char *target = to;
    if (bytes < sizeof(word)) {
        for (; bytes; bytes--) *target++ = *source++;
        return;
    }
    for (size_t done = 0; done + sizeof(word) < bytes; done += sizeof(word))
        *(word *)(target + done) = *(const word *)(source + done);
    *(word *)(target + bytes - sizeof(word)) = *(const word *)(source + bytes - sizeof(word));
}
void *__real_memmove(void *, const void *, size_t);
void *__real_memset(void *, int, size_t);
int __real_memcmp(const void *, const void *, size_t);
size_t __real_strlen(const char *);
int __real_snprintf(char *, size_t, const char *, ...) __attribute__((format(printf, 3, 4)));
int __real_vsnprintf(char *, size_t, const char *, va_list);
void *__real_malloc(size_t);
void *__real_realloc(void *, size_t);
void __real_exit(int) __attribute__((noreturn));
void __real_abort(void) __attribute__((noreturn));

#endif
