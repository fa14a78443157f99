/* Whether the model goes round in circles: the same calls on the same page, again and again, also by turns with
 * others. */
#include "agent/think/mind.h"
#include "base/memory.h"
#include <errno.h>
#include <stdlib.h>

#define SAME_MAX   3 /* times the same is done on the same page before it is said */
#define NUDGES_MAX 3 /* times it is said: then the run ends */

static uint64_t hash_of(const char *text) {
    uint64_t hash = 1469598103934665603u; /* FNV-1a */
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash;
}

static uint64_t hash_of_calls(const json_t *calls) {
    cleanup_json json_t *plain = json_array();
    for (size_t i = 0; i < json_array_size(calls); i++) {
        const json_t *call = json_array_get(calls, i);
        json_array_append_new(plain, json_pack("{s:O?, s:O?}", "name", json_object_get(call, "name"), "arguments",
                                               json_object_get(call, "arguments")));
    }
    cleanup_free char *text = json_dumps(plain, JSON_COMPACT | JSON_SORT_KEYS);
    return hash_of(text ? text : "");
}

static size_t count_and_keep(struct repeats *repeats, uint64_t page, uint64_t calls) {
    size_t same = 0;
    for (size_t i = 0; i < REPEATS_KEPT; i++)
        same += repeats->rows[i].page == page && repeats->rows[i].calls == calls;
    repeats->rows[repeats->next % REPEATS_KEPT].page = page;
    repeats->rows[repeats->next++ % REPEATS_KEPT].calls = calls;
    return same + 1;
}

int judge_calls(struct mind *mind, const json_t *calls, struct error *e) {
    size_t same = count_and_keep(&mind->repeats, hash_of(mind->page.hash), hash_of_calls(calls));
    if (same < SAME_MAX)
        return 0;
    if (++mind->repeats.nudges > NUDGES_MAX)
        return error_set(e, EDEADLK, ERROR_STUCK,
                         "the model went round in circles: it did the same on the same page %zu times", same);
    text_print(
        &mind->notice,
        "You did exactly this on exactly this page %zu times, and the page is the same again. Do something else: "
        "another element, another way, or call done with success false and say what is in the way.",
        same);
    return mind_event(mind, LOG_WARN, "model.warned", "The model repeats itself; it was told so",
                      json_pack("{s:I, s:i}", "times", (json_int_t)same, "warnings", mind->repeats.nudges), e);
}
