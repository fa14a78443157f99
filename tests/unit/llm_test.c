/* What models are asked and what they answer: event streams, both protocols, failures, cost, providers. */
#include "unit_test.h"

#include "agent/llm/budget.h"
#include "agent/llm/failure.h"
#include "agent/llm/protocol.h"
#include "agent/llm/provider.h"
#include "agent/llm/sse.h"
#include "base/memory.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------ events */

static int note_event(void *user, const char *name, const char *data, size_t length, struct error *e) {
    assert_int_equal(strlen(data), length);
    text_print(user, "%s=%s;", name, data);
    return 0;
}

/* The events of a stream that comes in pieces of `size` bytes. */
static void read_stream(const char *stream, size_t size, struct text *out) {
    struct sse sse = {.event = note_event, .user = out};
    size_t length = strlen(stream);
    for (size_t at = 0; at < length; at += size)
        assert_int_equal(sse_feed(&sse, stream + at, length - at < size ? length - at : size, NULL), 0);
    assert_int_equal(sse_end(&sse, NULL), 0);
    sse_done(&sse);
}

static void events_are_read_wherever_they_are_split(void **state) {
    static const struct {
        const char *stream, *events;
    } cases[] = {
        {"data: a\n\n", "=a;"},
        {"event: x\ndata: a\n\ndata:b\n\n", "x=a;=b;"},
        {"data: a\r\n\r\ndata: b\r\n\r\n", "=a;=b;"},
        {"data: a\r\rdata: b\r\r", "=a;=b;"},
        {": keep-alive\n\n: OPENROUTER PROCESSING\n\ndata: a\n\n", "=a;"},
        {"data: a\ndata: b\ndata\n\n", "=a\nb\n;"},
        {"id: 7\nretry: 10\nnothing\ndata:  two blanks\n\n", "= two blanks;"},
        {"\xEF\xBB\xBF"
         "data: a\n\n",
         "=a;"},
        {"event: only a name\n\ndata: a\n\n", "=a;"},
        {"data: cut off without an empty line", "=cut off without an empty line;"},
        {"data: \xD0\xB6\n\n", "=\xD0\xB6;"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        for (size_t size = 1; size <= strlen(cases[i].stream); size++) {
            cleanup_text struct text out = {0};
            read_stream(cases[i].stream, size, &out);
            assert_string_equal(out.data, cases[i].events);
        }
}

static void an_event_has_a_size_limit(void **state) {
    cleanup_text struct text out = {0}, piece = {0};
    struct sse sse = {.event = note_event, .user = &out};
    struct error e = {0};
    int r = 0;
    for (int i = 0; i < 1024; i++)
        text_append_string(&piece, "0123456789abcdef");
    sse_feed(&sse, "data: ", 6, NULL);
    for (size_t sent = 0; !r && sent <= SSE_EVENT_MAX + piece.length; sent += piece.length)
        r = sse_feed(&sse, piece.data, piece.length, &e);
    assert_int_equal(r, -EMSGSIZE);
    assert_int_equal(e.code, ERROR_MODEL_PROTOCOL);
    sse_done(&sse);
    sse = (struct sse){.event = note_event, .user = &out};
    text_clear(&piece);
    text_print(&piece, "data: %0100000d\n", 0); /* many short lines of one event count too */
    r = 0;
    for (int i = 0; !r && i < 50; i++)
        r = sse_feed(&sse, piece.data, piece.length, &e);
    assert_int_equal(r, -EMSGSIZE);
    sse_done(&sse);
}

/* ------------------------------------------------------------------------------------------------ requests */

static json_t *json_of(const char *text) {
    json_error_t problem;
    json_t *json = json_loads(text, JSON_DECODE_ANY, &problem);
    if (!json)
        fail_msg("%s: %s", problem.text, text);
    return json;
}

static struct llm_settings settings_of(enum llm_kind kind) {
    static char provider[] = "test", base_url[] = "http://127.0.0.1/v1", model[] = "m";
    return (struct llm_settings){.kind = kind,
                                 .provider = provider,
                                 .base_url = base_url,
                                 .model = model,
                                 .temperature = -1,
                                 .vision = true,
                                 .price = {.cached = -1}};
}

static void check_json(const json_t *found, const char *expected) {
    cleanup_json json_t *wanted = json_of(expected);
    cleanup_free char *shown = json_print(found), *want = json_print(wanted);
    if (!json_equal(found, wanted))
        assert_string_equal(shown, want);
}

static json_t *body_of(const struct llm_settings *settings, const struct llm_request *request, unsigned quirks) {
    json_t *body = NULL;
    assert_int_equal(llm_protocol_of(settings->kind)->write(settings, request, quirks, &body, NULL), 0);
    return body;
}

#define CONVERSATION                                                                                                   \
    "[{'role':'system','text':'Be good.'},"                                                                            \
    "{'role':'user','parts':[{'text':'Task'},{'image':{'media_type':'image/jpeg','data':'QUJD'}}]},"                   \
    "{'role':'assistant','text':'','calls':[{'id':'c1','name':'click','arguments':{'element':1}},"                     \
    "{'id':'c2','name':'click','arguments':null,'malformed':'{oh'}]},"                                                 \
    "{'role':'tool','results':[{'id':'c1','text':'done','error':false,'image':{'media_type':'image/"                   \
    "png','data':'REVG'}},"                                                                                            \
    "{'id':'c2','text':'no JSON','error':true}]},"                                                                     \
    "{'role':'user','parts':[{'text':'Go on'}]}]"
#define TOOLS "[{'name':'click','description':'Clicks.','schema':{'type':'object'}}]"

/* JSON with ' for ", to be read here. */
static json_t *quoted(const char *text) {
    cleanup_free char *copy = memory_copy_text(text);
    for (char *c = copy; *c; c++)
        if (*c == '\'')
            *c = '"';
    return json_of(copy);
}

static void check_quoted(const json_t *found, const char *expected) {
    cleanup_json json_t *wanted = quoted(expected);
    cleanup_free char *text = json_print(wanted);
    check_json(found, text);
}

static void a_conversation_becomes_chat_completions(void **state) {
    cleanup_json json_t *messages = quoted(CONVERSATION), *tools = quoted(TOOLS);
    struct llm_settings settings = settings_of(LLM_OPENAI);
    struct llm_request request = {.messages = messages, .tools = tools, .tool_choice = "required"};
    cleanup_json json_t *body = body_of(&settings, &request, 0);
    check_quoted(
        body, "{'model':'m','messages':[{'role':'system','content':'Be good.'},"
              "{'role':'user','content':[{'type':'text','text':'Task'},"
              "{'type':'image_url','image_url':{'url':'data:image/jpeg;base64,QUJD'}}]},"
              "{'role':'assistant','content':null,'tool_calls':["
              "{'id':'c1','type':'function','function':{'name':'click','arguments':'{\\'element\\':1}'}},"
              "{'id':'c2','type':'function','function':{'name':'click','arguments':'{\\'malformed\\':\\'{oh\\'}'}}]},"
              "{'role':'tool','tool_call_id':'c1','content':'done'},"
              "{'role':'tool','tool_call_id':'c2','content':'Error: no JSON'},"
              "{'role':'user','content':[{'type':'image_url','image_url':{'url':'data:image/png;base64,REVG'}}]},"
              "{'role':'user','content':'Go on'}],"
              "'tools':[{'type':'function','function':{'name':'click','description':'Clicks.','parameters':"
              "{'type':'object'}}}],'tool_choice':'required','stream':true,'stream_options':{'include_usage':true}}");
}

static void a_conversation_becomes_anthropic_messages(void **state) {
    cleanup_json json_t *messages = quoted(CONVERSATION), *tools = quoted(TOOLS);
    struct llm_settings settings = settings_of(LLM_ANTHROPIC);
    struct llm_request request = {
        .messages = messages, .tools = tools, .tool_choice = "required", .stable_messages = 2};
    cleanup_json json_t *body = body_of(&settings, &request, 0);
    check_quoted(body,
                 "{'model':'m','system':[{'type':'text','text':'Be good.','cache_control':{'type':'ephemeral'}}],"
                 "'messages':[{'role':'user','content':[{'type':'text','text':'Task'},{'type':'image','source':"
                 "{'type':'base64','media_type':'image/jpeg','data':'QUJD'},'cache_control':{'type':'ephemeral'}}]},"
                 "{'role':'assistant','content':[{'type':'tool_use','id':'c1','name':'click','input':{'element':1}},"
                 "{'type':'tool_use','id':'c2','name':'click','input':{'malformed':'{oh'}}]},"
                 "{'role':'user','content':[{'type':'tool_result','tool_use_id':'c1','content':[{'type':'text','text':"
                 "'done'},{'type':'image','source':{'type':'base64','media_type':'image/png','data':'REVG'}}],"
                 "'is_error':false},{'type':'tool_result','tool_use_id':'c2','content':[{'type':'text','text':"
                 "'no JSON'}],'is_error':true},{'type':'text','text':'Go on'}]}],"
                 "'tools':[{'name':'click','description':'Clicks.','input_schema':{'type':'object'}}],"
                 "'tool_choice':{'type':'any'},'max_tokens':8192,'stream':true}");
}

static void a_model_that_cannot_see_gets_words(void **state) {
    cleanup_json json_t *messages = quoted(CONVERSATION);
    for (int kind = LLM_OPENAI; kind <= LLM_ANTHROPIC; kind++) {
        struct llm_settings settings = settings_of((enum llm_kind)kind);
        struct llm_request request = {.messages = messages};
        settings.vision = false;
        cleanup_json json_t *body = body_of(&settings, &request, 0);
        cleanup_free char *text = json_print(body);
        assert_null(strstr(text, "QUJD"));
        assert_null(strstr(text, "REVG"));
        assert_non_null(strstr(text, "cannot see pictures"));
    }
}

static void a_message_of_no_known_role_is_refused(void **state) {
    cleanup_json json_t *messages = quoted("[{'role':'ghost'}]");
    for (int kind = LLM_OPENAI; kind <= LLM_ANTHROPIC; kind++) {
        struct llm_settings settings = settings_of((enum llm_kind)kind);
        struct llm_request request = {.messages = messages};
        struct error e;
        json_t *body = NULL;
        assert_int_equal(llm_protocol_of((enum llm_kind)kind)->write(&settings, &request, 0, &body, &e), -EINVAL);
        assert_non_null(strstr(e.text, "\"ghost\""));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_read_wherever_they_are_split),
        cmocka_unit_test(an_event_has_a_size_limit),
        cmocka_unit_test(a_conversation_becomes_chat_completions),
        cmocka_unit_test(a_conversation_becomes_anthropic_messages),
        cmocka_unit_test(a_model_that_cannot_see_gets_words),
        cmocka_unit_test(a_message_of_no_known_role_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
