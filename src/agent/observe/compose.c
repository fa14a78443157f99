/* The text of an observation: which lines have a place in it, and how they stand there. */
#include "agent/observe/observer.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

#define INDENT 2

/* Who is served first while there is room; the last number is the part of it (in percent) that may be full then. */
static const struct {
    bool in_view, elements, texts;
    size_t percent;
} turns[] = {{true, true, false, 70}, {true, false, true, 85}, {true, true, true, 100}, {false, true, true, 100}};

static size_t depth_of(const struct look *look, const struct look_line *line) {
    size_t depth = 0;
    for (ssize_t up = line->parent; up >= 0; up = look->lines[up].parent)
        depth++;
    return depth;
}

/* "[12]* " and the end of the line included. */
static size_t size_of(const struct look *look, const struct look_line *line) {
    size_t mark = line->kind == LOOK_ELEMENT ? 12 : 2;
    return depth_of(look, line) * INDENT + mark + strlen(line->text);
}

/* The line with the groups around it that are not there yet. */
static size_t cost_of(const struct look *look, const struct look_line *line) {
    size_t cost = size_of(look, line);
    for (ssize_t up = line->parent; up >= 0 && !look->lines[up].chosen; up = look->lines[up].parent)
        cost += size_of(look, &look->lines[up]);
    return cost;
}

static void choose(struct look *look, struct look_line *line, size_t *used) {
    *used += cost_of(look, line);
    line->chosen = true;
    for (ssize_t up = line->parent; up >= 0; up = look->lines[up].parent)
        look->lines[up].chosen = true;
}

static int compare_distance(const void *a, const void *b) {
    const struct look_line *one = *(struct look_line *const *)a, *other = *(struct look_line *const *)b;
    if (one->distance != other->distance)
        return one->distance < other->distance ? -1 : 1;
    return one < other ? -1 : 1;
}

/* In view: in the order of the page. Out of it: the nearest first. */
static struct look_line **order(struct look *look) {
    struct look_line **lines = memory_alloc((look->count + 1) * sizeof(void *));
    size_t in_view = 0, all = 0;
    for (size_t i = 0; i < look->count; i++)
        if (look->lines[i].zone == 0)
            lines[all++] = &look->lines[i];
    in_view = all;
    for (size_t i = 0; i < look->count; i++)
        if (look->lines[i].zone != 0)
            lines[all++] = &look->lines[i];
    qsort(lines + in_view, all - in_view, sizeof(void *), compare_distance);
    return lines;
}

static bool is_served(size_t turn, const struct look_line *line) {
    return (line->zone == 0) == turns[turn].in_view &&
           (line->kind == LOOK_ELEMENT ? turns[turn].elements : turns[turn].texts);
}

static void choose_lines(struct look *look, size_t budget) {
    cleanup_free struct look_line **lines = order(look);
    size_t used = 0;
    for (size_t turn = 0; turn < ARRAY_LENGTH(turns); turn++)
        for (size_t i = 0; i < look->count; i++) {
            struct look_line *line = lines[i];
            if (line->chosen || !is_served(turn, line))
                continue;
            if (used + cost_of(look, line) > budget * turns[turn].percent / 100)
                break; /* what comes after is less near */
            choose(look, line, &used);
        }
}

static void write_line(struct run *run, struct look *look, struct look_line *line, bool marks, struct text *out,
                       struct text *plain) {
    struct observer *observer = run->observer;
    bool is_new = marks && (line->is_new || observer->worlds[line->world].first_look == observer->looks);
    size_t before = out->length;
    text_print(out, "%*s", (int)(depth_of(look, line) * INDENT + (line->kind == LOOK_TEXT ? INDENT : 0)), "");
    if (line->kind == LOOK_ELEMENT) {
        line->number = observer_number(observer, line->world, line->id, line->text);
        text_print(out, "[%lld]", (long long)line->number);
    }
    text_append(plain, out->data + before, out->length - before);
    text_print(out, "%s%s\n", line->kind != LOOK_ELEMENT ? "" : is_new ? "* " : " ", line->text);
    text_print(plain, "%s\n", line->text);
}

/* The groups around a line that this part of the text does not show yet. */
static void write_groups(struct run *run, struct look *look, ssize_t group, bool *written, struct text *out,
                         struct text *plain) {
    if (group < 0 || written[group])
        return;
    write_groups(run, look, look->lines[group].parent, written, out, plain);
    write_line(run, look, &look->lines[group], false, out, plain);
    written[group] = true;
}

static size_t write_zone(struct run *run, struct look *look, int zone, bool marks, struct text *out,
                         struct text *plain) {
    cleanup_free bool *written = memory_alloc(look->count + 1);
    size_t elements = 0;
    for (size_t i = 0; i < look->count; i++) {
        struct look_line *line = &look->lines[i];
        if (!line->chosen || line->zone != zone || written[i])
            continue;
        write_groups(run, look, line->parent, written, out, plain);
        write_line(run, look, line, marks, out, plain);
        written[i] = true;
        elements += line->kind == LOOK_ELEMENT;
    }
    return elements;
}

static uint64_t hash_of(const char *data, size_t length) {
    uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)data[i]) * 0x100000001b3;
    return hash;
}

static void keep_hash(struct observer *observer, const struct text *plain, struct observation *observation) {
    snprintf(observation->hash, sizeof observation->hash, "%016llx",
             (unsigned long long)hash_of(plain->data, plain->length));
    observation->changed = strcmp(observation->hash, observer->hash) != 0;
    memcpy(observer->hash, observation->hash, sizeof observer->hash);
}

static void write_rest(const struct look *look, const struct observation *observation, size_t texts, struct text *out) {
    if (observation->hidden || look->texts > (int64_t)texts)
        text_print(out, "-- left out for length: %zu elements, %lld pieces of text\n", observation->hidden,
                   look->texts > (int64_t)texts ? (long long)(look->texts - (int64_t)texts) : 0);
}

static size_t count_texts(const struct look *look) {
    size_t count = 0;
    for (size_t i = 0; i < look->count; i++)
        count += look->lines[i].chosen && look->lines[i].kind == LOOK_TEXT;
    return count;
}

void compose(struct run *run, struct look *look, const char *header, size_t budget,
             struct observation *ret_observation) {
    static const char *const zones[] = {NULL, "below", "above"};
    struct observer *observer = run->observer;
    const char *world = json_text_or(look->page, "world", "");
    bool marks = !strcmp(observer->last_world, world);
    struct text out = {0};
    cleanup_text struct text plain = {0};
    size_t told = 0;
    choose_lines(look, budget);
    text_append_string(&out, header);
    text_append_string(&plain, header);
    for (int zone = 0; zone < 3; zone++) {
        if (zone && look->counts[zone])
            text_print(&out, "-- %s the view (%lld elements)\n", zones[zone], (long long)look->counts[zone]);
        told += write_zone(run, look, zone, marks, &out, &plain);
        ret_observation->elements += (size_t)look->counts[zone];
    }
    ret_observation->hidden = ret_observation->elements > told ? ret_observation->elements - told : 0;
    write_rest(look, ret_observation, count_texts(look), &out);
    snprintf(observer->last_world, sizeof observer->last_world, "%s", world);
    keep_hash(observer, &plain, ret_observation);
    ret_observation->text = out.data;
}
