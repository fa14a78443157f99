/* The resources of the API: each is a table of routes (api.h) in a file of its own. Looked through in this order: what
 * is asked most comes first, /users/me before /users/{id}. */
#pragma once

#include "api/api.h"
#include "api/schemas.h"

#define ROUTE_TABLES(X)                                                                                                \
    X(health)                                                                                                          \
    X(auth)                                                                                                            \
    X(sessions)                                                                                                        \
    X(me)                                                                                                              \
    X(presets)                                                                                                         \
    X(artifacts)                                                                                                       \
    X(traces)                                                                                                          \
    X(hub)                                                                                                             \
    X(hub_stream)                                                                                                      \
    X(browsers)                                                                                                        \
    X(live)                                                                                                            \
    X(mcp)                                                                                                             \
    X(agents)                                                                                                          \
    X(threads)                                                                                                         \
    X(questions)                                                                                                       \
    X(credentials)                                                                                                     \
    X(models)                                                                                                          \
    X(model_providers)                                                                                                 \
    X(users)                                                                                                           \
    X(statistics)                                                                                                      \
    X(script_schemas)                                                                                                  \
    X(ready)

#define X(name) extern const struct api_route name##_routes[];
ROUTE_TABLES(X)
#undef X
