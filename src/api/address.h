/* Whose request it is: the address of the connection, or, when that is one of TRUSTED_PROXIES, what the proxy says in
 * X-Forwarded-For. The loop's thread after address_load. */
#pragma once

#include "net/http_server.h"

/* Reads TRUSTED_PROXIES; -EINVAL, ERROR_BAD_CONFIG, naming what is wrong in it. */
int address_load(struct error *e);

/* Lives as long as the request; "" when the connection has none. */
const char *address_of(struct http_request *request);
/* For counting: an IPv6 address's /64, which is one household or machine. `text` has room for IP_TEXT_SIZE + 4. */
const char *address_group(const char *address, char *text);
