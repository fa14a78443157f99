#include "api/openapi.h"
#include "api/api_internal.h"
#include "base/memory.h"
#include <ctype.h>
#include <string.h>

/* Tags in the order of the document; a route's tag must be one of them. */
static const struct {
    const char *name, *doc;
} tags[] = {
    {"auth", "Signing in and out, sessions, API keys."},
    {"users", "People and their profiles."},
    {"models", "Models that agents may think with, and who provides them."},
    {"presets", "A model and how it thinks."},
    {"agents", "A preset with instructions, a script and a browser."},
    {"credentials", "Secrets that agents sign in with; never given out."},
    {"threads", "Runs of agents: events, files, results."},
    {"questions", "What runs ask of people, and the answers."},
    {"browsers", "Browsers of one's own, over the Chrome DevTools Protocol."},
    {"live", "Watching and taking over a browser."},
    {"mcp", "The Model Context Protocol: agents and browsers for models elsewhere."},
    {"statistics", "What happened, counted."},
    {"schemas", "JSON Schemas of what users write."},
    {"config", "What a page must know first."},
    {"health", "Whether all this works."},
    {"feed", "What changes, as it happens."},
};

static json_t *error_schema(void) {
    return json_pack("{s:s, s:s, s:[s,s,s,s], s:{s:{s:s}, s:{s:s}, s:{s:s}, s:{s:[s,s]}}}", "type", "object",
                     "description", "What went wrong and how to mend it.", "required", "detail", "code", "hint",
                     "request_id", "properties", "detail", "type", "string", "code", "type", "string", "hint", "type",
                     "string", "request_id", "type", "string", "null");
}

static json_t *complaint_schema(void) {
    return json_pack("{s:s, s:s, s:[s,s,s], s:{s:{s:s, s:{s:[s,s]}}, s:{s:s}, s:{s:s}}}", "type", "object",
                     "description", "One wrong field.", "required", "loc", "msg", "type", "properties", "loc", "type",
                     "array", "items", "type", "string", "integer", "msg", "type", "string", "type", "type", "string");
}

static json_t *complaints_schema(void) {
    return json_pack("{s:s, s:s, s:[s], s:{s:{s:s, s:{s:s}}, s:{s:s}, s:{s:s}, s:{s:s}}}", "type", "object",
                     "description", "All wrong fields of a request.", "required", "detail", "properties", "detail",
                     "type", "array", "items", "$ref", "#/components/schemas/WrongField", "code", "type", "string",
                     "hint", "type", "string", "request_id", "type", "string");
}

static json_t *json_content(json_t *schema) {
    return json_pack("{s:{s:o}}", "application/json", "schema", schema);
}

static json_t *page_schema(json_t *item) {
    static const char *const counts[] = {"total", "page", "size", "pages"};
    json_t *properties = json_pack("{s:{s:s, s:o}}", "items", "type", "array", "items", item);
    json_t *required = json_pack("[s]", "items");
    for (size_t i = 0; i < ARRAY_LENGTH(counts); i++) {
        json_object_set_new(properties, counts[i], json_pack("{s:s, s:i}", "type", "integer", "minimum", 0));
        json_array_append_new(required, json_string(counts[i]));
    }
    return json_pack("{s:s, s:o, s:o}", "type", "object", "required", required, "properties", properties);
}

/* A list that says where it goes on; resources name that member as their domain does. */
static json_t *items_schema(json_t *item) {
    return json_pack("{s:s, s:[s], s:{s:{s:s, s:o}}}", "type", "object", "required", "items", "properties", "items",
                     "type", "array", "items", item);
}

static json_t *answer_schema(const struct api_route *route, json_t *components) {
    json_t *schema = route->answer ? openapi_reference(route->answer, OPENAPI_ANSWER, components) : json_object();
    switch (route->form) {
    case FORM_PAGE:
        return page_schema(schema);
    case FORM_ITEMS:
    case FORM_CURSOR:
        return items_schema(schema);
    default:
        return schema;
    }
}

static int status_of(const struct api_route *route) {
    return route->status ? route->status : route->flags & API_UPGRADE ? 101 : route->form == FORM_NOTHING ? 204 : 200;
}

static void add_success(const struct api_route *route, json_t *responses, json_t *components) {
    char status[8];
    bool empty = route->form == FORM_NOTHING || route->flags & API_UPGRADE;
    snprintf(status, sizeof status, "%d", status_of(route));
    json_t *response = json_pack("{s:s}", "description", route->flags & API_UPGRADE ? "WebSocket." : "Done.");
    if (!empty)
        json_object_set_new(response, "content", json_content(answer_schema(route, components)));
    json_object_set_new(responses, status, response);
}

static void add_failure(json_t *responses, const char *status) {
    json_object_set_new(
        responses, status,
        json_pack("{s:s}", "$ref",
                  !strcmp(status, "422") ? "#/components/responses/Invalid" : "#/components/responses/Failed"));
}

static json_t *responses_of(const struct api_route *route, json_t *components) {
    json_t *responses = json_object();
    add_success(route, responses, components);
    if (route->access != ACCESS_PUBLIC) {
        add_failure(responses, "401");
        add_failure(responses, "403");
    }
    if (strchr(route->pattern, '{'))
        add_failure(responses, "404");
    if (strcmp(route->method, "GET"))
        add_failure(responses, "409");
    if (route->flags & API_IF_MATCH)
        add_failure(responses, "412");
    if (route->lane != LANE_LOOP) {
        add_failure(responses, "422");
        add_failure(responses, "503");
    }
    add_failure(responses, "429");
    return responses;
}

static json_t *parameter(const char *in, const char *name, bool required, json_t *schema) {
    return json_pack("{s:s, s:s, s:b, s:o}", "in", in, "name", name, "required", required, "schema", schema);
}

static void add_path_parameters(const struct api_route *route, json_t *parameters) {
    for (const char *at = strchr(route->pattern, '{'); at; at = strchr(at + 1, '{')) {
        cleanup_free char *name = memory_copy_bytes(at + 1, strcspn(at + 1, "}"));
        json_array_append_new(parameters, parameter("path", name, true, json_pack("{s:s}", "type", "string")));
    }
}

static void add_query_parameters(const struct api_route *route, json_t *parameters, json_t *components) {
    for (const struct schema_field *field = route->query ? route->query->fields : NULL; field && field->name; field++) {
        json_t *one = parameter("query", field->name, field->flags & SCHEMA_REQUIRED,
                                openapi_field(field, OPENAPI_INPUT, components));
        json_object_set_new(one, "description", json_string(field->doc ? field->doc : ""));
        json_array_append_new(parameters, one);
    }
}

static void add_header_parameters(const struct api_route *route, json_t *parameters) {
    if (route->flags & API_IF_MATCH)
        json_array_append_new(parameters, parameter("header", "If-Match", false, json_pack("{s:s}", "type", "string")));
    if (route->flags & (API_CREATES | API_KEYED))
        json_array_append_new(parameters, parameter("header", "Idempotency-Key", false,
                                                    json_pack("{s:s, s:i}", "type", "string", "maxLength", 200)));
}

/* "GET /presets/{id}" is get_presets_id. */
static json_t *operation_id(const struct api_route *route) {
    cleanup_text struct text id = {0};
    for (const char *p = route->method; *p; p++)
        text_append_char(&id, (char)tolower((unsigned char)*p));
    for (const char *p = route->pattern; *p; p++)
        if (isalnum((unsigned char)*p))
            text_append_char(&id, *p);
        else if (id.length && id.data[id.length - 1] != '_' && *p != '}')
            text_append_char(&id, '_');
    return json_string(id.data);
}

static json_t *security_of(const struct api_route *route) {
    return route->access == ACCESS_PUBLIC ? json_array() : json_pack("[{s:[]}]", "bearer");
}

static json_t *operation_of(const struct api_route *route, json_t *components) {
    json_t *operation =
        json_pack("{s:o, s:s, s:[s], s:o, s:o}", "operationId", operation_id(route), "summary", route->summary, "tags",
                  route->tag, "security", security_of(route), "responses", responses_of(route, components));
    json_t *parameters = json_array();
    add_path_parameters(route, parameters);
    add_query_parameters(route, parameters, components);
    add_header_parameters(route, parameters);
    if (json_array_size(parameters))
        json_object_set(operation, "parameters", parameters);
    json_decref(parameters);
    if (route->access == ACCESS_PERMISSION)
        json_object_set_new(operation, "x-permission", json_string(permission_name(route->permission)));
    if (route->body)
        json_object_set_new(operation, "requestBody",
                            json_pack("{s:b, s:o}", "required", !(route->flags & API_BODY_OPTIONAL), "content",
                                      json_content(openapi_reference(route->body, OPENAPI_INPUT, components))));
    else if (route->flags & API_RAW_BODY)
        json_object_set_new(operation, "requestBody",
                            json_pack("{s:{s:{s:{s:s, s:s}}}}", "content", "application/octet-stream", "schema", "type",
                                      "string", "format", "binary"));
    return operation;
}

static void add_route(json_t *paths, const struct api_route *route, json_t *components) {
    char method[16] = "";
    cleanup_free char *path = text_starts_with(route->pattern, "//") ? memory_copy_text(route->pattern + 1)
                                                                     : memory_print(API_PREFIX "%s", route->pattern);
    for (size_t i = 0; route->method[i] && i + 1 < sizeof method; i++)
        method[i] = (char)tolower((unsigned char)route->method[i]);
    if (!json_object_get(paths, path))
        json_object_set_new(paths, path, json_object());
    json_object_set_new(json_object_get(paths, path), method, operation_of(route, components));
}

static json_t *tag_list(void) {
    json_t *list = json_array();
    for (size_t i = 0; i < ARRAY_LENGTH(tags); i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "name", tags[i].name, "description", tags[i].doc));
    return list;
}

static json_t *common_responses(void) {
    return json_pack("{s:{s:s, s:o}, s:{s:s, s:o}}", "Failed", "description", "It failed; the code says how.",
                     "content", json_content(json_pack("{s:s}", "$ref", "#/components/schemas/Error")), "Invalid",
                     "description", "Fields are wrong; all of them are named.", "content",
                     json_content(json_pack("{s:s}", "$ref", "#/components/schemas/WrongFields")));
}

char *openapi_make(void) {
    size_t count;
    const struct api_route *const *tables = api_route_tables(&count);
    json_t *paths = json_object(), *schemas = json_pack("{s:o, s:o, s:o}", "Error", error_schema(), "WrongField",
                                                        complaint_schema(), "WrongFields", complaints_schema());
    for (size_t i = 0; i < count; i++)
        for (const struct api_route *route = tables[i]; route->method; route++)
            add_route(paths, route, schemas);
    cleanup_json json_t *document =
        json_pack("{s:s, s:{s:s, s:s, s:s, s:{s:s, s:s}}, s:[{s:s}], s:o, s:o, s:{s:o, s:o, s:{s:{s:s, s:s, s:s}}}}",
                  "openapi", "3.1.0", "info", "title", "Replinet", "version", REPLINET_VERSION, "description",
                  "AI agents in real browsers: presets, agents, runs, live view.", "license", "name", "MIT",
                  "identifier", "MIT", "servers", "url", "/", "tags", tag_list(), "paths", paths, "components",
                  "schemas", schemas, "responses", common_responses(), "securitySchemes", "bearer", "type", "http",
                  "scheme", "bearer", "description", "An access token of /auth/login, or an API key.");
    return json_print(document);
}
