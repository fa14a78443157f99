/* Files that are sent: written to a file without a name on a lane, then sent piece by piece on the loop. */
#pragma once

#include "api/api.h"
#include "store/blob.h"

/* What is to be sent. */
struct download {
    int fd;
    int64_t from, length, size; /* length 0: nothing but the head */
    int status;
    char etag[BLOB_SHA256_HEX + 2];                /* "": it changes, and is kept by nobody */
    const char *media_type, *disposition, *policy; /* constant, or of the call's arena */
    struct http_request *request;
    int64_t sent;
    bool gone;
};

struct download *download_new(void);
int download_open(struct download *download, struct error *e); /* its file */
void download_free(struct download *download);

/* A route's `park`, with the download in call->user. */
void download_send(struct api *api, struct http_request *request, struct api_call *call);
