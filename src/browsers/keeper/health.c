/* Whether the browser is well: pings, memory, and why it ended.
 *
 * A browser at its memory limit may thrash for minutes without an OOM kill and without an answer, so a late ping
 * together with a rising count of allocations that met the limit (or with full memory stalls) is out of memory. */
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "browsers/keeper/keeper_internal.h"

#define TICK_MS        500
#define LATE_MS        5000 /* a healthy browser answers within milliseconds, a busy one within a second or two */
#define THRASH_COUNT   200  /* allocations that met the limit since the ping; reading a large file makes some too */
#define THRASH_STALLED 50.0 /* percent */
#define HASTE_PER_TICK 500  /* so many of them in one tick: ask at once whether it lives */

static void ping_answered(void *user, const struct cdp_envelope *answer) {
    struct keeper *keeper = user;
    keeper->ping_sent_at = 0;
    keeper->ping_answered_at = clock_monotonic_ms();
}

static void ping(struct keeper *keeper) {
    keeper->ping_sent_at = clock_monotonic_ms();
    keeper->memory_at_ping = keeper->memory;
    mux_call(keeper->mux, "Browser.getVersion", "{}", ping_answered, keeper);
}

void health_look_at_memory(struct keeper *keeper) {
    struct memory_counts now;
    memory_watch_read(KEEPER_FD_MEMORY, &now);
    bool killed = now.oom_kills > keeper->memory.oom_kills;
    bool hurry = now.at_limit - keeper->memory.at_limit > HASTE_PER_TICK;
    keeper->memory = now;
    if (killed)
        keeper_end(keeper, END_REASON_OOM);
    else if (hurry && !keeper->ping_sent_at && keeper->state == KEEPER_LEASED)
        ping(keeper);
}

static bool is_thrashing(const struct keeper *keeper) {
    return keeper->memory.at_limit - keeper->memory_at_ping.at_limit > THRASH_COUNT ||
           keeper->memory.stalled > THRASH_STALLED;
}

static void look_at_ping(struct keeper *keeper) {
    int64_t now = clock_monotonic_ms(), waiting = keeper->ping_sent_at ? now - keeper->ping_sent_at : 0;
    if (!keeper->ping_sent_at) {
        if (now - keeper->ping_answered_at >= config_int(CONFIG_BROWSER_PING_SECONDS) * 1000)
            ping(keeper);
    } else if (waiting >= LATE_MS && is_thrashing(keeper))
        keeper_end(keeper, END_REASON_OOM);
    else if (waiting >= config_int(CONFIG_BROWSER_PING_TIMEOUT_SECONDS) * 1000)
        keeper_end(keeper, END_REASON_UNRESPONSIVE);
}

static void tick(uv_timer_t *timer) {
    struct keeper *keeper = timer->data;
    health_look_at_memory(keeper);
    if (keeper->state != KEEPER_ENDING && !keeper->clients_stalled)
        look_at_ping(keeper);
}

void health_start(struct keeper *keeper) {
    uv_timer_init(&keeper->loop, &keeper->health_timer);
    keeper->health_timer.data = keeper;
    memory_watch_read(KEEPER_FD_MEMORY, &keeper->memory);
}

void health_forgive(struct keeper *keeper) {
    keeper->ping_sent_at = 0;
    keeper->ping_answered_at = clock_monotonic_ms();
}

void health_watch(struct keeper *keeper, bool on) {
    health_forgive(keeper);
    if (on)
        uv_timer_start(&keeper->health_timer, tick, TICK_MS, TICK_MS);
    else
        uv_timer_stop(&keeper->health_timer);
}

enum end_reason health_explain_end(struct keeper *keeper) {
    struct memory_counts now;
    memory_watch_read(KEEPER_FD_MEMORY, &now);
    return now.oom_kills > keeper->memory.oom_kills ? END_REASON_OOM
           : keeper->state == KEEPER_STARTING       ? END_REASON_START_FAILED
                                                    : END_REASON_CRASH;
}
