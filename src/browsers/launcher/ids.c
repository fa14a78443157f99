#include "browsers/launcher/ids.h"
#include "base/config.h"
#include "base/instance.h"
#include "base/io.h"
#include "base/memory.h"
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#define LOCK_FOLDER "/run/lock/replinet-ids"
#define SLOTS       (IDS_PER_RANGE / IDS_PER_SLOT)
#define RANGES      64

static bool taken[SLOTS];
static unsigned next_slot;
static uid_t range_start;

int ids_claim_range(struct error *e) {
    int64_t base = config_int(CONFIG_BROWSER_ID_BASE);
    int r = io_make_dirs(LOCK_FOLDER, 0700, e);
    for (int64_t range = 0; !r && range < RANGES; range++) {
        int64_t start = base + range * IDS_PER_RANGE;
        cleanup_free char *path = memory_print(LOCK_FOLDER "/%lld", (long long)start);
        int fd = instance_lock(path, e); /* stays open, and so locked, until the process ends */
        if (fd >= 0) {
            range_start = (uid_t)start;
            return 0;
        }
        if (fd != -EBUSY)
            return fd;
    }
    return r < 0 ? r : error_set(e, EBUSY, ERROR_CONFLICT, "all %d ranges of user ids are in use", RANGES);
}

int ids_take(struct ids *ret_ids) {
    for (unsigned i = 0; i < SLOTS; i++) {
        unsigned slot = (next_slot + i) % SLOTS;
        if (taken[slot])
            continue;
        taken[slot] = true;
        next_slot = (slot + 1) % SLOTS;
        uid_t first = range_start + slot * IDS_PER_SLOT;
        *ret_ids = (struct ids){.slot = slot, .root = first, .user = first + 1, .keeper = first + 2};
        return 0;
    }
    return -EAGAIN;
}

void ids_give_back(const struct ids *ids) {
    taken[ids->slot] = false;
}
