/*
 * nvs_image.c: the partition "nvs" in retained memory: values one behind another, a changed one at the end.
 *
 * Room is counted in ESP-IDF's entries of 32 bytes (nvs_flash/src: Page, Item), so that a partition is full when it
 * would be. It refuses to model pages: an entry is replaced at once, whole or not at all.
 */
#include "nvs_double.h"

#include <string.h>

#include "p4v_doubles.h"

void p4v_nvs_stored(const char *key, size_t length, uint32_t writes) __attribute__((weak));

struct image {
    uint32_t used, entries, writes;
    uint8_t durability;   /* 0: nobody asked yet, else 1 + what the program says */
    _Alignas(4) uint8_t bytes[NVS_ENTRIES * NVS_ENTRY_BYTES];
};

static struct image *image(void) { return port_retained("nvs", sizeof(struct image)); }

bool nvs_stores_at_once(void) {
    struct image *flash = image();
    if (flash->durability == 0) flash->durability = port_environment("nvs.durability", 0) == 1 ? 2 : 1;
    return flash->durability == 2;
}

size_t nvs_entries_of(unsigned type, size_t length) {
    size_t data = (length + NVS_ENTRY_BYTES - 1) / NVS_ENTRY_BYTES;
    return type == NVS_TYPE_BLOB ? 2 + data : type == NVS_TYPE_STR ? 1 + data : 1;
}

/* Entries stay aligned. */
static uint32_t bytes_of(const nvs_entry *entry) { return (uint32_t)(sizeof *entry + ((entry->length + 3u) & ~3u)); }

static const nvs_entry *at(const struct image *flash, uint32_t offset) {
    return offset < flash->used ? (const nvs_entry *)(const void *)(flash->bytes + offset) : NULL;
}

const nvs_entry *nvs_image_next(const nvs_entry *entry) {
    const struct image *flash = image();
    return at(flash, entry ? (uint32_t)((const uint8_t *)entry - flash->bytes) + bytes_of(entry) : 0);
}

const nvs_entry *nvs_image_find(uint8_t namespace, const char *key) {
    for (const nvs_entry *each = nvs_image_next(NULL); each; each = nvs_image_next(each))
        if (each->namespace == namespace && strcmp(each->key, key) == 0) return each;
    return NULL;
}

size_t nvs_image_entries(void) { return image()->entries; }

static void take_out(struct image *flash, const nvs_entry *gone) {
    uint32_t bytes = bytes_of(gone), offset = (uint32_t)((const uint8_t *)gone - flash->bytes);
    flash->entries -= (uint32_t)nvs_entries_of(gone->type, gone->length);
    flash->used -= bytes;
    memmove(flash->bytes + offset, flash->bytes + offset + bytes, flash->used - offset);
}

static void append(struct image *flash, const nvs_entry *fresh) {
    memcpy(flash->bytes + flash->used, fresh, sizeof *fresh + fresh->length);
    flash->used += bytes_of(fresh);
    flash->entries += (uint32_t)nvs_entries_of(fresh->type, fresh->length);
}

/* The old value goes when the new one is there, as in ESP-IDF: for a moment both need room. */
esp_err_t nvs_image_apply(const nvs_change *change) {
    struct image *flash = image();
    const nvs_entry *fresh = &change->entry, *old = nvs_image_find(fresh->namespace, fresh->key);
    size_t more = change->erased ? 0 : nvs_entries_of(fresh->type, fresh->length);
    if (flash->entries + more > NVS_ENTRIES) return ESP_ERR_NVS_NOT_ENOUGH_SPACE;
    if (old) take_out(flash, old);
    if (change->erased) return ESP_OK;
    append(flash, fresh);
    if (fresh->namespace == 0) return ESP_OK;
    flash->writes++;
    if (p4v_nvs_stored) p4v_nvs_stored(fresh->key, fresh->length, flash->writes);
    return ESP_OK;
}

/* Wear is not undone. */
void nvs_image_erase(void) {
    struct image *flash = image();
    flash->used = flash->entries = 0;
}
