#include "cdp/websocket_handshake.h"
#include "cdp/door_error.h"
#include <errno.h>
#include <string.h>
#include <strings.h>

static struct websocket_handshake *of(llhttp_t *parser) {
    return parser->data;
}

static int on_name(llhttp_t *parser, const char *at, size_t length) {
    text_append(&of(parser)->name, at, length);
    return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t length) {
    text_append(&of(parser)->value, at, length);
    return 0;
}

static int on_header(llhttp_t *parser) {
    struct websocket_handshake *handshake = of(parser);
    const char *name = handshake->name.data ? handshake->name.data : "";
    const char *value = handshake->value.data ? handshake->value.data : "";
    if (!strcasecmp(name, "upgrade"))
        handshake->upgraded = !strcasecmp(value, "websocket");
    else if (!strcasecmp(name, "connection"))
        handshake->connected = strcasestr(value, "upgrade") != NULL;
    else if (!strcasecmp(name, "sec-websocket-accept"))
        handshake->accepted = !strcmp(value, handshake->accept);
    text_clear(&handshake->name);
    text_clear(&handshake->value);
    return 0;
}

static int on_body(llhttp_t *parser, const char *at, size_t length) {
    text_append(&of(parser)->body, at, length);
    return 0;
}

static int on_complete(llhttp_t *parser) {
    of(parser)->complete = true;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_header_value_complete = on_header,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

void websocket_handshake_start(struct websocket_handshake *handshake, const char *host, int port, const char *path,
                               struct text *ret_request) {
    char key[WEBSOCKET_KEY_SIZE];
    *handshake = (struct websocket_handshake){0};
    websocket_accept(websocket_make_key(key), handshake->accept);
    llhttp_init(&handshake->parser, HTTP_RESPONSE, &settings);
    handshake->parser.data = handshake;
    text_print(ret_request,
               "GET %s HTTP/1.1\r\nHost: %s:%d\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n",
               path, host, port, key);
}

void websocket_handshake_done(struct websocket_handshake *handshake) {
    text_done(&handshake->name);
    text_done(&handshake->value);
    text_done(&handshake->body);
}

static int judge(const struct websocket_handshake *handshake, struct error *e) {
    int status = handshake->parser.status_code;
    if (status != 101)
        return door_error_from_answer(status, handshake->body.data, handshake->body.length, "connect to the browser",
                                      e);
    if (!handshake->upgraded || !handshake->connected || !handshake->accepted)
        return error_set(e, EPROTO, ERROR_PROTOCOL, "the door's answer to the WebSocket handshake is wrong: %s",
                         handshake->accepted ? "it does not upgrade" : "its accept key does not fit");
    return 1;
}

int websocket_handshake_feed(struct websocket_handshake *handshake, const char *data, size_t length, size_t *ret_used,
                             struct error *e) {
    llhttp_errno_t code = llhttp_execute(&handshake->parser, data, length);
    handshake->total += length;
    if (handshake->complete) {
        *ret_used = (size_t)(llhttp_get_error_pos(&handshake->parser) - data);
        return judge(handshake, e);
    }
    if (code != HPE_OK)
        return error_set(e, EPROTO, ERROR_PROTOCOL, "the door does not speak HTTP: %s",
                         llhttp_get_error_reason(&handshake->parser));
    if (handshake->total > WEBSOCKET_ANSWER_MAX)
        return error_set(e, EMSGSIZE, ERROR_TOO_LARGE, "the door's answer to the WebSocket handshake is over %d bytes",
                         WEBSOCKET_ANSWER_MAX);
    return 0;
}
