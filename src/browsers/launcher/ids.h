/* User ids of browsers. Each browser has a slot of BROWSER_ID_BASE's range with ids that nothing else on the machine
 * uses: the container's root, the user Chromium runs as, and its keeper.
 *
 * Instances on one machine share nothing, so each claims a range of its own by locking a file in /run/lock/replinet-ids
 * (range n begins at BROWSER_ID_BASE + n * IDS_PER_RANGE) for as long as the launcher lives. Slots go round, so an id
 * is not used again soon. */
#pragma once

#include "base/error.h"
#include <sys/types.h>

#define IDS_PER_SLOT  4
#define IDS_PER_RANGE 4096

struct ids {
    unsigned slot;
    uid_t root, user, keeper;
};

int ids_claim_range(struct error *e);
int ids_take(struct ids *ret_ids); /* -EAGAIN when every slot is taken */
void ids_give_back(const struct ids *ids);
