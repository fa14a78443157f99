#include "browsers/keeper/gate_report.h"
#include "base/memory.h"
#include "net/host.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MS 1000

/* A refusal or failure told lately, and how often the same came since. */
struct recent {
    bool used;
    enum gate_decision decision;
    char host[HOST_NAME_MAX_LENGTH + 1];
    unsigned port;
    const char *rule; /* fixed text */
    char address[IP_TEXT_SIZE];
    char *setting, *text;
    uint64_t told_at, repeated;
};

struct left_out {
    uint64_t events, bytes_up, bytes_down;
};

struct gate_report {
    gate_on_event on_event;
    void *context;
    uv_loop_t *loop;
    uv_timer_t timer; /* runs while something is left out */
    struct recent recent[GATE_REPORT_RECENT];
    struct left_out left_out[GATE_DECISION_COUNT];
    double tokens;
    uint64_t filled_at;
};

struct gate_report *gate_report_new(uv_loop_t *loop, gate_on_event on_event, void *context) {
    struct gate_report *report = memory_alloc(sizeof *report);
    report->on_event = on_event;
    report->context = context;
    report->loop = loop;
    report->tokens = GATE_REPORT_BURST;
    report->filled_at = uv_now(loop);
    uv_timer_init(loop, &report->timer);
    uv_unref((uv_handle_t *)&report->timer);
    report->timer.data = report;
    return report;
}

static void recent_clear(struct recent *recent) {
    free(recent->setting);
    free(recent->text);
    *recent = (struct recent){0};
}

static void on_closed(uv_handle_t *handle) {
    struct gate_report *report = handle->data;
    for (size_t i = 0; i < GATE_REPORT_RECENT; i++)
        recent_clear(&report->recent[i]);
    free(report);
}

void gate_report_stop(struct gate_report *report) {
    if (report)
        uv_close((uv_handle_t *)&report->timer, on_closed);
}

static bool take_token(struct gate_report *report) {
    uint64_t now = uv_now(report->loop);
    report->tokens += (double)(now - report->filled_at) * GATE_REPORT_PER_SECOND / 1000;
    report->filled_at = now;
    if (report->tokens > GATE_REPORT_BURST)
        report->tokens = GATE_REPORT_BURST;
    if (report->tokens < 1)
        return false;
    report->tokens--;
    return true;
}

static void pass_on(struct gate_report *report, const struct gate_event *event) {
    if (report->on_event)
        report->on_event(report->context, event);
}

static void tell_repeated(struct gate_report *report, struct recent *recent) {
    pass_on(report, &(struct gate_event){.decision = recent->decision,
                                         .host = recent->host,
                                         .port = recent->port,
                                         .address = recent->address,
                                         .rule = recent->rule,
                                         .setting = recent->setting,
                                         .text = recent->text,
                                         .repeated = recent->repeated});
    recent->repeated = 0;
    recent->told_at = uv_now(report->loop);
}

static void tell_left_out(struct gate_report *report, enum gate_decision decision) {
    struct left_out *left_out = &report->left_out[decision];
    char text[128];
    snprintf(text, sizeof text, "%llu decisions \"%s\" came too fast to be told one by one.",
             (unsigned long long)left_out->events, gate_decision_name(decision));
    pass_on(report, &(struct gate_event){.decision = decision,
                                         .host = "",
                                         .address = "",
                                         .rule = "flood",
                                         .setting = "",
                                         .text = text,
                                         .bytes_up = left_out->bytes_up,
                                         .bytes_down = left_out->bytes_down,
                                         .repeated = left_out->events});
    *left_out = (struct left_out){0};
}

/* Tells what is due (all of it when `now_all`) as far as the rate allows; says whether something remains. */
static bool tell_due(struct gate_report *report, bool now_all) {
    bool remains = false;
    uint64_t now = uv_now(report->loop);
    for (int i = 0; i < GATE_DECISION_COUNT; i++)
        if (report->left_out[i].events && (now_all || take_token(report)))
            tell_left_out(report, (enum gate_decision)i);
        else
            remains |= report->left_out[i].events > 0;
    for (size_t i = 0; i < GATE_REPORT_RECENT; i++) {
        struct recent *recent = &report->recent[i];
        bool due = recent->repeated && (now_all || now - recent->told_at >= GATE_REPORT_COALESCE_MS);
        if (due && (now_all || take_token(report)))
            tell_repeated(report, recent);
        else
            remains |= recent->repeated > 0;
    }
    return remains;
}

static void on_tick(uv_timer_t *timer) {
    if (!tell_due(timer->data, false))
        uv_timer_stop(timer);
}

void gate_report_flush(struct gate_report *report) {
    tell_due(report, true);
    uv_timer_stop(&report->timer);
}

static void tell_later(struct gate_report *report) {
    if (!uv_is_active((uv_handle_t *)&report->timer))
        uv_timer_start(&report->timer, on_tick, TICK_MS, TICK_MS);
}

static bool is_same(const struct recent *recent, const struct gate_event *event) {
    return recent->used && recent->decision == event->decision && recent->port == event->port &&
           !strcmp(recent->rule, event->rule) && !strcmp(recent->host, event->host);
}

/* The place of an equal event, else the one told longest ago. */
static struct recent *find_recent(struct gate_report *report, const struct gate_event *event) {
    struct recent *oldest = &report->recent[0];
    for (size_t i = 0; i < GATE_REPORT_RECENT; i++) {
        struct recent *recent = &report->recent[i];
        if (is_same(recent, event))
            return recent;
        if (!recent->used || (oldest->used && recent->told_at < oldest->told_at))
            oldest = recent;
    }
    return oldest;
}

static void remember(struct gate_report *report, struct recent *recent, const struct gate_event *event) {
    report->left_out[recent->decision].events += recent->repeated; /* of the event that loses its place */
    recent_clear(recent);
    recent->used = true;
    recent->decision = event->decision;
    snprintf(recent->host, sizeof recent->host, "%s", event->host);
    recent->port = event->port;
    recent->rule = event->rule;
    snprintf(recent->address, sizeof recent->address, "%s", event->address);
    recent->setting = memory_copy_text(event->setting);
    recent->text = memory_copy_text(event->text);
    recent->told_at = uv_now(report->loop);
}

static bool may_coalesce(const struct gate_event *event) {
    return event->decision == GATE_REFUSED || event->decision == GATE_FAILED;
}

void gate_report_tell(struct gate_report *report, const struct gate_event *event) {
    struct recent *recent = may_coalesce(event) ? find_recent(report, event) : NULL;
    if (recent && is_same(recent, event) && uv_now(report->loop) - recent->told_at < GATE_REPORT_COALESCE_MS) {
        recent->repeated++;
        tell_later(report);
        return;
    }
    if (!take_token(report)) {
        struct left_out *left_out = &report->left_out[event->decision];
        left_out->events++;
        left_out->bytes_up += event->bytes_up;
        left_out->bytes_down += event->bytes_down;
        tell_later(report);
        return;
    }
    struct gate_event told = *event;
    if (recent && is_same(recent, event)) {
        told.repeated = recent->repeated;
        recent->repeated = 0;
    }
    if (recent)
        remember(report, recent, event);
    if (report->left_out[event->decision].events)
        tell_later(report);
    pass_on(report, &told);
}
