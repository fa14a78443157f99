/* The browser profile of an agent, kept between its threads: STATE_DIR/profiles/AGENT_ID, sealed (base/seal.h).
 *
 * One thread at a time may keep what its browser leaves: it holds a lock (AGENT_ID.lock) from before it reads until it
 * has written. Other threads of the agent that run meanwhile begin with a copy of what was kept last, and what they
 * leave is not kept; so no thread waits and none writes over another's. The file is replaced whole, or stays. */
#pragma once

#include "agent/run.h"

struct profile {
    char *path, *agent_id; /* NULL: none is open */
    int lock;              /* -1: another thread has it */
    int fd;                /* what was kept, unsealed, in memory; -1: nothing yet */
};

#define PROFILE_NONE ((struct profile){.lock = -1, .fd = -1})

/* Also tells, in words, of a file that cannot be unsealed. */
int profile_open(struct profile *ret_profile, const char *agent_id, struct error *e);
/* For agent_run; borrows `profile`. */
struct agent_profile profile_for_run(struct profile *profile);
void profile_close(struct profile *profile);
