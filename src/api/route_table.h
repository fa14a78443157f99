/* The resources of the API: each is a table of routes (api.h) in a file of its own. */
#pragma once

#include "api/api.h"
#include "api/schemas.h"

#define ROUTE_TABLES(X)                                                                                                \
    X(auth)                                                                                                            \
    X(sessions)                                                                                                        \
    X(me)                                                                                                              \
    X(presets)                                                                                                         \
    X(hub)                                                                                                             \
    X(live)                                                                                                            \
    X(agents)                                                                                                          \
    X(threads)                                                                                                         \
    X(credentials)                                                                                                     \
    X(users)                                                                                                           \
    X(statistics)                                                                                                      \
    X(script_schemas)                                                                                                  \
    X(ready)                                                                                                           \
    X(health)

#define X(name) extern const struct api_route name##_routes[];
ROUTE_TABLES(X)
#undef X
