#include "cli/session.h"
#include "base/io.h"
#include "base/memory.h"
#include "domain/users.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OBJECT_MAX (8 << 20)

int session_open(struct cli_session *ret_session, struct error *e) {
    cleanup_session struct cli_session session = {0};
    int r = postgres_open(&(struct postgres_options){.purpose = "cli"}, &session.db, e);
    if (!r)
        r = users_ensure_local_admin(&session.db, &session.caller, e);
    if (r < 0)
        return r;
    redis_open(&session.redis, NULL);
    *ret_session = session;
    session = (struct cli_session){0};
    return 0;
}

void session_close(struct cli_session *session) {
    postgres_close(&session->db);
    redis_close(&session->redis);
}

int session_audit(struct cli_session *session, const struct audit_change *change, struct error *e) {
    const char *behind = getenv("SUDO_USER"); /* who became root: for the reader's eyes, not to be relied on */
    cleanup_free char *address = memory_print("uid %u%s%s", getuid(), behind ? ", sudo of " : "", behind ? behind : "");
    return audit_write(&session->db, &session->caller, &(struct audit_origin){.via = "cli", .address = address}, change,
                       e);
}

int session_read_object(const char *file, json_t **ret_object, struct error *e) {
    cleanup_json json_t *object = NULL;
    cleanup_free char *data = NULL;
    size_t length = 0;
    bool is_input = !strcmp(file, "-"); /* /dev/stdin could not be opened when it is a socket */
    const char *what = is_input ? "standard input" : file;
    int r = is_input ? io_read_all(STDIN_FILENO, what, OBJECT_MAX, &data, &length, e)
                     : io_read_file(file, OBJECT_MAX, &data, &length, e);
    if (!r)
        r = json_parse(data, length, what, &object, e);
    if (!r && !json_is_object(object))
        r = error_set(e, EINVAL, ERROR_BAD_INPUT, "%s does not hold a JSON object", what);
    if (!r)
        *ret_object = take_pointer(object);
    return r;
}

void session_print(const char *json) {
    cleanup_json json_t *tree = NULL;
    if (json_parse(json, strlen(json), "the answer", &tree, NULL) < 0)
        puts(json);
    else {
        json_dumpf(tree, stdout, JSON_INDENT(2) | JSON_READABLE_REALS | JSON_ENCODE_ANY);
        putchar('\n');
    }
}
