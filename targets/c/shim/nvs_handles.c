/*
 * nvs_handles.c: opening and closing, the partition, and the lock over all of NVS: whoever calls while another task
 * works on flash waits (nvs_flash/src/nvs_api.cpp, nvs_partition_manager.cpp).
 *
 * It refuses partitions other than "nvs".
 */
#include "nvs_double.h"

#include <string.h>

#include "nvs_flash.h"

struct nvs_state nvs_state;

void nvs_begin(const char *call) {
    port_enter(call, NULL);
    task *self = shim_self();
    shim_may_block(call, self);
    shim_mutex_await(&nvs_state.lock, self, PORT_FOREVER, call, &nvs_state.lock);
}

esp_err_t nvs_end(esp_err_t result) {
    shim_mutex_give(&nvs_state.lock, shim_self(), &nvs_state.lock);
    return (esp_err_t)port_answer(result);
}

nvs_open_handle *nvs_handle_of(nvs_handle_t number) {
    nvs_open_handle *each = nvs_state.open;
    while (each && each->number != number) each = each->next;
    return each;
}

/* ---- namespaces ---- */

static uint8_t new_namespace(void) {
    uint8_t highest = 0;
    for (const nvs_entry *each = nvs_image_next(NULL); each; each = nvs_image_next(each)) {
        uint8_t number = *(const uint8_t *)nvs_data(each);
        if (each->namespace == 0 && number > highest) highest = number;
    }
    return (uint8_t)(highest + 1);
}

/* 0 when there is no room for it. Like ESP-IDF, opening for writing stores the name at once. */
static uint8_t make_namespace(const char *name) {
    uint8_t number = new_namespace();
    if (number > NVS_NAMESPACES) return 0;
    nvs_change *change = nvs_new_change(0, name, NVS_TYPE_U8, sizeof number);
    if (change == NULL) return 0;
    memcpy((void *)(uintptr_t)nvs_data(&change->entry), &number, sizeof number);
    bool stored = nvs_image_apply(change) == ESP_OK;
    nvs_discard(change);
    return stored ? number : 0;
}

static esp_err_t namespace_of(const char *name, bool read_only, uint8_t *number) {
    const nvs_entry *known = nvs_image_find(0, name);
    if (known == NULL && read_only) return ESP_ERR_NVS_NOT_FOUND;
    *number = known ? *(const uint8_t *)nvs_data(known) : make_namespace(name);
    return *number ? ESP_OK : ESP_ERR_NVS_NOT_ENOUGH_SPACE;
}

/* ---- handles ---- */

static esp_err_t add_handle(uint8_t namespace, bool read_only, nvs_handle_t *number) {
    nvs_open_handle *made = port_reserve(sizeof *made);
    if (made == NULL) return ESP_ERR_NO_MEM;
    *made = (nvs_open_handle){ .next = nvs_state.open, .number = ++nvs_state.last_number, .namespace = namespace,
                               .read_only = read_only };
    nvs_state.open = made;
    port_copy_to_user(number, &made->number, sizeof *number);
    return ESP_OK;
}

static esp_err_t open_locked(const char *name, nvs_open_mode_t mode, nvs_handle_t *number) {
    if (number == NULL) return ESP_ERR_INVALID_ARG;
    if (name == NULL || name[0] == 0 || nvs_too_long(name)) return ESP_ERR_NVS_INVALID_NAME;
    if (!nvs_state.initialized) return ESP_ERR_NVS_NOT_INITIALIZED;
    uint8_t namespace;
    esp_err_t result = namespace_of(name, mode == NVS_READONLY, &namespace);
    return result == ESP_OK ? add_handle(namespace, mode == NVS_READONLY, number) : result;
}

esp_err_t nvs_open(const char *name, nvs_open_mode_t mode, nvs_handle_t *number) {
    nvs_begin("nvs_open");
    return nvs_end(open_locked(name, mode, number));
}

static bool is_ours(const char *partition) { return partition && strcmp(partition, NVS_DEFAULT_PART_NAME) == 0; }

esp_err_t nvs_open_from_partition(const char *partition, const char *name, nvs_open_mode_t mode,
                                  nvs_handle_t *number) {
    nvs_begin("nvs_open_from_partition");
    return nvs_end(is_ours(partition) ? open_locked(name, mode, number) : ESP_ERR_NVS_PART_NOT_FOUND);
}

void nvs_close(nvs_handle_t number) {
    nvs_begin("nvs_close");
    nvs_open_handle **place = &nvs_state.open;
    while (*place && (*place)->number != number) place = &(*place)->next;
    nvs_open_handle *closed = *place;
    if (closed) *place = closed->next;
    port_free(closed);
    nvs_end(ESP_OK);
}

/* ---- the partition ---- */

static void shut(void) {
    for (nvs_open_handle *each = nvs_state.open, *next; each; each = next) {
        next = each->next;
        port_free(each);
    }
    nvs_discard(nvs_state.pending);
    nvs_state.open = NULL;
    nvs_state.pending = NULL;
    nvs_state.initialized = false;
}

esp_err_t nvs_flash_init(void) {
    nvs_begin("nvs_flash_init");
    nvs_state.initialized = true;
    return nvs_end(ESP_OK);
}

esp_err_t nvs_flash_deinit(void) {
    nvs_begin("nvs_flash_deinit");
    esp_err_t result = nvs_state.initialized ? ESP_OK : ESP_ERR_NVS_NOT_INITIALIZED;
    shut();
    return nvs_end(result);
}

esp_err_t nvs_flash_erase(void) {
    int64_t said = nvs_begin_step("nvs_flash_erase");
    esp_err_t result = nvs_work_on_flash(said);
    if (result == ESP_OK) {
        shut();
        nvs_image_erase();
    }
    return nvs_end_step(result);
}

esp_err_t nvs_flash_init_partition(const char *label) {
    return is_ours(label) ? nvs_flash_init() : ESP_ERR_NOT_FOUND;
}
esp_err_t nvs_flash_deinit_partition(const char *label) {
    return is_ours(label) ? nvs_flash_deinit() : ESP_ERR_NVS_NOT_INITIALIZED;
}
esp_err_t nvs_flash_erase_partition(const char *label) {
    return is_ours(label) ? nvs_flash_erase() : ESP_ERR_NOT_FOUND;
}

/* ---- what is in use: of flash, whatever is not committed ---- */

static size_t count(int namespace) {
    size_t entries = 0;
    for (const nvs_entry *each = nvs_image_next(NULL); each; each = nvs_image_next(each))
        if (each->namespace == namespace) entries += nvs_entries_of(each->type, each->length);
    return entries;
}

esp_err_t nvs_get_used_entry_count(nvs_handle_t number, size_t *used) {
    nvs_begin("nvs_get_used_entry_count");
    const nvs_open_handle *handle = nvs_handle_of(number);
    size_t entries = handle ? count(handle->namespace) : 0;
    if (used) port_copy_to_user(used, &entries, sizeof entries);
    return nvs_end(used == NULL ? ESP_ERR_INVALID_ARG : handle ? ESP_OK : ESP_ERR_NVS_INVALID_HANDLE);
}

esp_err_t nvs_get_stats(const char *partition, nvs_stats_t *stats) {
    nvs_begin("nvs_get_stats");
    if (stats == NULL) return nvs_end(ESP_ERR_INVALID_ARG);
    if (!nvs_state.initialized || (partition && !is_ours(partition))) return nvs_end(ESP_ERR_NVS_NOT_INITIALIZED);
    nvs_stats_t now = { .used_entries = nvs_image_entries(), .namespace_count = count(0) };
    now.free_entries = now.available_entries = NVS_ENTRIES - now.used_entries;
    now.total_entries = NVS_ENTRIES;
    port_copy_to_user(stats, &now, sizeof now);
    return nvs_end(ESP_OK);
}
