/* FreeRTOSConfig.h: for sources that include it by name; the values live in FreeRTOS.h and portmacro.h. */
#ifndef P4V_FREERTOS_CONFIG_H
#define P4V_FREERTOS_CONFIG_H
#include "freertos/FreeRTOS.h"
#endif
