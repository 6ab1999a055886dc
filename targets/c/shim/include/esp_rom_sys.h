/* esp_rom_sys.h: the busy wait, which keeps the core. */
#ifndef P4V_ESP_ROM_SYS_H
#define P4V_ESP_ROM_SYS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
void esp_rom_delay_us(uint32_t us);
#ifdef __cplusplus
}
#endif
#endif
