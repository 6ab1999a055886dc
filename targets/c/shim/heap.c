/* heap.c: the heap under its FreeRTOS and ESP-IDF names; all of it is the port's arena. malloc itself is the port's. */
#include "shim.h"

#include <string.h>

#include "esp_heap_caps.h"
#include "esp_system.h"

enum { ARENA_ALIGNMENT = 16 };

static void *allocate(const char *call, size_t bytes) {
    port_enter(call, NULL);
    void *memory = port_alloc(bytes);
    port_leave();
    return memory;
}

static void *allocate_zeroed(const char *call, size_t count, size_t bytes) {
    size_t total;
    if (__builtin_mul_overflow(count, bytes, &total)) return NULL;
    void *memory = allocate(call, total);
    return memory ? memset(memory, 0, total) : NULL;
}

static void release(const char *call, void *memory) {
    port_enter(call, memory);
    port_free(memory);
    port_leave();
}

void *pvPortMalloc(size_t bytes) { return allocate("pvPortMalloc", bytes); }
void *pvPortCalloc(size_t count, size_t bytes) { return allocate_zeroed("pvPortCalloc", count, bytes); }
void vPortFree(void *memory) { release("vPortFree", memory); }

void *heap_caps_malloc(size_t bytes, uint32_t caps) {
    (void)caps;
    return bytes ? allocate("heap_caps_malloc", bytes) : NULL;
}

void *heap_caps_calloc(size_t count, size_t bytes, uint32_t caps) {
    (void)caps;
    return allocate_zeroed("heap_caps_calloc", count, bytes);
}

void *heap_caps_realloc(void *memory, size_t bytes, uint32_t caps) {
    void *moved = heap_caps_malloc(bytes, caps);
    if (memory == NULL || (moved == NULL && bytes)) return moved;
    if (moved) {
        size_t kept = port_alloc_size(memory);
        memcpy(moved, memory, kept < bytes ? kept : bytes);
    }
    release("heap_caps_realloc", memory);
    return moved;
}

/* The arena aligns to 16 bytes; more is refused rather than pretended. */
void *heap_caps_aligned_alloc(size_t alignment, size_t bytes, uint32_t caps) {
    if (alignment > ARENA_ALIGNMENT)
        port_fail(PORT_UNSUPPORTED, "heap_caps_aligned_alloc: alignment to %zu bytes", alignment);
    return heap_caps_malloc(bytes, caps);
}

void heap_caps_free(void *memory) { release("heap_caps_free", memory); }

size_t heap_caps_get_free_size(uint32_t caps) { (void)caps; return port_heap_free(); }
size_t heap_caps_get_minimum_free_size(uint32_t caps) { (void)caps; return port_heap_minimum_free(); }
size_t heap_caps_get_largest_free_block(uint32_t caps) { (void)caps; return port_heap_free(); }
size_t heap_caps_get_allocated_size(void *memory) { return port_alloc_size(memory); }
bool heap_caps_check_integrity_all(bool print_errors) { (void)print_errors; return true; }

size_t xPortGetFreeHeapSize(void) { return port_heap_free(); }
size_t xPortGetMinimumEverFreeHeapSize(void) { return port_heap_minimum_free(); }
uint32_t esp_get_free_heap_size(void) { return (uint32_t)port_heap_free(); }
uint32_t esp_get_free_internal_heap_size(void) { return (uint32_t)port_heap_free(); }
uint32_t esp_get_minimum_free_heap_size(void) { return (uint32_t)port_heap_minimum_free(); }
