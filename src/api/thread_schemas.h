/* Schemas of threads that several files share. Constants. */
#pragma once

#include "api/schema.h"

extern const struct schema api_thread, api_thread_event;
