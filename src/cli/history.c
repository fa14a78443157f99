/* `replinet events` and `replinet audit ls`: lists that only grow, from the newest back. */
#include "base/memory.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/listing.h"
#include "cli/report.h"
#include "cli/session.h"
#include "domain/audit.h"
#include "domain/system_events.h"
#include <errno.h>
#include <getopt.h>
#include <string.h>

struct history_call {
    struct history_span span;
    struct system_event_filter events;
    struct audit_filter audit;
    bool json;
};

struct history_list {
    struct listing_column columns[8];
    int (*read)(struct cli_session *session, const struct history_call *call, char **ret_json, struct error *e);
};

static int read_events(struct cli_session *session, const struct history_call *call, char **ret_json, struct error *e) {
    return system_events_read(&session->db, &session->caller, &call->events, &call->span, ret_json, e);
}

static int read_audit(struct cli_session *session, const struct history_call *call, char **ret_json, struct error *e) {
    return audit_read(&session->db, &session->caller, &call->audit, &call->span, ret_json, e);
}

static const struct history_list events_list = {
    {{"TIME", "time"}, {"LEVEL", "level"}, {"KIND", "kind"}, {"SERVICE", "service"}, {"MESSAGE", "message"}},
    read_events,
};

static const struct history_list audit_list = {
    {{"TIME", "time"},
     {"ACTION", "action"},
     {"NAME", "object_name"},
     {"OBJECT", "object_id"},
     {"ACTOR", "actor_email"},
     {"VIA", "via"},
     {"FROM", "address"}},
    read_audit,
};

enum { OPTION_JSON, OPTION_LIMIT, OPTION_TEXT };

static const struct {
    const char *name;
    size_t offset; /* of a text in struct history_call */
} texts[] = {
    {"since", offsetof(struct history_call, span.since)},
    {"till", offsetof(struct history_call, span.till)},
    {"cursor", offsetof(struct history_call, span.cursor)},
    {"kind", offsetof(struct history_call, events.kind)},
    {"level", offsetof(struct history_call, events.level)},
    {"actor", offsetof(struct history_call, audit.actor_id)},
    {"object", offsetof(struct history_call, audit.object_id)},
    {"action", offsetof(struct history_call, audit.action)},
};

static int take_options(struct history_call *call, int count, char **arguments) {
    struct option options[ARRAY_LENGTH(texts) + 3] = {{"json", no_argument, NULL, OPTION_JSON},
                                                      {"limit", required_argument, NULL, OPTION_LIMIT}};
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        options[i + 2] = (struct option){texts[i].name, required_argument, NULL, OPTION_TEXT + (int)i};
    int letter;
    int64_t number;
    opterr = 0;
    optind = 1;
    while ((letter = getopt_long(count, arguments, "", options, NULL)) != -1)
        if (letter == '?' || (letter == OPTION_LIMIT && text_parse_int(optarg, 1, HISTORY_LIMIT_MAX, &number)))
            return -EINVAL;
        else if (letter == OPTION_LIMIT)
            call->span.limit = (int)number;
        else if (letter == OPTION_JSON)
            call->json = true;
        else
            *(const char **)((char *)call + texts[letter - OPTION_TEXT].offset) = optarg;
    return 0;
}

static void print_for_people(const struct history_list *list, const char *answer) {
    cleanup_json json_t *page = NULL;
    listing_print(answer, list->columns);
    if (json_parse(answer, strlen(answer), "the answer", &page, NULL) == 0 && json_text_or(page, "next_cursor", NULL))
        printf("older ones: --cursor %s\n", json_text_or(page, "next_cursor", ""));
}

static int show(const struct history_list *list, const struct history_call *call) {
    cleanup_session struct cli_session session = {0};
    cleanup_free char *answer = NULL;
    struct error e = {0};
    int r = session_open(&session, &e);
    if (!r)
        r = list->read(&session, call, &answer, &e);
    if (r)
        return report_failure(&e, call->json);
    if (call->json)
        session_print(answer);
    else
        print_for_people(list, answer);
    return 0;
}

int events_command(int count, char **arguments) {
    struct history_call call = {.span.limit = 50};
    if (take_options(&call, count, arguments) < 0 || optind != count)
        return report_usage("events", "events: wrong or missing arguments");
    return show(&events_list, &call);
}

int audit_command(int count, char **arguments) {
    struct history_call call = {.span.limit = 50};
    if (take_options(&call, count, arguments) < 0 || optind + 1 != count || strcmp(arguments[optind], "ls"))
        return report_usage("audit", "audit: wrong or missing arguments");
    return show(&audit_list, &call);
}
