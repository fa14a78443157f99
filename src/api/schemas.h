/* Schemas that several resources share. Constants. */
#pragma once

#include "api/schema.h"

extern const struct schema api_revisions_query, api_revision;
