#include "browsers/keeper/domain_rules.h"
#include "base/memory.h"
#include "base/text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void free_list(char **list) {
    for (char **item = list; item && *item; item++)
        free(*item);
    free(list);
}

static int read_entry(const json_t *value, const char *name, char **ret_domain, struct error *e) {
    struct host host;
    const char *domain = json_string_value(value);
    if (!domain)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s holds something that is not text", name);
    const char *plain = text_starts_with(domain, "*.") ? domain + 2 : *domain == '.' ? domain + 1 : domain;
    if (host_parse(plain, strlen(plain), &host))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s: \"%.100s\" is not a domain name or address", name, domain);
    *ret_domain = memory_copy_text(host.name);
    return 0;
}

static int read_list(const json_t *egress, const char *name, char ***ret_list, struct error *e) {
    const json_t *values = json_object_get(egress, name);
    if (!values || json_is_null(values))
        return 0;
    size_t count = json_array_size(values);
    if (!json_is_array(values) || count > DOMAIN_RULES_MAX)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s is not a list of at most %d domains", name, DOMAIN_RULES_MAX);
    char **list = memory_alloc((count + 1) * sizeof *list);
    for (size_t i = 0; i < count; i++) {
        int r = read_entry(json_array_get(values, i), name, &list[i], e);
        if (r) {
            free_list(list);
            return r;
        }
    }
    *ret_list = list;
    return 0;
}

int domain_rules_read(const json_t *egress, struct domain_rules *ret_rules, struct error *e) {
    struct domain_rules rules = {0};
    int r = read_list(egress, "allowed_domains", &rules.allowed, e);
    if (!r)
        r = read_list(egress, "blocked_domains", &rules.blocked, e);
    if (r) {
        domain_rules_done(&rules);
        return r;
    }
    *ret_rules = rules;
    return 0;
}

void domain_rules_done(struct domain_rules *rules) {
    free_list(rules->allowed);
    free_list(rules->blocked);
    *rules = (struct domain_rules){0};
}

/* An address has no domains beneath it: "1.2.3.4" is not beneath "3.4". */
static bool list_holds(char *const *list, const struct host *host) {
    for (; list && *list; list++)
        if (host->is_address ? !strcmp(host->name, *list) : host_is_within(host->name, *list))
            return true;
    return false;
}

const char *domain_rules_refuse(const struct domain_rules *rules, const struct host *host) {
    if (list_holds(rules->blocked, host))
        return "blocked_domains";
    if (rules->allowed && rules->allowed[0] && !list_holds(rules->allowed, host))
        return "allowed_domains";
    return NULL;
}
