#include "agent/llm/llm.h"
#include "agent/llm/try.h"
#include "base/clock.h"
#include "base/memory.h"
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define PAUSE_MAX_MS       30000
#define RETRY_AFTER_MAX_MS 600000 /* a provider that asks for more has closed for today */
#define MILLION            1000000
#define WRITTEN_QUARTERS   5 /* Anthropic: putting input into the cache costs 5/4 of its price */

static const char *const kind_names[] = {[LLM_OPENAI] = "openai", [LLM_ANTHROPIC] = "anthropic"};

int llm_kind_parse(const char *name, enum llm_kind *ret_kind, struct error *e) {
    for (size_t i = 0; i < ARRAY_LENGTH(kind_names); i++)
        if (!strcmp(name, kind_names[i])) {
            *ret_kind = (enum llm_kind)i;
            return 0;
        }
    return error_set(e, EINVAL, ERROR_BAD_INPUT, "\"%s\" is no kind of provider: it is openai or anthropic", name);
}

const char *llm_kind_name(enum llm_kind kind) {
    return kind_names[kind];
}

void llm_settings_done(struct llm_settings *settings) {
    free(settings->provider);
    free(settings->base_url);
    if (settings->api_key)
        sodium_memzero(settings->api_key, strlen(settings->api_key));
    free(settings->api_key);
    free(settings->key_origin);
    free(settings->model);
    json_decref(settings->extra);
    *settings = (struct llm_settings){0};
}

void llm_answer_done(struct llm_answer *answer) {
    free(answer->text);
    json_decref(answer->calls);
    json_decref(answer->opaque);
    json_decref(answer->structure);
    *answer = (struct llm_answer){0};
}

json_t *llm_answer_message(const struct llm_answer *answer) {
    json_t *message = json_pack("{s:s, s:s, s:O}", "role", "assistant", "text", answer->text, "calls", answer->calls);
    if (answer->opaque)
        json_object_set(message, "opaque", answer->opaque);
    return message;
}

int64_t llm_cost_micro(const struct llm_price *price, const struct llm_usage *usage) {
    int64_t plain = usage->input_tokens - usage->cached_tokens - usage->written_tokens;
    __int128 sum = (__int128)(plain > 0 ? plain : 0) * price->input * 4; /* in quarters */
    sum += (__int128)usage->cached_tokens * (price->cached < 0 ? price->input : price->cached) * 4;
    sum += (__int128)usage->written_tokens * price->input * WRITTEN_QUARTERS;
    sum += (__int128)usage->output_tokens * price->output * 4;
    __int128 micro = (sum + 4 * MILLION - 1) / (4 * MILLION);
    return micro > INT64_MAX ? INT64_MAX : (int64_t)micro;
}

/* ------------------------------------------------------------------------------------------------ the call */

struct call {
    const struct llm_settings *settings;
    const struct llm_request *request;
    struct llm_session *session;
    int64_t began, deadline, pause_ms;
    int attempts;
};

static void cleanup_session(struct llm_session **session) {
    llm_session_free(*session);
}

static void try_done(struct llm_try *attempt) {
    llm_reading_done(&attempt->reading);
}

/* What the server says it costs counts where no price is set. */
static int64_t cost_of(const struct llm_settings *settings, const struct llm_reading *reading,
                       const struct llm_usage *usage) {
    if (settings->price.input || settings->price.output || reading->reported_cost <= 0 || reading->reported_cost > 1e9)
        return llm_cost_micro(&settings->price, usage);
    int64_t micro = (int64_t)(reading->reported_cost * MILLION);
    return micro + ((double)micro < reading->reported_cost * MILLION);
}

static void fill_answer(const struct call *call, struct llm_try *attempt, struct llm_answer *answer) {
    *answer = (struct llm_answer){.attempts = call->attempts};
    llm_protocol_answer(attempt->protocol, &attempt->reading, answer);
    answer->cost_micro = cost_of(call->settings, &attempt->reading, &answer->usage);
    answer->duration_ms = clock_monotonic_ms() - call->began;
    answer->first_token_ms =
        attempt->reading.first_token ? attempt->reading.first_token - call->began : answer->duration_ms;
}

static int try_once(struct call *call, struct llm_answer *answer, int64_t *ret_retry_after, struct error *e) {
    int64_t timeout = call->settings->timeout_ms > 0 ? call->settings->timeout_ms : LLM_TIMEOUT_MS;
    int64_t deadline = clock_deadline(timeout);
    __attribute__((cleanup(try_done))) struct llm_try attempt = {
        .settings = call->settings,
        .request = call->request,
        .session = call->session,
        .protocol = llm_protocol_of(call->settings->kind),
        .deadline = deadline < call->deadline ? deadline : call->deadline,
        .failure = {.retry_after_ms = -1, .should_retry = -1},
    };
    llm_reading_begin(&attempt.reading, call->request);
    int r = llm_try_once(&attempt, e);
    *ret_retry_after = attempt.failure.retry_after_ms;
    if (!r)
        fill_answer(call, &attempt, answer);
    else if (attempt.reading.count && call->request->delta)
        call->request->delta(call->request->user, NULL, 0);
    return r;
}

/* Half of it is chance, so that many who failed together do not come again together. */
static int64_t next_pause(struct call *call, int64_t retry_after) {
    int64_t pause = call->pause_ms / 2 + randombytes_uniform((uint32_t)(call->pause_ms / 2 + 1));
    call->pause_ms = call->pause_ms * 2 < PAUSE_MAX_MS ? call->pause_ms * 2 : PAUSE_MAX_MS;
    if (retry_after < 0)
        return pause;
    return retry_after + randombytes_uniform((uint32_t)(retry_after / 10 + 1));
}

static int final_error(int r, const struct call *call, struct error *e) {
    static const struct {
        enum error_code code;
        int err;
    } errnos[] = {{ERROR_MODEL_RATE, EBUSY}, {ERROR_MODEL_PROTOCOL, EPROTO}, {ERROR_TIMEOUT, ETIMEDOUT}};
    if (r != -EAGAIN)
        return r;
    if (call->attempts > 1)
        error_prefix(e, "after %d tries", call->attempts);
    for (size_t i = 0; i < ARRAY_LENGTH(errnos); i++)
        if (errnos[i].code == e->code)
            return -errnos[i].err;
    return -EIO;
}

/* Pauses before the next try; an error when there will be none. */
static int before_next(struct call *call, int64_t retry_after, struct error *e) {
    const struct llm_request *request = call->request;
    int64_t pause = next_pause(call, retry_after);
    if (call->attempts >= llm_tries_of(e->code) || pause > RETRY_AFTER_MAX_MS ||
        clock_remaining_ms(call->deadline) <= pause) {
        if (retry_after > 0)
            error_hint(e, "The provider asks to wait %lld s", (long long)(retry_after + 999) / 1000);
        return final_error(-EAGAIN, call, e);
    }
    if (request->retried)
        request->retried(request->user, call->attempts, e, pause);
    return llm_pause(request, pause, e);
}

int llm_ask(const struct llm_settings *settings, const struct llm_request *request, struct llm_answer *ret_answer,
            struct error *e) {
    __attribute__((cleanup(cleanup_session))) struct llm_session *own = request->session ? NULL : llm_session_new();
    struct call call = {
        .settings = settings,
        .request = request,
        .session = own ? own : request->session,
        .began = clock_monotonic_ms(),
        .deadline = request->deadline > 0 ? request->deadline : INT64_MAX,
        .pause_ms = settings->retry_pause_ms > 0 ? settings->retry_pause_ms : LLM_RETRY_PAUSE_MS,
    };
    struct error why = {0};
    for (;;) {
        int64_t retry_after = -1;
        call.attempts++;
        int r = try_once(&call, ret_answer, &retry_after, &why);
        if (r == -ENOTSUP) {
            call.attempts--; /* each quirk is noted once, so this ends */
            continue;
        }
        if (r == -EAGAIN)
            r = before_next(&call, retry_after, &why);
        else if (!r)
            return 0;
        if (r < 0) {
            if (e)
                *e = why;
            return r;
        }
    }
}
