/* Whether the TCP ports that this instance's processes will listen on are free. Any caller. */
#pragma once

#include "base/error.h"
#include <stdint.h>

/* -EADDRINUSE (or what bind said) when the address cannot be listened on right now. */
int up_try_port(const char *host, int64_t port);

/* Checks all of them, waiting so long for those that a former run is about to leave; the error names the setting. */
int up_check_ports(int64_t patience_ms, struct error *e);
