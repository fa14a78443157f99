/* Credentials: what agents sign in with. The password and the authenticator's secret are sealed here with a subkey of
 * SECRET_KEY, bound to the credential's id, and are never part of an answer; only a run's job opens them. A credential
 * is good for its domains (and what is beneath them) only. Results are the JSON that clients get (free()). */
#pragma once

#include "base/json.h"
#include "domain/pages.h"
#include "domain/roles.h"

/* {"name","domains":[...],"username","secret","totp_secret","description"}. */
int credentials_create(struct postgres *db, const struct caller *caller, const json_t *body, char **ret_json,
                       struct error *e);
int credentials_get(struct postgres *db, const struct caller *caller, const char *reference, char **ret_json,
                    struct error *e);
/* Sorts: created_at, updated_at, name. `agent_id` (NULL: all): those that this agent may use. */
int credentials_list(struct postgres *db, const struct caller *caller, const struct list_query *query,
                     const char *agent_id, char **ret_json, struct error *e);
/* Other domains need the secret in the same change, and drop an authenticator's secret that is not given again: who may
 * only manage a credential cannot send it somewhere else. `revision` as in presets_patch. */
int credentials_patch(struct postgres *db, const struct caller *caller, const char *reference, int64_t revision,
                      const json_t *body, char **ret_json, struct error *e);
int credentials_delete(struct postgres *db, const struct caller *caller, const char *reference, int64_t revision,
                       char **ret_json, struct error *e);

/* {"items":[...]} of those that the agent may use. */
int credentials_of_agent(struct postgres *db, const struct caller *caller, const char *agent, char **ret_json,
                         struct error *e);
/* Lets an agent use a credential of the same owner, or no more. Doing it again changes nothing. */
int credentials_link(struct postgres *db, const struct caller *caller, const char *agent, const char *credential,
                     struct error *e);
int credentials_unlink(struct postgres *db, const struct caller *caller, const char *agent, const char *credential,
                       struct error *e);

/* For the job that runs the agent: [{"name","username","password","totp","domains"}...], opened (json_decref, after
 * credentials_wipe). */
int credentials_open(struct postgres *db, const char *agent_id, json_t **ret_credentials, struct error *e);
void credentials_wipe(json_t *credentials);
