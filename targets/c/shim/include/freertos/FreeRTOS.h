/*
 * FreeRTOS.h: configuration and the types that every FreeRTOS header needs.
 *
 * CONFIG_* values come from sdkconfig.h when the build has one on its path; without it ESP-IDF's defaults hold.
 */
#ifndef P4V_FREERTOS_H
#define P4V_FREERTOS_H

#include <stddef.h>
#include <stdint.h>

#include "freertos/projdefs.h"
#include "freertos/portmacro.h"
#include "esp_attr.h"
#include "esp_err.h"
#include "esp_heap_caps.h"

#ifdef __cplusplus
extern "C" {
#endif

#define configMAX_PRIORITIES 25
#define configMAX_TASK_NAME_LEN 16
#define configMINIMAL_STACK_SIZE 768
#define configSTACK_DEPTH_TYPE uint32_t
#define configTIMER_TASK_PRIORITY 1
#define configTIMER_QUEUE_LENGTH 10
#define configUSE_PREEMPTION 1
#define configUSE_MUTEXES 1
#define configUSE_RECURSIVE_MUTEXES 1
#define configUSE_COUNTING_SEMAPHORES 1
#define configUSE_TASK_NOTIFICATIONS 1
#define configUSE_TIMERS 1
#define configUSE_QUEUE_SETS 0
#define configSUPPORT_STATIC_ALLOCATION 1
#define configSUPPORT_DYNAMIC_ALLOCATION 1
#ifdef CONFIG_FREERTOS_TASK_NOTIFICATION_ARRAY_ENTRIES
#define configTASK_NOTIFICATION_ARRAY_ENTRIES CONFIG_FREERTOS_TASK_NOTIFICATION_ARRAY_ENTRIES
#else
#define configTASK_NOTIFICATION_ARRAY_ENTRIES 1
#endif

void vAssertCalled(const char *file, int line, const char *expression) __attribute__((noreturn));
#define configASSERT(expression) \
    do { if (!(expression)) vAssertCalled(__FILE__, __LINE__, #expression); } while (0)

/* Room for the shim's own objects where the application brings the memory. The sizes are the host's, not the chip's. */
typedef struct xSTATIC_TCB { uint64_t opaque[14 + configTASK_NOTIFICATION_ARRAY_ENTRIES]; } StaticTask_t;
typedef struct xSTATIC_QUEUE { uint64_t opaque[10]; } StaticQueue_t;
typedef StaticQueue_t StaticSemaphore_t;
typedef struct xSTATIC_EVENT_GROUP { uint64_t opaque[3]; } StaticEventGroup_t;
typedef struct xSTATIC_TIMER { uint64_t opaque[8]; } StaticTimer_t;

void *pvPortMalloc(size_t bytes);
void *pvPortCalloc(size_t count, size_t bytes);
void vPortFree(void *memory);
size_t xPortGetFreeHeapSize(void);
size_t xPortGetMinimumEverFreeHeapSize(void);

#ifdef __cplusplus
}
#endif
#endif
