/* The web app's files: what lies in WEB_DIR is known from the start, so no request reaches the file system by a path of
 * its own. The loop's thread.
 *
 * A file NAME with NAME.br or NAME.gz beside it goes out compressed to whoever takes that. What lies in assets/ has a
 * hash in its name and may be kept for ever. Any other path that looks like a page's is answered with index.html. */
#pragma once

#include "net/http_server.h"

struct static_files;

/* An empty or missing folder is no failure: there are no files then. */
struct static_files *static_files_load(const char *folder);
void static_files_free(struct static_files *files);

/* Answers a GET or HEAD; false: there is no such file and no index.html. */
bool static_files_answer(struct static_files *files, struct http_request *request, const char *path);
