/* The answer of S3's ListObjectsV2. A small reader of just this XML; any thread. */
#pragma once

#include "base/error.h"
#include <stddef.h>
#include <stdint.h>

struct s3_object {
    char *key;
    int64_t size, changed_us;
};

struct s3_list {
    struct s3_object *objects;
    size_t count;
    char *token; /* of the next page; NULL: this was the last */
};

/* ERROR_PROTOCOL when it is no such answer. */
int s3_list_parse(const char *data, size_t length, struct s3_list *ret_list, struct error *e);
void s3_list_done(struct s3_list *list);
#define cleanup_s3_list __attribute__((cleanup(s3_list_done))) /* struct s3_list name = {0}; */
