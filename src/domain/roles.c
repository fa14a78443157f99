#include "domain/roles.h"
#include "base/config.h"
#include "base/memory.h"
#include "base/text.h"
#include <errno.h>
#include <string.h>

static const char *const names[ROLE_COUNT] = {
#define X(id, name) name,
    ROLE_TABLE(X)
#undef X
};

static const struct {
    const char *name;
    enum role least;
} permissions[PERMISSION_COUNT] = {
#define X(id, name, least, doc) {name, ROLE_##least},
    PERMISSION_TABLE(X)
#undef X
};

static const char *const quota_names[QUOTA_COUNT] = {
#define X(id, name, ...) name,
    QUOTA_TABLE(X)
#undef X
};

static const char *const quota_nouns[QUOTA_COUNT] = {
#define X(id, name, noun, ...) noun,
    QUOTA_TABLE(X)
#undef X
};

static int64_t limits[QUOTA_COUNT][ROLE_COUNT] = {
#define X(id, name, noun, ...) {__VA_ARGS__},
    QUOTA_TABLE(X)
#undef X
};

static int find(const char *const *list, int count, const char *name) {
    for (int i = 0; i < count; i++)
        if (!strcmp(list[i], name))
            return i;
    return -1;
}

const char *role_name(enum role role) {
    return names[role < ROLE_COUNT ? role : ROLE_GUEST];
}

enum role role_from_name(const char *name) {
    int found = find(names, ROLE_COUNT, name);
    return found < 0 ? ROLE_GUEST : (enum role)found;
}

bool role_is_name(const char *name) {
    return find(names, ROLE_COUNT, name) >= 0;
}

bool permission_allows(enum role role, enum permission permission) {
    return role >= permissions[permission].least;
}

const char *permission_name(enum permission permission) {
    return permissions[permission].name;
}

enum role permission_least_role(enum permission permission) {
    return permissions[permission].least;
}

json_t *permissions_of(enum role role) {
    json_t *list = json_array();
    for (int i = 0; i < PERMISSION_COUNT; i++)
        if (permission_allows(role, (enum permission)i))
            json_array_append_new(list, json_string(permissions[i].name));
    return list;
}

int64_t quota_limit(enum role role, enum quota quota) {
    return limits[quota][role < ROLE_COUNT ? role : ROLE_GUEST];
}

const char *quota_name(enum quota quota) {
    return quota_names[quota];
}

const char *quota_noun(enum quota quota) {
    return quota_nouns[quota];
}

static int load_role(const char *role, const json_t *quotas, struct error *e) {
    const char *name;
    json_t *value;
    if (!role_is_name(role))
        return error_set(e, EINVAL, ERROR_BAD_CONFIG, "QUOTAS: \"%s\" is no role", role);
    if (!json_is_object(quotas))
        return error_set(e, EINVAL, ERROR_BAD_CONFIG, "QUOTAS: what %s may have must be an object", role);
    json_object_foreach ((json_t *)quotas, name, value) {
        int quota = find(quota_names, QUOTA_COUNT, name);
        if (quota < 0)
            return error_set(e, EINVAL, ERROR_BAD_CONFIG, "QUOTAS: %s has no limit of \"%s\"", role, name);
        if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > INT32_MAX)
            return error_set(e, EINVAL, ERROR_BAD_CONFIG, "QUOTAS: %s.%s must be a whole number from 0 to %d", role,
                             name, INT32_MAX);
        limits[quota][role_from_name(role)] = json_integer_value(value);
    }
    return 0;
}

int quotas_load(struct error *e) {
    const char *text = config_text(CONFIG_QUOTAS), *role;
    cleanup_json json_t *quotas = NULL;
    json_t *of_role;
    int r = 0;
    if (!*text)
        return 0;
    if (json_parse(text, strlen(text), "QUOTAS", &quotas, e) < 0 || !json_is_object(quotas)) {
        error_set(e, EINVAL, ERROR_BAD_CONFIG, "QUOTAS is not a JSON object");
        error_hint(e, "for example QUOTAS={\"free_user\":{\"presets\":5}}");
        return -EINVAL;
    }
    json_object_foreach (quotas, role, of_role)
        if (!r)
            r = load_role(role, of_role, e);
    return r;
}

char *quota_limits(enum quota quota) {
    struct text text = {0};
    for (int i = 0; i < ROLE_COUNT; i++)
        text_print(&text, "%s\"%s\":%lld", i ? "," : "{", names[i], (long long)quota_limit((enum role)i, quota));
    text_append_char(&text, '}');
    return text.data;
}
