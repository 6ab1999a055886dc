// expect: assertion
/* The upper 8 bits are not the application's. */
#include "freertos/FreeRTOS.h"
#include "freertos/event_groups.h"

void app_main(void) { xEventGroupSetBits(xEventGroupCreate(), BIT24); }
