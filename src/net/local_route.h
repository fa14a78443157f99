/* Asks the kernel (rtnetlink) how it would route to an address. Tells this host's own addresses, whatever interface or
 * local route they come from, without keeping a list that could be stale. One thread at a time. */
#pragma once

#include "base/error.h"
#include "net/host.h"

struct local_route;

int local_route_new(struct local_route **ret_routes, struct error *e);
void local_route_free(struct local_route *routes);

/* `ret_own` is true for everything that would not leave for another single machine: local, broadcast, anycast and
 * multicast routes. An address without any route is not ours. -errno when the kernel did not tell. */
int local_route_ask(struct local_route *routes, const struct ip_address *address, bool *ret_own);
