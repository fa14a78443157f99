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

static void what_a_server_does_not_know_is_left_out(void **state) {
    static const struct {
        unsigned quirk;
        const char *before, *after; /* a member that goes, one that comes */
    } cases[] = {
        {LLM_QUIRK_NO_STREAM, "stream", NULL},
        {LLM_QUIRK_NO_STREAM_OPTIONS, "stream_options", NULL},
        {LLM_QUIRK_NO_RESPONSE_FORMAT, "response_format", NULL},
        {LLM_QUIRK_OTHER_MAX_TOKENS, "max_tokens", "max_completion_tokens"},
        {LLM_QUIRK_NO_TEMPERATURE, "temperature", NULL},
        {LLM_QUIRK_NO_TOOL_CHOICE, "tool_choice", NULL},
    };
    cleanup_json json_t *messages = quoted(CONVERSATION), *tools = quoted(TOOLS), *schema = quoted("{'type':'object'}");
    struct llm_settings settings = settings_of(LLM_OPENAI);
    struct llm_request request = {
        .messages = messages, .tools = tools, .tool_choice = "click", .response_schema = schema};
    settings.temperature = 0.5;
    settings.max_tokens = 100;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        cleanup_json json_t *plain = body_of(&settings, &request, 0);
        cleanup_json json_t *changed = body_of(&settings, &request, cases[i].quirk);
        assert_non_null(json_object_get(plain, cases[i].before));
        assert_null(json_object_get(changed, cases[i].before));
        if (cases[i].after)
            assert_non_null(json_object_get(changed, cases[i].after));
    }
}

static void a_schema_of_no_object_is_wrapped_for_a_call(void **state) {
    cleanup_json json_t *messages = quoted(CONVERSATION);
    cleanup_json json_t *schema =
        quoted("{'type':'array','items':{'$ref':'#/$defs/a'},'$defs':{'a':{'type':'string'}}}");
    struct llm_settings settings = settings_of(LLM_ANTHROPIC);
    struct llm_request request = {.messages = messages, .response_schema = schema};
    cleanup_json json_t *body = body_of(&settings, &request, 0);
    const json_t *input = json_object_get(json_array_get(json_object_get(body, "tools"), 0), "input_schema");
    assert_string_equal(json_text_or(input, "type", ""), "object");
    assert_true(json_equal(json_object_get(json_object_get(input, "properties"), "value"), schema));
    assert_non_null(json_object_get(json_object_get(input, "$defs"), "a"));
    struct llm_reading reading;
    struct llm_answer answer = {0};
    llm_reading_begin(&reading, &request);
    static const char whole[] = "{\"content\":[{\"type\":\"tool_use\",\"id\":\"x\",\"name\":\"answer\",\"input\":"
                                "{\"value\":[\"a\",\"b\"]}}],\"stop_reason\":\"tool_use\"}";
    assert_int_equal(llm_protocol_read(&llm_anthropic, &reading, NULL, whole, strlen(whole), NULL, NULL), 0);
    llm_protocol_answer(&llm_anthropic, &reading, &answer);
    check_json(answer.structure, "[\"a\",\"b\"]");
    assert_int_equal(json_array_size(answer.calls), 0);
    llm_answer_done(&answer);
    llm_reading_done(&reading);
}

/* ------------------------------------------------------------------------------------------------ answers */

static void note_delta(void *user, const char *text, size_t length) {
    text_append(user, text, length);
}

/* Reads a stream of events, one a line; shows "text|calls|finish|usage". */
static char *answer_to(const struct llm_protocol *protocol, const char *events) {
    cleanup_text struct text deltas = {0};
    struct llm_request request = {.delta = note_delta, .user = &deltas};
    struct llm_reading reading;
    struct llm_answer answer = {0};
    struct llm_failure failure = {0};
    cleanup_free char *copy = memory_copy_text(events);
    char *save = NULL;
    llm_reading_begin(&reading, &request);
    for (char *c = copy; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        assert_int_equal(llm_protocol_read(protocol, &reading, "", line, strlen(line), &failure, NULL), 0);
    llm_protocol_answer(protocol, &reading, &answer);
    assert_string_equal(deltas.data ? deltas.data : "", answer.text);
    cleanup_free char *calls = json_print(answer.calls);
    char *shown = memory_print("%s|%s|%d|%lld,%lld,%lld,%lld%s", answer.text, calls, answer.finish,
                               (long long)answer.usage.input_tokens, (long long)answer.usage.output_tokens,
                               (long long)answer.usage.cached_tokens, (long long)answer.usage.written_tokens,
                               reading.whole ? "" : "|cut");
    llm_answer_done(&answer);
    llm_reading_done(&reading);
    return shown;
}

#define TEXT(text) "{'choices':[{'delta':{'content':'" text "'}}]}\n"
#define STOP       "{'choices':[{'delta':{},'finish_reason':'stop'}]}\n"
#define USAGE                                                                                                          \
    "{'choices':[],'usage':{'prompt_tokens':9,'completion_tokens':2,'prompt_tokens_details':{'cached_tokens':4}}}\n"

static void chat_completions_are_read(void **state) {
    static const struct {
        const char *events, *answer;
    } cases[] = {
        {TEXT("Hel") TEXT("lo") STOP USAGE "[DONE]", "Hello|[]|0|9,2,4,0"},
        {TEXT("Hello") USAGE, "Hello|[]|0|9,2,4,0|cut"},
        {TEXT("<thi") TEXT("nk>a\\nb</th") TEXT("ink>\\n\\n") TEXT("Hello") STOP USAGE, "Hello|[]|0|9,2,4,0"},
        {TEXT(" <think>never ends") STOP USAGE, "|[]|0|9,2,4,0"},
        {TEXT("<thin ice>") STOP USAGE, "<thin ice>|[]|0|9,2,4,0"},
        {TEXT("a <think>b</think>") STOP USAGE, "a <think>b</think>|[]|0|9,2,4,0"},
        {"{'choices':[{'delta':{'reasoning_content':'hm','content':null}}]}\n" TEXT("Hello") STOP USAGE,
         "Hello|[]|0|9,2,4,0"},
        {"{'choices':[{'delta':{'tool_calls':[{'index':0,'id':'a','function':{'name':'f','arguments':'{\\'x\\''}}]}}]}"
         "\n"
         "{'choices':[{'delta':{'tool_calls':[{'index':1,'id':'b','function':{'name':'g','arguments':''}}]}}]}\n"
         "{'choices':[{'delta':{'tool_calls':[{'index':0,'function':{'arguments':':1}'}}]},'finish_reason':'tool_calls'"
         "}]}\n" USAGE,
         "|[{'id':'a','name':'f','arguments':{'x':1}},{'id':'b','name':'g','arguments':{}}]|1|9,2,4,0"},
        {"{'choices':[{'delta':{'tool_calls':[{'id':'a','function':{'name':'f','arguments':{'x':1}}},"
         "{'id':'b','function':{'name':'f','arguments':'[1]'}}]},'finish_reason':'length'}]}\n" USAGE,
         "|[{'id':'a','name':'f','arguments':{'x':1}},{'id':'b','name':'f','arguments':null,'malformed':'[1]'}]|2|9,2,"
         "4,0"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        cleanup_free char *found = answer_to(&llm_openai, cases[i].events);
        cleanup_free char *wanted = memory_copy_text(cases[i].answer);
        for (char *c = wanted; *c; c++)
            *c = *c == '\'' ? '"' : *c;
        assert_string_equal(found, wanted);
    }
}

static void anthropic_messages_are_read(void **state) {
    cleanup_free char *found = answer_to(
        &llm_anthropic,
        "{'type':'message_start','message':{'usage':{'input_tokens':5,'cache_read_input_tokens':7,"
        "'cache_creation_input_tokens':3,'output_tokens':1}}}\n"
        "{'type':'ping'}\n"
        "{'type':'content_block_start','index':0,'content_block':{'type':'thinking','thinking':'','signature':''}}\n"
        "{'type':'content_block_delta','index':0,'delta':{'type':'thinking_delta','thinking':'hm'}}\n"
        "{'type':'content_block_delta','index':0,'delta':{'type':'signature_delta','signature':'s'}}\n"
        "{'type':'content_block_start','index':1,'content_block':{'type':'text','text':''}}\n"
        "{'type':'content_block_delta','index':1,'delta':{'type':'text_delta','text':'Hello'}}\n"
        "{'type':'content_block_start','index':2,'content_block':{'type':'tool_use','id':'a','name':'f','input':{}}}\n"
        "{'type':'content_block_delta','index':2,'delta':{'type':'input_json_delta','partial_json':'{}'}}\n"
        "{'type':'something_new'}\n"
        "{'type':'message_delta','delta':{'stop_reason':'tool_use'},'usage':{'output_tokens':20}}\n"
        "{'type':'message_stop'}");
    assert_string_equal(found, "Hello|[{\"id\":\"a\",\"name\":\"f\",\"arguments\":{}}]|1|15,20,7,3");
}

static void an_answer_has_limits(void **state) {
    struct llm_request request = {0};
    struct llm_reading reading;
    struct error e = {0};
    llm_reading_begin(&reading, &request);
    for (int i = 0; i < LLM_PARTS_MAX; i++)
        assert_non_null(llm_reading_new_part(&reading, LLM_PART_CALL, i, &e));
    assert_null(llm_reading_new_part(&reading, LLM_PART_CALL, LLM_PARTS_MAX, &e));
    assert_int_equal(e.code, ERROR_MODEL_PROTOCOL);
    llm_reading_done(&reading);
}

static void an_answer_leaves_room_for_what_is_asked(void **state) {
    static const struct {
        int64_t context, own, sent;
    } cases[] = {{0, 0, 8192}, {200000, 0, 8192}, {8000, 0, 1001}, {8000, 3000, 3000}};
    cleanup_json json_t *messages = quoted("[{'role':'user','parts':[{'text':'Hi'}]}]");
    struct llm_request request = {.messages = messages};
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct llm_settings settings = settings_of(LLM_ANTHROPIC);
        settings.context_tokens = cases[i].context;
        settings.max_tokens = cases[i].own;
        cleanup_json json_t *body = body_of(&settings, &request, 0);
        assert_int_equal(json_int_or(body, "max_tokens", 0), cases[i].sent);
    }
}

/* ------------------------------------------------------------------------------------------------ failures, cost */

static void failures_are_told_apart(void **state) {
    static const struct {
        int status;
        const char *body;
        enum error_code code;
        bool may_pass;
    } cases[] = {
        {401, "{\"error\":{\"message\":\"Incorrect API key\",\"code\":\"invalid_api_key\"}}", ERROR_MODEL_AUTH, false},
        {403, "{\"error\":{\"type\":\"permission_error\",\"message\":\"no\"}}", ERROR_MODEL_AUTH, false},
        {402, "{\"error\":{\"message\":\"Insufficient credits\",\"code\":402}}", ERROR_MODEL_AUTH, false},
        {400, "{\"error\":{\"message\":\"Your credit balance is too low\"}}", ERROR_MODEL_AUTH, false},
        {429, "{\"error\":{\"code\":\"insufficient_quota\",\"message\":\"exceeded\"}}", ERROR_MODEL_AUTH, false},
        {429, "{\"error\":{\"code\":\"rate_limit_exceeded\"}}", ERROR_MODEL_RATE, true},
        {404, "{\"error\":\"model 'qwen' not found, try pulling it first\"}", ERROR_MODEL_MISSING, false},
        {404, "404 page not found", ERROR_MODEL_MISSING, false},
        {400, "{\"error\":{\"code\":\"context_length_exceeded\"}}", ERROR_MODEL_CONTEXT, false},
        {400, "{\"error\":{\"message\":\"prompt is too long: 210000 tokens > 200000 maximum\"}}", ERROR_MODEL_CONTEXT,
         false},
        {400, "{\"error\":{\"message\":\"the request exceeds the available context size\"}}", ERROR_MODEL_CONTEXT,
         false},
        {400, "{\"object\":\"error\",\"message\":\"This model's maximum context length is 4096\"}", ERROR_MODEL_CONTEXT,
         false},
        {413, "", ERROR_MODEL_CONTEXT, false},
        {400,
         "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"input length and "
         "`max_tokens` exceed context limit: 188240 + 21333 > 200000\"}}",
         ERROR_MODEL_CONTEXT, false},
        {413,
         "{\"type\":\"error\",\"error\":{\"type\":\"request_too_large\",\"message\":\"Request exceeds the maximum "
         "size\"}}",
         ERROR_MODEL_CONTEXT, false},
        {429,
         "{\"error\":{\"message\":\"Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested "
         "34567.\",\"type\":\"tokens\",\"code\":\"rate_limit_exceeded\"}}",
         ERROR_MODEL_CONTEXT, false},
        {413,
         "{\"error\":{\"message\":\"Request too large for model `llama` on tokens per minute "
         "(TPM)\",\"code\":\"rate_limit_exceeded\"}}",
         ERROR_MODEL_CONTEXT, false},
        {400,
         "{\"error\":{\"message\":\"Input tokens exceed the configured limit of 272000 tokens. Please reduce the "
         "length of the messages.\"}}",
         ERROR_MODEL_CONTEXT, false},
        {400,
         "[{\"error\":{\"code\":400,\"message\":\"The input token count (1200000) exceeds the maximum number of tokens "
         "allowed (1048575).\",\"status\":\"INVALID_ARGUMENT\"}}]",
         ERROR_MODEL_CONTEXT, false},
        {400,
         "{\"object\":\"error\",\"message\":\"The decoder prompt (length 5000) is longer than the maximum model length "
         "of 4096.\",\"type\":\"BadRequestError\",\"code\":400}",
         ERROR_MODEL_CONTEXT, false},
        {400,
         "{\"message\":\"'max_tokens' or 'max_completion_tokens' is too large: 8192. This model's maximum context "
         "length is 8192 tokens\"}",
         ERROR_MODEL_CONTEXT, false},
        {422,
         "{\"error\":\"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 "
         "`inputs` tokens\",\"error_type\":\"validation\"}",
         ERROR_MODEL_CONTEXT, false},
        {400,
         "{\"error\":{\"code\":400,\"message\":\"request (9000 tokens) exceeds the available context size (8192 "
         "tokens)\",\"type\":\"exceed_context_size_error\"}}",
         ERROR_MODEL_CONTEXT, false},
        {400,
         "{\"error\":\"Trying to keep the first 4200 tokens when context the overflows. However, the model is loaded "
         "with context length of only 4096 tokens\"}",
         ERROR_MODEL_CONTEXT, false},
        {400,
         "{\"code\":\"Client specified an invalid argument\",\"error\":\"This model's maximum prompt length is 131072 "
         "but the request contains 200000 tokens.\"}",
         ERROR_MODEL_CONTEXT, false},
        {400,
         "{\"object\":\"error\",\"message\":\"Prompt contains 40000 tokens and 0 draft tokens, too large for model "
         "with 32768 maximum context length\"}",
         ERROR_MODEL_CONTEXT, false},
        {400, "{\"error\":{\"message\":\"Invalid request: Your request exceeded model token limit: 8192\"}}",
         ERROR_MODEL_CONTEXT, false},
        {400,
         "{\"error\":{\"message\":\"<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, "
         "30720]\"}}",
         ERROR_MODEL_CONTEXT, false},
        {400, "{\"message\":\"Input is too long for requested model.\"}", ERROR_MODEL_CONTEXT, false},
        {0, "{\"error\":{\"message\":\"This endpoint's maximum context length is 8192 tokens\"}}", ERROR_MODEL_CONTEXT,
         false},
        {429,
         "{\"error\":{\"message\":\"Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000, Used 29000, "
         "Requested 3000.\"}}",
         ERROR_MODEL_RATE, true},
        {400, "{\"error\":{\"code\":\"content_policy_violation\"}}", ERROR_MODEL_REFUSED, false},
        {400, "{\"detail\":\"tools[0] is wrong\"}", ERROR_MODEL_PROTOCOL, false},
        {302, "", ERROR_MODEL_PROTOCOL, false},
        {408, "", ERROR_MODEL_UNAVAILABLE, true},
        {500, "<html>oops</html>", ERROR_MODEL_UNAVAILABLE, true},
        {529, "{\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}", ERROR_MODEL_UNAVAILABLE, true},
        {0, "{\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}", ERROR_MODEL_UNAVAILABLE, true},
        {0, "{\"error\":{\"type\":\"rate_limit_error\"}}", ERROR_MODEL_RATE, true},
        {0, "{\"error\":{\"message\":\"Provider returned error\",\"code\":502}}", ERROR_MODEL_UNAVAILABLE, true},
        {0, "{\"error\":{\"type\":\"invalid_request_error\"}}", ERROR_MODEL_PROTOCOL, false},
    };
    struct llm_settings settings = settings_of(LLM_OPENAI);
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct llm_failure failure = {.status = cases[i].status, .should_retry = -1};
        struct error e = {0};
        llm_failure_read(&failure, cases[i].body, strlen(cases[i].body));
        int r = llm_failure_explain(&failure, &settings, &e);
        if (e.code != cases[i].code || (r == -EAGAIN) != cases[i].may_pass)
            fail_msg("%d %s: %s, %d", cases[i].status, cases[i].body, error_name(e.code), r);
        assert_true(*e.hint && text_starts_with(e.text, "test "));
        assert_null(strstr(e.text, "html"));
    }
}

static void a_key_is_taken_out_of_what_is_told(void **state) {
    static const struct {
        const char *said, *told;
    } cases[] = {
        {"Incorrect API key provided: sk-abcdef123456.", "Incorrect API key provided: *."},
        {"key sk-abc***3456 and sk-abcdef123456sk-abcdef123456", "key * and **"},
        {"\"sk-abcdef123456\" (sk-abcd)", "\"*\" (*)"},
        {"nothing to hide, sk-other", "nothing to hide, sk-other"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        cleanup_free char *text = memory_copy_text(cases[i].said);
        llm_redact(text, "sk-abcdef123456");
        assert_string_equal(text, cases[i].told);
    }
}

static void money_is_rounded_up(void **state) {
    static const struct {
        struct llm_price price;
        struct llm_usage usage;
        int64_t cost;
    } cases[] = {
        {{3000000, 15000000, -1}, {.input_tokens = 1000, .output_tokens = 100}, 4500},
        {{3000000, 15000000, 300000}, {.input_tokens = 1000, .output_tokens = 100, .cached_tokens = 900}, 2070},
        {{3000000, 15000000, -1}, {.input_tokens = 1000, .cached_tokens = 900}, 3000},
        {{3000000, 0, -1}, {.input_tokens = 1000, .written_tokens = 1000}, 3750},
        {{1, 0, -1}, {.input_tokens = 1}, 1},
        {{0, 0, -1}, {.input_tokens = 1000000}, 0},
        {{1000000000000, 0, -1}, {.input_tokens = LLM_TOKENS_MAX}, 1000000000000000000},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        assert_int_equal(llm_cost_micro(&cases[i].price, &cases[i].usage), cases[i].cost);
}

static void settings_come_of_a_model(void **state) {
    cleanup_json json_t *model =
        quoted("{'provider':'mine','kind':'openai','base_url':'http://h/v1','api_key':'k','name':'q',"
               "'context_tokens':8000,'vision':true,'input_price':5,'output_price':6,'cached_price':1}");
    cleanup_llm_settings struct llm_settings settings = {0};
    struct error e;
    assert_int_equal(llm_settings_from_model(model, &settings, &e), 0);
    assert_string_equal(settings.key_origin, "MODEL_PROVIDERS");
    assert_true(settings.vision && settings.context_tokens == 8000 && settings.price.cached == 1);
    static const char *const wrong[] = {"{'kind':'other'}", "{'kind':'openai','base_url':'ftp://h'}",
                                        "{'kind':'openai','api_key':'a\\nb'}"};
    for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
        cleanup_json json_t *bad = quoted(wrong[i]);
        struct llm_settings none;
        assert_int_equal(llm_settings_from_model(bad, &none, &e), -EINVAL);
        assert_int_equal(e.code, ERROR_BAD_CONFIG);
    }
}

/* What a tokenizer of 100,000 words would make of them, roughly. */
static void tokens_are_estimated_on_the_safe_side(void **state) {
    static const struct {
        const char *text;
        int64_t counted;
    } cases[] = {
        {"The quick brown fox jumps over the lazy dog again.", 11},
        {"[12] button \"Sign in\" value=\"a@b.c\" required", 14},
        {"Съешь ещё этих мягких французских булок", 19},
        {"", 0},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        int64_t guess = llm_tokens_of_text(cases[i].text, strlen(cases[i].text));
        assert_true(guess >= cases[i].counted && guess <= cases[i].counted * 2);
    }
    cleanup_json json_t *messages = quoted(CONVERSATION), *tools = quoted(TOOLS);
    struct llm_request request = {.messages = messages, .tools = tools};
    assert_true(llm_tokens_of_request(&request) > 2 * 1600); /* two pictures */
    struct llm_settings settings = settings_of(LLM_OPENAI);
    assert_int_equal(llm_room(&settings), INT64_MAX);
    settings.context_tokens = 10000;
    settings.max_tokens = 1000;
    assert_int_equal(llm_room(&settings), 9000);
    settings.max_tokens = 20000;
    assert_int_equal(llm_room(&settings), 2500);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_read_wherever_they_are_split),
        cmocka_unit_test(an_event_has_a_size_limit),
        cmocka_unit_test(a_conversation_becomes_chat_completions),
        cmocka_unit_test(a_conversation_becomes_anthropic_messages),
        cmocka_unit_test(a_model_that_cannot_see_gets_words),
        cmocka_unit_test(a_message_of_no_known_role_is_refused),
        cmocka_unit_test(what_a_server_does_not_know_is_left_out),
        cmocka_unit_test(a_schema_of_no_object_is_wrapped_for_a_call),
        cmocka_unit_test(chat_completions_are_read),
        cmocka_unit_test(anthropic_messages_are_read),
        cmocka_unit_test(an_answer_has_limits),
        cmocka_unit_test(an_answer_leaves_room_for_what_is_asked),
        cmocka_unit_test(failures_are_told_apart),
        cmocka_unit_test(a_key_is_taken_out_of_what_is_told),
        cmocka_unit_test(money_is_rounded_up),
        cmocka_unit_test(settings_come_of_a_model),
        cmocka_unit_test(tokens_are_estimated_on_the_safe_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
