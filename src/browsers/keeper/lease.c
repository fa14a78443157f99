/* The lease of the browser: its ticket, the gate's policy, and the deadlines that end it. */
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/ticket.h"
#include "browsers/keeper/keeper_internal.h"
#include "browsers/keeper/live.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LINGER_MS 10000

/* Its run waits for people: the browser's clocks stand still, for as long in sum as the lease's wait_ms says. */

static void life_is_over(uv_timer_t *timer) {
    keeper_end(timer->data, END_REASON_TIMEOUT);
}

static void start_life(struct keeper *keeper) {
    int64_t left = keeper->life_until - clock_monotonic_ms();
    uv_timer_start(&keeper->life_timer, life_is_over, left > 0 ? (uint64_t)left : 0, 0);
}

static void end_wait(struct keeper *keeper) {
    int64_t waited = clock_monotonic_ms() - keeper->wait_began;
    if (!keeper->wait_began)
        return;
    waited = waited < keeper->wait_left_ms ? waited : keeper->wait_left_ms;
    keeper->wait_left_ms -= waited;
    keeper->life_until += waited;
    keeper->wait_began = 0;
    lease_note_use(keeper);
    start_life(keeper);
}

static void waited_enough(uv_timer_t *timer) {
    end_wait(timer->data);
}

void lease_note_run(struct keeper *keeper, bool waits) {
    if (!waits)
        return end_wait(keeper);
    if (keeper->state != KEEPER_LEASED || keeper->wait_began || keeper->wait_left_ms <= 0)
        return;
    keeper->wait_began = clock_monotonic_ms();
    uv_timer_start(&keeper->life_timer, waited_enough, (uint64_t)keeper->wait_left_ms, 0);
}

static int64_t idle_ms(const struct keeper *keeper) {
    return json_int_or(keeper->lease, "idle_ms", config_int(CONFIG_BROWSER_IDLE_SECONDS) * 1000);
}

/* Set once and moved on when it fires, not with every message. */
static void look_at_idle(uv_timer_t *timer) {
    struct keeper *keeper = timer->data;
    if (live_is_controlled(keeper->live) || keeper->wait_began)
        lease_note_use(keeper);
    int64_t left = keeper->last_use + idle_ms(keeper) - clock_monotonic_ms();
    if (left <= 0)
        keeper_end(keeper, END_REASON_IDLE);
    else
        uv_timer_start(timer, look_at_idle, (uint64_t)left, 0);
}

static void nobody_came_back(uv_timer_t *timer) {
    keeper_end(timer->data, END_REASON_DISCONNECTED);
}

void lease_start(struct keeper *keeper) {
    uv_timer_t *timers[] = {&keeper->life_timer, &keeper->idle_timer, &keeper->linger_timer};
    for (size_t i = 0; i < ARRAY_LENGTH(timers); i++) {
        uv_timer_init(&keeper->loop, timers[i]);
        timers[i]->data = keeper;
    }
}

void lease_note_use(struct keeper *keeper) {
    keeper->last_use = clock_monotonic_ms();
}

void lease_note_clients(struct keeper *keeper) {
    if (keeper->state != KEEPER_LEASED)
        return;
    lease_note_use(keeper);
    int64_t linger = json_int_or(keeper->lease, "linger_ms", LINGER_MS);
    if (keeper->client_count == 0)
        uv_timer_start(&keeper->linger_timer, nobody_came_back, linger > 0 ? (uint64_t)linger : 0, 0);
    else
        uv_timer_stop(&keeper->linger_timer);
}

static void start_deadlines(struct keeper *keeper) {
    int64_t longest = config_int(CONFIG_BROWSER_TIMEOUT) * 1000;
    int64_t wanted = json_int_or(keeper->lease, "timeout_ms", longest);
    keeper->life_until = clock_deadline(wanted > 0 && wanted < longest ? wanted : longest);
    keeper->wait_left_ms = json_int_or(keeper->lease, "wait_ms", 0);
    start_life(keeper);
    lease_note_use(keeper);
    uv_timer_start(&keeper->idle_timer, look_at_idle, (uint64_t)(idle_ms(keeper) > 0 ? idle_ms(keeper) : 0), 0);
}

/* The same ticket again is no mistake: the engine may not have seen the answer. */
static int check_state(const struct keeper *keeper, const char *lease_id, struct error *e) {
    if (keeper->state == KEEPER_LEASED && !strcmp(keeper->lease_id, lease_id))
        return 0;
    if (keeper->state != KEEPER_WARM)
        return error_set(e, EBUSY, ERROR_CONFLICT, "the browser is not free");
    return 0;
}

static void begin(struct keeper *keeper, json_t *lease, const char *lease_id) {
    keeper->lease = json_incref(lease);
    keeper->lease_id = memory_copy_text(lease_id);
    keeper->leased_at_us = clock_wall_us();
    start_deadlines(keeper);
    health_watch(keeper, true);
    keeper_set_state(keeper, KEEPER_LEASED);
    log_info("leased", LOG_BROWSER(keeper->id), LOG_THREAD(json_text_or(lease, "thread_id", "")));
}

int lease_take(struct keeper *keeper, const char *ticket, struct error *e) {
    cleanup_json json_t *claims = NULL;
    int result = ticket_verify(config_text(CONFIG_TICKET_PUBLIC_KEY), ticket, "lease", &claims, e);
    if (result < 0)
        return result;
    json_t *lease = json_object_get(claims, "lease");
    const char *lease_id = json_text_or(claims, "jti", "");
    if (!json_is_object(lease) || !*lease_id)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "the lease ticket has no lease or no jti");
    result = check_state(keeper, lease_id, e);
    if (result < 0 || keeper->state == KEEPER_LEASED)
        return result;
    result = gate_open(keeper->gate, json_object_get(lease, "egress"), e);
    if (result == 0)
        begin(keeper, lease, lease_id);
    return result;
}

void lease_stop(struct keeper *keeper) {
    uv_timer_stop(&keeper->life_timer);
    uv_timer_stop(&keeper->idle_timer);
    uv_timer_stop(&keeper->linger_timer);
}
