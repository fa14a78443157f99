#include "agent/credential.h"
#include "base/memory.h"
#include "base/text.h"
#include "net/host.h"
#include <errno.h>
#include <string.h>

static void print_list(struct text *out, const json_t *list, const char *member) {
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char *text = member ? json_text_or(item, member, "") : json_string_value(item);
        text_print(out, "%s%.200s", out->length ? ", " : "", text);
    }
}

int credential_find(const json_t *credentials, const char *name, const json_t **ret_credential, struct error *e) {
    cleanup_text struct text names = {0};
    for (size_t i = 0; i < json_array_size(credentials); i++) {
        const json_t *one = json_array_get(credentials, i);
        if (!strcmp(json_text_or(one, "name", ""), name))
            return *ret_credential = one, 0;
    }
    print_list(&names, credentials, "name");
    error_set(e, ENOENT, ERROR_STEP, "this agent has no credential \"%.100s\"", name);
    if (names.length)
        error_hint(e, "It may use: %s", names.data);
    else
        error_hint(e, "Allow it on the agent's page, or with PUT /agents/ID/credentials/CREDENTIAL_ID");
    return -ENOENT;
}

struct origin {
    bool secure;
    struct host host;
    unsigned port;
};

/* "https://host[:port]" as browsers write it. */
static int read_origin(const char *text, struct origin *ret_origin) {
    static const struct {
        const char *prefix;
        bool secure;
        unsigned port;
    } schemes[] = {{"https://", true, 443}, {"http://", false, 80}};
    for (size_t i = 0; i < ARRAY_LENGTH(schemes); i++) {
        if (!text_starts_with(text, schemes[i].prefix))
            continue;
        const char *host = text + strlen(schemes[i].prefix);
        struct origin origin = {.secure = schemes[i].secure, .port = schemes[i].port};
        if (host_parse_with_port(host, strlen(host), &origin.host, &origin.port) < 0 &&
            host_parse(host, strlen(host), &origin.host) < 0)
            return -EINVAL;
        return *ret_origin = origin, 0;
    }
    return -EINVAL;
}

static bool fits(const struct origin *origin, const char *domain) {
    struct host host;
    unsigned port;
    if (!host_parse_with_port(domain, strlen(domain), &host, &port))
        return port == origin->port && host_is_within(origin->host.name, host.name);
    return !host_parse(domain, strlen(domain), &host) && origin->secure && origin->port == 443 &&
           host_is_within(origin->host.name, host.name);
}

static int check(const json_t *credential, const char *text, const char *what, struct error *e) {
    const json_t *domains = json_object_get(credential, "domains");
    cleanup_text struct text list = {0};
    struct origin origin;
    if (!read_origin(text, &origin))
        for (size_t i = 0; i < json_array_size(domains); i++)
            if (fits(&origin, json_string_value(json_array_get(domains, i))))
                return 0;
    print_list(&list, domains, NULL);
    error_set(e, EPERM, ERROR_STEP, "the credential \"%.100s\" is for %.200s, and %s %.200s",
              json_text_or(credential, "name", ""), list.length ? list.data : "no domain", what, text);
    if (text_starts_with(text, "http://"))
        error_hint(e, "Without TLS a credential goes only where its domains name host and port, as shop.lan:8080");
    return -EPERM;
}

int credential_check_origin(const json_t *credential, const char *origin, struct error *e) {
    return check(credential, origin, "the field belongs to", e);
}

int credential_check_destination(const json_t *credential, const char *origin, struct error *e) {
    return check(credential, origin, "the form around the field is sent to", e);
}

json_t *credentials_describe(const json_t *credentials) {
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(credentials); i++) {
        const json_t *one = json_array_get(credentials, i);
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:O?, s:b}", "name", json_text_or(one, "name", ""), "username",
                                        json_text_or(one, "username", ""), "domains", json_object_get(one, "domains"),
                                        "has_totp", *json_text_or(one, "totp", "") != '\0'));
    }
    return list;
}

bool credentials_used_by(const json_t *script) {
    const char *key;
    json_t *member;
    json_object_foreach ((json_t *)script, key, member) {
        if ((!strcmp(key, "fill") && json_object_get(member, "credential")) || credentials_used_by(member))
            return true;
    }
    for (size_t i = 0; i < json_array_size(script); i++)
        if (credentials_used_by(json_array_get(script, i)))
            return true;
    return false;
}
