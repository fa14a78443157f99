/* `replinet browser ls|kill|stats`: what the door of the running instance says, as tables for people or as JSON. */
#include "base/clock.h"
#include "base/memory.h"
#include "cdp/door_client.h"
#include "cli/commands.h"
#include "cli/report.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct context {
    struct ticket_key key;
    struct door door;
    bool json;
    char **ids; /* the arguments that are no options */
    int id_count;
};

static void print_json(const json_t *json) {
    json_dumpf(json, stdout, JSON_INDENT(2) | JSON_READABLE_REALS);
    putchar('\n');
}

/* Seconds since an RFC 3339 UTC time, -1 when it is none. */
static int64_t age_of(const char *time_text) {
    struct tm tm = {0};
    if (!strptime(time_text, "%Y-%m-%dT%H:%M:%S", &tm))
        return -1;
    return clock_wall_us() / 1000000 - timegm(&tm);
}

static const char *describe_age(int64_t seconds, char text[32]) {
    if (seconds < 0)
        snprintf(text, 32, "-");
    else if (seconds < 120)
        snprintf(text, 32, "%d s", (int)seconds);
    else if (seconds < 7200)
        snprintf(text, 32, "%d min", (int)(seconds / 60));
    else
        snprintf(text, 32, "%d h", (int)(seconds / 3600));
    return text;
}

static const char *describe_number(const json_t *object, const char *key, double unit, const char *suffix,
                                   char text[32]) {
    const json_t *value = json_object_get(object, key);
    if (json_is_number(value))
        snprintf(text, 32, "%.*f%s", unit > 1000000 ? 0 : 1, json_number_value(value) / unit, suffix);
    else
        snprintf(text, 32, "-");
    return text;
}

static void print_row(const json_t *browser) {
    char age[32], memory[32], cpu[32];
    int64_t seconds = age_of(json_text_or(browser, "created_at", ""));
    printf("%-36s  %-8s  %7s  %8s  %8s  %s\n", json_text_or(browser, "id", "?"),
           json_bool_or(browser, "frozen", false) ? "frozen" : json_text_or(browser, "state", "?"),
           describe_age(seconds, age), describe_number(browser, "memory_bytes", 1 << 20, " MB", memory),
           describe_number(browser, "cpu_ms", 1000, " s", cpu), json_text_or(browser, "thread_id", "-"));
}

static int list(struct context *context, struct error *e) {
    cleanup_json json_t *answer = NULL;
    int r = door_list(&context->door, &answer, e);
    if (r < 0)
        return r;
    if (context->json) {
        print_json(answer);
        return 0;
    }
    const json_t *items = json_object_get(answer, "items"), *browser;
    size_t i;
    if (!json_array_size(items))
        puts("No browsers.");
    else
        printf("%-36s  %-8s  %7s  %8s  %8s  %s\n", "ID", "STATE", "AGE", "MEMORY", "CPU", "THREAD");
    json_array_foreach (items, i, browser)
        print_row(browser);
    return 0;
}

/* The one browser whose id starts with `start`. */
static int find(const json_t *items, const char *start, const char **ret_id, struct error *e) {
    const json_t *browser;
    const char *found = NULL;
    size_t i;
    json_array_foreach (items, i, browser) {
        const char *id = json_text_or(browser, "id", "");
        if (strncmp(id, start, strlen(start)))
            continue;
        if (found)
            return error_set(e, EBUSY, ERROR_CONFLICT, "several browsers' ids start with %s", start);
        found = id;
    }
    if (!found)
        return error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no browser %s", start);
    *ret_id = found;
    return 0;
}

static int kill_browsers(struct context *context, struct error *e) {
    cleanup_json json_t *answer = NULL, *killed = json_array();
    int r = context->id_count
                ? door_list(&context->door, &answer, e)
                : error_set(e, EINVAL, ERROR_BAD_INPUT, "which browser? `replinet browser ls` lists them");
    for (int i = 0; i < context->id_count && !r; i++) {
        const char *id = NULL;
        r = find(json_object_get(answer, "items"), context->ids[i], &id, e);
        if (!r)
            r = door_release(&context->door, id, "killed", e);
        if (!r)
            json_array_append_new(killed, json_string(id));
        if (!r && !context->json)
            printf("%s ended\n", id);
    }
    if (!r && context->json) {
        cleanup_json json_t *object = json_pack("{s:O}", "killed", killed);
        print_json(object);
    }
    return r;
}

/* Numbers and texts, nested objects as "pool.warm". */
static void print_values(const json_t *object, const char *prefix) {
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)object, key, value) {
        cleanup_free char *name = memory_print("%s%s%s", prefix, *prefix ? "." : "", key);
        cleanup_free char *text =
            json_is_string(value) ? memory_copy_text(json_string_value(value)) : json_print(value);
        if (json_is_object(value))
            print_values(value, name);
        else
            printf("%-32s %s\n", name, text);
    }
}

static int statistics(struct context *context, struct error *e) {
    cleanup_json json_t *answer = NULL;
    int r = door_statistics(&context->door, &answer, e);
    if (!r && context->json)
        print_json(answer);
    else if (!r)
        print_values(answer, "");
    return r;
}

static const struct {
    const char *name;
    int (*run)(struct context *context, struct error *e);
} verbs[] = {{"ls", list}, {"kill", kill_browsers}, {"stats", statistics}};

/* Takes --json out of the arguments, wherever it stands. */
static void take_options(struct context *context, int count, char **arguments) {
    context->ids = arguments;
    for (int i = 0; i < count; i++)
        if (!strcmp(arguments[i], "--json"))
            context->json = true;
        else
            context->ids[context->id_count++] = arguments[i];
}

int browser_command(int count, char **arguments) {
    struct context context = {0};
    struct error e = {0};
    if (count < 2)
        return report_usage("browser", "browser: what?");
    take_options(&context, count - 2, arguments + 2);
    for (size_t i = 0; i < ARRAY_LENGTH(verbs); i++)
        if (!strcmp(verbs[i].name, arguments[1])) {
            int r = door_open(&context.key, &context.door, &e);
            if (!r)
                r = verbs[i].run(&context, &e);
            return r < 0 ? report_failure(&e, context.json) : 0;
        }
    return report_usage("browser", "browser has no %s", arguments[1]);
}
