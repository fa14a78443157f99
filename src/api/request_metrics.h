/* Requests by route and status, as histograms of their time. The loop's thread. */
#pragma once

#include "api/api.h"
#include "base/text.h"

struct request_metrics;

struct request_metrics *request_metrics_new(void);
void request_metrics_free(struct request_metrics *metrics);
/* `route` NULL: none fitted. */
void request_metrics_note(struct request_metrics *metrics, const struct api_route *route, int status,
                          int64_t duration_ms);
void request_metrics_print(const struct request_metrics *metrics, struct text *out);
