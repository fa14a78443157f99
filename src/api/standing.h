/* Whether the session or key that opened something lasting (a relay, an MCP session) still counts: asked of the
 * database on a lane. The loop's thread. */
#pragma once

#include "api/lanes.h"
#include "api/principals.h"

struct standing {
    char user_id[UUID_TEXT_SIZE], reference[PRINCIPAL_REFERENCE_SIZE];
    struct lane_job job;
    bool asking, again, lost;
    /* After an answer; `asking` is over unless it was asked for again meanwhile. A database that does not answer takes
     * nothing away. */
    void (*told)(struct standing *standing);
};

void standing_begin(struct standing *standing, const struct api_call *call, void (*told)(struct standing *standing));
/* -EAGAIN when nobody can be asked: then it counts as lost, and `told` is not called. */
int standing_ask(struct standing *standing, struct lanes *lanes);
/* For `told`: asks once more when that was wanted meanwhile. Whether it did. */
bool standing_ask_again(struct standing *standing, struct lanes *lanes);
