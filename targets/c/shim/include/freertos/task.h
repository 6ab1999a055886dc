/*
 * task.h: tasks, delays and notifications.
 *
 * What FreeRTOS offers as macros over generic functions are functions here, under the name that the firmware wrote, so
 * that traces show that name.
 */
#ifndef P4V_FREERTOS_TASK_H
#define P4V_FREERTOS_TASK_H

#include "freertos/FreeRTOS.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tskTaskControlBlock *TaskHandle_t;
typedef BaseType_t (*TaskHookFunction_t)(void *);

typedef enum { eRunning = 0, eReady, eBlocked, eSuspended, eDeleted, eInvalid } eTaskState;
typedef enum { eNoAction = 0, eSetBits, eIncrement, eSetValueWithOverwrite, eSetValueWithoutOverwrite } eNotifyAction;

#define tskIDLE_PRIORITY ((UBaseType_t)0U)
#define tskNO_AFFINITY ((BaseType_t)0x7FFFFFFF)
#define tskDEFAULT_INDEX_TO_NOTIFY 0
#define taskSCHEDULER_SUSPENDED ((BaseType_t)0)
#define taskSCHEDULER_NOT_STARTED ((BaseType_t)1)
#define taskSCHEDULER_RUNNING ((BaseType_t)2)

#define taskYIELD() vPortYield()
#define taskENTER_CRITICAL(mux) portENTER_CRITICAL(mux)
#define taskEXIT_CRITICAL(mux) portEXIT_CRITICAL(mux)
#define taskENTER_CRITICAL_ISR(mux) portENTER_CRITICAL_ISR(mux)
#define taskEXIT_CRITICAL_ISR(mux) portEXIT_CRITICAL_ISR(mux)

/* ---- life ---- */
/* `stack_bytes` in bytes, as ESP-IDF has it. pdPASS, or errCOULD_NOT_ALLOCATE_REQUIRED_MEMORY. */
BaseType_t xTaskCreate(TaskFunction_t code, const char *name, uint32_t stack_bytes, void *argument,
                       UBaseType_t priority, TaskHandle_t *created);
BaseType_t xTaskCreatePinnedToCore(TaskFunction_t code, const char *name, uint32_t stack_bytes, void *argument,
                                   UBaseType_t priority, TaskHandle_t *created, BaseType_t core);
TaskHandle_t xTaskCreateStatic(TaskFunction_t code, const char *name, uint32_t stack_bytes, void *argument,
                               UBaseType_t priority, StackType_t *stack, StaticTask_t *memory);
TaskHandle_t xTaskCreateStaticPinnedToCore(TaskFunction_t code, const char *name, uint32_t stack_bytes,
                                           void *argument, UBaseType_t priority, StackType_t *stack,
                                           StaticTask_t *memory, BaseType_t core);
void vTaskDelete(TaskHandle_t task);

/* ---- time ---- */
void vTaskDelay(TickType_t ticks);
BaseType_t xTaskDelayUntil(TickType_t *previous_wake, TickType_t increment);
#define vTaskDelayUntil(previous_wake, increment) ((void)xTaskDelayUntil(previous_wake, increment))
BaseType_t xTaskAbortDelay(TaskHandle_t task);
TickType_t xTaskGetTickCount(void);
TickType_t xTaskGetTickCountFromISR(void);

/* ---- control ---- */
void vTaskSuspend(TaskHandle_t task);
void vTaskResume(TaskHandle_t task);
BaseType_t xTaskResumeFromISR(TaskHandle_t task);
void vTaskSuspendAll(void);
BaseType_t xTaskResumeAll(void);
BaseType_t xTaskGetSchedulerState(void);
void vTaskPrioritySet(TaskHandle_t task, UBaseType_t priority);
UBaseType_t uxTaskPriorityGet(TaskHandle_t task);
UBaseType_t uxTaskPriorityGetFromISR(TaskHandle_t task);

/* ---- who is who ---- */
TaskHandle_t xTaskGetCurrentTaskHandle(void);
TaskHandle_t xTaskGetHandle(const char *name);
char *pcTaskGetName(TaskHandle_t task);
#define pcTaskGetTaskName(task) pcTaskGetName(task)
eTaskState eTaskGetState(TaskHandle_t task);
UBaseType_t uxTaskGetNumberOfTasks(void);
/* A plausible constant: host stacks say nothing about the chip's. */
UBaseType_t uxTaskGetStackHighWaterMark(TaskHandle_t task);
configSTACK_DEPTH_TYPE uxTaskGetStackHighWaterMark2(TaskHandle_t task);
BaseType_t xTaskGetCoreID(TaskHandle_t task);
BaseType_t xTaskGetAffinity(TaskHandle_t task);

/* ---- notifications ---- */
BaseType_t xTaskNotify(TaskHandle_t task, uint32_t value, eNotifyAction action);
BaseType_t xTaskNotifyIndexed(TaskHandle_t task, UBaseType_t index, uint32_t value, eNotifyAction action);
BaseType_t xTaskNotifyAndQuery(TaskHandle_t task, uint32_t value, eNotifyAction action, uint32_t *previous);
BaseType_t xTaskNotifyAndQueryIndexed(TaskHandle_t task, UBaseType_t index, uint32_t value, eNotifyAction action,
                                      uint32_t *previous);
BaseType_t xTaskNotifyFromISR(TaskHandle_t task, uint32_t value, eNotifyAction action, BaseType_t *woken);
BaseType_t xTaskNotifyIndexedFromISR(TaskHandle_t task, UBaseType_t index, uint32_t value, eNotifyAction action,
                                     BaseType_t *woken);
BaseType_t xTaskNotifyAndQueryFromISR(TaskHandle_t task, uint32_t value, eNotifyAction action, uint32_t *previous,
                                      BaseType_t *woken);
BaseType_t xTaskNotifyAndQueryIndexedFromISR(TaskHandle_t task, UBaseType_t index, uint32_t value,
                                             eNotifyAction action, uint32_t *previous, BaseType_t *woken);
BaseType_t xTaskNotifyGive(TaskHandle_t task);
BaseType_t xTaskNotifyGiveIndexed(TaskHandle_t task, UBaseType_t index);
void vTaskNotifyGiveFromISR(TaskHandle_t task, BaseType_t *woken);
void vTaskNotifyGiveIndexedFromISR(TaskHandle_t task, UBaseType_t index, BaseType_t *woken);
BaseType_t xTaskNotifyWait(uint32_t clear_on_entry, uint32_t clear_on_exit, uint32_t *value, TickType_t ticks);
BaseType_t xTaskNotifyWaitIndexed(UBaseType_t index, uint32_t clear_on_entry, uint32_t clear_on_exit,
                                  uint32_t *value, TickType_t ticks);
uint32_t ulTaskNotifyTake(BaseType_t clear, TickType_t ticks);
uint32_t ulTaskNotifyTakeIndexed(UBaseType_t index, BaseType_t clear, TickType_t ticks);
BaseType_t xTaskNotifyStateClear(TaskHandle_t task);
BaseType_t xTaskNotifyStateClearIndexed(TaskHandle_t task, UBaseType_t index);
uint32_t ulTaskNotifyValueClear(TaskHandle_t task, uint32_t bits);
uint32_t ulTaskNotifyValueClearIndexed(TaskHandle_t task, UBaseType_t index, uint32_t bits);

#ifdef __cplusplus
}
#endif
#endif
