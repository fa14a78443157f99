/* `replinet ticket CLAIMS [SECONDS]`: signs a ticket (base/ticket.h) with SECRET_KEY, for tests and for people who look
 * at a door with curl. CLAIMS "-": reads claims from standard input, a line each, and answers each with a line. */
#include "base/config.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/ticket.h"
#include "cli/commands.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_SECONDS 300
#define MOST_SECONDS    (10 * 365 * 86400LL)

static int print_ticket(const struct ticket_key *key, const char *text, int64_t seconds, struct error *e) {
    cleanup_json json_t *claims = NULL;
    cleanup_free char *ticket = NULL;
    int r = json_parse(text, strlen(text), "the claims", &claims, e);
    if (!r && !json_is_object(claims))
        r = error_set(e, EINVAL, ERROR_BAD_INPUT, "the claims are not a JSON object");
    if (!r)
        r = ticket_sign(key, claims, seconds, &ticket, e);
    if (!r) {
        puts(ticket);
        fflush(stdout);
    }
    return r;
}

static int print_tickets(const struct ticket_key *key, int64_t seconds, struct error *e) {
    cleanup_free char *line = NULL;
    size_t room = 0;
    int r = 0;
    while (!r && getline(&line, &room, stdin) > 0)
        r = print_ticket(key, line, seconds, e);
    return r;
}

static int run(int count, char **arguments, struct error *e) {
    struct ticket_key key;
    int64_t seconds = DEFAULT_SECONDS;
    if (count > 2 && text_parse_int(arguments[2], -MOST_SECONDS, MOST_SECONDS, &seconds) < 0)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s is no number of seconds", arguments[2]);
    int r = ticket_derive_key(config_text(CONFIG_SECRET_KEY), &key, e);
    if (r < 0)
        return r;
    return strcmp(arguments[1], "-") ? print_ticket(&key, arguments[1], seconds, e) : print_tickets(&key, seconds, e);
}

int ticket_command(int count, char **arguments) {
    struct error e;
    if (count < 2 || count > 3) {
        fprintf(stderr, "usage: replinet ticket CLAIMS [SECONDS]   (CLAIMS: a JSON object, or - to read lines)\n");
        return 2;
    }
    if (run(count, arguments, &e) < 0) {
        log_failure(&e, "no ticket");
        return 1;
    }
    return 0;
}
