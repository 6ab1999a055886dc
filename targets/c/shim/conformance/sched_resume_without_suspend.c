// expect: assertion
/* xTaskResumeAll asserts when the scheduler is not suspended on this core. */
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"

void app_main(void) {
    vTaskSuspendAll();
    xTaskResumeAll();
    xTaskResumeAll();
}
