#include "api/browser_counts.h"
#include "base/clock.h"
#include "cdp/door_client.h"
#include <pthread.h>

#define KEPT_MS   2000
#define ANSWER_MS 500

struct counts {
    bool known;
    int64_t active, warm, max;
};

static struct {
    pthread_mutex_t lock;
    bool asking;
    int64_t asked_ms; /* when the last answer came, or did not */
    struct counts counts;
} shared = {.lock = PTHREAD_MUTEX_INITIALIZER, .asked_ms = -KEPT_MS};

static struct counts ask(void) {
    struct error e;
    cleanup_json json_t *answer = NULL;
    int r = door_look_at_statistics(ANSWER_MS, &answer, &e);
    const json_t *states = json_object_get(answer, "browsers");
    return (struct counts){!r, json_int_or(states, "leased", 0), json_int_or(states, "warm", 0),
                           json_int_or(answer, "max_browsers", 0)};
}

/* Whether this thread is the one to ask. */
static bool take_turn(struct counts *ret_counts) {
    pthread_mutex_lock(&shared.lock);
    bool mine = !shared.asking && clock_monotonic_ms() - shared.asked_ms >= KEPT_MS;
    shared.asking |= mine;
    *ret_counts = shared.counts;
    pthread_mutex_unlock(&shared.lock);
    return mine;
}

static void share(const struct counts *counts) {
    pthread_mutex_lock(&shared.lock);
    shared.counts = *counts;
    shared.asked_ms = clock_monotonic_ms();
    shared.asking = false;
    pthread_mutex_unlock(&shared.lock);
}

json_t *browser_counts(void) {
    struct counts counts;
    if (take_turn(&counts)) {
        counts = ask();
        share(&counts);
    }
    return counts.known ? json_pack("{s:I, s:I, s:I}", "active", (json_int_t)counts.active, "warm",
                                    (json_int_t)counts.warm, "max", (json_int_t)counts.max)
                        : json_null();
}
