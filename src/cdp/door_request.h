/* One HTTP request to the door (libcurl): deadline, interrupt, size limit. For door_client.c; one thread. */
#pragma once

#include "base/text.h"
#include "cdp/door_client.h"

struct door_request {
    const char *method;
    const char *path;   /* with its query, already escaped */
    const char *ticket; /* shown as the bearer; NULL: none */
    const char *what;   /* "lease a browser": for errors */
    int64_t deadline;
    /* Gets the body of a 2xx answer piece by piece, 0 or -errno to stop. NULL: it is collected, up to DOOR_ANSWER_MAX.
     */
    int (*write)(void *user, const void *data, size_t length);
    /* Gives the next part of a body of `upload_size` bytes (-1: until 0 is returned): bytes, or -errno to stop. NULL:
     * there is none. */
    ssize_t (*read)(void *user, void *data, size_t room);
    int64_t upload_size;
    void *user; /* of both */
};

/* 0 for a 2xx answer (ret_body: what was collected, NUL-terminated); else -errno and the door's error, or
 * ERROR_UNAVAILABLE (-ECONNREFUSED, -ECONNRESET), ERROR_TIMEOUT, ERROR_CANCELLED. */
int door_request_run(const struct door *door, const struct door_request *request, struct text *ret_body,
                     struct error *e);

/* `name` as one segment of a path; free(). */
char *door_request_escape(const char *name);
