/* esp_random.h: numbers that look random and are the same in every execution, so that executions can be replayed. */
#ifndef P4V_ESP_RANDOM_H
#define P4V_ESP_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
uint32_t esp_random(void);
void esp_fill_random(void *buffer, size_t bytes);
#ifdef __cplusplus
}
#endif
#endif
