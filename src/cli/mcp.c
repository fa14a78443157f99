/* `replinet mcp`: the Model Context Protocol on standard input and output. A person at this machine acts as its local
 * administrator; the api starts it for a client over HTTP with that client's rights and a socket in their place. */
#include "base/config.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/session.h"
#include "domain/principals.h"
#include "mcp/session.h"
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

struct options {
    const char *agent;
    const char *user, *role, *address; /* by the api */
    int64_t scopes;
};

static int read_options(int count, char **arguments, struct options *ret_options) {
    static const struct option known[] = {
        {"agent", required_argument, NULL, 'a'},   {"user", required_argument, NULL, 'u'},
        {"role", required_argument, NULL, 'r'},    {"scopes", required_argument, NULL, 's'},
        {"address", required_argument, NULL, 'd'}, {0}};
    struct options options = {.scopes = MCP_ALL};
    int r = 0;
    optind = 1;
    for (int c; !r && (c = getopt_long(count, arguments, "", known, NULL)) >= 0;) {
        if (c == 'a')
            options.agent = optarg;
        else if (c == 'u')
            options.user = optarg;
        else if (c == 'r')
            options.role = optarg;
        else if (c == 'd')
            options.address = optarg;
        else
            r = c == 's' ? text_parse_int(optarg, 0, 1023, &options.scopes) : -EINVAL;
    }
    if (r < 0 || optind < count || (options.user && (!uuid_is_valid(options.user) || !options.role)))
        return -EINVAL;
    *ret_options = options;
    return 0;
}

static int open_local(struct mcp_session *session, struct error *e) {
    cleanup_session struct cli_session local = {0};
    int r = session_open(&local, e);
    if (r < 0)
        return r;
    session->db = local.db;
    session->redis = local.redis;
    session->caller = local.caller;
    local = (struct cli_session){0};
    return 0;
}

/* It dies with the api. */
static int open_for(struct mcp_session *session, const struct options *options, struct error *e) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int r = postgres_open(&(struct postgres_options){.purpose = "mcp"}, &session->db, e);
    if (r < 0)
        return r;
    redis_open(&session->redis, NULL);
    snprintf(session->caller.id, sizeof session->caller.id, "%s", options->user);
    session->caller.role = role_from_name(options->role);
    return 0;
}

static int serve(const struct options *options, struct error *e) {
    struct mcp_session session = {
        .scopes = (unsigned)options->scopes, .agent = options->agent, .address = options->address};
    cleanup_free char *here = memory_print("uid %u", getuid());
    bool of_api = options->user;
    session.address = of_api ? options->address : here;
    int r = of_api ? open_for(&session, options, e) : open_local(&session, e);
    if (!r)
        r = mcp_channel_open(STDIN_FILENO, STDOUT_FILENO, of_api, &session.channel, e);
    if (!r)
        mcp_serve(&session);
    mcp_channel_close(session.channel);
    postgres_close(&session.db);
    redis_close(&session.redis);
    return r;
}

int mcp_command(int count, char **arguments) {
    struct options options;
    struct error e = {0};
    if (read_options(count, arguments, &options) < 0)
        return report_usage("mcp", "mcp takes --agent AGENT and nothing else");
    int r = serve(&options, &e);
    return r < 0 ? report_failure(&e, false) : 0;
}
