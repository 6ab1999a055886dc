/*
 * gateway_json.h: reads JSON of the gateway without trusting it.
 *
 * A text that is too long, nested too deeply for a small stack or malformed is no object; a member of the wrong type or
 * out of range is not there.
 */
#ifndef GATEWAY_JSON_H
#define GATEWAY_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "cJSON.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GATEWAY_JSON_MAX_BYTES 16384
#define GATEWAY_JSON_MAX_DEPTH 8

/* The object that the text holds, to be given back by cJSON_Delete; NULL for anything else. */
cJSON *gateway_json_parse(const char *text, size_t length);
/* The object that is the member `name`, or `object` itself when it has none of that name. */
const cJSON *gateway_json_inner(const cJSON *object, const char *name);

/* Each returns false, and leaves the target alone, when `object` has no such member. */
bool gateway_json_number(const cJSON *object, const char *name, float low, float high, float *value);
bool gateway_json_integer(const cJSON *object, const char *name, int low, int high, int *value);
bool gateway_json_flag(const cJSON *object, const char *name, bool *value);
bool gateway_json_text(const cJSON *object, const char *name, char *value, size_t size);

/* A number within the range, which no NaN is. */
bool gateway_json_is_within(const cJSON *item, float low, float high);

#ifdef __cplusplus
}
#endif
#endif
