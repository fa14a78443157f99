/* Metrics of the processes that have no listener: keepers, whose uids may open none, and the launcher, which faces
 * nobody. They tell the engine over the channels that are there, and it shows them among its own: sums over all
 * browsers, so that no label grows with their number. The engine's loop. */
#pragma once

#include "browsers/engine/pool.h"

/* Adds what a keeper's counters have grown by since its last status. */
void others_metrics_of_keeper(struct browser *browser, const json_t *status);
/* Each tick: asks the launcher for a report when it is time. */
void others_metrics_tick(struct pool *pool, int64_t now);
