/* `replinet admin`: links that only whoever holds this machine can make. */
#include "cli/admin.h"
#include "base/json.h"
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "domain/accounts.h"
#include "domain/sessions.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

int admin_make_claim_link(struct postgres *db, bool only_if_needed, char **ret_url, struct error *e) {
    bool have = false;
    int r = only_if_needed ? accounts_have_administrator(db, &have, e) : 0;
    if (r < 0 || have)
        return r;
    return accounts_make_link(db, LINK_CLAIM, NULL, ret_url, e);
}

static int make_reset_link(struct postgres *db, const char *email, char **ret_url, struct error *e) {
    struct account account;
    int r = accounts_find(db, email, &account, e);
    return r < 0 ? r : accounts_make_link(db, LINK_RESET, account.id, ret_url, e);
}

int admin_command(int count, char **arguments) {
    bool json = count > 1 && !strcmp(arguments[count - 1], "--json");
    bool link = count - json == 2 && !strcmp(arguments[1], "link");
    bool reset = count - json == 3 && !strcmp(arguments[1], "reset-link");
    cleanup_postgres struct postgres db = {0};
    cleanup_free char *url = NULL;
    struct error e = {0};
    if (!link && !reset)
        return report_usage("admin", "admin: wrong or missing arguments");
    int r = postgres_open(&(struct postgres_options){.purpose = "admin"}, &db, &e);
    if (!r)
        r = link ? admin_make_claim_link(&db, false, &url, &e) : make_reset_link(&db, arguments[2], &url, &e);
    if (r < 0)
        return report_failure(&e, json);
    if (json) {
        cleanup_json json_t *answer = json_pack("{s:s}", "url", url);
        json_dumpf(answer, stdout, JSON_INDENT(2));
        putchar('\n');
    } else
        puts(url);
    return 0;
}
