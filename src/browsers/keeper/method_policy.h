/* Decides about one call of a CDP client by method_table.h. Keeps no state; any thread. */
#pragma once

#include "base/error.h"
#include "cdp/scanner.h"
#include <jansson.h>

enum method_action { METHOD_ALLOW, METHOD_DENY, METHOD_CHECK, METHOD_LOCAL };

struct method_verdict {
    enum method_action action; /* never METHOD_CHECK */
    char *params;              /* replaces the client's params when not NULL; free() */
};

/* `ret_verdict` is set when the call may go on (ALLOW or LOCAL); -EPERM with the reason for the client otherwise. */
int method_judge(const char *method, struct cdp_span params, struct method_verdict *ret_verdict, struct error *e);

/* Check functions of the table: they may change the params; -EPERM or -EINVAL with the reason. */
int check_url(json_t *params, struct error *e);
int check_download_behavior(json_t *params, struct error *e);
int check_files(json_t *params, struct error *e);
int check_drag_files(json_t *params, struct error *e);
int check_browser_context(json_t *params, struct error *e);
int check_flatten(json_t *params, struct error *e);
int check_auto_attach(json_t *params, struct error *e);

/* Whether Chromium, whose URL parser forgives much, may be sent to this URL. */
bool method_url_is_allowed(const char *url);
/* Whether clients may see and attach to a target that shows this URL (its first METHOD_URL_START - 1 bytes do). */
#define METHOD_URL_START 64
bool method_target_is_allowed(const char *url);
/* Whether the absolute path names something beneath the transfer folder, whatever exists there. */
bool method_path_is_allowed(const char *path);
