/*
 * portmacro.h: types, critical sections and core calls of the port, with the names that ESP-IDF gives them.
 *
 * The owner of a portMUX is the core, not the task. Interrupt masks without a mux (portDISABLE_INTERRUPTS) are not
 * offered: under two cores they exclude nobody, and code that needs them shall say so at compile time.
 */
#ifndef P4V_FREERTOS_PORTMACRO_H
#define P4V_FREERTOS_PORTMACRO_H

#include <limits.h>   /* ULONG_MAX, the mask that xTaskNotifyWait is given */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if __has_include("sdkconfig.h")
#include "sdkconfig.h"
#endif
#include "esp_bit_defs.h"
#include "spinlock.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef uint8_t StackType_t;
typedef int BaseType_t;
typedef unsigned int UBaseType_t;
typedef uint32_t TickType_t;
#define portBASE_TYPE int
#define portSTACK_TYPE uint8_t
#define portMAX_DELAY ((TickType_t)0xffffffffUL)

#ifdef CONFIG_FREERTOS_HZ
#define configTICK_RATE_HZ CONFIG_FREERTOS_HZ
#else
#define configTICK_RATE_HZ 100
#endif
#define portTICK_PERIOD_MS ((TickType_t)(1000 / configTICK_RATE_HZ))
#define portTICK_RATE_MS portTICK_PERIOD_MS
#define portNUM_PROCESSORS 2
#define configNUM_CORES portNUM_PROCESSORS

/* ---- critical sections ---- */
typedef spinlock_t portMUX_TYPE;
#define portMUX_INITIALIZER_UNLOCKED SPINLOCK_INITIALIZER
#define portMUX_FREE_VAL SPINLOCK_FREE
#define portMUX_NO_TIMEOUT SPINLOCK_WAIT_FOREVER
#define portMUX_TRY_LOCK SPINLOCK_NO_WAIT
#define portMUX_INITIALIZE(mux) spinlock_initialize(mux)

void vPortEnterCritical(portMUX_TYPE *mux);
void vPortExitCritical(portMUX_TYPE *mux);
/* `timeout` in CPU cycles; pdPASS or pdFAIL. */
BaseType_t xPortEnterCriticalTimeout(portMUX_TYPE *mux, BaseType_t timeout);

#define portENTER_CRITICAL(mux) vPortEnterCritical(mux)
#define portEXIT_CRITICAL(mux) vPortExitCritical(mux)
#define portTRY_ENTER_CRITICAL(mux, timeout) xPortEnterCriticalTimeout(mux, timeout)
#define portENTER_CRITICAL_ISR(mux) vPortEnterCritical(mux)
#define portEXIT_CRITICAL_ISR(mux) vPortExitCritical(mux)
#define portTRY_ENTER_CRITICAL_ISR(mux, timeout) xPortEnterCriticalTimeout(mux, timeout)
#define portENTER_CRITICAL_SAFE(mux) vPortEnterCritical(mux)
#define portEXIT_CRITICAL_SAFE(mux) vPortExitCritical(mux)
#define portTRY_ENTER_CRITICAL_SAFE(mux, timeout) xPortEnterCriticalTimeout(mux, timeout)
#define vPortCPUInitializeMutex(mux) spinlock_initialize(mux)

/* ---- cores and yielding ---- */
BaseType_t xPortGetCoreID(void);
BaseType_t xPortInIsrContext(void);
BaseType_t xPortCanYield(void);
void vPortYield(void);
#define portYIELD() vPortYield()
#define portYIELD_WITHIN_API() vPortYield()
/* Without an argument too, as ESP-IDF allows. The woken task has the core already when the waking call returns. */
static inline void p4v_yielded_already(int none, ...) { (void)none; }
#define portYIELD_FROM_ISR(...) p4v_yielded_already(0, ##__VA_ARGS__)
#define portEND_SWITCHING_ISR(woken) p4v_yielded_already(0, woken)

#ifdef __cplusplus
}
#endif
#endif
