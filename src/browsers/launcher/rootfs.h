/* The root file system of every container: one read-only tree of bind mounts, built once on a private tmpfs in the
 * launcher's mount namespace and gone with it. A container gets a recursive bind of it. */
#pragma once

#include "base/error.h"

/* Builds the tree on `folder` (made when missing). The caller's mount namespace must be private. `ret_program` is where
 * Chromium is inside (free()). */
int rootfs_build(const char *folder, const char *chromium, char **ret_program, struct error *e);
