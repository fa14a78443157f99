/* Schemas that several resources share. */
#include "api/schemas.h"

static const struct schema_field revisions_query_fields[] = {
    {"before", SCHEMA_INT, .least = 1, .most = 9e15, .doc = "Only revisions with a lower number."},
    {NULL},
};
const struct schema api_revisions_query = {"RevisionQuery", revisions_query_fields, .doc = "Which revisions."};

static const struct schema_field revision_fields[] = {
    {"revision", SCHEMA_INT, SCHEMA_REQUIRED, .least = 1, .most = 9e15, .doc = "Its number."},
    {"created_at", SCHEMA_TIME, SCHEMA_REQUIRED, .doc = "When that edit was made."},
    {"is_current", SCHEMA_BOOL, SCHEMA_REQUIRED, .doc = "Whether this is what the object is now."},
    {"changed", SCHEMA_LIST, SCHEMA_REQUIRED, .items = SCHEMA_TEXT,
     .doc = "Members that the one before had otherwise."},
    {NULL},
};
const struct schema api_revision = {"Revision", revision_fields, .doc = "One of an object's edits."};

static const struct schema_field revision_whole_fields[] = {
    {"revision", SCHEMA_INT, SCHEMA_REQUIRED, .least = 1, .most = 9e15, .doc = "Its number."},
    {"created_at", SCHEMA_TIME, SCHEMA_REQUIRED, .doc = "When that edit was made."},
    {"is_current", SCHEMA_BOOL, SCHEMA_REQUIRED, .doc = "Whether this is what the object is now."},
    {"body", SCHEMA_OBJECT, SCHEMA_REQUIRED, .doc = "The object's members as they were."},
    {"previous", SCHEMA_INT, SCHEMA_NULLABLE, .least = 1, .most = 9e15,
     .doc = "The number of the one before that is still kept."},
    {"changes", SCHEMA_OBJECT, SCHEMA_REQUIRED, .doc = "By member: {\"from\", \"to\"}."},
    {NULL},
};
const struct schema api_revision_whole = {"RevisionWhole", revision_whole_fields,
                                          .doc = "What an object was at one of its edits."};

static const struct schema_field user_fields[] = {API_USER_FIELDS, {NULL}};
const struct schema api_user = {"User", user_fields, .doc = "A person."};

static const struct schema_field socket_query_fields[] = {
    {"ticket", SCHEMA_TEXT, .most = 4096, .doc = "Of POST /auth/ticket, instead of Authorization."},
    {"token", SCHEMA_TEXT, .most = 4096, .doc = "An access token or API key, for clients that can send no header."},
    {NULL},
};
const struct schema api_socket_query = {"SocketQuery", socket_query_fields, .doc = "Who opens a WebSocket."};
