/*
 * nvs.c: setting, getting and erasing values (components/nvs_flash/src/nvs_api.cpp, nvs_handle_simple.cpp).
 *
 * Each nvs_set_*, nvs_commit and nvs_erase_* is a step: the power may fail before and after it, and it takes one value
 * of the stream "nvs", code * 1000000 + cost in microseconds, with code 0 for success, 1 for ESP_FAIL and 2 for
 * ESP_ERR_NVS_NOT_ENOUGH_SPACE. The cost keeps the core busy, and passes only when flash is worked on: by a commit of
 * changes or, where values are stored at once, by a set that changes something. A failed step changes nothing.
 *
 * It refuses to tear: a value is stored whole or not at all, though what is taken from the caller may be torn.
 */
#include "nvs_double.h"

#include <string.h>

enum { DEFAULT_COST_US = 4000, CODE = 1000000, LONGEST_STRING = 4000 };
enum { CODE_OK, CODE_FAIL, CODE_NO_SPACE };

/* ---- values: what was set and not committed hides what flash holds ---- */

static nvs_change **pending_of(uint8_t namespace, const char *key) {
    nvs_change **place = &nvs_state.pending;
    while (*place && ((*place)->entry.namespace != namespace || strcmp((*place)->entry.key, key) != 0))
        place = &(*place)->next;
    return place;
}

static const nvs_entry *find(uint8_t namespace, const char *key) {
    const nvs_change *pending = *pending_of(namespace, key);
    if (pending == NULL) return nvs_image_find(namespace, key);
    return pending->erased ? NULL : &pending->entry;
}

nvs_change *nvs_new_change(uint8_t namespace, const char *key, nvs_type_t type, size_t length) {
    nvs_change *made = port_alloc(sizeof *made + length);
    if (made == NULL) return NULL;
    *made = (nvs_change){ .entry = { .length = (uint16_t)length, .namespace = namespace, .type = (uint8_t)type } };
    memcpy(made->entry.key, key, strlen(key));
    return made;
}

void nvs_discard(nvs_change *changes) {
    for (nvs_change *next; changes; changes = next) {
        next = changes->next;
        port_free(changes);
    }
}

/* ---- steps ---- */

static esp_err_t failure(int64_t said) {
    int64_t code = said / CODE;
    return code == CODE_FAIL ? ESP_FAIL : code == CODE_NO_SPACE ? ESP_ERR_NVS_NOT_ENOUGH_SPACE : ESP_OK;
}

esp_err_t nvs_work_on_flash(int64_t said) {
    port_leave();
    port_spend((uint64_t)(said % CODE));
    port_enter("flash", NULL);
    return failure(said);
}

static void join_pending(nvs_change *change) {
    nvs_change **place = pending_of(change->entry.namespace, change->entry.key), *earlier = *place;
    if (earlier) {
        *place = earlier->next;
        port_free(earlier);
    }
    while (*place) place = &(*place)->next;
    *place = change;
    change->next = NULL;
}

/* Stores the first changes that fit; those that do not are what is left of the list. */
static esp_err_t apply(nvs_change **changes) {
    while (*changes) {
        nvs_change *first = *changes;
        esp_err_t result = nvs_image_apply(first);
        if (result != ESP_OK) return result;
        *changes = first->next;
        port_free(first);
    }
    return ESP_OK;
}

static size_t entries_wanted(const nvs_change *changes) {
    size_t entries = 0;
    for (; changes; changes = changes->next)
        entries += changes->erased ? 0 : nvs_entries_of(changes->entry.type, changes->entry.length);
    return entries;
}

static esp_err_t postpone(nvs_change *changes, int64_t said) {
    esp_err_t result = failure(said);
    if (nvs_image_entries() + entries_wanted(nvs_state.pending) + entries_wanted(changes) > NVS_ENTRIES)
        result = ESP_ERR_NVS_NOT_ENOUGH_SPACE;
    if (result != ESP_OK) nvs_discard(changes);
    for (nvs_change *next; result == ESP_OK && changes; changes = next) {
        next = changes->next;
        join_pending(changes);
    }
    return result;
}

/* Takes the changes over. */
static esp_err_t carry_out(nvs_change *changes, int64_t said) {
    if (changes == NULL) return failure(said);
    if (!nvs_stores_at_once()) return postpone(changes, said);
    esp_err_t result = nvs_work_on_flash(said);
    if (result == ESP_OK) result = apply(&changes);
    nvs_discard(changes);
    return result;
}

int64_t nvs_begin_step(const char *call) {
    nvs_begin(call);
    port_power_step(PORT_POWER_NVS_BEFORE);
    int64_t said = port_environment("nvs", DEFAULT_COST_US);
    return said < 0 ? 0 : said;
}

esp_err_t nvs_end_step(esp_err_t result) {
    port_power_step(PORT_POWER_NVS_AFTER);
    return nvs_end(result);
}

/* ---- setting ---- */

typedef struct { const char *key; nvs_type_t type; const void *data; size_t length; } value;

static esp_err_t refusal(const nvs_open_handle *handle, const value *wanted) {
    if (handle == NULL) return ESP_ERR_NVS_INVALID_HANDLE;
    if (handle->read_only) return ESP_ERR_NVS_READ_ONLY;
    if (wanted->key == NULL || wanted->data == NULL) return ESP_ERR_INVALID_ARG;
    if (nvs_too_long(wanted->key)) return ESP_ERR_NVS_KEY_TOO_LONG;
    size_t most = wanted->type == NVS_TYPE_STR ? LONGEST_STRING : (NVS_ENTRIES - 2) * NVS_ENTRY_BYTES;
    return wanted->length > most ? ESP_ERR_NVS_VALUE_TOO_LONG : ESP_OK;
}

static bool is_identical(const nvs_entry *old, const nvs_entry *fresh) {
    return old && old->type == fresh->type && old->length == fresh->length &&
           memcmp(nvs_data(old), nvs_data(fresh), fresh->length) == 0;
}

/* The value is taken word by word, as ESP-IDF takes it: under no lock of the caller's. */
static esp_err_t set(const char *call, nvs_handle_t number, value wanted) {
    int64_t said = nvs_begin_step(call);
    const nvs_open_handle *handle = nvs_handle_of(number);
    esp_err_t result = refusal(handle, &wanted);
    if (result != ESP_OK) return nvs_end_step(result);
    nvs_change *change = nvs_new_change(handle->namespace, wanted.key, wanted.type, wanted.length);
    if (change == NULL) return nvs_end_step(ESP_ERR_NO_MEM);
    port_copy_torn((void *)(uintptr_t)nvs_data(&change->entry), wanted.data, wanted.length);
    if (is_identical(find(handle->namespace, wanted.key), &change->entry)) {
        nvs_discard(change);
        change = NULL;
    }
    return nvs_end_step(carry_out(change, said));
}

#define SET(name, number_type, type_tag) \
    esp_err_t nvs_set_##name(nvs_handle_t handle, const char *key, number_type number) { \
        return set("nvs_set_" #name, handle, (value){ key, type_tag, &number, sizeof number }); \
    }
SET(i8, int8_t, NVS_TYPE_I8)
SET(u8, uint8_t, NVS_TYPE_U8)
SET(i16, int16_t, NVS_TYPE_I16)
SET(u16, uint16_t, NVS_TYPE_U16)
SET(i32, int32_t, NVS_TYPE_I32)
SET(u32, uint32_t, NVS_TYPE_U32)
SET(i64, int64_t, NVS_TYPE_I64)
SET(u64, uint64_t, NVS_TYPE_U64)

esp_err_t nvs_set_str(nvs_handle_t handle, const char *key, const char *text) {
    return set("nvs_set_str", handle, (value){ key, NVS_TYPE_STR, text, text ? strlen(text) + 1 : 0 });
}

esp_err_t nvs_set_blob(nvs_handle_t handle, const char *key, const void *data, size_t length) {
    return set("nvs_set_blob", handle, (value){ key, NVS_TYPE_BLOB, data, length });
}

esp_err_t nvs_commit(nvs_handle_t number) {
    int64_t said = nvs_begin_step("nvs_commit");
    if (nvs_handle_of(number) == NULL) return nvs_end_step(ESP_ERR_NVS_INVALID_HANDLE);
    if (nvs_state.pending == NULL) return nvs_end_step(failure(said));
    esp_err_t result = nvs_work_on_flash(said);
    return nvs_end_step(result == ESP_OK ? apply(&nvs_state.pending) : result);
}

/* ---- erasing ---- */

/* A removal in front of `rest`; `rest` is lost, and NULL returned, when there is no memory. */
static nvs_change *removal(const nvs_entry *gone, nvs_change *rest) {
    nvs_change *made = nvs_new_change(gone->namespace, gone->key, gone->type, 0);
    if (made == NULL) {
        nvs_discard(rest);
        return NULL;
    }
    made->erased = true;
    made->next = rest;
    return made;
}

esp_err_t nvs_erase_key(nvs_handle_t number, const char *key) {
    int64_t said = nvs_begin_step("nvs_erase_key");
    const nvs_open_handle *handle = nvs_handle_of(number);
    esp_err_t result = refusal(handle, &(value){ key, NVS_TYPE_ANY, "", 0 });
    if (result == ESP_ERR_NVS_KEY_TOO_LONG) result = ESP_ERR_NVS_NOT_FOUND;
    if (result != ESP_OK) return nvs_end_step(result);
    const nvs_entry *gone = find(handle->namespace, key);
    if (gone == NULL) return nvs_end_step(ESP_ERR_NVS_NOT_FOUND);
    nvs_change *change = removal(gone, NULL);
    return nvs_end_step(change ? carry_out(change, said) : ESP_ERR_NO_MEM);
}

static bool remove_all(uint8_t namespace, nvs_change **changes) {
    for (const nvs_entry *each = nvs_image_next(NULL); each; each = nvs_image_next(each))
        if (each->namespace == namespace && !(*changes = removal(each, *changes))) return false;
    for (const nvs_change *each = nvs_state.pending; each; each = each->next)
        if (each->entry.namespace == namespace && !(*changes = removal(&each->entry, *changes))) return false;
    return true;
}

esp_err_t nvs_erase_all(nvs_handle_t number) {
    int64_t said = nvs_begin_step("nvs_erase_all");
    const nvs_open_handle *handle = nvs_handle_of(number);
    esp_err_t result = refusal(handle, &(value){ "", NVS_TYPE_ANY, "", 0 });
    if (result != ESP_OK) return nvs_end_step(result);
    nvs_change *changes = NULL;
    return nvs_end_step(remove_all(handle->namespace, &changes) ? carry_out(changes, said) : ESP_ERR_NO_MEM);
}

/* ---- getting ---- */

static const nvs_entry *found(nvs_handle_t number, const char *key, nvs_type_t type, esp_err_t *result) {
    const nvs_open_handle *handle = nvs_handle_of(number);
    const nvs_entry *entry = NULL;
    *result = ESP_ERR_NVS_INVALID_HANDLE;
    if (handle == NULL) return NULL;
    *result = ESP_ERR_INVALID_ARG;
    if (key == NULL) return NULL;
    if (!nvs_too_long(key)) entry = find(handle->namespace, key);
    if (entry && type != NVS_TYPE_ANY && entry->type != type) entry = NULL;
    *result = entry ? ESP_OK : ESP_ERR_NVS_NOT_FOUND;
    return entry;
}

static esp_err_t get_number(const char *call, nvs_handle_t handle, const char *key, nvs_type_t type, void *to) {
    nvs_begin(call);
    esp_err_t result;
    const nvs_entry *entry = found(handle, key, type, &result);
    if (entry && to) port_copy_to_user(to, nvs_data(entry), entry->length);
    return nvs_end(entry && !to ? ESP_ERR_INVALID_ARG : result);
}

#define GET(name, number_type, type_tag) \
    esp_err_t nvs_get_##name(nvs_handle_t handle, const char *key, number_type *number) { \
        return get_number("nvs_get_" #name, handle, key, type_tag, number); \
    }
GET(i8, int8_t, NVS_TYPE_I8)
GET(u8, uint8_t, NVS_TYPE_U8)
GET(i16, int16_t, NVS_TYPE_I16)
GET(u16, uint16_t, NVS_TYPE_U16)
GET(i32, int32_t, NVS_TYPE_I32)
GET(u32, uint32_t, NVS_TYPE_U32)
GET(i64, int64_t, NVS_TYPE_I64)
GET(u64, uint64_t, NVS_TYPE_U64)

/* nvs_get_str_or_blob of nvs_api.cpp. */
static esp_err_t hand_over(const nvs_entry *entry, void *to, size_t *length) {
    if (length == NULL) return ESP_ERR_NVS_INVALID_LENGTH;
    size_t room, needed = entry->length;
    port_copy_from_user(&room, length, sizeof room);
    port_copy_to_user(length, &needed, sizeof needed);
    if (to == NULL) return ESP_OK;
    if (room < needed) return ESP_ERR_NVS_INVALID_LENGTH;
    port_copy_to_user(to, nvs_data(entry), needed);
    return ESP_OK;
}

static esp_err_t get_long(const char *call, nvs_handle_t handle, const char *key, nvs_type_t type, void *to,
                          size_t *length) {
    nvs_begin(call);
    esp_err_t result;
    const nvs_entry *entry = found(handle, key, type, &result);
    return nvs_end(entry ? hand_over(entry, to, length) : result);
}

esp_err_t nvs_get_str(nvs_handle_t handle, const char *key, char *text, size_t *length) {
    return get_long("nvs_get_str", handle, key, NVS_TYPE_STR, text, length);
}

esp_err_t nvs_get_blob(nvs_handle_t handle, const char *key, void *data, size_t *length) {
    return get_long("nvs_get_blob", handle, key, NVS_TYPE_BLOB, data, length);
}

esp_err_t nvs_find_key(nvs_handle_t handle, const char *key, nvs_type_t *type) {
    nvs_begin("nvs_find_key");
    esp_err_t result;
    const nvs_entry *entry = found(handle, key, NVS_TYPE_ANY, &result);
    nvs_type_t is = entry ? (nvs_type_t)entry->type : NVS_TYPE_ANY;
    if (entry && type) port_copy_to_user(type, &is, sizeof is);
    return nvs_end(result);
}
