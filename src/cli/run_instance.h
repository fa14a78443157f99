/* A private Browser Manager for one command: started as root when no instance runs, gone when the command ends. */
#pragma once

#include "base/error.h"
#include "cdp/door_client.h"

struct run_instance {
    char *folder; /* its state, sockets and log; NULL: none was started */
    int pidfd;
};

#define RUN_INSTANCE_NONE ((struct run_instance){.folder = NULL, .pidfd = -1})

/* Starts it with our configuration, a folder, port and key of its own, and `allow` (NULL: nothing) added to
 * EGRESS_ALLOW; waits until its door answers. Our own configuration points to it then, so door_open finds it. */
int run_instance_start(const char *allow, int64_t memory_mb, int interrupt_fd, struct run_instance *ret_instance,
                       struct error *e);

/* Stops it, its browsers included, and removes its folder; nothing to do for NONE. */
void run_instance_stop(struct run_instance *instance);
#define cleanup_run_instance __attribute__((cleanup(run_instance_stop)))
