/* What a caller may do at all, whatever the object: a permission's identifier, its name on the wire, the least role
 * that has it, and what it means. Which objects a caller may touch is decided per row by caller_may (SQL); routes name
 * a permission here, and the test that walks routes x roles reads the same table. */
#pragma once

#define PERMISSION_TABLE(X)                                                                                            \
    X(PROFILE_READ, "profile.read", GUEST, "See the own account and its limits.")                                      \
    X(PROFILE_WRITE, "profile.write", GUEST, "Change the own account, sessions and password.")                         \
    X(API_KEYS_MANAGE, "api_keys.manage", FREE_USER, "Make and end API keys.")                                         \
    X(PRESETS_READ, "presets.read", GUEST, "See presets.")                                                             \
    X(PRESETS_WRITE, "presets.write", FREE_USER, "Make, change and delete presets.")                                   \
    X(AGENTS_READ, "agents.read", GUEST, "See agents.")                                                                \
    X(AGENTS_WRITE, "agents.write", FREE_USER, "Make, change and delete agents.")                                      \
    X(AGENTS_RUN, "agents.run", FREE_USER, "Start, stop and retry threads.")                                           \
    X(THREADS_READ, "threads.read", GUEST, "See threads, their events, files and results.")                            \
    X(THREADS_DELETE, "threads.delete", FREE_USER, "Delete threads that have ended.")                                  \
    X(THREADS_CONTROL, "threads.control", FREE_USER, "Take over a thread's browser.")                                  \
    X(CREDENTIALS_USE, "credentials.use", FREE_USER, "See credentials (never their secrets) and link them to agents.") \
    X(CREDENTIALS_MANAGE, "credentials.manage", FREE_USER, "Make, change and delete credentials.")                     \
    X(BROWSERS_USE, "browsers.use", FREE_USER, "Lease browsers and drive them over CDP.")                              \
    X(STATISTICS_READ, "statistics.read", GUEST, "See the dashboard.")                                                 \
    X(USERS_READ, "users.read", ADMIN, "See all users.")                                                               \
    X(USERS_MANAGE, "users.manage", ADMIN, "Make, change and delete users of a lower role.")                           \
    X(ALL_READ, "all.read", ADMIN, "See everybody's objects.")                                                         \
    X(MODELS_MANAGE, "models.manage", ADMIN, "Set up providers of models, and pause all models.")                      \
    X(SYSTEM_MANAGE, "system.manage", SUPER_ADMIN, "Manage the instance itself.")
