/* The server's table of routes, made of the API's. */
#include "api/api_internal.h"
#include "api/route_table.h"
#include "base/text.h"
#include <stdlib.h>

#define BODY_MAX_DEFAULT (1 << 20)

static const struct api_route *const tables[] = {
#define X(name) name##_routes,
    ROUTE_TABLES(X)
#undef X
};

size_t api_body_max(const struct api_route *route) {
    return route->body_max ? route->body_max : route->body ? BODY_MAX_DEFAULT : 0;
}

const struct api_route *const *api_route_tables(size_t *ret_count) {
    *ret_count = ARRAY_LENGTH(tables);
    return tables;
}

static char *full_pattern(const struct api_route *route) {
    return text_starts_with(route->pattern, "//") ? memory_copy_text(route->pattern + 1)
                                                  : memory_print(API_PREFIX "%s", route->pattern);
}

struct http_route *api_make_routes(void) {
    size_t count = 0;
    struct http_route *routes = NULL;
    for (size_t i = 0; i < ARRAY_LENGTH(tables); i++)
        for (const struct api_route *route = tables[i]; route->method; route++) {
            routes = memory_resize(routes, (count + 2) * sizeof *routes);
            routes[count++] = (struct http_route){.method = route->method,
                                                  .pattern = full_pattern(route),
                                                  .handle = api_dispatch,
                                                  .flags = route->flags & API_UPGRADE ? HTTP_ROUTE_UPGRADE : 0,
                                                  .body_max = api_body_max(route),
                                                  .tag = route};
        }
    routes[count] = (struct http_route){0};
    return routes;
}

void api_free_routes(struct http_route *routes) {
    for (struct http_route *route = routes; route && route->method; route++)
        free((char *)route->pattern);
    free(routes);
}
