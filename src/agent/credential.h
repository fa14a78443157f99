/* The credentials that a run may fill in (agent_options.credentials), and where each may go. Pure functions; the opened
 * credentials are borrowed. */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "base/totp.h"

/* The one of this name; -ENOENT names those that there are. */
int credential_find(const json_t *credentials, const char *name, const json_t **ret_credential, struct error *e);

/* Whether the credential may be typed into a document of `origin` ("https://shop.example", "http://10.0.0.7:8080"):
 * https on the standard port of its domains and what is beneath them; a domain written as host:port means that port
 * alone, with or without TLS. -EPERM says what was met and what is right. */
int credential_check_origin(const json_t *credential, const char *origin, struct error *e);

/* The same of a place that the form around the field is sent to. */
int credential_check_destination(const json_t *credential, const char *origin, struct error *e);

/* What may be told of them: [{"name","username","domains","has_totp"}...]. */
json_t *credentials_describe(const json_t *credentials);

/* Whether a step of the script, at any depth, fills a credential in. */
bool credentials_used_by(const json_t *script);
