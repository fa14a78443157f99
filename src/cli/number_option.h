/* The number that getopt_long has just found as an option's value. */
#pragma once

#include "base/text.h"
#include <errno.h>
#include <getopt.h>

/* -EINVAL when it is none, or out of range. */
static inline int take_number_option(int least, int most, int *ret_value) {
    int64_t number;
    if (text_parse_int(optarg, least, most, &number))
        return -EINVAL;
    *ret_value = (int)number;
    return 0;
}
