/* What programs share that try the domain against a real PostgreSQL, whose DATABASE_URL they are given: a connection,
 * its administrator, and how to say what must be so. One thread. */
#pragma once

#include "../unit/unit_test.h"

#include "base/config.h"
#include "base/memory.h"
#include "domain/users.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define PROBE static __attribute__((unused))

PROBE struct postgres db;
PROBE struct caller admin;

PROBE void good(int r, const struct error *e) {
    if (r < 0)
        fail_msg("%s: %s", error_name(e->code), e->text);
}

PROBE void refused(int r, const struct error *e, enum error_code code, const char *text) {
    assert_true(r < 0);
    if (e->code != code || !strstr(e->text, text))
        fail_msg("%s: %s", error_name(e->code), e->text);
}

PROBE void sql(const char *text) {
    struct error e;
    good(postgres_script(&db, text, &e), &e);
}

/* The first value of what a statement gives. */
PROBE int64_t number(const char *text) {
    struct statement statement = {"probe", text};
    cleanup_result struct pg_result *result = NULL;
    struct error e;
    sql("DEALLOCATE ALL");
    db.prepared_count = 0;
    good(postgres_query(&db, &statement, &result, &e), &e);
    db.prepared_count = 0;
    sql("DEALLOCATE ALL");
    return result_int(result, 0, 0);
}

PROBE struct caller make_user(const char *email, const char *role) {
    struct caller caller = {.role = role_from_name(role)};
    cleanup_free char *text =
        memory_print("INSERT INTO users (email, role) VALUES ('%s', '%s') RETURNING id", email, role);
    struct statement statement = {email, text};
    cleanup_free char *id = NULL;
    struct error e;
    good(postgres_value(&db, &statement, &id, &e), &e);
    db.prepared_count--; /* the text lives on this stack */
    strcpy(caller.id, id);
    return caller;
}

PROBE json_t *read_json(char *text) {
    cleanup_free char *mine = text;
    json_t *value = NULL;
    struct error e;
    good(json_parse(mine, strlen(mine), "answer", &value, &e), &e);
    return value;
}

/* Loads the configuration and connects; 0, or 1 with the reason on standard error. */
PROBE int open_probe(void) {
    cleanup_free char *complaints = NULL;
    struct error e;
    if (sodium_init() >= 0 && config_load(NULL, &complaints) >= 0 &&
        config_set(CONFIG_SECRET_KEY, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", &e) >= 0 &&
        postgres_open(&(struct postgres_options){.purpose = "probe"}, &db, &e) >= 0 &&
        users_ensure_local_admin(&db, &admin, &e) >= 0)
        return 0;
    fprintf(stderr, "%s\n", complaints ? complaints : e.text);
    return 1;
}
