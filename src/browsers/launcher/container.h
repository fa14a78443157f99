/* The OCI bundle of one browser: a folder with config.json that crun runs. */
#pragma once

#include "base/error.h"
#include "browsers/launcher/ids.h"
#include <stdint.h>

struct container_spec {
    const char *id;
    const char *rootfs;   /* rootfs_build's folder */
    const char *program;  /* Chromium inside */
    const char *locale;   /* BCP 47; empty: en-US */
    const char *timezone; /* IANA; empty: UTC */
    const char *home;     /* a folder to bind as its home; NULL: it gets a tmpfs of its own */
    int netns;            /* descriptor of this process */
    struct ids ids;
    uint64_t memory_bytes;
};

/* Writes config.json into the folder `bundle`, which exists. */
int container_write_bundle(const char *bundle, const struct container_spec *spec, struct error *e);
