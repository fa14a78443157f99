/* The places of the lanes.
 *
 * A run that waits for a person gives its place to others: its process and its browser stay, and when the answer comes
 * it goes on at once, beside whoever has the place by now. So a worker may have up to WORKER_WAITING runs more than
 * places. It takes one beyond its places only while the pool has a browser for it: without this a queue of threads
 * would become a queue for browsers, which ends with an error. */
#include "base/clock.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "worker/worker_internal.h"

#define ASK_EVERY_MS 100 /* a bell may ring for each of a thousand threads */
#define ANSWER_MS    300 /* leases are to be renewed meanwhile */

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

static size_t given_up(const struct lane *lane) {
    return least(lane->waiting, lane->waiting_most);
}

bool worker_may_have_place(const struct lane *lane) {
    return lane->running < lane->places + given_up(lane);
}

bool worker_has_place(const struct lane *lane) {
    return lane->running < lane->places + least(lane->extra, given_up(lane));
}

/* Browsers that somebody could get now. When the engine does not say there are none: no run could begin, either. */
static size_t ask_pool(void) {
    struct error e;
    cleanup_json json_t *answer = NULL;
    int r = door_look_at_statistics(ANSWER_MS, &answer, &e);
    const json_t *states = json_object_get(answer, "browsers");
    int64_t free =
        json_int_or(answer, "max_browsers", 0) - json_int_or(states, "leased", 0) - json_int_or(states, "closing", 0);
    if (json_text_or(answer, "not_starting_because", NULL))
        free = json_int_or(states, "warm", 0);
    free -= json_int_or(json_object_get(answer, "queue"), "length", 0);
    return r < 0 || free < 0 ? 0 : (size_t)free;
}

void worker_find_room(struct worker *worker, struct lane *lane, int64_t now) {
    size_t over = lane->running > lane->places ? lane->running - lane->places : 0;
    lane->extra = over;
    if (given_up(lane) <= over)
        return;
    if (now >= worker->next_pool_look) {
        worker->pool_room = ask_pool();
        worker->next_pool_look = clock_deadline(ASK_EVERY_MS);
    }
    lane->extra = over + worker->pool_room;
}

void worker_count_running(struct worker *worker, enum job_lane id, int change) {
    struct lane *lane = &worker->lanes[id];
    worker->running += (size_t)change;
    lane->running += (size_t)change;
    if (change > 0 && lane->running > lane->places && worker->pool_room)
        worker->pool_room--;
    metrics_set(METRIC_JOBS_RUNNING, job_lanes[id].name, (double)lane->running);
}

void worker_count_waiting(struct worker *worker) {
    size_t waiting[JOB_LANE_COUNT] = {0};
    for (size_t i = 0; i < worker->slots; i++)
        if (worker->children[i].used)
            waiting[worker->children[i].lane] += lease_page_waits(&worker->children[i].page);
    for (int i = 0; i < JOB_LANE_COUNT; i++) {
        struct lane *lane = &worker->lanes[i];
        if (waiting[i] == lane->waiting)
            continue;
        lane->look_now |= waiting[i] > lane->waiting;
        lane->waiting = waiting[i];
        metrics_set(METRIC_JOBS_WAITING, job_lanes[i].name, (double)lane->waiting);
    }
}
