/* spinlock.h: the lock beneath portMUX, owned by a core and recursive there. */
#ifndef P4V_SPINLOCK_H
#define P4V_SPINLOCK_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint32_t owner; /* SPINLOCK_FREE, else core + 1 */
    uint32_t count;
} spinlock_t;

#define SPINLOCK_FREE 0
#define SPINLOCK_WAIT_FOREVER (-1)
#define SPINLOCK_NO_WAIT 0
#define SPINLOCK_INITIALIZER { SPINLOCK_FREE, 0 }

void spinlock_initialize(spinlock_t *lock);
/* `timeout` in CPU cycles; false when another core kept it that long. */
bool spinlock_acquire(spinlock_t *lock, int32_t timeout);
void spinlock_release(spinlock_t *lock);

#ifdef __cplusplus
}
#endif
#endif
