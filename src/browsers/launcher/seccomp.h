/* The container's seccomp filter as the OCI configuration wants it. */
#pragma once

#include "base/json.h"

json_t *seccomp_profile(void); /* the caller's */
