/* The folders of an instance with their owners and modes, and SECRET_KEY. Runs as root; used by `replinet up`, and by
 * `replinet browser-manager` for the part that it needs. */
#pragma once

#include "base/error.h"
#include <sys/types.h>

/* STATE_DIR and RUN_DIR must be passable by the services' users and RUN_DIR short enough for Unix sockets. */
int up_check_places(struct error *e);

/* Makes what is missing and puts owner and mode of what exists right. */
int up_make_folders(struct error *e);

/* Sets SECRET_KEY (made once, STATE_DIR/secret/secret_key) and TICKET_PUBLIC_KEY in the configuration. */
int up_load_secret(struct error *e);

/* Makes one folder below an existing parent, or mends its owner and mode; never follows a symbolic link. An empty user
 * or group is root. */
int up_make_folder(const char *path, mode_t mode, const char *user, const char *group, struct error *e);
