/* What a server of models sends, in both protocols: the stream gives the same answer however it is split, a whole body
 * is read, and a failure is explained without the key. The first byte chooses. */
#include "agent/llm/failure.h"
#include "agent/llm/protocol.h"
#include "agent/llm/sse.h"
#include "base/memory.h"
#include "fuzz.h"
#include <assert.h>
#include <string.h>

#define KEY "sk-fuzz-0123456789"

struct reader {
    const struct llm_protocol *protocol;
    struct llm_reading reading;
    struct llm_failure failure;
};

static int on_event(void *user, const char *name, const char *data, size_t length, struct error *e) {
    struct reader *reader = user;
    return llm_protocol_read(reader->protocol, &reader->reading, name, data, length, &reader->failure, e);
}

/* The answer to a stream that comes in pieces, as text without the ids that are made up; free(). */
static char *read_stream(const struct llm_protocol *protocol, const char *data, size_t size, size_t piece) {
    static const struct llm_request request;
    struct reader reader = {.protocol = protocol};
    struct sse sse = {.event = on_event, .user = &reader};
    struct llm_answer answer = {0};
    int r = 0;
    llm_reading_begin(&reader.reading, &request);
    for (size_t at = 0; !r && at < size; at += piece)
        r = sse_feed(&sse, data + at, size - at < piece ? size - at : piece, NULL);
    if (!r)
        r = sse_end(&sse, NULL);
    llm_protocol_answer(protocol, &reader.reading, &answer);
    cleanup_json json_t *message = llm_answer_message(&answer);
    assert(json_is_object(message) && json_is_array(answer.calls));
    char *shown = memory_print("%d %s %zu %lld", r, answer.text, json_array_size(answer.calls),
                               (long long)llm_cost_micro(&(struct llm_price){7, 9, -1}, &answer.usage));
    llm_answer_done(&answer);
    llm_reading_done(&reader.reading);
    sse_done(&sse);
    return shown;
}

static void read_whole(const struct llm_protocol *protocol, const char *data, size_t size) {
    static const struct llm_request request;
    struct llm_reading reading;
    struct llm_failure failure = {0};
    struct llm_answer answer = {0};
    llm_reading_begin(&reading, &request);
    llm_protocol_read(protocol, &reading, NULL, data, size, &failure, NULL);
    llm_protocol_answer(protocol, &reading, &answer);
    llm_answer_done(&answer);
    llm_reading_done(&reading);
}

static void explain(const char *data, size_t size) {
    static char provider[] = "fuzz", url[] = "http://h", model[] = "m", key[] = KEY;
    struct llm_settings settings = {.provider = provider, .base_url = url, .model = model, .api_key = key};
    struct llm_failure failure = {.status = 400, .should_retry = -1};
    struct error e = {0};
    llm_failure_read(&failure, data, size);
    llm_failure_explain(&failure, &settings, &e);
    assert(*e.text && *e.hint && !strstr(e.text, KEY));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!size)
        return 0;
    cleanup_free char *text = memory_copy_bytes(data + 1, size - 1);
    const struct llm_protocol *protocol = data[0] & 1 ? &llm_anthropic : &llm_openai;
    if (data[0] & 4)
        explain(text, size - 1);
    if (data[0] & 2) {
        read_whole(protocol, text, size - 1);
        return 0;
    }
    cleanup_free char *whole = read_stream(protocol, text, size - 1, size),
                      *split = read_stream(protocol, text, size - 1, 3);
    assert(!strcmp(whole, split));
    return 0;
}
