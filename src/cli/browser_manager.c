/* `replinet browser-manager`: launcher and engine without the rest, for a machine that only runs browsers. */
#include "base/config.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/ticket.h"
#include "cli/commands.h"
#include "cli/services.h"
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define READY_MS 30000

/* Whoever holds SECRET_KEY elsewhere gives this machine the public half only. */
static int find_ticket_key(struct error *e) {
    struct ticket_key key;
    if (*config_text(CONFIG_TICKET_PUBLIC_KEY))
        return 0;
    if (!*config_text(CONFIG_SECRET_KEY)) {
        error_set(e, EINVAL, ERROR_BAD_CONFIG, "neither TICKET_PUBLIC_KEY nor SECRET_KEY is set");
        error_hint(e, "set TICKET_PUBLIC_KEY to the public half of the key that api and worker sign with");
        return -EINVAL;
    }
    int r = ticket_derive_key(config_text(CONFIG_SECRET_KEY), &key, e);
    return r < 0 ? r : config_set(CONFIG_TICKET_PUBLIC_KEY, key.public_hex, e);
}

static void print_ready(void *user) {
    printf("The browser manager is ready at http://%s:%lld\n", config_text(CONFIG_DOOR_HOST),
           (long long)config_int(CONFIG_DOOR_PORT));
    fflush(stdout);
}

static int run(struct error *e) {
    struct supervisor_child children[] = {service_child(SERVICE_LAUNCHER, READY_MS),
                                          service_child(SERVICE_ENGINE, READY_MS)};
    if (geteuid())
        return error_set(e, EPERM, ERROR_FORBIDDEN,
                         "the launcher makes namespaces and containers and must run as root");
    int r = find_ticket_key(e);
    return r < 0 ? r : supervisor_run(children, ARRAY_LENGTH(children), print_ready, NULL, e);
}

int browser_manager_command(int count, char **arguments) {
    struct error e;
    if (run(&e) < 0) {
        log_failure(&e, "the browser manager ends");
        return 1;
    }
    return 0;
}
