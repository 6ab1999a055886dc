/*
 * nvs_double.h: what the files of the NVS double share: the image of flash, the changes to it, the open handles and the
 * lock over all of it. Between nvs_begin and nvs_end only.
 */
#ifndef P4V_SHIM_NVS_DOUBLE_H
#define P4V_SHIM_NVS_DOUBLE_H

#include "shim.h"

#include "nvs.h"

/* As it lies in flash; the value follows. Namespaces are values too: of namespace 0, type u8, under their name. */
typedef struct {
    uint16_t length;
    uint8_t namespace, type;
    char key[NVS_KEY_NAME_MAX_SIZE];
} nvs_entry;
static inline const void *nvs_data(const nvs_entry *entry) { return entry + 1; }

/* A value that is to be stored, or with `erased` to be removed. Lies in the heap, its data behind the entry. */
typedef struct nvs_change nvs_change;
struct nvs_change {
    nvs_change *next;
    bool erased;
    nvs_entry entry;
};

typedef struct nvs_open_handle nvs_open_handle;
struct nvs_open_handle { nvs_open_handle *next; nvs_handle_t number; uint8_t namespace; bool read_only; };

extern struct nvs_state {
    struct shim_mutex lock;
    nvs_open_handle *open;
    nvs_change *pending;      /* not committed; at most one per key, oldest first */
    nvs_handle_t last_number;
    bool initialized;
} nvs_state;

/* ---- nvs_handles.c ---- */
void nvs_begin(const char *call);
esp_err_t nvs_end(esp_err_t result);
nvs_open_handle *nvs_handle_of(nvs_handle_t number);   /* NULL when it is not open */
static inline bool nvs_too_long(const char *name) {
    return __builtin_strlen(name) >= NVS_KEY_NAME_MAX_SIZE;
}

/* ---- nvs.c ---- */
nvs_change *nvs_new_change(uint8_t namespace, const char *key, nvs_type_t type, size_t length);   /* NULL: no memory */
void nvs_discard(nvs_change *changes);
/* A step on flash that takes a value of the stream "nvs", between the two moments at which the power may fail. */
int64_t nvs_begin_step(const char *call);
esp_err_t nvs_work_on_flash(int64_t said);
esp_err_t nvs_end_step(esp_err_t result);

/* ---- nvs_image.c ---- */
/* 32-byte entries of ESP-IDF's format that a value takes. */
size_t nvs_entries_of(unsigned type, size_t length);
enum { NVS_ENTRY_BYTES = 32, NVS_ENTRIES = 630, NVS_NAMESPACES = 254 };   /* 24 KiB, one page kept free */

/* What flash holds now, first to last: NULL to begin with, NULL at the end. */
const nvs_entry *nvs_image_next(const nvs_entry *entry);
const nvs_entry *nvs_image_find(uint8_t namespace, const char *key);
size_t nvs_image_entries(void);
/* ESP_ERR_NVS_NOT_ENOUGH_SPACE leaves everything as it is. */
esp_err_t nvs_image_apply(const nvs_change *change);
void nvs_image_erase(void);
/* Does nvs_set_* store at once, or nvs_commit? As the program says, for the whole execution. */
bool nvs_stores_at_once(void);

#endif
