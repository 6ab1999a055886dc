/*
 * task.c: the life of a task: create, run, delete.
 *
 * A block from the heap is never given back: a handle to a deleted task is recognised for as long as the execution
 * lasts, which the device does not promise. A task function that returns ends the execution, as on the device.
 */
#include "shim.h"
#include "tasks.h"

_Static_assert(sizeof(task) <= sizeof(StaticTask_t), "StaticTask_t holds a task block");

task *all_tasks;

static void begin(task *task, unsigned priority, int core) {
    task->port = NULL;
    task->wait_list = NULL;
    task->mark = MARK_TASK;
    task->priority = task->base_priority = (uint8_t)priority;
    task->scheduler_suspensions = 0;
    task->core = (int8_t)core;
    task->mutexes_held = 0;
    task->suspended = task->blocked = task->aborted = false;
    for (unsigned i = 0; i < NOTIFY_SLOTS; i++) task->notify_value[i] = task->notify_state[i] = NOT_WAITING;
    task->all_next = all_tasks;
    all_tasks = task;
}

static void forget(task *gone) {
    task **place = &all_tasks;
    while (*place != gone) place = &(*place)->all_next;
    *place = gone->all_next;
    shim_unlist(gone);
    gone->mark = MARK_DEAD;
}

/* The port starts the main task by itself: its block is made when it is first needed. */
task *shim_adopt(void) {
    port_task *self = port_self();
    if (self == NULL) return NULL;
    task *adopted = port_reserve(sizeof *adopted);
    if (adopted == NULL) port_fail(PORT_MISUSE, "no memory for the block of task '%s'", port_task_name(self));
    begin(adopted, port_task_priority(self), PORT_ANY_CORE);
    adopted->port = self;
    port_set_user(self, adopted);
    return adopted;
}

static void run(void *block) {
    task *self = block;
    self->code(self->argument);
    port_fail(PORT_ASSERTION, "FreeRTOS task \"%s\" should not return", port_task_name(port_self()));
}

task *shim_task_start(const char *call, task *memory, TaskFunction_t code, const char *name, uint32_t stack_bytes,
                      void *argument, unsigned priority, int core, TaskHandle_t *created) {
    SHIM_ASSERT(code != NULL, "%s: the task's function is NULL", call);
    SHIM_ASSERT(priority < configMAX_PRIORITIES, "%s: priority %u of task '%s' is not below %d", call, priority, name,
                configMAX_PRIORITIES);
    SHIM_ASSERT(core == tskNO_AFFINITY || (core >= 0 && core < PORT_CORES), "%s: there is no core %d", call, core);
    shim_self(); /* the main task is made known before the others can ask for it */
    task *block = memory ? memory : port_reserve(sizeof *block);
    if (block == NULL) return NULL;
    begin(block, priority, core == tskNO_AFFINITY ? PORT_ANY_CORE : core);
    block->code = code;
    block->argument = argument;
    if (created) port_copy_to_user(created, &block, sizeof block); /* before it can run, as in K/tasks.c */
    block->port = port_task_create(run, block, name, stack_bytes, priority, block->core, block);
    if (block->port) return block;
    forget(block);
    if (memory == NULL) port_free(block);
    return NULL;
}

static BaseType_t create(const char *call, TaskFunction_t code, const char *name, uint32_t stack_bytes,
                         void *argument, UBaseType_t priority, TaskHandle_t *created, BaseType_t core) {
    port_enter(call, NULL);
    task *block = shim_task_start(call, NULL, code, name, stack_bytes, argument, priority, core, created);
    port_leave();
    return block ? pdPASS : errCOULD_NOT_ALLOCATE_REQUIRED_MEMORY;
}

BaseType_t xTaskCreate(TaskFunction_t code, const char *name, uint32_t stack_bytes, void *argument,
                       UBaseType_t priority, TaskHandle_t *created) {
    return create("xTaskCreate", code, name, stack_bytes, argument, priority, created, tskNO_AFFINITY);
}

BaseType_t xTaskCreatePinnedToCore(TaskFunction_t code, const char *name, uint32_t stack_bytes, void *argument,
                                   UBaseType_t priority, TaskHandle_t *created, BaseType_t core) {
    return create("xTaskCreatePinnedToCore", code, name, stack_bytes, argument, priority, created, core);
}

static TaskHandle_t create_static(const char *call, TaskFunction_t code, const char *name, uint32_t stack_bytes,
                                  void *argument, UBaseType_t priority, StackType_t *stack, StaticTask_t *memory,
                                  BaseType_t core) {
    port_enter(call, NULL);
    SHIM_ASSERT(stack && memory, "%s: the memory for task '%s' is NULL", call, name);
    task *block = shim_task_start(call, (task *)memory, code, name, stack_bytes, argument, priority, core, NULL);
    port_leave();
    return block;
}

TaskHandle_t xTaskCreateStatic(TaskFunction_t code, const char *name, uint32_t stack_bytes, void *argument,
                               UBaseType_t priority, StackType_t *stack, StaticTask_t *memory) {
    return create_static("xTaskCreateStatic", code, name, stack_bytes, argument, priority, stack, memory,
                         tskNO_AFFINITY);
}

TaskHandle_t xTaskCreateStaticPinnedToCore(TaskFunction_t code, const char *name, uint32_t stack_bytes,
                                           void *argument, UBaseType_t priority, StackType_t *stack,
                                           StaticTask_t *memory, BaseType_t core) {
    return create_static("xTaskCreateStaticPinnedToCore", code, name, stack_bytes, argument, priority, stack, memory,
                         core);
}

void shim_task_end(task *self) {
    if (port_in_critical())
        port_fail(PORT_MISUSE, "task '%s' ends inside a critical section", port_task_name(self->port));
    forget(self);
    port_leave();
    port_task_exit();
}

void vTaskDelete(TaskHandle_t handle) {
    port_enter("vTaskDelete", handle);
    task *gone = shim_task_named("vTaskDelete", handle);
    if (gone == shim_self()) shim_task_end(gone);
    forget(gone);
    port_task_destroy(gone->port);
    port_leave();
}

task *shim_task_named(const char *call, TaskHandle_t handle) {
    task *named = handle ? handle : shim_self();
    if (named == NULL || UNLIKELY(named->mark != MARK_TASK))
        shim_bad_handle(call, "task", named, named ? named->mark : 0);
    return named;
}
