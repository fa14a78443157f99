/* `replinet admin`: links that only whoever holds this machine can make. */
#include "cli/admin.h"
#include "base/log.h"
#include "cli/commands.h"
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

static int usage(void) {
    fprintf(stderr, "Usage: replinet admin link               a link to become an administrator, once, within a week\n"
                    "       replinet admin reset-link EMAIL   a link to set a new password, once, within an hour\n");
    return 2;
}

int admin_command(int count, char **arguments) {
    bool link = count == 2 && !strcmp(arguments[1], "link");
    bool reset = count == 3 && !strcmp(arguments[1], "reset-link");
    cleanup_postgres struct postgres db = {0};
    cleanup_free char *url = NULL;
    struct error e;
    if (!link && !reset)
        return usage();
    int r = postgres_open(&(struct postgres_options){.purpose = "admin"}, &db, &e);
    if (!r)
        r = link ? admin_make_claim_link(&db, false, &url, &e) : make_reset_link(&db, arguments[2], &url, &e);
    if (r < 0) {
        log_failure(&e, "no link was made");
        return 1;
    }
    puts(url);
    return 0;
}
