#include "browsers/keeper/gate_upstream.h"
#include "base/json.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum step { STEP_METHOD, STEP_PASSWORD, STEP_CONNECT, STEP_HTTP };

static int copy_credential(const json_t *value, const char *name, char out[UPSTREAM_TEXT_MAX + 1], struct error *e) {
    const char *text = json_text_or(value, name, "");
    if (strlen(text) > UPSTREAM_TEXT_MAX)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "upstream.%s is longer than %d bytes", name, UPSTREAM_TEXT_MAX);
    snprintf(out, UPSTREAM_TEXT_MAX + 1, "%s", text);
    return 0;
}

int upstream_read(const json_t *value, struct upstream *ret_upstream, struct error *e) {
    struct upstream upstream = {0};
    if (!value || json_is_null(value)) {
        *ret_upstream = upstream;
        return 0;
    }
    const char *kind = json_text_or(value, "kind", ""), *host = json_text_or(value, "host", "");
    int64_t port = json_int_or(value, "port", 0);
    upstream.kind = !strcmp(kind, "socks5") ? UPSTREAM_SOCKS5 : !strcmp(kind, "http") ? UPSTREAM_HTTP : UPSTREAM_NONE;
    if (!upstream.kind)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "upstream.kind is neither socks5 nor http");
    if (host_parse(host, strlen(host), &upstream.host))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "upstream.host \"%.100s\" is not a host", host);
    if (port < 1 || port > 65535)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "upstream.port is not a port");
    upstream.port = (unsigned)port;
    int r = copy_credential(value, "username", upstream.username, e);
    if (!r)
        r = copy_credential(value, "password", upstream.password, e);
    /* RFC 7617: a colon would end the name early, and another user would sign in. */
    if (!r && upstream.kind == UPSTREAM_HTTP && strchr(upstream.username, ':'))
        r = error_set(e, EINVAL, ERROR_BAD_INPUT, "upstream.username holds a colon");
    if (!r)
        *ret_upstream = upstream;
    return r;
}

static bool has_credentials(const struct upstream *upstream) {
    return upstream->username[0] || upstream->password[0];
}

static void say_http_connect(const struct upstream_talk *talk, struct text *out) {
    char address[IP_TEXT_SIZE];
    const char *form = talk->target.family == AF_INET6 ? "[%s]:%u" : "%s:%u";
    char authority[IP_TEXT_SIZE + 16];
    snprintf(authority, sizeof authority, form, ip_print(&talk->target, address), talk->port);
    text_print(out, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", authority, authority);
    if (has_credentials(talk->upstream)) {
        cleanup_text struct text pair = {0};
        text_print(&pair, "%s:%s", talk->upstream->username, talk->upstream->password);
        text_append_string(out, "Proxy-Authorization: Basic ");
        text_append_base64(out, pair.data, pair.length);
        text_append_string(out, "\r\n");
    }
    text_append_string(out, "\r\n");
}

static void say_socks_connect(const struct upstream_talk *talk, struct text *out) {
    bool v4 = talk->target.family == AF_INET;
    const uint8_t head[] = {5, 1, 0, v4 ? 1 : 4}, port[] = {(uint8_t)(talk->port >> 8), (uint8_t)talk->port};
    text_append(out, head, sizeof head);
    text_append(out, talk->target.bytes, v4 ? 4 : 16);
    text_append(out, port, sizeof port);
}

static void say_password(const struct upstream *upstream, struct text *out) {
    text_append_char(out, 1);
    text_append_char(out, (char)strlen(upstream->username));
    text_append_string(out, upstream->username);
    text_append_char(out, (char)strlen(upstream->password));
    text_append_string(out, upstream->password);
}

void upstream_start(struct upstream_talk *talk, const struct upstream *upstream, const struct ip_address *target,
                    unsigned port, struct text *out) {
    *talk = (struct upstream_talk){upstream, *target, port, STEP_METHOD};
    if (upstream->kind == UPSTREAM_HTTP) {
        talk->step = STEP_HTTP;
        say_http_connect(talk, out);
    } else if (has_credentials(upstream))
        text_append(out, "\5\2\0\2", 4);
    else
        text_append(out, "\5\1\0", 3);
}

static int take_method(struct upstream_talk *talk, const uint8_t *data, size_t length, struct text *out) {
    if (length < 2)
        return 0;
    if (data[0] != 5)
        return -EPROTO;
    if (data[1] == 2 && has_credentials(talk->upstream)) {
        talk->step = STEP_PASSWORD;
        say_password(talk->upstream, out);
    } else if (data[1] == 0) {
        talk->step = STEP_CONNECT;
        say_socks_connect(talk, out);
    } else
        return -EACCES;
    return 2;
}

static int take_password(struct upstream_talk *talk, const uint8_t *data, size_t length, struct text *out) {
    if (length < 2)
        return 0;
    if (data[1] != 0)
        return -EACCES;
    talk->step = STEP_CONNECT;
    say_socks_connect(talk, out);
    return 2;
}

static int take_socks_reply(const uint8_t *data, size_t length, bool *ret_done) {
    if (length < 5)
        return 0;
    if (data[0] != 5)
        return -EPROTO;
    if (data[1])
        return data[1] == 2 ? -EACCES : -ECONNREFUSED;
    size_t address = data[3] == 1 ? 4 : data[3] == 4 ? 16 : data[3] == 3 ? 1 + (size_t)data[4] : 0;
    if (!address)
        return -EPROTO;
    if (length < 4 + address + 2)
        return 0;
    *ret_done = true;
    return (int)(4 + address + 2);
}

/* Only the status matters; the headers are skipped unread up to the empty line. */
static int take_http_answer(const uint8_t *data, size_t length, bool *ret_done) {
    const uint8_t *end = memmem(data, length, "\r\n\r\n", 4);
    if (!end)
        return 0;
    if (length < 12 || (memcmp(data, "HTTP/1.1 ", 9) && memcmp(data, "HTTP/1.0 ", 9)))
        return -EPROTO;
    if (data[9] != '2')
        return data[9] == '4' ? -EACCES : -ECONNREFUSED;
    *ret_done = true;
    return (int)(end + 4 - data);
}

int upstream_take(struct upstream_talk *talk, const uint8_t *data, size_t length, struct text *out, bool *ret_done) {
    switch ((enum step)talk->step) {
    case STEP_METHOD:
        return take_method(talk, data, length, out);
    case STEP_PASSWORD:
        return take_password(talk, data, length, out);
    case STEP_CONNECT:
        return take_socks_reply(data, length, ret_done);
    case STEP_HTTP:
        return take_http_answer(data, length, ret_done);
    }
    return -EPROTO;
}
