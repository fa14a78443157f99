#include "api/standing.h"
#include "api/api_internal.h"
#include "domain/principals.h"
#include <string.h>

static struct standing *standing_of(struct lane_job *job) {
    return (struct standing *)((char *)job - offsetof(struct standing, job));
}

/* On a lane. */
static void ask(struct lane_job *job, struct lane_thread *thread) {
    struct standing *standing = standing_of(job);
    struct signed_in who;
    struct error e;
    bool is_key = !strncmp(standing->reference, "key:", 4);
    int r = is_key ? principals_of_key(&thread->db, standing->reference + 4, &who, &e)
                   : principals_of_session(&thread->db, standing->reference, &who, &e);
    standing->lost = r < 0 && error_http_status(e.code) < 500;
}

static void answered(struct lane_job *job) {
    struct standing *standing = standing_of(job);
    standing->asking = false;
    standing->told(standing);
}

void standing_begin(struct standing *standing, const struct api_call *call, void (*told)(struct standing *standing)) {
    *standing = (struct standing){.job = {.work = ask, .done = answered}, .told = told};
    snprintf(standing->user_id, sizeof standing->user_id, "%s", call->who.caller.id);
    snprintf(standing->reference, sizeof standing->reference, "%s", call->inside->credentials.reference);
}

int standing_ask(struct standing *standing, struct lanes *lanes) {
    standing->again = standing->asking;
    if (standing->asking)
        return 0;
    standing->asking = true;
    int r = lanes_submit(lanes, LANE_DATABASE, &standing->job);
    standing->asking = r >= 0;
    standing->lost |= r < 0;
    return r;
}

bool standing_ask_again(struct standing *standing, struct lanes *lanes) {
    return standing->again && standing_ask(standing, lanes) >= 0;
}
