/* esp_heap_caps.h: allocation by capability; the host has one heap, and every capability is met by it. */
#ifndef P4V_ESP_HEAP_CAPS_H
#define P4V_ESP_HEAP_CAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MALLOC_CAP_EXEC (1 << 0)
#define MALLOC_CAP_32BIT (1 << 1)
#define MALLOC_CAP_8BIT (1 << 2)
#define MALLOC_CAP_DMA (1 << 3)
#define MALLOC_CAP_SPIRAM (1 << 10)
#define MALLOC_CAP_INTERNAL (1 << 11)
#define MALLOC_CAP_DEFAULT (1 << 12)

void *heap_caps_malloc(size_t bytes, uint32_t caps);
void *heap_caps_calloc(size_t count, size_t bytes, uint32_t caps);
void *heap_caps_realloc(void *memory, size_t bytes, uint32_t caps);
void *heap_caps_aligned_alloc(size_t alignment, size_t bytes, uint32_t caps);
void heap_caps_free(void *memory);
size_t heap_caps_get_free_size(uint32_t caps);
size_t heap_caps_get_minimum_free_size(uint32_t caps);
size_t heap_caps_get_largest_free_block(uint32_t caps);
size_t heap_caps_get_allocated_size(void *memory);
/* The arena finds corruption when it happens; there is nothing to check afterwards. */
bool heap_caps_check_integrity_all(bool print_errors);

#ifdef __cplusplus
}
#endif
#endif
