/* One S3 bucket over libcurl: signed requests (AWS Signature Version 4), each with a deadline, repeated while that may
 * help. Used by blob_s3.c; one thread per connection. */
#pragma once

#include "base/error.h"
#include "base/text.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct s3; /* one connection, kept open between requests */

/* From the configuration (S3_*); does not connect. ERROR_BAD_CONFIG names what is missing. */
int s3_open(struct s3 **ret_s3, struct error *e);
void s3_close(struct s3 *s3); /* accepts NULL */

struct s3_request {
    const char *method; /* GET, HEAD, PUT, DELETE */
    const char *key;    /* NULL: the bucket itself */
    const char *query;  /* NULL: none; encoded and sorted by name */
    const char *sha256; /* hex, of what is sent; NULL: nothing is */
    /* Upload: may be asked for any offset again. Both returns are a count, or -errno to give up. */
    ssize_t (*read)(void *user, int64_t offset, void *data, size_t room);
    int64_t length;
    /* Download of [offset, offset + length) as far as length > 0: a broken one goes on where it stopped. NULL: the
     * answer is small and goes to ret_answer. */
    int (*write)(void *user, const void *data, size_t length);
    int64_t offset;
    void *user;
};

struct s3_answer {
    int status;
    int64_t length;   /* Content-Length; -1: none */
    struct text body; /* text_done */
};

/* 0 for 2xx, and for 404 of a key (ret_answer->status). Else -errno: ERROR_BAD_CONFIG for keys, bucket, region and what
 * else a person mends; ERROR_STORAGE after S3_RETRY_SECONDS in vain. */
int s3_call(struct s3 *s3, const struct s3_request *request, struct s3_answer *ret_answer, struct error *e);
