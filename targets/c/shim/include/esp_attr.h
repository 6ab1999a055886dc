/* esp_attr.h: where code and data live on the chip; on the host they live anywhere. */
#ifndef P4V_ESP_ATTR_H
#define P4V_ESP_ATTR_H

#if __has_include("sdkconfig.h")
#include "sdkconfig.h"
#endif

#define IRAM_ATTR
#define DRAM_ATTR
#define RTC_DATA_ATTR
#define RTC_NOINIT_ATTR
#define RTC_IRAM_ATTR
#define EXT_RAM_BSS_ATTR
#define EXT_RAM_ATTR
#define DMA_ATTR __attribute__((aligned(4)))
#define WORD_ALIGNED_ATTR __attribute__((aligned(4)))
#define DRAM_STR(text) (text)
#define FORCE_INLINE_ATTR static inline __attribute__((always_inline))
#define NOINLINE_ATTR __attribute__((noinline))
#define __NOINIT_ATTR

#endif
