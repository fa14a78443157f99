/* Net namespaces of containers: nothing but loopback, and one listener that is there before the container starts. */
#pragma once

#include "base/error.h"

/* Makes one without ever entering it with the calling thread. `ret_netns` names the namespace (close it once the
 * container runs), `ret_listener` is a TCP listener on 127.0.0.1:KEEPER_GATE_PORT inside it. */
int netns_make(int *ret_netns, int *ret_listener, struct error *e);
