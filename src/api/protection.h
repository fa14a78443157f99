/* What all answers have in common: secure headers, CORS; and requests that no route fits: preflights, the web app's
 * files, everything else. Hooks of the server, on the loop. */
#pragma once

#include "net/http_server.h"

void protection_decorate(struct http_request *request, int status, void *user);
void protection_unmatched(struct http_request *request, const struct error *error, void *user);
