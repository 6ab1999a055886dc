/*
 * history_model.h: the charts' data, of which a part comes from the S3 gateway.
 */
#ifndef HISTORY_MODEL_H
#define HISTORY_MODEL_H

#ifdef __cplusplus
extern "C" {
#endif

/* The gateway's answer to a request for its history. `body` may be NULL and is valid during the call only. */
void history_model_on_remote_history(int status, const char *body);

#ifdef __cplusplus
}
#endif
#endif
