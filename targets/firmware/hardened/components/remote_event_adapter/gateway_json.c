/*
 * gateway_json.c: bounded parsing, and members by type and range.
 */
#include "gateway_json.h"

#include <string.h>

/* cJSON recurses once per level: a few hundred levels are the end of a websocket task's stack. Brackets in strings are
 * none; a text that is not JSON may be counted wrongly, and does not parse anyway. */
static bool is_shallow(const char *text, size_t length)
{
    unsigned depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (quoted && c == '\\') {
            i++;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && (c == '{' || c == '[')) {
            depth++;
        } else if (!quoted && (c == '}' || c == ']') && depth > 0) {
            depth--;
        }
        if (depth > GATEWAY_JSON_MAX_DEPTH) {
            return false;
        }
    }
    return true;
}

cJSON *gateway_json_parse(const char *text, size_t length)
{
    if (text == NULL || length > GATEWAY_JSON_MAX_BYTES || !is_shallow(text, length)) {
        return NULL;
    }
    cJSON *root = cJSON_ParseWithLength(text, length);
    if (root != NULL && !cJSON_IsObject(root)) {
        cJSON_Delete(root);
        return NULL;
    }
    return root;
}

const cJSON *gateway_json_inner(const cJSON *object, const char *name)
{
    const cJSON *inner = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsObject(inner) ? inner : object;
}

bool gateway_json_is_within(const cJSON *item, float low, float high)
{
    return cJSON_IsNumber(item) && item->valuedouble >= (double)low && item->valuedouble <= (double)high;
}

bool gateway_json_number(const cJSON *object, const char *name, float low, float high, float *value)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (!gateway_json_is_within(item, low, high)) {
        return false;
    }
    *value = (float)item->valuedouble;
    return true;
}

bool gateway_json_integer(const cJSON *object, const char *name, int low, int high, int *value)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    bool fits = cJSON_IsNumber(item) && item->valuedouble >= low && item->valuedouble <= high &&
                item->valuedouble == (double)(int)item->valuedouble;
    if (fits) {
        *value = (int)item->valuedouble;
    }
    return fits;
}

bool gateway_json_flag(const cJSON *object, const char *name, bool *value)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (!cJSON_IsBool(item)) {
        return false;
    }
    *value = cJSON_IsTrue(item);
    return true;
}

bool gateway_json_text(const cJSON *object, const char *name, char *value, size_t size)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    if (!cJSON_IsString(item) || strlen(item->valuestring) >= size) {
        return false;
    }
    memset(value, 0, size);
    strcpy(value, item->valuestring);
    return true;
}
