#include "api/revisions.h"
#include "domain/revisions.h"
#include <string.h>

static enum revisions_kind kind_of(const struct api_call *call) {
    return strcmp(call->route->tag, "presets") ? REVISIONS_OF_AGENTS : REVISIONS_OF_PRESETS;
}

int api_list_revisions(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = revisions_list(call->db, &call->who.caller, kind_of(call), call_parameter(call, "id"),
                           call_query_int(call, "before", 0), &json, e);
    return call_done(call, r, json);
}

int api_get_revision(struct api_call *call, struct error *e) {
    char *json = NULL;
    int64_t number = 0;
    int r = call_parameter_int(call, "revision", 1, &number, e);
    if (!r)
        r = revisions_get(call->db, &call->who.caller, kind_of(call), call_parameter(call, "id"), number, &json, e);
    return call_done(call, r, json);
}

int api_restore_revision(struct api_call *call, struct error *e) {
    char *json = NULL;
    int64_t number = 0;
    int r = call_parameter_int(call, "revision", 1, &number, e);
    if (!r)
        r = revisions_restore(call->db, &call->who.caller, kind_of(call), call_parameter(call, "id"), number,
                              call->if_match, &json, e);
    return call_done(call, r, json);
}
