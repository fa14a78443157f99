/* What models.c and model_providers.c say alike. */
#pragma once

#include "api/schema.h"
#include "api/schemas.h"

#define API_MODEL_KINDS   SCHEMA_CHOICES("openai", "anthropic")
#define API_MODEL_SOURCES SCHEMA_CHOICES("database", "environment")

#define API_PRICE(member, what)                                                                                        \
    {                                                                                                                  \
        member, SCHEMA_INT, .least = 0, .most = 1e12,                                                                  \
                            .doc = "Millionths of the accounting currency per million " what " tokens."                \
    }

#define API_MODEL_FIELDS                                                                                               \
    {"name", SCHEMA_TEXT, SCHEMA_REQUIRED, .least = 1, .doc = "What its provider calls it."},                          \
        {"context_tokens", SCHEMA_INT, .least = 0, .most = 1e8, .doc = "Most tokens that it reads; 0: not known."},    \
        {"vision", SCHEMA_BOOL, .doc = "Whether it sees pictures."}, API_PRICE("input_price", "input"),                \
        API_PRICE("output_price", "output"), API_PRICE("cached_price", "cached input"), {                              \
        "min_role", SCHEMA_TEXT, .choices = API_ROLES, .doc = "The least role that may use it."                        \
    }
