/* The first half of a browser's life: everything from the folder to the running crun. */
#pragma once

#include "browsers/launcher/browser.h"

/* Fills in the browser's children and descriptors as far as it comes; on failure the caller takes down what there is.
 */
int browser_start(struct browser *browser, const struct browsers_setup *setup, const struct launcher_request *request,
                  struct error *e);

/* After crun has ended well: learns the container's first process. */
int browser_adopt_container(struct browser *browser, struct error *e);

/* Folders and sockets, by id: browser_folder is the bundle, browser_runtime_folder what crun keeps (free()). */
char *browser_folder(const char *id);
char *browser_runtime_folder(const char *id);
char *browser_socket(const char *id);
